# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lookup tables say that can be read as a whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.document import Document
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import (
    PostfixError,
    complaints,
    words,
)

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance

# Kinds of tables that are made of a text file (DATABASE_README): those that have an entry for each key, which postmap
# lists, and those whose lines are tried one after the other.
KEYED = ('btree', 'cdb', 'dbm', 'hash', 'lmdb', 'sdbm', 'texthash')
REGULAR = ('pcre', 'regexp')
ORDERED = (*REGULAR, 'cidr')
PROXY = 'proxy:'
LISTABLE = re.compile(rf'^(?:{PROXY})?((?:{"|".join(KEYED)}):\S+)$')
FILES = re.compile(rf'^(?:{PROXY})?({"|".join(ORDERED)}):(/\S+)$')
# A pattern between two equal characters, its flags, and the action.
PATTERN = re.compile(r'^!?([^\w\s])((?:\\.|(?!\1).)*)\1\w*\s+(.*)$', re.DOTALL)


def kind_of(table: str) -> str:
    """Return of which kind a table is, whoever opens it."""
    return (table[len(PROXY) :] if table.startswith(PROXY) else table).partition(':')[0]


class TableEntries:
    """The entries of tables.

    Args:
        instance: the instance's commands.
    """

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def of(self, table: str) -> list[tuple[str, str]] | None:
        """Return key and value of each entry in the order in which they are asked; None if that cannot be told."""
        listable, file = LISTABLE.match(table), FILES.match(table)
        if listable:
            status, out, dummy = self._instance.run('postmap', '-c', self._instance.config_dir, '-s', listable.group(1))
            lines = printable(decode(out)).split('\n')
            return [tuple(line.split('\t', 1)) for line in lines if '\t' in line] if status == 0 else None
        if file:
            data = read_file(file.group(2)).data
            return None if data is None else entries(printable(decode(data)), file.group(1))
        return None


def entries(text: str, kind: str) -> list[tuple[str, str]] | None:
    """Return key and value of each line of a cidr, regexp or pcre table, None of one with conditions."""
    found = []
    for line in Document(text).logical_lines():
        content = line.words()
        if re.match(r'(if|endif)\b', content, re.IGNORECASE) or (kind == 'cidr' and content.startswith('!')):
            return None
        pattern = None if kind == 'cidr' else PATTERN.match(content)
        if pattern:
            found.append((pattern.group(2), pattern.group(3)))
        elif kind != 'cidr' or len(content.split(None, 1)) < 2:
            return None
        else:
            key, value = content.split(None, 1)
            found.append((key, value))
    return found


def look_up(instance: Instance, table: str, key: str) -> str:
    """Return what a table answers, empty for nothing.

    Raises:
        PostfixError: it cannot be asked.
    """
    status, out, err = instance.run('postmap', '-c', instance.config_dir, '-q', key, table)
    # Not found is status 1 as well, with what postmap may have to say of main.cf.
    said = printable(decode(err))
    if status and any(severity != 'warning' for severity, dummy in complaints(said)):
        raise PostfixError(f'postmap -q {key!r} {table}: {words(said)}')
    return '' if status else printable(decode(out)).strip()
