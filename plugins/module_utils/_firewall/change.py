# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings one backend's part of the firewall to the wanted state, or tells what that takes."""

from __future__ import annotations

import os
import time

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import FirewallError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import disk
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode, printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.unit import Unit, UnitChange


class Change:
    """One backend on its way to the wanted state.

    Args:
        run: function that takes an argument list and returns (exit status, stdout, stderr), for systemctl.
        backend: Nftables, Firewalld or Ufw. It knows the files for a state, lists what is in force, validates, loads
            and unloads.
        wanted: Wanted, or None when nothing of this backend is to be left.
        record: Record.
    """

    def __init__(self, run, backend, wanted, record):
        self._run, self._backend, self._wanted, self._record = run, backend, wanted, record
        self.name = backend.name
        if wanted:
            backend.check()
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
        self.warnings = backend.warnings(wanted) if wanted else []

    @property
    def changed(self):
        return bool(self._writes) or self._astray or bool(self._unit and self._unit.changed)

    def diff(self):
        """Return the files that change; and what is in force, if that is not what was left there."""
        found = [_difference(write.path, self._before[write.path], write.data) for write in self._writes]
        if self._known is not None and self._astray and self._wanted:
            found.append(_difference(f'in force ({self.name})', encode(self._listing), encode(self._known)))
        return found + (self._unit.diff() if self._unit else [])

    def validate(self):
        """Have the backend's own tool judge the new state. Nothing is changed."""
        self.warnings += self._backend.validate(self._wanted, self._writes, self._astray)

    def carry_out(self):
        """Bring the wanted state in force, now and after a reboot.

        Raises:
            SwitchError: it failed.
        """
        directories = self._record.directories(self.name)
        missing = [
            directory
            for directory in sorted({os.path.dirname(write.path) for write in self._writes if write.data is not None})
            if not os.path.isdir(directory)
        ]
        self._record.save(self.name, None, directories + missing)
        undo, listing = disk.Undo(), ''
        try:
            disk.clear_temporary([write.path for write in self._writes])
            if self._wanted:
                listing = self._arrive(undo, missing)
            else:
                self._leave(undo)
        except (OSError, HostError) as exc:
            raise SwitchError(f'{self.name}: {exc}', self._restore(undo, directories), self.warnings) from exc
        if self._wanted:
            self._record.save(self.name, listing, directories + missing)
            return
        for directory in directories:
            if os.path.isdir(directory) and not os.listdir(directory):
                os.rmdir(directory)
        self._record.forget(self.name)

    def _arrive(self, undo, missing):
        for directory in missing:
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
        listing = self._backend.listing()
        if not listing:
            raise FirewallError('the rules were loaded, but are not in force')
        return listing

    def _leave(self, undo):
        for write in self._writes:
            undo.do(write)
        if self._unit:
            self._unit.stop()
            self._unit.leave()
        self._backend.unload()

    def _restore(self, undo, directories):
        """Put the old state back in force. Returns whether that worked, with what failed among the warnings."""
        try:
            if self._unit and not self._recorded:
                unit = UnitChange(self._run, self._unit.name, None)
                unit.stop()
                unit.leave()
            undo.back()
            if not self._recorded:
                self._backend.unload()
                self._record.forget(self.name)
            else:
                self._backend.reload()
                if self._unit:
                    Unit(self._run, self._unit.name).carry_out(
                        [['daemon-reload'], ['enable', self._unit.name], ['start', self._unit.name]]
                    )
                self._record.save(self.name, self._known, directories)
        except (OSError, HostError) as exc:
            self.warnings.append(f'{self.name}: the old state could not be put back completely: {exc}')
            return False
        return True


def _difference(header, before, after):
    texts = [printable(decode(data or b'')) for data in (before, after)]
    return {'before_header': header, 'after_header': header, 'before': texts[0], 'after': texts[1]}
