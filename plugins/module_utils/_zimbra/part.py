# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one part of a Zimbra's configuration that is ours: what of it differs from what is wanted. Private to this
collection.

Whatever a configuration refers to is there before, and is removed after: tables and units, attributes and main.cf in
one batch, what nothing refers to any more.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_change import FileChange
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import FileRecord, digest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.unit import FOLDER, UnitChange
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import beside, filing
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.change import AttributeChange
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.commands import Programs
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.directory import CONFIG, Directory, Key
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.facts import ZimbraFacts, role_record
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.mta import Mta
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.ours import OWNER, SOCKET, WITHOUT, names
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.parameters import PARAMETERS, expected
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.plan import Plan
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.sources import MAIN_CF, Sources
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.switch import Switch

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.directory import Values

PROGRAM_MODE = 0o755


class Host:
    """What of this host the part works with."""

    def __init__(self, programs: Programs, directory: Directory, mta: Mta) -> None:
        self.programs, self.directory, self.mta = programs, directory, mta
        self.sources = Sources(directory, mta)


class Work:
    """One way from what is there to what is wanted.

    C(first) and C(last()) are the changes of files before and after everything else, C(parameters) what main.cf has to
    say of what attributes decide, C(former) what it said, or has to say when they are put back, C(drift) in what it
    differs.

    Args:
        facts: of this Zimbra.
        plan: what is wanted; an empty one undoes everything.
        settings: what M(conbool.smtp_relay.settings) returned.
    """

    def __init__(
        self, module: AnsibleModule, host: Host, facts: ZimbraFacts, plan: Plan, settings: Mapping[str, Any]
    ) -> None:
        self.module, self.host, self.facts, self._plan = module, host, facts, plan
        self._files = self._wanted_files(settings)
        self._without = {filing.rules_path(): filing.without_rules}
        self._configured = host.sources.configured()
        record = role_record()
        self.attributes = AttributeChange(
            record, plan.values, self._present({*plan.values, *record.attributes}), WITHOUT
        )
        self._after = {**facts.own, **{key: values for key, (dummy, values) in self.attributes.changes.items()}}
        keys = {*plan.values, *record.attributes}
        self.parameters = self._effective(keys, self._after)
        self.former = (self._effective(keys, facts.own), host.mta.parameters(self.parameters))
        self.drift = host.mta.different(self.parameters)
        self.first = self._file_change({**self._files, **self._kept()})
        named = self._still_named()
        self._files.update({path: read_file(path).data for path in named})
        self._named = [
            f'{path} is named in {where}, which is not ours, and stays. Take it out there, and run this again'
            for path, where in named.items()
        ]
        self._last = self.last()
        self.units = self._unit_changes()

    def _wanted_files(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return content by path, in the order in which they are written."""
        plan, mta = self._plan, self.host.mta
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

    def last(self) -> FileChange:
        """Return what there is to do with files when everything else is done, as it looks now."""
        return self._file_change(self._files)

    def _kept(self) -> dict[str, bytes]:
        """Return what is not wanted any more, but is referred to until the attributes have changed."""
        found = {}
        for entry in FileRecord(OWNER).entries:
            state = read_file(entry['path'])
            if entry['path'] not in self._files and state.data is not None and digest(state.data) in entry['wrote']:
                found[entry['path']] = state.data
        return found

    def _still_named(self) -> dict[str, str]:
        """Return the tables that would go and are named elsewhere when all is done, each with where. Postfix would put
        off all mail without them."""
        config_dir = self.host.mta.config_dir
        gone = [path for path in self._kept() if os.path.dirname(path) == config_dir]
        if not gone:
            return {}
        texts = {
            f'{entry}: {name}': ' '.join(values)
            for (entry, name), values in self._after.items()
            if entry in (self.facts.this, CONFIG)
        }
        lines = {name: text for name, text in self._configured.items() if name not in self.parameters}
        lines.update(
            {name: ' '.join(values) for (entry, name), values in self._after.items() if entry == MAIN_CF},
        )
        texts.update({f'main.cf: {name}': text for name, text in lines.items()})
        texts['master.cf'] = decode(read_file(f'{config_dir}/master.cf').data or b'')
        found = ((path, next((where for where, text in texts.items() if names([text], path)), '')) for path in gone)
        return {path: where for path, where in found if where}

    def _present(self, keys: Iterable[Key]) -> dict[Key, Values]:
        """Return the own values of attributes, which were all asked for, and the lines of main.cf as they are now."""
        lines = self._configured
        return {
            (entry, name): (
                ((lines[name],) if name in lines else ()) if entry == MAIN_CF else self.facts.own[entry, name]
            )
            for entry, name in keys
        }

    def _unit_changes(self) -> list[UnitChange]:
        """Return the units with what has to be done for them; those that are neither wanted nor there are none."""
        run, mta = self.module.run_command, self.host.mta
        wanted = {
            beside.DOOR: beside.door_unit(OWNER, SOCKET) if self._plan.by_name else None,
            beside.WATCH: beside.watch_unit(OWNER, mta.config_dir) if beside.REASSERT in self._files else None,
        }
        return [
            UnitChange(run, name, content)
            for name, content in wanted.items()
            if content or os.path.exists(os.path.join(FOLDER, name))
        ]

    def is_wanted(self, unit: UnitChange) -> bool:
        """Return whether a unit is to be there."""
        return self._plan.by_name if unit.name == beside.DOOR else beside.REASSERT in self._files

    def _effective(self, keys: Iterable[Key], own: Mapping[Key, Values]) -> dict[str, str]:
        """Return what main.cf has to say with these own values of entries: a server's win."""
        this = self.facts.this
        attributes = {name for entry, name in keys if entry in (this, CONFIG) and name in PARAMETERS}
        return {
            PARAMETERS[name]: expected(own.get((this, name)) or own.get((CONFIG, name), ()))
            for name in sorted(attributes)
        }

    @property
    def changed(self) -> bool:
        """Whether something differs, or a run before this one was cut short."""
        return bool(
            self.attributes.changes or self.drift or self._last.changed or any(unit.changed for unit in self.units)
        )

    @property
    def unrecorded(self) -> list[str]:
        """What is there, and no record of what was there before."""
        return [] if self.changed else self.attributes.unrecorded + self._last.unrecorded

    @property
    def warnings(self) -> list[str]:
        return list(dict.fromkeys([*self.attributes.warnings, *self._last.warnings, *self._named, *self.unrecorded]))

    def diff(self) -> list[dict[str, str]]:
        """Return what changes, as Ansible shows it."""
        units = [part for unit in self.units for part in unit.diff()]
        return [*self._last.diff(), *self.attributes.diff(), *self.host.mta.drift_diff(self.drift), *units]

    def carry_out(self) -> None:
        """Do it.

        Raises:
            HostError: nothing was changed.
            SwitchError: it failed half-way.
        """
        self._last = Switch(self).carry_out()


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
    if work.unrecorded:
        result['unrecorded'] = work.unrecorded
    if module._diff:
        result['diff'] = work.diff()
    if not module.check_mode:
        if plan.problems:
            raise HostError(' | '.join(plan.problems))
        work.carry_out()
    return result, work.warnings
