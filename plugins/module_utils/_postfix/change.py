# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one call of postfix_config has to change: read, planned, judged by Postfix, and told."""

from __future__ import annotations

import os
import stat

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import disk
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.durable import fingerprint
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode, printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import plan
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.directories import Directories
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.main_cf import MainCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.master_cf import MasterCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.references import dangling, undefined
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.request import INDEXED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.stage import Stage, check_services

HIDDEN = '(not shown: the file is not readable for everybody)\n'


class Change:
    """The difference between what one owner wants and what is.

    Args:
        instance: Instance.
        journal: Journal of this owner and instance.
        request: Request.
        create: whether the directory and its files may be made.
        foreseen: there is no Postfix yet, and nothing will be carried out.
    """

    def __init__(self, instance, journal, request, create, foreseen=False):
        self.instance = instance
        self.journal = journal
        self.request = request
        self.create = create
        self.foreseen = foreseen
        self.warnings = []
        self.facts = {}
        self._indexes = {}
        self._read()
        self._plan()

    def _path(self, name):
        return os.path.join(self.instance.config_dir, name)

    def _read(self):
        self.created = self.journal.records['created']
        may_miss = self.create or self._path('main.cf') in self.created
        if not os.path.isdir(self.instance.config_dir) and not may_miss:
            raise plan.PlanError(f'config_dir: {self.instance.config_dir!r} is not a directory')
        self.main_state, self.master_state = disk.read_file(self._path('main.cf')), disk.read_file(
            self._path('master.cf')
        )
        for name, state in (('main.cf', self.main_state), ('master.cf', self.master_state)):
            if state.data is None and not may_miss:
                raise plan.PlanError(f'config_dir: {self.instance.config_dir!r} has no {name}')

    def _table_state(self, path, kind):
        state, index = disk.read_file(self._path(path)), plan.FRESH
        if kind in INDEXED:
            try:
                made = os.stat(self._path(path + INDEXED[kind])).st_mtime_ns
                index = (
                    plan.FRESH
                    if state.data is not None and made >= os.stat(self._path(path)).st_mtime_ns
                    else plan.STALE
                )
            except FileNotFoundError:
                index = plan.MISSING
        return plan.TableState(state.data, state.mode, index)

    def _plan(self):
        others = self.journal.others()
        plan.refuse_conflicts(self.request, others)
        self.shared = {path for records in others.values() for path in records['created']}
        owner, request, records = self.request.owner, self.request, self.journal.records
        self.main_before, self.main = (MainCf(decode(self.main_state.data or b'')) for dummy in range(2))
        master = MasterCf(decode(self.master_state.data or b''))
        self.services_before = master.services()
        self.pending, self.settled = {}, {}
        self.pending['parameters'], self.settled['parameters'] = plan.plan_parameters(
            self.main, owner, records['parameters'], request.parameters, self.warnings, self._default
        )
        self.pending['services'], self.settled['services'], removed = plan.plan_services(
            master, owner, records['services'], request.services, self.warnings
        )
        self.pending['service_options'], self.settled['service_options'] = plan.plan_options(
            master,
            owner,
            records['service_options'],
            request.options,
            removed,
            self.warnings,
            lambda name: self._default(name) if self.main.get(name) is None else self.main.get(name),
        )
        # Between the two texts lies the time in which main.cf may still name what is going to be removed.
        self.master_between, self.master = master, plan.delete_services(
            master, owner, removed, self.settled['services']
        )
        self.pending['tables'], self.settled['tables'], self.tables = plan.plan_tables(
            records['tables'], request.tables, self._table_state, self.warnings
        )
        self._refuse_dangling()
        self._plan_created()
        self._plan_directories()
        self._check_postlog()

    def _default(self, name):
        """Return the value that Postfix has for a parameter when main.cf does not name it; empty for one that it does
        not know."""
        return self._known(name)[1]

    def _known(self, name):
        """Return whether Postfix knows a parameter, and its default."""
        out = self.instance.text('postconf', '-c', self.instance.config_dir, '-d', '-h', name)[0]
        return bool(out), out.strip()

    def _refuse_dangling(self):
        """What goes must not be named by what stays: by something of ours that somebody has changed, or by something of
        his own."""
        records, request = self.journal.records, self.request
        if request.absent and self._path('main.cf') in self.created:
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
            raise plan.PlanError(
                'Something that was set here has to go, but is still in use: {}. Nothing was changed. Take that out,'
                ' and run this again'.format('; '.join(found))
            )

    def _plan_created(self):
        """Plan which directories and files to make, or to remove because they were made here."""
        wanted = (
            [] if self.request.absent else [self.instance.config_dir, self._path('main.cf'), self._path('master.cf')]
        )
        for path, change in self.tables.items():
            directory = os.path.dirname(self._path(path))
            while (
                change.after.content is not None and directory not in wanted and directory != self.instance.config_dir
            ):
                wanted.append(directory)
                directory = os.path.dirname(directory)
        # What another owner made and both use, the last of them removes.
        new = [path for path in wanted if path in self.shared or not os.path.exists(path)]
        self.new_directories = sorted(
            path
            for path in new
            if path not in (self._path('main.cf'), self._path('master.cf')) and not os.path.exists(path)
        )
        self.pending['created'] = self.created + sorted(path for path in new if path not in self.created)
        self.settled['created'] = [] if self.request.absent else self.pending['created']

    def _plan_directories(self):
        """Plan the queue and data directories of an instance of our own."""
        self.directories = Directories(
            self.request.parameters if self.create else {},
            self.main_before,
            self.journal.records['directories'],
            lambda: self.main.get('mail_owner') or self.instance.mail_owner(),
            self.foreseen,
        )
        self.pending['directories'] = self.directories.pending
        self.settled['directories'] = [] if self.request.absent else self.directories.pending

    def _check_postlog(self):
        """Postfix does not start with maillog_file but without the service that writes it."""
        if (
            self.main.get('maillog_file')
            and 'postlog/unix-dgram' not in self.master.services()
            and not (self.main_before.get('maillog_file') and 'postlog/unix-dgram' not in self.services_before)
        ):
            raise plan.PlanError(
                'parameters.maillog_file: {!r} needs the service postlog/unix-dgram in master.cf'.format(
                    self.main.get('maillog_file')
                )
            )

    def _file_data(self, name, text):
        """Return what a file has to contain; None for the files of an instance that was made here and is empty
        again."""
        empty = not self.main.text() and not self.master.text()
        mine = self.request.absent and self._path(name) in self.created and self._path(name) not in self.shared
        return None if empty and mine else encode(text)

    def _table_writes(self, path):
        """Return the operations that make a table, and those that remove what is left of it or of its former types."""
        change, now = self.tables[path], disk.write_time()
        source, index = disk.Write(self._path(path), change.after.content, change.after.mode, now), INDEXED.get(
            change.kind
        )
        made = [source] if source.data is not None else []
        kinds = change.old_kinds
        if path in self.request.tables and index:
            made.append(disk.Write(self._path(path + index), self._indexes.get(path), change.after.mode, now))
        elif index:
            kinds = kinds + [change.kind]
        removed = [disk.Write(self._path(path + INDEXED[kind]), None) for kind in kinds if kind in INDEXED]
        return made, removed + ([source] if source.data is None else [])

    def phases(self):
        """Return the operations in an order in which nothing running refers to what is not there (yet, or any more).

        Postfix reads its configuration anew after each phase but the last, which is for what nothing refers to any
        more.
        """
        first, second, third, last = [disk.MakeDirectory(path) for path in self.new_directories], [], [], []
        for path, change in sorted(self.tables.items()):
            made, removed = self._table_writes(path)
            last += removed
            if path not in self.request.tables:
                third += made
            elif change.before.content is None:
                first += made
            else:
                # A changed table may name a new service; it is in use already.
                second += made
        between, final = encode(self.master_between.text()), self._file_data('master.cf', self.master.text())
        current = self.master_state.data
        if between != (current or b'') or (current is None and final is not None):
            first.append(disk.Write(self._path('master.cf'), between))
            current = between
        main = self._file_data('main.cf', self.main.text())
        if main != self.main_state.data:
            second.append(disk.Write(self._path('main.cf'), main))
        if final != current:
            third.append(disk.Write(self._path('master.cf'), final))
        return [first, second, third, last]

    @property
    def ends_instance(self):
        """Whether the instance was made here and goes."""
        return self._file_data('main.cf', self.main.text()) is None

    @property
    def changed(self):
        return any(self.phases()) or bool(self.directories.operations) or self.journal.pending

    def changed_services(self):
        return [
            service
            for key, service in self.request.services.items()
            if key not in self.services_before or self.services_before[key].meaning() != service.meaning()
        ]

    def validate(self):
        """Let Postfix judge the new configuration; nothing but a temporary directory is written."""
        known = []
        with disk.staging_directory(self.instance.config_dir, fingerprint(self.instance.config_dir)) as path:
            stage = Stage(self.instance, path)
            if self.main_state.data is not None and self.master_state.data is not None:
                known = stage.relative(self.instance.text('postconf', '-c', self.instance.config_dir, '-nx')[1])
            if self.ends_instance:
                self.facts = (
                    self.instance.parameters(self.instance.config_dir, ('queue_directory',))[0]
                    if self.main_state.data is not None
                    else {}
                )
                return
            contents = {
                name: change.after.content for name, change in self.tables.items() if change.after.content is not None
            }
            stage.write(self.main.text(), self.master.text(), contents)
            stage.check_configuration(known)
            for name in sorted(contents):
                if name in self.request.tables:
                    self._indexes[name] = stage.check_table(name, self.tables[name].kind)
            self.facts = stage.facts()
            check_services(self.facts['daemon_directory'], self.changed_services(), self.services_before)
            self.warnings += stage.warnings

    def keep_records(self):
        """Drop the records of what is left alone from now on."""
        if self.settled != self.journal.records:
            self.journal.save(self.settled, False)

    def parameters_changed(self):
        before, after = self.main_before.all_texts(), self.main.all_texts()
        return sorted(name for name in set(before) | set(after) if before.get(name) != after.get(name))

    def services_changed(self):
        after, labels = self.master.services(), {}
        for services in (self.services_before, after):
            labels.update((key, f'{service.name}/{service.kind}') for key, service in services.items())
        return sorted(
            label
            for key, label in labels.items()
            if key not in after
            or key not in self.services_before
            or after[key].meaning() != self.services_before[key].meaning()
        )

    def diff(self):
        """Return what changes in each file, as Ansible shows it."""
        found = []
        for name, state, text in (
            ('main.cf', self.main_state, self.main.text()),
            ('master.cf', self.master_state, self.master.text()),
        ):
            before = decode(state.data or b'')
            if before != text:
                found.append(self._difference(name, before, text))
        for path, change in sorted(self.tables.items()):
            before, after = (
                None if state.content is None else decode(state.content) for state in (change.before, change.after)
            )
            modes = [state.mode for state in (change.before, change.after) if state.mode is not None]
            if all(mode & stat.S_IROTH for mode in modes):
                found.append(self._difference(path, before or '', after or ''))
            else:
                found.append(self._difference(path, HIDDEN if before else '', HIDDEN if after else ''))
        return found + (self.directories.diff_of_removal() if self.ends_instance else self.directories.diff())

    def _difference(self, name, before, after):
        path = self._path(name)
        return {'before_header': path, 'after_header': path, 'before': printable(before), 'after': printable(after)}

    def maps(self):
        return {path: f'{table.kind}:{self._path(path)}' for path, table in self.request.tables.items()}
