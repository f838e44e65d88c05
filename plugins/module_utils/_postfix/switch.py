# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries a planned change out: switch in phases, look, and put everything back on failure; then the instance's own
service."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import disk, process
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.transaction import Transaction
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan import PlanError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.queue_filters import take_ordinary_way
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.running import unread
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.sessions import listed, wait_for_end
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import instance as postfix
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_entry import port_of

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.unit import UnitChange
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.change import Change
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import MailLog

NEEDS_RESTART = ('inet_interfaces', 'inet_protocols')


def needs_restart(change: Change) -> bool:
    """Return whether a running instance has to be restarted by its own unit, so that the new configuration is in force.

    After a killed run nobody knows what the running one has read. After an upgrade of its programs, the processes that
    it starts are newer than itself. A master process binds what is new before it closes
    what goes, and ends where that is the same port on another address.
    """
    before, after = (set(services) for services in (change.services_before, change.master.services()))
    # With files that Postfix cannot read, it cannot be told to read others.
    deaf = change.alone and change.changed and (change.main_state.data is None or not change.instance.running())
    moved = {port_of(key) for key in after - before} & {port_of(key) for key in before - after} - {''}
    named = any(name in NEEDS_RESTART for name in change.parameters_changed())
    queue_directory = change.main.get('queue_directory')
    old = queue_directory is not None and process.replaced(postfix.master_pid(queue_directory))
    return change.journal.pending or deaf or named or bool(moved) or old


