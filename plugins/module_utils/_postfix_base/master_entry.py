# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An entry of master.cf: what it says, and the place of each of its arguments in its text."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import split_lines
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.document import SPACES

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.document import LogicalLine

FIELDS = ('private', 'unprivileged', 'chroot', 'wakeup', 'max_processes')
ASSIGNMENT = re.compile(rf'([^={SPACES}]+)[{SPACES}]*=(.*)', re.DOTALL)


class Token:
    """One argument with its place in the entry's text. Braces around it are not part of its value."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self.start = start
        self.end = end
        self.value = text[1:-1].strip(SPACES) if text[:1] == '{' and text[-1:] == '}' else text


def tokens_of(text: str) -> list[Token]:
    """Split the text of an entry as master(8) does: at blanks outside of braces; comment lines do not count."""
    visible = ''.join(' ' * len(line) if line.lstrip(SPACES)[:1] == '#' else line for line in split_lines(text))
    found, start, depth = [], None, 0
    for index, char in enumerate(visible + ' '):
        if char in SPACES and depth <= 0:
            if start is not None:
                found.append(Token(visible[start:index], start, index))
            start = None
            continue
        if start is None:
            start, depth = index, 0
        depth += {'{': 1, '}': -1}.get(char, 0)
    if start is not None:
        found.append(Token(visible[start:], start, len(visible)))
    return found


def key_of(name: str, kind: str) -> str:
    """Return the identity of an entry; "smtp" and "25" are the same inet service to Postfix."""
    if kind != 'inet':
        return f'{name}/{kind}'
    host, colon, port = name.rpartition(':')
    if not port.isdigit():
        try:
            port = str(socket.getservbyname(port, 'tcp'))
        except OSError:
            return f'{name}/{kind}'
    host = host[1:-1] if host[:1] == '[' else host
    return '{}/{}'.format(f'[{host}]:{port}' if colon and host else port, kind)


def port_of(key: str) -> str:
    """Return the port in key_of() of an inet service; empty for another kind."""
    name, dummy, kind = key.rpartition('/')
    return name.rpartition(':')[2] if kind == 'inet' else ''


class Service:
    """What an entry says, without how it is written."""

    def __init__(self, name: str, kind: str, fields: list[str], command: list[str], options: dict[str, str]) -> None:
        self.name = name
        self.kind = kind
        self.fields = fields
        self.command = command
        self.options = options

    @property
    def key(self) -> str:
        return key_of(self.name, self.kind)

    def meaning(self) -> list[Any]:
        """Return a comparable form that JSON can carry."""
        return [self.fields, self.command, sorted([name, value] for name, value in self.options.items())]

    def as_dict(self) -> dict[str, Any]:
        return dict(
            zip(FIELDS, self.fields),
            name=self.name,
            type=self.kind,
            command=' '.join(map(quoted, self.command)),
            options=dict(self.options),
        )

    def render(self) -> str:
        # The command's own arguments have to follow the options (getopt stops at the first one that is none).
        lines = ['  '.join([self.name, self.kind] + self.fields + self.command[:1])]
        lines += [render_option(name, value) for name, value in self.options.items()]
        if len(self.command) > 1:
            lines.append('  ' + ' '.join(map(quoted, self.command[1:])))
        return '\n'.join(lines)


def quoted(word: str) -> str:
    """Return an argument as master.cf wants it when it holds blanks (Postfix 3.0 and later)."""
    return f'{{ {word} }}' if re.search(f'[{SPACES}]', word) else word


def render_option(name: str, value: str) -> str:
    return f'  -o {{ {name} = {value} }}' if re.search(f'[{SPACES}]', value) else f'  -o {name}={value}'


class MasterEntry:
    """One entry of master.cf together with its place."""

    def __init__(self, line: LogicalLine, text: str) -> None:
        self.line = line
        self.text = text
        self.tokens = tokens_of(text)
        # (name, value, first token, last token) of each -o, in order; the daemon takes the last of equal names.
        self.overrides = []
        self.flags = []
        index = 8
        while index < len(self.tokens) and self.tokens[index].value.startswith('-'):
            token = self.tokens[index]
            if token.value.startswith('-o'):
                argument = token.value[2:]
                if not argument and index + 1 < len(self.tokens):
                    index += 1
                    argument = self.tokens[index].value
                match = ASSIGNMENT.match(argument)
                if match:
                    self.overrides.append(
                        (match.group(1).strip(SPACES), match.group(2).strip(SPACES), token, self.tokens[index])
                    )
            else:
                self.flags.append(token.value)
            index += 1
        self.arguments = self.tokens[index:]

    @property
    def complete(self) -> bool:
        return len(self.tokens) >= 8

    def service(self) -> Service:
        values = [token.value for token in self.tokens]
        command = values[7:8] + self.flags + [token.value for token in self.arguments]
        return Service(
            values[0], values[1], values[2:7], command, {name: value for name, value, dummy, dummy in self.overrides}
        )
