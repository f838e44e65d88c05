# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exim's own command: what it makes of a configuration that is not in force."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import process
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode

COMMANDS = ('/usr/sbin/exim4', '/usr/sbin/exim')
# What may ask others: DNS, or what a list or router names, which may wait for long. In seconds.
ASKING, LONGEST = ('-bt', '-be', '-bem', '-bh'), 60
_VERSION = re.compile(r'^Exim version (\S+)', re.MULTILINE)
_FEATURES = re.compile(r'^Support for: (.*)$', re.MULTILINE)
_ROUTER = re.compile(r'^\s*router = ([^,\s]+), transport = (\S+)', re.MULTILINE)
_ROUTER_HEAD = re.compile(r'^(\S+) router:$')
_HOST = re.compile(r'^\s*host (\S+)(?:\s+\[([^]]*)\])?', re.MULTILINE)
# What Exim says on the way, beside the answer, and goes on.
_FAILED = re.compile(r'failed to expand[^\n]*|[Uu]nknown (?:option|condition)[^\n]*')


class EximError(HostError):
    """Exim said no, in its own words; or there is none whose configuration can be changed."""


class Way(NamedTuple):
    """The way of a message to one recipient: C(router) and C(transport), empty where there is none, its C(host) and the
    C(address) of that, and what Exim C(said)."""

    router: str
    transport: str
    host: str
    address: str
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
        """Return the exit status, what it said, and its complaints.

        Raises:
            EximError: it had no answer in time.
        """
        chosen = ['-C', self.config] if self.config else []
        given = None if data is None else encode(data)
        longest = LONGEST if words[0] in ASKING else None
        done = process.run(self._run_command, [self.path, *chosen, *words], longest, data=given, binary_data=True)
        if done is None:
            raise EximError(
                f'exim4 {" ".join(words)}: no answer within {LONGEST} seconds, mostly since DNS or a server that a list'
                ' or router asks (LDAP, SQL) is away'
            )
        status, out, err = done
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

    def macros(self) -> list[str]:
        """Return the names of the macros that the configuration defines, without those that are built in."""
        status, out, err = self.run('-bP', 'macros')
        if status:
            raise EximError(f'exim4 -bP macros: {words(err or out)}')
        return re.findall(r'^([A-Z]\w*)=', out, re.MULTILINE)

    def transport(self, name: str) -> dict[str, str]:
        """Return the options of a transport."""
        return self._options_of('transport', name)

    def router(self, name: str) -> dict[str, str]:
        """Return the options of a router."""
        return self._options_of('router', name)

    def routers(self) -> list[dict[str, str]]:
        """Return the options of all routers in their order, those of switches as C(true), each with its C(name)."""
        found: list[dict[str, str]] = []
        for line in self.run('-bP', 'routers')[1].split('\n'):
            head = _ROUTER_HEAD.match(line)
            if head:
                found.append({'name': head.group(1)})
            elif line.strip() and found:
                option, equals, value = line.partition('=')
                found[-1][option.strip()] = value.strip() if equals else 'true'
        return found

    def _options_of(self, kind: str, name: str) -> dict[str, str]:
        pairs = [line.partition('=') for line in self.run('-bP', kind, name)[1].split('\n')]
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
        said = words(out) or words(err)
        found = _ways(out, said)
        # A router of the site may send copies elsewhere, of all mail, say. They are named in no order that counts.
        own = [way for address, way in found if address.lower() == recipient.lower()]
        # Behind an alias, there are other addresses only.
        own = own or [way for dummy, way in found if way.router] or [Way('', '', '', '', said)]
        if len(own) > 1:
            copying = {router['name'] for router in self.routers() if 'unseen' in router}
            own = [way for way in own if way.router not in copying] or own
        return own[0]

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

    def listed(self, condition: str, item: str, text: str) -> bool:
        """Return whether something is in a list, as a line of the configuration has it.

        Args:
            condition: C(match_domain), C(match_ip), or another one of these.

        A line's list is expanded before it is looked at. In a question it is not, and a brace in it would end that.

        Raises:
            EximError: the list cannot be expanded, or not be looked into.
        """
        if '$' in text or '\\' in text:
            text = self.expand(['=' + text])[0][1:]
        return self.expand([f'${{if {condition}{{{item}}}{{\\N{text}\\N}}{{yes}}{{no}}}}']) == ['yes']


def _ways(out: str, said: str) -> list[tuple[str, Way]]:
    """Return the ways in an answer to C(-bt), each with its address; without a router where there is none."""
    found = []
    for block in re.split(r'^(?=\S)', out, flags=re.MULTILINE):
        router, host = _ROUTER.search(block), _HOST.search(block)
        names = router.groups() if router else ('', '')
        to = host.groups('') if host else ('', '')
        found.append((block.partition('\n')[0].split(' ')[0], Way(*names, *to, said)))
    return found


def words(text: str) -> str:
    return ' '.join(text.split())[-600:]


def items(text: str, separator: str = ':') -> list[str]:
    """Return the items of a list as Exim writes it, in which a separator that is part of an item is doubled.

    Args:
        separator: the usual one. A list may begin with the choice of another.
    """
    text = text.strip()
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
