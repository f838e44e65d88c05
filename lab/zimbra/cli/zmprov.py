# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""zmprov of the double of Zimbra (not Zimbra): options, one command or a batch, exit codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..errors import Crash, ServiceError
from .prov_commands import Command, Ended, Run, Usage, command
from .session import ADMIN_PORT, LdapSession, SoapSession
from .words import lines, parse
from .world import World

FLAGS = {
    'h': 'help',
    'l': 'ldap',
    'z': 'zadmin',
    'v': 'verbose',
    'd': 'debug',
    'D': 'debughigh',
    'm': 'master',
    't': 'temp',
    'r': 'replace',
    'fd': 'forcedisplay',
}
WITH_VALUE = {
    'f': 'file',
    's': 'server',
    'L': 'logpropertyfile',
    'a': 'account',
    'p': 'password',
    'P': 'passfile',
    'y': 'authtoken',
    'Y': 'authtokenfile',
}
LONG = {name: short for short, name in {**FLAGS, **WITH_VALUE}.items()}
# Each of them puts zmprov back to SOAP, whatever was said before.
FOR_SOAP = ('a', 'p', 'P', 'y', 'Y', 'z')


class BadOptions(Exception):
    """said: the line on standard error; code: the exit code, None for usage."""

    def __init__(self, said: str, code: int | None = None):
        super().__init__(said)
        self.code = code


@dataclass
class Options:
    given: dict[str, str] = field(default_factory=dict)
    rest: list[str] = field(default_factory=list)

    def __contains__(self, option: str) -> bool:
        return option in self.given


def read_options(arguments: list[str]) -> Options:
    """Options until the first word that is none; an unknown option is such a word. Raises BadOptions."""
    options = Options()
    waiting = list(arguments)
    while waiting:
        word = waiting[0]
        if word == '--':
            waiting.pop(0)
            break
        found = _options_of(word)
        if not found:
            break
        waiting.pop(0)
        for short, value in found:
            if short in WITH_VALUE and value is None:
                if not waiting:
                    raise BadOptions(f'Missing argument for option: {short}')
                value = waiting.pop(0)
            options.given[short] = value or ''
    options.rest = waiting
    return options


def _options_of(word: str) -> list[tuple[str, str | None]]:
    """[(short name, value or None)] of a word of the command line; nothing if it is no option."""
    if word.startswith('--'):
        name, sign, value = word[2:].partition('=')
        return [(LONG[name], value if sign else None)] if name in LONG else []
    if not word.startswith('-') or len(word) < 2:
        return []
    if word[1:] in FLAGS or word[1:] in WITH_VALUE:
        return [(word[1:], None)]
    found: list[tuple[str, str | None]] = []
    for at, short in enumerate(word[1:], 2):
        if short in WITH_VALUE:
            return [*found, (short, word[at:] or None)]
        if short not in FLAGS:
            return []
        found.append((short, None))
    return found


def _session(world: World, options: Options) -> LdapSession | SoapSession:
    """In the order in which the real one looks at its options. Raises BadOptions."""
    ldap = world.localconfig.get('zimbra_zmprov_default_to_ldap') == 'true'
    if 'l' in options and 's' in options:
        raise BadOptions('cannot specify both -l and -s at the same time', 2)
    if 'L' in options and 'l' not in options:
        raise BadOptions('cannot specify -L when -l is not specified', 2)
    if 'y' in options and 'Y' in options:
        raise BadOptions('cannot specify authtoken when authtokenfile is specified', 2)
    ldap = ldap or 'l' in options
    if any(option in options for option in (*FOR_SOAP, 's')):
        ldap = False
    if 'd' in options and 'D' in options:
        raise BadOptions('cannot specify both -d and -D at the same time', 2)
    if 'm' in options and not ldap:
        raise BadOptions('cannot specify -m when -l is not specified', 2)
    if 't' in options:
        raise BadOptions('-t is not built in this double of Zimbra', 70)
    if ldap:
        return LdapSession(world, master='m' in options)
    default = world.localconfig.get('zimbra_zmprov_default_soap_server')
    server, dummy, port = options.given.get('s', default).partition(':')
    return SoapSession(world, server, int(port or ADMIN_PORT))


