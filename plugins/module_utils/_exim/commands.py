# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exim's own command: what it makes of a configuration that is not in force."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode

COMMANDS = ('/usr/sbin/exim4', '/usr/sbin/exim')
_VERSION = re.compile(r'^Exim version (\S+)', re.MULTILINE)
_FEATURES = re.compile(r'^Support for: (.*)$', re.MULTILINE)
_ROUTER = re.compile(r'^\s*router = ([^,\s]+), transport = (\S+)', re.MULTILINE)
_HOST = re.compile(r'^\s*host (\S+)', re.MULTILINE)
# What Exim says on the way, beside the answer, and goes on.
_FAILED = re.compile(r'failed to expand[^\n]*|[Uu]nknown (?:option|condition)[^\n]*')


class EximError(HostError):
    """Exim said no, in its own words; or there is none whose configuration can be changed."""


class Way(NamedTuple):
    """The way of a message to one recipient: C(router) and C(transport), empty where there is none, its C(host), and
    what Exim C(said)."""

    router: str
    transport: str
    host: str
    said: str


class Program:
    """The command.

    Args:
        run_command: AnsibleModule.run_command or a function like it.
        config: the configuration to ask about, None for the one in force.
    """

    def __init__(self, run_command: Callable[..., tuple[int, Any, Any]], config: str | None = None) -> None:
        self._run_command = run_command
        self.config = config
        self.path = next((path for path in COMMANDS if os.access(path, os.X_OK)), '')
        if not self.path:
            raise EximError('there is no command exim4 that can be run: install its package again')

    def about(self, config: str) -> Program:
        """Return the command for another configuration."""
        return Program(self._run_command, config)

    def run(self, *words: str, data: str | None = None) -> tuple[int, str, str]:
        """Return the exit status, what it said, and its complaints."""
        chosen = ['-C', self.config] if self.config else []
        status, out, err = self._run_command(
            [self.path, *chosen, *words],
            data=None if data is None else encode(data),
            binary_data=True,
            environ_update={'LC_ALL': 'C'},
            encoding=None,
            handle_exceptions=False,
        )
        return status, decode(out), decode(err)

    def describe(self) -> tuple[str, list[str]]:
        """Return its version, and what it was built with."""
        status, out, err = self.run('-bV')
        version, features = _VERSION.search(out), _FEATURES.search(out)
        if status or not version:
            raise EximError(f'exim4 -bV: {words(out + err)}')
        return version.group(1), features.group(1).split() if features else []

    def check(self) -> None:
        """Raise EximError when Exim cannot read the configuration."""
        status, out, err = self.run('-bV')
        if status:
            raise EximError(f'Exim says of the new configuration: {words(err or out)}')

    def options(self, *names: str) -> dict[str, str]:
        """Return the values of main options, those of switches as C(true) or empty."""
        status, out, err = self.run('-bP', *names)
        if status:
            raise EximError(f'exim4 -bP: {words(err or out)}')
        found = dict.fromkeys(names, '')
        for line in out.split('\n'):
            name, equals, value = line.partition('=')
            name = name.strip()
            if name in found:
                found[name] = value.strip() if equals else 'true'
        return found

    def named_list(self, name: str) -> str:
        """Return what a named list has, empty when there is none."""
        status, out, dummy = self.run('-bP', '+' + name)
        return '' if status else out.partition('=')[2].strip()

    def text(self) -> str:
        """Return the whole configuration, as Exim reads it."""
        status, out, err = self.run('-bP', 'config')
        if status:
            raise EximError(f'exim4 -bP config: {words(err or out)}')
        return out

    def transport(self, name: str) -> dict[str, str]:
        """Return the options of a transport."""
        pairs = [line.partition('=') for line in self.run('-bP', 'transport', name)[1].split('\n')]
        return {option.strip(): value.strip() for option, equals, value in pairs if equals}

    def way(self, sender: str, recipient: str) -> Way:
        """Return the way of an unmarked message.

        Raises:
            EximError: the configuration has something that cannot be expanded.
        """
        dummy, out, err = self.run('-bt', '-f', sender or '<>', recipient)
        failed = _FAILED.search(out + err)
        if failed:
            raise EximError(f'exim4 -bt {recipient}: {failed.group()}')
        found, host = _ROUTER.search(out), _HOST.search(out)
        said = words(out) or words(err)
        return (
            Way(found.group(1), found.group(2), host.group(1) if host else '', said) if found else Way('', '', '', said)
        )

    def expand(self, texts: Iterable[str], message: str | None = None) -> list[str]:
        """Return what Exim makes of each text, none of which begins with a capital letter.

        Args:
            message: a file with a message that they are about.
        """
        given = list(texts)
        mode = ['-bem', message] if message else ['-be']
        status, out, err = self.run(*mode, data=''.join(text + '\n' for text in given))
        lines = [line[2:] for line in out.split('\n') if line.startswith('> ')][: len(given)]
        failed = _FAILED.search(out + err) or next((True for line in lines if line.startswith('Failed:')), None)
        if status or failed or len(lines) < len(given):
            raise EximError(f'exim4 {mode[0]}: {words(out + err)}')
        return lines


def words(text: str) -> str:
    return ' '.join(text.split())[-600:]


def items(text: str) -> list[str]:
    """Return the items of a list as Exim writes it, in which a colon of an item is doubled."""
    text, separator = text.strip(), ':'
    if text.startswith('<') and len(text) > 1:
        separator, text = text[1], text[2:]
    found = [''] if text else []
    place = 0
    while place < len(text):
        if text[place] != separator:
            found[-1] += text[place]
        elif text[place + 1 : place + 2] == separator:
            found[-1] += separator
            place += 1
        else:
            found.append('')
        place += 1
    return [item.strip() for item in found if item.strip()]
