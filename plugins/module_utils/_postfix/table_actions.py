# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines of lookup tables hand a message to another transport, each with its place."""

from __future__ import annotations

import re
from typing import NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.document import Document
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.table_entries import (
    KEYED,
    ORDERED,
    PATTERN,
    PROXY,
    REGULAR,
    kind_of,
)

# Tables that are made of a text file.
_FILE = re.compile(rf'^(?:{PROXY})?({"|".join((*KEYED, *ORDERED))}):(/\S+)$')
# Tables that stand in the parameter itself.
_INLINE = ('static', 'inline')
_FILTER = re.compile(r'\bFILTER\s+([\w.-]+:[^\s,{}]*)', re.IGNORECASE)


class Filter(NamedTuple):
    """A FILTER: where it stands, and its transport and next hop."""

    place: str
    destination: str


def filters(table: str) -> list[Filter] | None:
    """Return the FILTER actions of a table; None of one that cannot be looked into."""
    if kind_of(table) in _INLINE:
        return [Filter(table, destination) for destination in _FILTER.findall(table)]
    file = _FILE.match(table)
    data = read_file(file.group(2)).data if file else None
    if data is None:
        return None
    kind, path = file.groups()
    found = []
    for line in Document(printable(decode(data))).logical_lines():
        match = _FILTER.match(_action(line.words(), kind))
        if match:
            found.append(Filter(f'{path}:{line.first + 1}', match.group(1)))
    return found


def _action(line: str, kind: str) -> str:
    """Return what stands behind the key or the pattern of a line."""
    pattern = PATTERN.match(line) if kind in REGULAR else None
    return pattern.group(3) if pattern else (line.split(None, 1) + ['', ''])[1]
