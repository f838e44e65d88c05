# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries a planned change out: switch in phases, look, and put everything back on failure; then the instance's own
service."""

from __future__ import annotations

import os

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import disk, process
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import instance as postfix
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan import PlanError

NEEDS_RESTART = ('inet_interfaces', 'inet_protocols')


def needs_restart(change):
    """Return whether a running instance has to be restarted by its own unit, so that the new configuration is in force.

    After a killed run nobody knows what the running one has read.
    """
    return change.journal.pending or any(name in NEEDS_RESTART for name in change.parameters_changed())


class Switch:
    """One change on its way.

    Args:
        change: Change.
        unit: UnitChange, or None when the instance's service is not ours.
        reload: whether a running instance reads the new configuration now.
        listeners: (address, port) pairs that have to greet afterwards.
        timeout: seconds that the instance has to serve its services.
        log: MailLog.
    """

    def __init__(self, change, unit, reload, listeners, timeout, log):
        self.change = change
        self.instance = change.instance
        self.journal = change.journal
        self.unit = unit
        # A restart to come makes the reload superfluous.
        self.reload = reload and not (unit and unit.restarts)
        self.listeners = listeners
        self.timeout = timeout
        self.log = log
        self.reloaded = False

    def carry_out(self):
        """Bring the change in force.

        Raises:
            PlanError: it is not possible, and nothing was changed.
            SwitchError: it failed; the old configuration is back if its C(restored) says so.
        """
        leaves = self.unit and self.change.request.absent
        running = self._end_service() if leaves else self._running()
        self.journal.save(self.change.pending, True)
        if self.change.changed:
            self._switch(running)
            if self.change.request.absent:
                self._remove_created()
        if self.unit and not leaves:
            self._begin_service()
        self.journal.save(self.change.settled, False)

    def _running(self):
        """Return whether the instance runs. One that is to be removed must neither run nor hold mail."""
        running = self.change.main_state.data is not None and self.instance.running()
        if self.change.ends_instance:
            if running:
                raise PlanError(
                    f'config_dir: the instance in {self.instance.config_dir!r} is running; stop it before its'
                    ' configuration is removed'
                )
            self.change.directories.refuse_to_lose_mail()
        return running

    def _end_service(self):
        self.unit.stop()
        try:
            running = self._running()
        except (OSError, HostError):
            self.unit.start_again()
            raise
        self.unit.leave()
        return running

    def _begin_service(self):
        try:
            self.unit.arrive()
            for address, port in self.listeners if self.unit.starts else []:
                process.wait_for_banner(address, port, self.timeout)
        except (OSError, HostError) as exc:
            raise SwitchError(
                f'The configuration is in place, but the service {self.unit.name} does not run as wanted:'
                f' {exc}{self._logged()}',
                False,
                self.change.warnings,
            ) from exc

    def _logged(self):
        said = self.log.complaints()
        return '. Postfix logged: ' + ' | '.join(said) if said else ''

    def _switch(self, running):
        change = self.change
        self._warn_of_restart(running)
        queue = change.facts.get('queue_directory', '')
        pid = postfix.master_pid(queue) if running else None
        unit = process.systemd_unit(pid) if running else None
        sockets = postfix.sockets_of(
            queue, [service for service in change.changed_services() if service.key not in change.services_before]
        )
        if self.journal.pending:
            # After a killed run nobody knows whether Postfix has read the files; what it serves already gets no new
            # socket.
            sockets = dict.fromkeys(sockets)
        undo = disk.Undo()
        disk.clear_temporary(
            [
                os.path.join(self.instance.config_dir, name)
                for name in ['main.cf', 'master.cf'] + list(change.pending['tables'])
            ]
        )
        try:
            for operation in change.directories.operations:
                undo.do(operation)
            *phases, last = change.phases()
            # A run that found the files switched, but not read, has nothing to do but to let them be read.
            for phase in [phase for phase in phases if phase] or ([[]] if self.journal.pending else []):
                for operation in phase:
                    undo.do(operation)
                if running and self.reload:
                    self.instance.reload()
                    postfix.wait_until_served(pid, sockets, self.timeout)
                    self.reloaded = True
            for operation in last:
                undo.do(operation)
            if self.reloaded:
                for address, port in self.listeners:
                    process.wait_for_banner(address, port, self.timeout)
                if not self.instance.running():
                    raise postfix.PostfixError('Postfix is not running any more')
        except (OSError, HostError) as exc:
            message = f'{exc}{self._logged()}'
            if self.unit and change.request.absent:
                change.warnings.append(f'The service {self.unit.name} is gone already')
            raise SwitchError(message, self._restore(undo, running, pid, unit), change.warnings) from exc

    def _warn_of_restart(self, running):
        if running and not (self.unit and self.unit.restarts):
            for name in NEEDS_RESTART:
                if name in self.change.parameters_changed():
                    self.change.warnings.append(f'A changed {name} takes effect when Postfix is stopped and started')

    def _restore(self, undo, running, pid, unit):
        """Put the old configuration back in force. Returns whether that worked, with what failed among the warnings."""
        try:
            undo.back()
            if running:
                if process.alive(pid):
                    self.instance.reload()
                    postfix.wait_until_served(pid, {}, self.timeout)
                else:
                    self.instance.start(unit)
            self.journal.restore()
        except (OSError, HostError) as exc:
            self.change.warnings.append(f'The old configuration could not be put back completely: {exc}')
            return False
        return True

    def _remove_created(self):
        """Remove what was made here and is empty again; the directories that Postfix filled go with the instance
        only."""
        change = self.change
        for path in sorted(change.created, reverse=True):
            if os.path.isdir(path) and not os.listdir(path):
                os.rmdir(path)
            elif os.path.lexists(path) and path not in change.shared:
                change.warnings.append(f'{path} was made here but holds something else now, and stays')
        if change.ends_instance:
            change.directories.remove()
        else:
            change.warnings += [
                f'{path} was made here, and stays with the instance' for path in change.directories.pending
            ]
