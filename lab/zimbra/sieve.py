# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As much of Sieve (RFC 5228) as filters for a gateway need, with what is peculiar to mailboxd; for the double of
Zimbra, not Zimbra's. What it does not know is an error at run time, as an extension that mailboxd does not have is
there.

Of a header's value, white space and line breaks in front are not seen, and white space behind it is: "YES " is not
"YES".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.message import Message

TOKENS = re.compile(
    r"""\s+ | \#[^\n]* | /\*.*?\*/
    | (?P<text>text:[ \t]*(?:\#[^\n]*)?\r?\n (?P<lines>.*?) ^\.\r?$)
    | (?P<string>"(?:[^"\\]|\\.)*") | (?P<tag>:\w+) | (?P<word>[A-Za-z_]\w*) | (?P<number>\d+[KMG]?)
    | (?P<sign>[][{}(),;])
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
CAPABILITIES = {'fileinto', 'comparator-i;ascii-casemap'}


class SieveError(Exception):
    """A script that cannot be run; the message is then kept, and nothing else of it is done."""


@dataclass
class Part:
    """A command or a test."""

    name: str
    arguments: list = field(default_factory=list)  # a tag or number is a str, a string or list of strings a list
    tests: list[Part] = field(default_factory=list)
    block: list[Part] = field(default_factory=list)


class _Stopped(Exception):
    pass


# ---- reading a script


def parse(script: str) -> list[Part]:
    """The commands of a script. Raises SieveError."""
    tokens = _Tokens(script)
    commands = []
    while tokens.next is not None:
        commands.append(_command(tokens))
    return commands


class _Tokens:
    def __init__(self, script: str):
        self._all = self._read(script)
        self.next = None
        self.step()

    @staticmethod
    def _read(script: str):
        position = 0
        while position < len(script):
            found = TOKENS.match(script, position)
            if not found:
                raise SieveError(f'not understood: {script[position:position + 20]!r}')
            position = found.end()
            if found['string']:
                yield 'string', re.sub(r'\\(.)', r'\1', found['string'][1:-1], flags=re.DOTALL)
            elif found['text']:
                yield 'string', re.sub(r'^\.\.', '.', found['lines'], flags=re.MULTILINE)
            elif found.lastgroup:
                yield found.lastgroup, found[found.lastgroup]

    def step(self):
        taken, self.next = self.next, next(self._all, None)
        return taken

    def skip(self, sign: str) -> bool:
        if self.next == ('sign', sign):
            self.step()
            return True
        return False

    def demand(self, sign: str) -> None:
        if not self.skip(sign):
            raise SieveError(f'{sign!r} is missing before {self.next and self.next[1]!r}')


def _command(tokens: _Tokens) -> Part:
    part = _part(tokens)
    if tokens.skip('{'):
        while not tokens.skip('}'):
            part.block.append(_command(tokens))
    else:
        tokens.demand(';')
    return part


def _part(tokens: _Tokens) -> Part:
    kind, name = tokens.step() or ('end', '')
    if kind != 'word':
        raise SieveError(f'a command or a test is missing before {name!r}')
    part = Part(name.lower())
    while tokens.next is not None:
        kind, value = tokens.next
        if kind in ('tag', 'number'):
            part.arguments.append(tokens.step()[1].lower())
        elif kind == 'string':
            part.arguments.append([tokens.step()[1]])
        elif tokens.skip('['):
            part.arguments.append(_strings(tokens))
        elif kind == 'word':
            part.tests.append(_part(tokens))
        elif tokens.skip('('):
            part.tests.append(_part(tokens))
            while tokens.skip(','):
                part.tests.append(_part(tokens))
            tokens.demand(')')
        else:
            break
    return part


def _strings(tokens: _Tokens) -> list[str]:
    found = []
    while not tokens.skip(']'):
        kind, value = tokens.step() or ('end', '')
        if kind != 'string':
            raise SieveError(f'not a string: {value!r}')
        found.append(value)
        tokens.skip(',')
    return found


# ---- running it


def values(message: Message, name: str) -> list[str]:
    """A header's values as mailboxd sees them."""
    return [re.sub(r'[\r\n]', '', str(value).lstrip(' \t\r\n')) for value in message.get_all(name, [])]


@dataclass
class Outcome:
    folders: list[str] = field(default_factory=list)  # keep is INBOX
    discarded: bool = False
    stopped: bool = False


def run(script: str, message: Message) -> Outcome:
    """What a script says of a message. Raises SieveError."""
    state = _Run(message)
    try:
        state.commands(parse(script))
    except _Stopped:
        state.outcome.stopped = True
    return state.outcome


class _Run:
    def __init__(self, message: Message):
        self.message = message
        self.outcome = Outcome()
        self._required: set[str] = set()
        self._prologue = True

    def commands(self, commands: list[Part]) -> None:
        chosen = None  # whether a branch of the current if was taken; None outside of one
        for command in commands:
            if command.name in ('elsif', 'else') and chosen is None:
                raise SieveError(f'{command.name} without if')
            self._prologue = self._prologue and command.name == 'require'
            if command.name not in ('if', 'elsif', 'else'):
                chosen = None
                self._action(command)
                continue
            if command.name == 'if':
                chosen = False
            if not chosen and (command.name == 'else' or self._test(_one(command.tests))):
                chosen = True
                self.commands(command.block)

    def _action(self, command: Part) -> None:
        if command.name == 'require':
            self._require(_one(command.arguments))
        elif command.name == 'fileinto':
            if 'fileinto' not in self._required:
                raise SieveError('fileinto is not required')
            self.outcome.folders.append(_one(_one(command.arguments)))
        elif command.name == 'keep':
            self.outcome.folders.append('INBOX')
        elif command.name == 'discard':
            self.outcome.discarded = True
        elif command.name == 'stop':
            raise _Stopped
        else:
            raise SieveError(f'no command {command.name}')

    def _require(self, names: list[str]) -> None:
        if not self._prologue:
            raise SieveError('require must come first')
        unknown = set(names) - CAPABILITIES
        if unknown:
            raise SieveError('no capability {}'.format(', '.join(sorted(unknown))))
        self._required.update(names)

    def _test(self, test: Part) -> bool:
        if test.name in ('true', 'false'):
            return test.name == 'true'
        if test.name == 'not':
            return not self._test(_one(test.tests))
        if test.name in ('allof', 'anyof'):
            return (all if test.name == 'allof' else any)(self._test(each) for each in test.tests)
        if test.name == 'exists':
            return all(values(self.message, name) for name in _one(test.arguments))
        if test.name == 'header':
            return self._header(test.arguments)
        raise SieveError(f'no test {test.name}')

    def _header(self, arguments: list) -> bool:
        arguments, match = list(arguments), ':is'
        while arguments and isinstance(arguments[0], str):
            tag = arguments.pop(0)
            if tag == ':comparator' and arguments and arguments[0] == ['i;ascii-casemap']:
                arguments.pop(0)
            elif tag in MATCHES:
                match = tag
            else:
                raise SieveError(f'header: {tag} is not known')
        if len(arguments) != 2:
            raise SieveError('header takes names and keys')
        names, keys = arguments
        found = [value.lower() for name in names for value in values(self.message, name)]
        return any(MATCHES[match](value, key.lower()) for value in found for key in keys)


def _matches(value: str, key: str) -> bool:
    pieces = re.findall(r'\\.|.', key, re.DOTALL)
    pattern = ''.join({'*': '.*', '?': '.'}.get(piece) or re.escape(piece[-1]) for piece in pieces)
    return re.fullmatch(pattern, value, re.DOTALL) is not None


MATCHES = {
    ':is': lambda value, key: value == key,
    ':contains': lambda value, key: key in value,
    ':matches': _matches,
}


def _one(items: list):
    if len(items) != 1:
        raise SieveError(f'one argument is wanted, there are {len(items)}')
    return items[0]
