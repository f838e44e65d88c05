# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of what a Kerio Connect had where something of ours is now, written before the first change."""

from __future__ import annotations

import copy
import os
from dataclasses import asdict, dataclass, field
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.record import Store, told_as
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import KerioError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.names import OWNER

BASE = '/var/lib/conbool-smtp-relay/kerio'


@dataclass
class Remembered:
    """What there was: by place, the reference to a group of IP addresses; by service, its group; and the relay rules
    that were switched off, as C(relay.shown) has them, without whether they are in force. C(rules) are the names of the
    relay rules that we made. C(listeners) are those of the service SMTP C(before) and C(after) they left C(port) to the
    hop; empty where they have not."""

    references: dict[str, dict[str, Any]] = field(default_factory=dict)
    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    switched_off: list[dict[str, Any]] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    listeners: dict[str, Any] = field(default_factory=dict)

    def merged(self, other: Remembered) -> Remembered:
        """With what another one has beside."""
        more = [rule for rule in other.switched_off if rule not in self.switched_off]
        return Remembered(
            {**other.references, **self.references},
            {**other.services, **self.services},
            [*self.switched_off, *more],
            list(dict.fromkeys(self.rules + other.rules)),
            self.listeners or other.listeners,
        )


class KerioRecord:
    """C(remembered), and C(pending) from before the first change until all of them are in force."""

    def __init__(self) -> None:
        self.path = os.path.join(BASE, OWNER + '.json')
        self._store = Store(self.path, ours=2)
        self._loaded = self._load()
        self.remembered, self.pending = copy.deepcopy(self._loaded[0]), self._loaded[1]

    @property
    def there(self) -> bool:
        return self.pending or self.remembered != Remembered()

    def save(self, remembered: Remembered, pending: bool) -> None:
        """Replace the record. With nothing left to remember, its file goes."""
        with told_as(KerioError, f'The record {self.path} cannot be written'):
            if pending or remembered != Remembered():
                self._store.save({**asdict(remembered), 'pending': pending})
            else:
                self._store.remove()
        self.remembered, self.pending = copy.deepcopy(remembered), pending

    def restore(self) -> None:
        """Bring the record back to what it was when it was loaded."""
        self.save(*self._loaded)

    def _load(self) -> tuple[Remembered, bool]:
        saved = self._store.load(
            _has_form,
            lambda problem: KerioError(
                f'The record {self.path} of what Kerio Connect had before is damaged ({problem}). Nothing was changed.'
                ' Without it nothing can be undone: repair it, or move it away to begin with the present state.'
            ),
        )
        if not saved:
            return Remembered(), False
        # Earlier versions have not all of it.
        known = [saved['references'], saved['services'], saved['switched_off']]
        return Remembered(*known, saved.get('rules', []), saved.get('listeners', {})), saved['pending']


def _has_form(saved: dict[str, Any]) -> bool:
    entities = [*saved['references'].values(), *saved['services'].values()]
    return (
        isinstance(saved['pending'], bool)
        and all(isinstance(entity['id'], str) and isinstance(entity['name'], str) for entity in entities)
        and all(isinstance(rule['description'], str) for rule in saved['switched_off'])
        and all(isinstance(name, str) for name in saved.get('rules', []))
        and _have_form(saved.get('listeners', {}))
    )


def _have_form(listeners: dict[str, Any]) -> bool:
    if not listeners:
        return True
    each = [*listeners['before'], *listeners['after']]
    return isinstance(listeners['port'], int) and all({'type', 'address', 'port'} <= set(one) for one in each)
