# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one call of postfix_config has to change: read, planned, judged by Postfix, and told."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import disk
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.durable import fingerprint
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode, heading
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.directories import (
    FILE_MODE,
    MODES,
    Directories,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan import PlanError, refuse_conflicts
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan_options import OptionPlan
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan_parameters import ParameterPlan
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan_services import ServicePlan
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan_tables import TablePlan
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.references import dangling, undefined
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.stage import Stage, check_services
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.table_files import table_state, table_writes
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.main_cf import MainCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_cf import MasterCf

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.journal import Journal
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.request import Request
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_entry import Service


class Change:
    """The difference between what one owner wants and what is.

    Args:
        journal: Journal of this owner and instance.
        create: whether the directory and its files may be made.
        foreseen: there is no Postfix yet, and nothing will be carried out.
    """

    def __init__(
        self, instance: Instance, journal: Journal, request: Request, create: bool, foreseen: bool = False
    ) -> None:
        self.instance = instance
        self.journal = journal
        self.request = request
        self.create = create
        self.foreseen = foreseen
        self.warnings: list[str] = []
        self.facts: dict[str, str] = {}
        self._indexes: dict[str, bytes | None] = {}
        self._read()
        self._plan()

    def path(self, name: str) -> str:
        return os.path.join(self.instance.config_dir, name)

    def _read(self) -> None:
        self.created, self.made_directories = (self.journal.records[name] for name in ('created', 'directories'))
        may_miss = self.create or self.path('main.cf') in self.created
        if not os.path.isdir(self.instance.config_dir) and not may_miss:
            raise PlanError(f'config_dir: {self.instance.config_dir!r} is not a directory')
        self.files = [self.path('main.cf'), self.path('master.cf')]
        self.main_state, self.master_state = map(disk.read_file, self.files)
        for name, state in (('main.cf', self.main_state), ('master.cf', self.master_state)):
            if state.data is None and not may_miss:
                raise PlanError(f'config_dir: {self.instance.config_dir!r} has no {name}')

    def _plan(self) -> None:
        others = self.journal.others()
        refuse_conflicts(self.request, others)
        self.shared = {path for records in others.values() for path in records['created']}
        main, master = (decode(state.data or b'') for state in (self.main_state, self.master_state))
        self.main_before, self.services_before = MainCf(main), MasterCf(master).services()
        # Ours are only files that were made here. If the record is lost, they bear our name.
        exclusive = self.request.exclusive and not others
        self.adopted = exclusive and not self.journal.exists and heading(self.request.owner) in main
        if self.adopted:
            self.created = [self.instance.config_dir, *self.files]
            self.made_directories = [self.main_before.get(name) for name in sorted(MODES) if self.main_before.get(name)]
        self.alone = exclusive and (self.files[0] in self.created or self.main_state.data is None)
        # Nothing is kept of what somebody has written into them.
        main, master = ('', '') if self.alone and not self.request.absent else (main, master)
        # Between the two texts lies the time in which main.cf may still name what is going to be removed.
        self.main, self.master_between = MainCf(main), MasterCf(master)
        self.pending: dict[str, Any] = {}
        self.settled: dict[str, Any] = {}
        self._plan_parts()
        self._refuse_dangling()
        self._plan_created()
        self._plan_directories()
        self._check_postlog()

    def _plan_parts(self) -> None:
        """Plan the parts of each kind."""
        owner, request, records = self.request.owner, self.request, self.journal.records
        parameters = ParameterPlan(owner, records['parameters'], self.main, self._default)
        services = ServicePlan(owner, records['services'], self.master_between)
        options = OptionPlan(owner, records['service_options'], self.master_between, services.removed, self._inherited)
        state_of = partial(table_state, self.instance.config_dir)
        tables = TablePlan(owner, records['tables'], state_of, self.adopted)
        # What an option inherits is what main.cf says by then, and no option is wanted of a service that goes.
        for kind, plan, wanted in (
            ('parameters', parameters, request.parameters),
            ('services', services, request.services),
            ('service_options', options, request.options),
            ('tables', tables, request.tables),
        ):
            plan.reach(wanted)
            self.pending[kind], self.settled[kind] = plan.pending, plan.settled
            self.warnings += [] if self.alone else plan.warnings
        self.master, self.tables = services.final(), tables.changes

    def _default(self, name: str) -> str:
        """Return the value that Postfix has for a parameter when main.cf does not name it; empty for one that it does
        not know."""
        return self._known(name)[1]

    def _inherited(self, name: str) -> str:
        """Return the value that a parameter has in a service which does not name it."""
        return self._default(name) if self.main.get(name) is None else self.main.get(name)

    def _known(self, name: str) -> tuple[bool, str]:
        """Return whether Postfix knows a parameter, and its default."""
        out = self.instance.text('postconf', '-c', self.instance.config_dir, '-d', '-h', name)[0]
        return bool(out), out.strip()

    def _refuse_dangling(self) -> None:
        """What goes must not be named by what stays: by something of ours that somebody has changed, or by something of
        his own."""
        records, request = self.journal.records, self.request
        if request.absent and self.path('main.cf') in self.created:
            # The whole instance goes.
            return
        # Also those that somebody has changed: they stay, but not what they name.
        tables = [
            path
            for path, record in records['tables'].items()
            if path not in request.tables and record['original'] is None
        ]
        services = {
            key: record['label'].rpartition('/')[0]
            for key, record in records['services'].items()
            if key not in request.services and record['original'] is None
        }
        options = {
            key: [name for name in names if name not in request.options.get(key, {}).get('options', {})]
            for key, names in records['service_options'].items()
        }
        found = dangling(self.main, self.master, {self.instance.config_dir, self.journal.config_dir}, tables, services)
        found += undefined(self.master, options, lambda name: self.main.get(name) is not None or self._known(name)[0])
        if found:
            raise PlanError(
                'Something that was set here has to go, but is still in use: {}. Nothing was changed. Take that out,'
                ' and run this again'.format('; '.join(found))
            )

    def _plan_created(self) -> None:
        """Plan which directories and files to make, or to remove because they were made here."""
        wanted = [] if self.request.absent else [self.instance.config_dir, *self.files]
        for path, change in self.tables.items():
            directory = os.path.dirname(self.path(path))
            while (
                change.after.content is not None and directory not in wanted and directory != self.instance.config_dir
            ):
                wanted.append(directory)
                directory = os.path.dirname(directory)
        # What another owner made and both use, the last of them removes.
        new = [path for path in wanted if path in self.shared or not os.path.exists(path)]
        self.new_directories = sorted(path for path in new if path not in self.files and not os.path.exists(path))
        self.pending['created'] = self.created + sorted(path for path in new if path not in self.created)
        self.settled['created'] = [] if self.request.absent else self.pending['created']

    def _plan_directories(self) -> None:
        """Plan the queue and data directories of an instance of our own."""
        self.directories = Directories(
            self.request.parameters if self.create else {},
            self.main_before,
            self.made_directories,
            lambda: self.main.get('mail_owner') or self.instance.mail_owner(),
            self.foreseen,
        )
        self.pending['directories'] = self.directories.pending
        self.settled['directories'] = [] if self.request.absent else self.directories.pending

    def _check_postlog(self) -> None:
        """Postfix does not start with maillog_file but without the service that writes it."""
        if (
            self.main.get('maillog_file')
            and 'postlog/unix-dgram' not in self.master.services()
            and not (self.main_before.get('maillog_file') and 'postlog/unix-dgram' not in self.services_before)
        ):
            name = self.main.get('maillog_file')
            raise PlanError(f'parameters.maillog_file: {name!r} needs the service postlog/unix-dgram in master.cf')

    def _file_data(self, name: str, text: str) -> bytes | None:
        """Return what a file has to contain; None for the files of an instance that was made here and is empty
        again."""
        empty = self.alone or not (self.main.text() or self.master.text())
        mine = self.request.absent and self.path(name) in self.created and self.path(name) not in self.shared
        return None if empty and mine else encode(text)

    def _mode(self, state: disk.FileState) -> int | None:
        """Return the mode that a file of ours gets; None where it is not ours to say, or is so already."""
        return FILE_MODE if self.alone and state.mode not in (None, FILE_MODE) else None

    def phases(self) -> list[list[disk.Write | disk.MakeDirectory]]:
        """Return the operations in an order in which nothing running refers to what is not there (yet, or any more).

        Postfix reads its configuration anew after each phase but the last, which is for what nothing refers to any
        more.
        """
        first: list[disk.Write | disk.MakeDirectory] = [disk.MakeDirectory(path) for path in self.new_directories]
        second: list[disk.Write | disk.MakeDirectory] = []
        third: list[disk.Write | disk.MakeDirectory] = []
        last: list[disk.Write | disk.MakeDirectory] = []
        for path, change in sorted(self.tables.items()):
            wanted = path in self.request.tables
            made, removed = table_writes(self.instance.config_dir, path, change, self._indexes.get(path), wanted)
            last += removed
            if not wanted:
                third += made
            elif change.before.content is None:
                first += made
            else:
                # A changed table may name a new service; it is in use already.
                second += made
        between, final = encode(self.master_between.text()), self._file_data('master.cf', self.master.text())
        current = self.master_state.data
        mode = self._mode(self.master_state)
        if between != (current or b'') or (current is None and final is not None) or mode is not None:
            first.append(disk.Write(self.path('master.cf'), between, mode))
            current = between
        main, mode = self._file_data('main.cf', self.main.text()), self._mode(self.main_state)
        if main != self.main_state.data or (mode is not None and main is not None):
            second.append(disk.Write(self.path('main.cf'), main, mode))
        if final != current:
            third.append(disk.Write(self.path('master.cf'), final))
        return [first, second, third, last]

    def paths(self) -> list[str]:
        """Return the paths that are written, made, mended or removed."""
        return [operation.path for phase in [*self.phases(), self.directories.operations] for operation in phase]

    @property
    def ends_instance(self) -> bool:
        return self._file_data('main.cf', self.main.text()) is None

    @property
    def changed(self) -> bool:
        return any(self.phases()) or bool(self.directories.operations) or self.journal.pending

    def changed_services(self) -> list[Service]:
        return [
            service
            for key, service in self.request.services.items()
            if key not in self.services_before or self.services_before[key].meaning() != service.meaning()
        ]

    def validate(self) -> None:
        """Let Postfix judge the new configuration; nothing but a temporary directory is written."""
        known = []
        with disk.staging_directory(self.instance.config_dir, fingerprint(self.instance.config_dir)) as path:
            stage = Stage(self.instance, path)
            # Of files of which nothing is kept it does not matter what Postfix says, or whether it can read them.
            if not self.alone and self.main_state.data is not None and self.master_state.data is not None:
                known = stage.relative(self.instance.text('postconf', '-c', self.instance.config_dir, '-nx')[1])
            if self.ends_instance:
                self.facts = (
                    self.instance.parameters(self.instance.config_dir, ('queue_directory',))[0]
                    if self.main_state.data is not None
                    else {}
                )
                return
            after = {name: change.after.content for name, change in self.tables.items()}
            contents = {name: content for name, content in after.items() if content is not None}
            stage.write(self.main.text(), self.master.text(), contents)
            stage.check_configuration(known)
            for name in sorted(contents):
                if name in self.request.tables:
                    self._indexes[name] = stage.check_table(name, self.tables[name].kind)
            self.facts = stage.facts()
            known = {*self.services_before, *self.journal.records['services']}
            check_services(self.facts['daemon_directory'], self.changed_services(), known, self.master.services())
            self.warnings += stage.warnings

    def keep_records(self) -> None:
        """Drop the records of what is left alone from now on."""
        if self.settled != self.journal.records:
            self.journal.save(self.settled, False)

    def parameters_changed(self) -> list[str]:
        before, after = self.main_before.all_texts(), self.main.all_texts()
        return sorted(name for name in set(before) | set(after) if before.get(name) != after.get(name))
