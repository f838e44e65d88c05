# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of what was done to the host's firewall, and by which backend: one JSON file, written before the first
change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import FirewallError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.record import Store

PATH = '/var/lib/conbool-smtp-relay/inbound_firewall.json'


class Record:
    """What was done, by backend.

    C(entries) has for each backend that may have something on this host
      C(listing): our part as the backend listed it after the last complete run; None from before the first change
      until a run is complete, so that a run that finds it does everything again;
      C(directories): those that were made for our files.
    """

    def __init__(self) -> None:
        self._store = Store(PATH)
        saved = self._store.load(_has_form, _damaged)
        self.entries = saved['backends'] if saved else {}

    def listing(self, backend: str) -> str | None:
        return self.entries[backend]['listing'] if backend in self.entries else None

    def directories(self, backend: str) -> list[str]:
        return self.entries[backend]['directories'] if backend in self.entries else []

    def save(self, backend: str, listing: str | None, directories: list[str]) -> None:
        self.entries[backend] = {'listing': listing, 'directories': directories}
        self._write()

    def adopt(self, backend: str) -> None:
        """Have an entry for what is on this host without one: the record is lost, but all that was done bears our
        name."""
        self.entries.setdefault(backend, {'listing': None, 'directories': []})

    def forget(self, backend: str) -> None:
        del self.entries[backend]
        self._write()

    def _write(self) -> None:
        if self.entries:
            self._store.save({'backends': self.entries})
        else:
            self._store.remove()


def _has_form(saved: Mapping[str, Any]) -> bool:
    return all(set(entry) == {'listing', 'directories'} for entry in saved['backends'].values())


def _damaged(problem: Exception) -> FirewallError:
    return FirewallError(
        f'The record {PATH} is damaged ({problem}). Nothing was changed. Move it away, and apply the limit again'
        ' before it is undone'
    )
