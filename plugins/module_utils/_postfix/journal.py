# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of what was there before: one JSON file per instance and owner, written before the first change."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.durable import fingerprint
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.record import Store, told_as
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan_tables import TableState
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.main_cf import value_of

BASE = '/var/lib/conbool-smtp-relay/postfix'


class JournalError(HostError):
    """The record cannot be read or written."""


def empty() -> dict[str, Any]:
    return {'created': [], 'directories': [], 'parameters': {}, 'services': {}, 'service_options': {}, 'tables': {}}


def owners(config_dir: str, base: str | None = None) -> list[str]:
    """Return the names of the owners of whose changes to an instance there is a record."""
    directory = os.path.join(base or BASE, fingerprint(config_dir))
    if not os.path.isdir(directory):
        return []
    return sorted(name[:-5] for name in os.listdir(directory) if name.endswith('.json'))


def originals(config_dir: str, base: str | None = None) -> dict[str, str | None]:
    """Return what main.cf said of each parameter before it was set here, None where it said nothing."""
    found = {}
    for owner in owners(config_dir, base):
        for name, record in Journal(config_dir, owner, base).records['parameters'].items():
            found[name] = value_of(printable(record['original'][-1])) if record['original'] else None
    return found


def wrote(config_dir: str, owner: str, path: str, data: bytes | None, base: str | None = None) -> bool:
    """Return whether a table has what was written for an owner last."""
    record = Journal(config_dir, owner, base).records['tables'].get(path)
    return bool(record) and TableState(data).digest() in record['written']


class Journal:
    """The record of one owner.

    C(pending) is true from before the first changed file until the last reload: a run that finds it set
    has to assume that files are switched but Postfix has not read them.
    """

    def __init__(self, config_dir: str, owner: str, base: str | None = None) -> None:
        self.config_dir = os.path.realpath(config_dir)
        self.owner = owner
        self.directory = os.path.join(base or BASE, fingerprint(config_dir))
        self.path = os.path.join(self.directory, owner + '.json')
        self.exists, self.pending, self.records = False, False, empty()
        self._store = _store(self.path)
        saved = _load(self._store)
        if saved:
            self.exists, self.pending, self.records = True, saved['pending'], saved['records']

    def others(self) -> dict[str, dict[str, Any]]:
        """Return the records of the other owners: {owner: records}."""
        return {
            name: _load(_store(os.path.join(self.directory, name + '.json')))['records']
            for name in owners(self.config_dir, os.path.dirname(self.directory))
            if name != self.owner
        }

    def save(self, records: dict[str, Any], pending: bool) -> None:
        """Replace the record. With nothing left to remember, the file and its empty directories go."""
        if not pending and records == empty():
            with told_as(JournalError, f'The record {self.path} cannot be removed'):
                self._store.remove()
            return
        with told_as(JournalError, f'The record {self.path} cannot be written'):
            self._store.save(
                {'owner': self.owner, 'config_dir': self.config_dir, 'pending': pending, 'records': records}
            )

    def restore(self) -> None:
        """Bring the record back to what it was when it was loaded."""
        self.save(self.records, self.pending)


def _store(path: str) -> Store:
    # The directories of the instance, of all instances, and of everything that this collection keeps on a host.
    return Store(path, ours=3)


def _load(store: Store) -> dict[str, Any] | None:
    return store.load(
        _has_form,
        lambda problem: JournalError(
            f'The record {store.path} of the original configuration is damaged ({problem}). Nothing was changed. '
            'Without it nothing can be undone: repair it, or move it away to begin with the present state.'
        ),
    )


def _has_form(saved: Mapping[str, Any]) -> bool:
    return isinstance(saved['pending'], bool) and set(saved['records']) == set(empty())
