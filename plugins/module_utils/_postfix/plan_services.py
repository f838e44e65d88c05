# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the whole entries of master.cf."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import heading
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan import Plan, left_alone
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_cf import MasterCf

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_entry import Service


class ServicePlan(Plan):
    """How master.cf gets the wanted entries.

    Args:
        owner: see Plan.
        recorded: likewise.
        master: the MasterCf, which is edited.

    Attributes:
        removed: keys of the entries that are no longer wanted. They are deleted last, see final().
    """

    def __init__(self, owner: str, recorded: dict[str, Any], master: MasterCf) -> None:
        super().__init__(owner, recorded)
        self._master = master
        self.removed: list[str] = []

    def reach(self, wanted: Mapping[str, Service]) -> None:
        """Edit master.cf so that it has the wanted entries; nothing is deleted yet.

        Args:
            wanted: {key: Service}.
        """
        present = self._master.services()
        for key, record in self.recorded.items():
            if key not in wanted:
                self._undo(key, record, present.get(key))
        self._master.put(
            self.owner, [service for key, service in wanted.items() if self._differs(key, service, present.get(key))]
        )

    def _undo(self, key: str, record: Mapping[str, Any], service: Service | None) -> None:
        """Bring one entry back, unless somebody else has changed it."""
        master = self._master
        if service and service.meaning() in record['written']:
            if record['original'] is None:
                self.removed.append(key)
            else:
                master.put_back(key, record['original'])
        elif (master.span(master.find(key).line) if service else None) != record['original']:
            self.warnings.append(left_alone('master.cf: the entry {}'.format(record['label'])))

    def _differs(self, key: str, service: Service, present: Service | None) -> bool:
        """Record one entry. Returns whether it has to be written."""
        record = self.recorded.get(key)
        if present and present.meaning() == service.meaning():
            if record:
                self.settled[key] = dict(record, written=[service.meaning()])
            return False
        entry = self._master.find(key)
        original = record['original'] if record else self._master.span(entry.line) if entry else None
        written = [service.meaning()]
        self.settled[key] = {'label': f'{service.name}/{service.kind}', 'original': original, 'written': written}
        self.pending[key] = dict(self.settled[key], written=(record['written'] if record else []) + written)
        return True

    def final(self) -> MasterCf:
        """Return a copy of master.cf as it is by now, without the entries that are no longer wanted."""
        final = MasterCf(self._master.text())
        for key in self.removed:
            final.put_back(key, None)
        if self.recorded and not any(record['original'] is None for record in self.settled.values()):
            final.drop_heading(heading(self.owner))
        return final