def main(world: World, arguments: list[str]) -> int:
    # The wrapper reads the local configuration with a Java machine of its own, whatever the environment says.
    world.start_java(2)
    try:
        options = read_options(_as_java_sees(world, arguments))
        if 'h' in options:
            return _general_usage(world)
        session = _session(world, options)
    except BadOptions as error:
        world.err.write(f'error: {error}\n')
        return _general_usage(world) if error.code is None else error.code
    run = Run(world, session, 'r' in options, 'fd' in options, 'v' in options)
    try:
        return _one(run, options.rest) if options.rest else _batch(run, options.given.get('f'))
    except ServiceError as error:
        world.err.write(error.text(with_cause=_with_cause(run, error)) + '\n')
        return 2
    except Ended as ended:
        return ended.code
    except Crash as crash:
        world.err.write(f'Exception in thread "main" {crash}\n')
        return 1


def _as_java_sees(world: World, arguments: list[str]) -> list[str]:
    """With LC_ALL=C Java takes arguments for ASCII and cannot read anything else of them."""
    if world.env.get('LC_ALL') not in ('C', 'POSIX'):
        return arguments
    return [each.encode('utf-8', 'surrogateescape').decode('ascii', 'replace') for each in arguments]


def _with_cause(run: Run, error: ServiceError) -> bool:
    """A server's fault has no cause on this side; a connection that failed has one."""
    return not run.session.soap or error.code == 'zclient.IO_ERROR'


def _one(run: Run, words: list[str]) -> int:
    found = command(words[0])
    if found is None:
        return _general_usage(run.world)
    if found.name != 'help':
        run.session.connect()
    try:
        _execute(run, found, words[1:])
    except Usage as usage:
        _say_usage(run, found, usage)
        run.world.out.write('For general help, type : zmprov --help\n')
        return 1
    return 0


def _batch(run: Run, path: str | None) -> int:
    run.session.connect()
    run.interactive = True
    if path is None:
        _begin_history(run.world)
    try:
        text = run.world.stdin.read() if path in (None, '/dev/stdin') else Path(path).read_bytes()
    except OSError as error:
        raise Crash(f'java.io.FileNotFoundException: {path} ({error.strerror})') from None
    coming = lines(text.decode('utf-8', 'replace'))
    while True:
        run.world.out.write('prov> ')
        line = next(coming, None)
        if line is None:
            return 0
        if run.verbose:
            run.world.out.write(f'{line}\n')
        words = parse(line)
        if words:
            _line(run, words)


def _line(run: Run, words: list[str]) -> None:
    """One line of a batch: what goes wrong is said, and the next one comes."""
    found = command(words[0])
    if found is None:
        run.world.out.write("Unknown command. Type: 'help commands' for a list\n")
        return
    try:
        _execute(run, found, words[1:])
    except Usage as usage:
        _say_usage(run, found, usage)
    except ServiceError as error:
        run.failed = True
        run.world.err.write(error.text(with_cause=_with_cause(run, error)) + '\n')


def _execute(run: Run, found: Command, arguments: list[str]) -> None:
    if len(arguments) < found.least or (found.most is not None and len(arguments) > found.most):
        raise Usage()
    found.do(run, arguments)


def _say_usage(run: Run, found: Command, usage: Usage) -> None:
    if usage.said:
        run.world.out.write(f'{usage.said}\n')
    run.world.out.write(f'usage:  {found.usage}\n')


def _general_usage(world: World) -> int:
    world.out.write('\nzmprov [args] [cmd] [cmd-args ...]\n\n  (a double of Zimbra, not Zimbra)\n\n')
    for short, name in {**FLAGS, **WITH_VALUE}.items():
        world.out.write(f'  -{short}/--{name}{" {value}" if short in WITH_VALUE else ""}\n')
    world.out.write('\n zmprov is used for provisioning. Try:\n\n     zmprov help commands\n\n')
    return 1


def _begin_history(world: World) -> None:
    """Reading from standard input, even from a pipe, is line editing with a history that somebody owns."""
    path = world.home / '.zmprov_history'
    try:
        path.open('a').close()
    except OSError as error:
        said = f'java.io.FileNotFoundException: {path} ({error.strerror})'
        world.err.write(f'Command line editing will be disabled: {said}\n')