class Switch(Transaction):
    """One change on its way.

    Args:
        unit: UnitChange, or None when the instance's service is not ours.
        reload: whether a running instance reads the new configuration now.
        listeners: (address, port) pairs that have to greet afterwards.
        timeout: seconds that the instance has to serve its services.
    """

    old_state = 'The old configuration'

    def __init__(
        self,
        change: Change,
        unit: UnitChange | None,
        reload: bool,
        listeners: Sequence[tuple[str, int]],
        timeout: float,
        log: MailLog,
    ) -> None:
        super().__init__(change.warnings)
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

    def begin(self) -> None:
        """Refuse what cannot be done, and record that the change is on its way.

        Raises:
            PlanError: it is not possible, and nothing was changed.
        """
        self._leaves = self.unit and self.change.request.absent
        self._switches = self.change.changed
        if self._switches:
            names = ['main.cf', 'master.cf'] + list(self.change.pending['tables'])
            disk.clear_temporary([os.path.join(self.instance.config_dir, name) for name in names])
        self.journal.save(self.change.pending, True)
        self._since = process.ticks()
        try:
            self._running = self._end_service() if self._leaves else self._runs()
            if self._switches:
                self._look()
        except (OSError, HostError):
            self.journal.restore()
            raise

    def _runs(self) -> bool:
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

    def _end_service(self) -> bool:
        self.unit.stop()
        try:
            running = self._runs()
        except (OSError, HostError):
            self.unit.start_again()
            raise
        self.unit.leave()
        return running

    def _begin_service(self) -> None:
        try:
            self.unit.arrive()
            for address, port in self.listeners if self.unit.starts else []:
                process.wait_for_banner(address, port, self.timeout)
        except (OSError, HostError) as exc:
            raise SwitchError(
                f'The configuration is in place, but the service {self.unit.name} does not run as wanted:'
                f' {exc}{self._logged()}',
                False,
                self.warnings,
            ) from exc

    def _logged(self) -> str:
        said = self.log.complaints()
        return '. Postfix logged: ' + ' | '.join(said) if said else ''

    def _look(self) -> None:
        """Note what has to be known of the running instance before its files change."""
        self._warn_of_restart()
        queue = self.change.facts.get('queue_directory', '')
        self._pid = postfix.master_pid(queue) if self._running else None
        self._its_unit = process.systemd_unit(self._pid) if self._running else None
        before = self.change.services_before
        self._sockets = postfix.sockets_of(
            queue, [service for service in self.change.changed_services() if service.key not in before]
        )
        found = unread(self.instance.config_dir, self._pid, queue) if self._pid else None
        if self.journal.pending or any(found or ()):
            # After a killed run nobody knows whether Postfix has read the files, and what somebody has put back without
            # a reload it has not: what it serves already gets no new socket.
            self._sockets = dict.fromkeys(self._sockets)

    def steps(self, undo: disk.Undo) -> None:
        if not self._switches:
            return
        for operation in self.change.directories.operations:
            undo.do(operation)
        *phases, last = self.change.phases()
        # A run that found the files switched, but not read, has nothing to do but to let them be read.
        for phase in [phase for phase in phases if phase] or ([[]] if self.journal.pending else []):
            for operation in phase:
                undo.do(operation)
            if self._running and self.reload:
                self.instance.reload()
                postfix.wait_until_served(self._pid, self._sockets, self.timeout)
                self.reloaded = True
        for operation in last:
            undo.do(operation)
        if self.reloaded:
            for address, port in self.listeners:
                process.wait_for_banner(address, port, self.timeout)
            if not self.instance.running():
                raise postfix.PostfixError('Postfix is not running any more')

    def failure(self, exc: Exception) -> str:
        message = f'{exc}{self._logged()}'
        if self._leaves:
            self.warnings.append(f'The service {self.unit.name} is gone already')
        return message

    def in_force_again(self, undo: disk.Undo) -> None:
        undo.back()
        if self._running:
            if process.alive(self._pid):
                self.instance.reload()
                postfix.wait_until_served(self._pid, {}, self.timeout)
            else:
                self.instance.start(self._its_unit)

    def forget(self) -> None:
        self.journal.restore()

    def settle(self) -> None:
        """Remove what was made here, have the instance's own service run, and record that the change is complete.

        Raises:
            SwitchError: the service does not run; the configuration is in place.
        """
        if self._switches:
            self._free_waiting()
        if self._switches and self.change.request.absent:
            self._remove_created()
        if self.unit and not self._leaves:
            self._begin_service()
        self.journal.save(self.change.settled, False)

    def _free_waiting(self) -> None:
        """Have no message wait for a transport that is gone, also when the run that took it away was killed."""
        kept, queue = self.change.master.services(), self.change.facts.get('queue_directory')
        gone = {
            record['label'].rpartition('/')[0]
            for key, record in self.journal.records['services'].items()
            if key not in kept and record['label'].endswith('/unix')
        }
        if not gone or not queue or self.change.ends_instance:
            return
        open_still = wait_for_end(queue, self._since) if self.reloaded else []
        freed = take_ordinary_way(self.instance, queue, gone)
        if open_still:
            self.warnings.append(
                f'Sessions that were begun before the change are open still (processes {listed(open_still)}). Should a'
                f' message of theirs wait for {", ".join(sorted(gone))}, run:'
                f' postsuper -c {self.instance.config_dir} -r QUEUE_ID'
            )
        if freed:
            self.warnings.append(
                '{} messages waited for {}, and go their ordinary way now, those on hold when they are released:'
                ' {}'.format(
                    len(freed),
                    ', '.join(sorted({message.value.partition(':')[0] for message in freed})),
                    ', '.join(message.identifier for message in freed[:20]),
                )
            )

    def _warn_of_restart(self) -> None:
        if self._running and not (self.unit and self.unit.restarts):
            for name in NEEDS_RESTART:
                if name in self.change.parameters_changed():
                    self.warnings.append(f'A changed {name} takes effect when Postfix is stopped and started')

    def _remove_created(self) -> None:
        """Remove what was made here and is empty again; the directories that Postfix filled go with the instance
        only."""
        change = self.change
        for path in sorted(change.created, reverse=True):
            if os.path.isdir(path) and not os.listdir(path):
                os.rmdir(path)
            elif os.path.lexists(path) and path not in change.shared:
                self.warnings.append(f'{path} was made here but holds something else now, and stays')
        if change.ends_instance:
            change.directories.remove()
        else:
            self.warnings += [
                f'{path} was made here, and stays with the instance' for path in change.directories.pending
            ]
