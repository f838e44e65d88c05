# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings one backend's part of the firewall to the wanted state, or tells what that takes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import FirewallError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import disk
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import encode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.transaction import Transaction
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.unit import Unit, UnitChange
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.writable import refuse_obstacles

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.firewalld import Firewalld
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.nftables import Nftables
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.record import Record
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.ufw import Ufw
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import Wanted


class Change(Transaction):
    """One backend on its way to the wanted state.

    Args:
        run: takes an argument list; returns exit status, stdout and stderr; for systemctl.
        backend: Nftables, Firewalld or Ufw. It knows the files for a state, lists what is in force, validates, loads
            and unloads.
        wanted: Wanted, or None when nothing of this backend is to be left.
    """

    def __init__(
        self,
        run: Callable[[list[str]], tuple[int, str, str]],
        backend: Firewalld | Nftables | Ufw,
        wanted: Wanted | None,
        record: Record,
    ) -> None:
        super().__init__([])
        self._run, self._backend, self._wanted, self._record = run, backend, wanted, record
        self.name = backend.name
        self.old_state = f'{self.name}: the old state'
        if wanted:
            backend.check()
        else:
            backend.check_leaving()
        self._recorded = self.name in record.entries
        self._known = record.listing(self.name)
        self._before = {path: disk.read_file(path).data for path in backend.files(wanted)}
        self._writes = [
            disk.Write(path, data) for path, data in sorted(backend.files(wanted).items()) if data != self._before[path]
        ]
        self._unit = UnitChange(run, backend.unit_name, backend.unit(wanted)) if backend.unit_name else None
        self._listing = backend.listing()
        # What is in force is compared with what was in force when the last run ended, as the same tool lists it.
        self._astray = self._listing != self._known if wanted else bool(self._listing)
        self.warnings += backend.warnings(wanted) if wanted else []

    @property
    def changed(self) -> bool:
        return bool(self._writes) or self._astray or bool(self._unit and self._unit.changed)

    def diff(self) -> list[dict[str, str]]:
        """Return the files that change; and what is in force, if that is not what was left there."""
        found = [difference(write.path, self._before[write.path], write.data) for write in self._writes]
        if self._known is not None and self._astray and self._wanted:
            found.append(difference(f'in force ({self.name})', self._listing, self._known))
        return found + (self._unit.diff() if self._unit else [])

    def validate(self) -> None:
        """See whether the files can be written, and have the backend's own tool judge the new state. Nothing is
        changed."""
        refuse_obstacles([write.path for write in self._writes] + (self._unit.paths() if self._unit else []))
        self.warnings += self._backend.validate(self._wanted, self._writes, self._astray)

    def begin(self) -> None:
        self._directories = self._record.directories(self.name)
        self._missing = [
            directory
            for directory in sorted({os.path.dirname(write.path) for write in self._writes if write.data is not None})
            if not os.path.isdir(directory)
        ]
        self._record.save(self.name, None, self._directories + self._missing)

    def steps(self, undo: disk.Undo) -> None:
        disk.clear_temporary([write.path for write in self._writes])
        if self._wanted:
            self._arrive(undo)
        else:
            self._leave(undo)

    def settle(self) -> None:
        if self._wanted:
            self._record.save(self.name, self._arrived, self._directories + self._missing)
            return
        for directory in self._directories:
            if os.path.isdir(directory) and not os.listdir(directory):
                os.rmdir(directory)
        self._record.forget(self.name)

    def failure(self, exc: Exception) -> str:
        return f'{self.name}: {exc}'

    def _arrive(self, undo: disk.Undo) -> None:
        for directory in self._missing:
            undo.do(disk.MakeDirectory(directory))
        for write in self._writes:
            undo.do(write)
        unit = encode(self._backend.unit(self._wanted)) if self._unit else None
        if unit and disk.read_file(self._unit.path).data != unit:
            # Not older than it is: systemd goes by the time when it looks whether it has read a unit.
            undo.do(disk.Write(self._unit.path, unit, 0o644, time.time_ns()))
        self._backend.load(self._wanted, self._writes, self._astray)
        if self._unit:
            self._unit.arrive()
        self._arrived = self._backend.listing()
        if not self._arrived:
            raise FirewallError('the rules were loaded, but are not in force')

    def _leave(self, undo: disk.Undo) -> None:
        for write in self._writes:
            undo.do(write)
        if self._unit:
            self._unit.stop()
            self._unit.leave()
        self._backend.unload()

    def in_force_again(self, undo: disk.Undo) -> None:
        problems = []
        # One that fails keeps none of the others from being tried.
        for step in (self._end_unit, undo.back, self._filter_again):
            try:
                step()
            except (OSError, HostError) as exc:
                problems.append(str(exc))
        if problems:
            raise FirewallError('; '.join(problems))

    def _end_unit(self) -> None:
        if self._unit and not self._recorded:
            unit = UnitChange(self._run, self._unit.name, None)
            unit.stop()
            unit.leave()

    def _filter_again(self) -> None:
        if not self._recorded:
            self._backend.unload()
            return
        self._backend.reload()
        if self._unit:
            Unit(self._run, self._unit.name).carry_out(
                [['daemon-reload'], ['enable', self._unit.name], ['start', self._unit.name]]
            )

    def forget(self) -> None:
        if self._recorded:
            self._record.save(self.name, self._known, self._directories)
        else:
            self._record.forget(self.name)
