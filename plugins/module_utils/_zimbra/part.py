# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one part of a Zimbra's configuration that is ours, brought to what is wanted, and back. Private to this
collection.

Whatever a configuration refers to is there before, and is removed after: tables and units, attributes and main.cf in
one batch, what nothing refers to any more.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError, read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_change import FileChange
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import (
    ChangeError,
    FileRecord,
    digest,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.process import wait_for_banner
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import encode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.unit import FOLDER, UnitChange
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import beside, filing
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.change import AttributeChange
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.commands import Programs
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.directory import CONFIG, Directory, Entry, Key
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.facts import OWNER, SERVICES, ZimbraFacts
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.mta import Mta
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.ours import SOCKET
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.parameters import PARAMETERS, expected
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.plan import Plan
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.record import AttributeRecord
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.sources import MAIN_CF, Sources

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.directory import Values

PROGRAM_MODE = 0o755
# Seconds in which amavisd ends and is there again. It loads SpamAssassin's rules.
AMAVIS_TIMEOUT = 300
FILTER = re.compile(r'smtp-amavis:\[(?P<host>[^\]]+)\]:(?P<port>\d+)')


class Host:
    """What of this host the part works with."""

    def __init__(self, programs: Programs, directory: Directory, mta: Mta) -> None:
        self.programs, self.directory, self.mta = programs, directory, mta
        self.sources = Sources(directory, mta)


class Work:
    """One way from what is there to what is wanted.

    Args:
        facts: of this Zimbra.
        plan: what is wanted; an empty one undoes everything.
        settings: what M(conbool.smtp_relay.settings) returned.
    """

    def __init__(
        self, module: AnsibleModule, host: Host, facts: ZimbraFacts, plan: Plan, settings: Mapping[str, Any]
    ) -> None:
        self._module, self._host, self._facts, self._plan = module, host, facts, plan
        self._files = self._wanted_files(settings)
        self._without = {filing.rules_path(): filing.without_rules}
        record = AttributeRecord(OWNER)
        self._attributes = AttributeChange(record, plan.values, self._present({*plan.values, *record.attributes}))
        self._first = self._file_change({**self._files, **self._kept()})
        self._last = self._file_change(self._files)
        self._units = self._unit_changes()
        self._parameters = self._effective({*plan.values, *record.attributes})
        self._drift = host.mta.different(self._parameters)
        self._tried = False

    def _wanted_files(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return content by path, in the order in which they are written."""
        plan, mta = self._plan, self._host.mta
        texts = dict(plan.files)
        lines = {name: values[0] for (entry, name), values in plan.values.items() if entry == MAIN_CF}
        if lines:
            texts.update(beside.reassert_files(OWNER, lines, mta.config_dir, mta.sbin_dir))
        if plan.by_name:
            texts.update(beside.certificate_files(OWNER, settings['tls_name']))
        files: dict[str, Any] = {path: encode(text) for path, text in texts.items()}
        if plan.rules:
            files[filing.rules_path()] = filing.with_rules
        return files

    def _file_change(self, wanted: Mapping[str, Any]) -> FileChange:
        modes = {path: PROGRAM_MODE for path in (beside.REASSERT, beside.CERTIFICATE) if path in wanted}
        return FileChange(OWNER, wanted, self._without, modes)

    def _kept(self) -> dict[str, bytes]:
        """Return what is not wanted any more, but is referred to until the attributes have changed."""
        found = {}
        for entry in FileRecord(OWNER).entries:
            state = read_file(entry['path'])
            if entry['path'] not in self._files and state.data is not None and digest(state.data) in entry['wrote']:
                found[entry['path']] = state.data
        return found

    def _present(self, keys: Iterable[Key]) -> dict[Key, Values]:
        """Return the own values of attributes, which were all asked for, and the lines of main.cf as they are now."""
        lines = self._host.sources.configured()
        return {
            (entry, name): (
                ((lines[name],) if name in lines else ()) if entry == MAIN_CF else self._facts.own[entry, name]
            )
            for entry, name in keys
        }

    def _unit_changes(self) -> list[UnitChange]:
        """Return the units with what has to be done for them; those that are neither wanted nor there are none."""
        run, mta = self._module.run_command, self._host.mta
        wanted = {
            beside.DOOR: beside.door_unit(OWNER, SOCKET) if self._plan.by_name else None,
            beside.WATCH: beside.watch_unit(OWNER, mta.config_dir) if beside.REASSERT in self._files else None,
        }
        return [
            UnitChange(run, name, content)
            for name, content in wanted.items()
            if content or os.path.exists(os.path.join(FOLDER, name))
        ]

    def _effective(self, keys: Iterable[Key]) -> dict[str, str]:
        """Return what main.cf has to say when the attributes are as they should be: a server's own values win."""
        after = {**self._facts.own, **{key: values for key, (dummy, values) in self._attributes.changes.items()}}
        this = self._facts.this
        names = {name for entry, name in keys if entry in (this, CONFIG) and name in PARAMETERS}
        return {
            PARAMETERS[name]: expected(after.get((this, name)) or after.get((CONFIG, name), ()))
            for name in sorted(names)
        }

    @property
    def changed(self) -> bool:
        """Whether something differs, or a run before this one was cut short."""
        return bool(
            self._attributes.changes or self._drift or self._last.changed or any(unit.changed for unit in self._units)
        )

    @property
    def warnings(self) -> list[str]:
        return list(dict.fromkeys([*self._attributes.warnings, *self._last.warnings]))

    def diff(self) -> list[dict[str, str]]:
        """Return what changes, as Ansible shows it."""
        texts = [''.join(f'{name} = {both[when]}\n' for name, both in sorted(self._drift.items())) for when in (0, 1)]
        lines = [difference(os.path.join(self._host.mta.config_dir, 'main.cf'), *texts)] if self._drift else []
        units = [part for unit in self._units for part in unit.diff()]
        return [*self._last.diff(), *self._attributes.diff(), *lines, *units]

    def carry_out(self) -> None:
        """Do it.

        Raises:
            HostError: nothing was changed.
            SwitchError: it failed half-way.
        """
        if self._first.changed:
            self._first.switch(lambda: None, self._activate)
            # What it has written is there now.
            self._last = self._file_change(self._files)
        elif self.changed or self._attributes.record.pending:
            self._activate()
        gone = self._last.paths()
        self._last.switch(lambda: None, lambda: None)
        self._rules_read(gone)

    def _activate(self) -> None:
        """Bring in force what the files are for. When it failed, everything but them is as it was before."""
        if self._tried:
            return
        self._tried = True
        written = self._first.paths()
        if any(path.startswith(FOLDER) for path in written):
            self._module.run_command(['systemctl', 'daemon-reload'])
        coming = [unit for unit in self._units if self._is_wanted(unit)]
        going = [unit for unit in self._units if unit not in coming]
        for unit in coming:
            if unit.name == beside.DOOR:
                unit.arrive()
        for unit in going:
            if unit.name == beside.WATCH:
                # It would put back what is about to be taken away.
                unit.stop()
                self._module.run_command(['systemctl', 'stop', beside.ASSERT])
        self._rules_read(written)
        try:
            self._attributes.carry_out(self._host.sources, self._finish)
        except SwitchError as exc:
            for unit in going:
                unit.start_again()
            if not exc.restored:
                # What is referred to has to stay.
                raise
            raise ChangeError(str(exc)) from exc
        if any(path.startswith(self._host.mta.config_dir) for path in written):
            self._host.mta.reload()
        for unit in coming:
            if unit.name != beside.DOOR:
                unit.arrive()
        for unit in going:
            unit.stop()
            unit.leave()

    def _is_wanted(self, unit: UnitChange) -> bool:
        return self._plan.by_name if unit.name == beside.DOOR else beside.REASSERT in self._files

    def _rules_read(self, written: Iterable[str]) -> None:
        """Have amavisd read SpamAssassin's rules. It is away for seconds, and what it turned away then is tried again
        at once."""
        if filing.rules_path() in written and {'amavis', 'antispam'} & set(self._facts.own[self._facts.this, SERVICES]):
            self._host.programs.said('bin/zmamavisdctl', 'reload', timeout=AMAVIS_TIMEOUT)
            place = FILTER.search(self._host.mta.parameters(['content_filter']).get('content_filter', ''))
            if place:
                # It says that it is there before it listens.
                wait_for_banner(place['host'], int(place['port']), AMAVIS_TIMEOUT)
            self._host.mta.flush()

    def _finish(self, keys: Iterable[Key], back: bool) -> list[str]:
        """Bring attributes in force, see AttributeChange.carry_out()."""
        entries = {entry for entry, dummy in keys}
        warnings = self._tell(entry for entry in entries if entry.kind in ('config', 'domain'))
        here = {MAIN_CF, self._facts.this} & entries
        if here or self._drift or self._attributes.record.pending and self._parameters:
            self._host.mta.bring_in_force({} if back else self._parameters)
        return warnings

    def _tell(self, entries: Iterable[Entry]) -> list[str]:
        entries, server = list(entries), self._facts.mailbox_server
        if not entries or not server:
            return []
        return [
            f'{server} could not be told of the change ({words}); mailbox servers may go by old values until they are'
            ' restarted'
            for words in self._host.directory.flush(server, entries)
        ]


def converge(
    module: AnsibleModule,
    host: Host,
    facts: Callable[[], ZimbraFacts],
    plan: Plan,
    settings: Mapping[str, Any],
) -> tuple[dict[str, Any], list[str]]:
    """Bring a Zimbra to what is wanted, or tell in check mode what that takes.

    Args:
        facts: returns what is known by now.
    """
    work = Work(module, host, facts(), plan, settings)
    result: dict[str, Any] = {'changed': work.changed}
    if module._diff:
        result['diff'] = work.diff()
    if not module.check_mode:
        if plan.problems:
            raise HostError(' | '.join(plan.problems))
        work.carry_out()
    return result, work.warnings
