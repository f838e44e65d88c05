# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of Zimbra's directory and their attributes: own values read, told from inherited ones, and written. Private
to this collection."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple, Tuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.commands import ZimbraError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.zmprov import Zmprov

KINDS = ('config', 'server', 'domain', 'cos')
SHOW = {'config': 'gcf', 'server': 'gs', 'domain': 'gd', 'cos': 'gc'}
MODIFY = {'config': 'mcf', 'server': 'ms', 'domain': 'md', 'cos': 'mc'}
# Of these, zmprov shows inherited values as well unless it is told not to.
INHERITS = ('server', 'domain')
WARNING = re.compile(r'^Warn: (.*)$', re.MULTILINE)

Values = Tuple[str, ...]


class Entry(NamedTuple):
    """One entry; the global configuration has no name."""

    kind: str
    name: str = ''

    def __str__(self) -> str:
        return f'{self.kind} {self.name}'.strip()


CONFIG = Entry('config')
# An attribute of an entry.
Key = Tuple[Entry, str]


def show(key: Key) -> list[str]:
    """Return the command that shows the own values of an attribute."""
    (kind, name), attribute = key
    own = ['-e'] if kind in INHERITS else []
    return [SHOW[kind], *own, *([name] if name else []), attribute]


def modify(entry: Entry, values: Mapping[str, Values]) -> list[str]:
    """Return the command that gives an entry these values, all of them or none; no value means unset."""
    pairs = [(name, value) for name in sorted(values) for value in values[name] or ('',)]
    words = [word for pair in pairs for word in pair]
    return [MODIFY[entry.kind], *([entry.name] if entry.name else []), *words]


def parsed(key: Key, output: str) -> Values:
    """Return the values that a command of show() wrote.

    What follows the first line of a value is not marked. So one attribute is asked for at a time, and a line that
    begins with its name begins another value of it.

    Raises:
        ZimbraError: there is no such entry.
    """
    entry, attribute = key
    if entry.kind != 'config':
        head, dummy, output = output.partition('\n')
        if not head.startswith('# name '):
            raise ZimbraError(f'Zimbra has no {entry}')
        # One empty line ends an entry.
        output = output[:-1] if output.endswith('\n') else output
    begin = re.compile(rf'^{re.escape(attribute)}: ', re.MULTILINE | re.IGNORECASE)
    dummy, *values = begin.split(output)
    return tuple(value[:-1] if value.endswith('\n') else value for value in values)


class Directory:
    """Zimbra's directory.

    Args:
        zmprov: the program.
    """

    def __init__(self, zmprov: Zmprov) -> None:
        self._zmprov = zmprov

    @property
    def starts(self) -> int:
        """How often zmprov was started, which takes seconds each time."""
        return self._zmprov.starts

    def read(
        self, keys: Iterable[Key], more: Sequence[Sequence[str]] = (), may_be_gone: Container[Entry] = ()
    ) -> tuple[dict[Key, Values], list[str]]:
        """Return the own values of attributes, by one start of zmprov.

        Args:
            more: further commands.
            may_be_gone: entries that have no values when they are not there.

        Returns:
            Attribute to values, none for one that is unset; and what the further commands wrote.

        Raises:
            ZimbraError: an entry or something else that was asked for cannot be read.
        """
        keys = list(dict.fromkeys(keys))
        commands = [*map(show, keys), *map(list, more)]
        if not commands:
            return {}, []
        outputs, errors = self._zmprov.batch(commands)
        found: dict[Key, Values] = {}
        for key, output in zip(keys, outputs):
            gone = key[0] in may_be_gone and not output.startswith('# name ')
            found[key] = () if gone else parsed(key, output)
            errors = errors[:-1] if gone else errors
        if errors:
            raise ZimbraError('zmprov: ' + ' '.join(errors))
        return found, outputs[len(keys) :]

    def write(self, changes: Mapping[Key, Values]) -> list[str]:
        """Give attributes these own values, by one start of zmprov.

        Returns:
            Its warnings.

        Raises:
            ZimbraError: an entry could not be changed; others may be.
        """
        by_entry: dict[Entry, dict[str, Values]] = {}
        for (entry, attribute), values in changes.items():
            by_entry.setdefault(entry, {})[attribute] = values
        outputs, errors = self._zmprov.batch([modify(entry, values) for entry, values in by_entry.items()])
        warnings = [warning for output in outputs for warning in WARNING.findall(output)]
        # What is silent when it has done something; how to use a command, it explains there.
        words = [' '.join(WARNING.sub('', output).split()) for output in outputs]
        if errors or any(words):
            raise ZimbraError('zmprov: ' + ' '.join(errors or filter(None, words)))
        return warnings

    def flush(self, server: str, entries: Iterable[Entry]) -> list[str]:
        """Have mailbox servers look at entries anew.

        Args:
            server: one of them.

        Returns:
            What went wrong.
        """
        return self._zmprov.flush(server, sorted({entry.kind for entry in entries}))
