# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""zmlocalconfig and zmhostname of the double of Zimbra (not Zimbra)."""

from __future__ import annotations

import getopt
import secrets

from ..localconfig import BadReference, LocalConfig, as_xml
from .world import World

SHORT = {
    'c': 'config',
    'd': 'default',
    'e': 'edit',
    'f': 'force',
    'h': 'help',
    'i': 'info',
    'l': 'reload',
    'm': 'format',
    'n': 'changed',
    'p': 'path',
    'q': 'quiet',
    'r': 'random',
    's': 'show',
    'u': 'unset',
    'x': 'expand',
}
LONG = [f'{name}=' if name in ('config', 'format') else name for name in (*SHORT.values(), 'all')]
# What may stand beside an option; '' is for printing.
BESIDE = {'edit': 'qfrc', 'unset': 'qfc', 'path': 'qc', 'changed': 'qscmx', 'default': 'qscmx', '': 'qscmx'}


class Refused(Exception):
    """What is said on standard error, after `Error: `."""


def main(world: World, arguments: list[str]) -> int:
    world.start_java()
    if world.command == 'zmhostname':
        arguments = ['-m', 'nokey', 'zimbra_server_hostname']
    try:
        given, names = getopt.gnu_getopt(arguments, 'c:m:defhilnpqrsux', LONG)
    except getopt.GetoptError as error:
        world.err.write(f'Error: Failed to parse command line: {error.msg}\n')
        return 1
    options = {SHORT.get(key.lstrip('-'), key.lstrip('-')): value for key, value in given}
    if 'help' in options:
        world.out.write('usage: zmlocalconfig [options] [args] (a double of Zimbra, not Zimbra)\n')
        return 0
    try:
        return _carry_out(world, options, names)
    except (Refused, BadReference) as error:
        if 'quiet' not in options:
            world.err.write(f'Error: {error}\n')
        return 1


def _carry_out(world: World, options: dict[str, str], names: list[str]) -> int:
    built = [each for each in ('info', 'all', 'reload', 'config') if each in options]
    if built:
        raise Refused(f'--{built[0]} is not built in this double of Zimbra')
    config = world.localconfig
    for action, do in (('edit', _edit), ('unset', _unset)):
        if action in options:
            if world.user == 'root':
                raise Refused(f'cannot use -{action[0]} when running as root')
            _check_beside(options, action)
            if not names:
                raise Refused('insufficient arguments')
            do(config, options, names)
            config.save()
            return 0
    if 'path' in options:
        _check_beside(options, 'path')
        world.out.write(f'{config.xml}\n')
        return 0
    _print(world, config, options, names)
    return 0


def _check_beside(options: dict[str, str], main_option: str) -> None:
    letters = {name: letter for letter, name in SHORT.items()}
    for name in options:
        if name != main_option and letters[name] not in BESIDE[main_option]:
            if main_option:
                raise Refused(f"option '{letters[name]}' can not be used with option '{letters[main_option]}'")
            raise Refused(f"invalid option '{letters[name]}'")


def _edit(config: LocalConfig, options: dict[str, str], names: list[str]) -> None:
    for pair in names:
        key, sign, value = pair.partition('=')
        if 'random' in options:
            key, value = pair, secrets.token_urlsafe(8)
        elif not sign or not key:
            raise Refused(f"argument '{pair}' not in key=value form")
        if config.protected(key) and 'force' not in options:
            raise Refused(f'can not edit key {key}')
        config.configured[key] = value


def _unset(config: LocalConfig, options: dict[str, str], names: list[str]) -> None:
    for key in names:
        if key not in config.configured and not config.known(key):
            raise Refused(f'key {key} is not set')
        config.configured.pop(key, None)


def _print(world: World, config: LocalConfig, options: dict[str, str], names: list[str]) -> None:
    form = options.get('format', 'plain')
    if form not in ('plain', 'xml', 'shell', 'export', 'nokey'):
        raise Refused(f'failed to create writer {form}')
    chosen = next((each for each in ('changed', 'default') if each in options), '')
    _check_beside(options, chosen)
    shell = form in ('shell', 'export')
    pairs = []
    for key in names or sorted({*config.values(), *config.configured}):
        if chosen == 'changed' and config.raw(key) == LocalConfig(config.path.with_name('none')).raw(key):
            continue
        source = LocalConfig(config.path.with_name('none')) if chosen == 'default' else config
        # For a shell everything is expanded and shown.
        value = source.get(key) if shell or 'expand' in options else source.raw(key)
        if value is None:
            if 'quiet' not in options:
                world.err.write(f"Warning: null valued key '{key}'\n")
            continue
        hidden = 'password' in key and not shell and 'show' not in options
        pairs.append((key, '*' if hidden else value))
    world.out.write(as_xml(pairs) if form == 'xml' else ''.join(_line(form, *pair) for pair in pairs))


def _line(form: str, key: str, value: str) -> str:
    if form == 'plain':
        return f'{key} = {value}\n'
    if form == 'nokey':
        return f'{value}\n'
    # Two quotes for one, which is how SQL quotes, not a shell.
    quoted = value.replace("'", "''")
    return f"{'export ' if form == 'export' else ''}{key}='{quoted}';\n"
