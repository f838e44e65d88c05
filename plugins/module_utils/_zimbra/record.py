# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of what attributes were before they were changed: one JSON file per owner, written before the first
change. Private to this collection."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.record import Store, told_as
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.commands import ZimbraError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.directory import Entry, Key, Values

BASE = '/var/lib/conbool-smtp-relay/zimbra'


@dataclass(frozen=True)
class Remembered:
    """One attribute: its own values before the first change, and all that were written since, or were about to be."""

    original: Values
    wrote: tuple[Values, ...]


class AttributeRecord:
    """What one owner has changed in Zimbra's directory.

    C(pending) is true from before the first change until all of them are in force.

    Args:
        server: the present name of the server that all entries of servers are, which may have had another one; empty
            when they may be several.
    """

    def __init__(self, owner: str, server: str = '') -> None:
        self._server = server
        self.path = os.path.join(BASE, owner + '.json')
        self._store = Store(self.path, ours=2)
        self._loaded = self._load()
        self.attributes, self.pending = self._loaded

    def save(self, attributes: Mapping[Key, Remembered], pending: bool) -> None:
        """Replace the record. With nothing left to remember, its file goes."""
        with told_as(ZimbraError, f'The record {self.path} cannot be written'):
            if attributes or pending:
                self._store.save({'attributes': [_out(*item) for item in attributes.items()], 'pending': pending})
            else:
                self._store.remove()
        self.attributes, self.pending = dict(attributes), pending

    def restore(self) -> None:
        """Bring the record back to what it was when it was loaded."""
        self.save(*self._loaded)

    def _load(self) -> tuple[dict[Key, Remembered], bool]:
        saved = self._store.load(
            lambda saved: isinstance(saved['pending'], bool) and all(map(_in, saved['attributes'])),
            lambda problem: ZimbraError(
                f'The record {self.path} of the original attributes is damaged ({problem}). Nothing was changed.'
                ' Without it nothing can be undone: repair it, or move it away to begin with the present state.'
            ),
        )
        if not saved:
            return {}, False
        return {self._renamed(key): value for key, value in map(_in, saved['attributes'])}, saved['pending']

    def _renamed(self, key: Key) -> Key:
        entry, attribute = key
        return (Entry('server', self._server), attribute) if entry.kind == 'server' and self._server else key


def _out(key: Key, remembered: Remembered) -> dict[str, Any]:
    (kind, name), attribute = key
    return {
        'kind': kind,
        'name': name,
        'attribute': attribute,
        'original': list(remembered.original),
        'wrote': [list(values) for values in remembered.wrote],
    }


def _in(saved: Mapping[str, Any]) -> tuple[Key, Remembered]:
    wrote = tuple(tuple(values) for values in saved['wrote'])
    key = (Entry(saved['kind'], saved['name']), saved['attribute'])
    return key, Remembered(tuple(saved['original']), wrote)


def owners() -> list[str]:
    """Return the owners of whose changes there is a record."""
    return sorted(name[:-5] for name in os.listdir(BASE) if name.endswith('.json')) if os.path.isdir(BASE) else []
