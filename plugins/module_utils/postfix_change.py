# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of postfix_config: read, plan, validate, switch in phases, look, and put everything back on failure."""

from __future__ import annotations

import os
import stat

from ansible_collections.conbool.smtp_relay.plugins.module_utils import postfix_disk as disk
from ansible_collections.conbool.smtp_relay.plugins.module_utils import postfix_instance as postfix
from ansible_collections.conbool.smtp_relay.plugins.module_utils import postfix_plan as plan
from ansible_collections.conbool.smtp_relay.plugins.module_utils.postfix_files import decode, encode, printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils.postfix_journal import fingerprint
from ansible_collections.conbool.smtp_relay.plugins.module_utils.postfix_main_cf import MainCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils.postfix_master_cf import MasterCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils.postfix_request import INDEXED
from ansible_collections.conbool.smtp_relay.plugins.module_utils.postfix_stage import Stage, check_services

HIDDEN = '(not shown: the file is not readable for everybody)\n'
NEEDS_RESTART = ('inet_interfaces', 'inet_protocols')


class SwitchError(Exception):
    """The switch failed. C(restored) tells whether the old configuration is in force again."""

    def __init__(self, message, restored, warnings):
        super().__init__(message)
        self.restored = restored
        self.warnings = warnings


class Change(object):
    """The difference between what one owner wants and what is.

    Args:
        instance: Instance.
        journal: Journal of this owner and instance.
        request: Request.
        create: whether the directory and its files may be made.
    """

    def __init__(self, instance, journal, request, create):
        self.instance = instance
        self.journal = journal
        self.request = request
        self.create = create
        self.warnings = []
        self.reloaded = False
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
            raise plan.PlanError('config_dir: %r is not a directory' % self.instance.config_dir)
        self.main_state, self.master_state = disk.read_file(self._path('main.cf')), disk.read_file(self._path('master.cf'))
        for name, state in (('main.cf', self.main_state), ('master.cf', self.master_state)):
            if state.data is None and not may_miss:
                raise plan.PlanError('config_dir: %r has no %s' % (self.instance.config_dir, name))

    def _table_state(self, path, kind):
        state, index = disk.read_file(self._path(path)), plan.FRESH
        if kind in INDEXED:
            try:
                made = os.stat(self._path(path + INDEXED[kind])).st_mtime_ns
                index = plan.FRESH if state.data is not None and made >= os.stat(self._path(path)).st_mtime_ns else plan.STALE
            except FileNotFoundError:
                index = plan.MISSING
        return plan.TableState(state.data, state.mode, index)

    def _plan(self):
        others = self.journal.others()
        plan.refuse_conflicts(self.request, others)
        self.shared = set(path for records in others.values() for path in records['created'])
        owner, request, records = self.request.owner, self.request, self.journal.records
        self.main = MainCf(decode(self.main_state.data or b''))
        master = MasterCf(decode(self.master_state.data or b''))
        self.services_before = master.services()
        self.pending, self.settled = {}, {}
        self.pending['parameters'], self.settled['parameters'] = plan.plan_parameters(
            self.main, owner, records['parameters'], request.parameters, self.warnings)
        self.pending['services'], self.settled['services'], removed = plan.plan_services(
            master, owner, records['services'], request.services, self.warnings)
        self.pending['service_options'], self.settled['service_options'] = plan.plan_options(
            master, owner, records['service_options'], request.options, removed, self.warnings)
        # Between the two texts lies the time in which main.cf may still name what is going to be removed.
        self.master_between, self.master = master, plan.delete_services(master, owner, removed, self.settled['services'])
        self.pending['tables'], self.settled['tables'], self.tables = plan.plan_tables(
            records['tables'], request.tables, self._table_state, self.warnings)
        self._plan_created()
        self._check_postlog()

    def _plan_created(self):
        """Plan which directories and files to make, or to remove because they were made here."""
        wanted = [] if self.request.absent else [self.instance.config_dir, self._path('main.cf'), self._path('master.cf')]
        for path, change in self.tables.items():
            directory = os.path.dirname(self._path(path))
            while change.after.content is not None and directory not in wanted and directory != self.instance.config_dir:
                wanted.append(directory)
                directory = os.path.dirname(directory)
        # What another owner made and both use, the last of them removes.
        new = [path for path in wanted if path in self.shared or not os.path.exists(path)]
        self.new_directories = sorted(path for path in new if path not in (self._path('main.cf'), self._path('master.cf')) and not os.path.exists(path))
        self.pending['created'] = self.created + sorted(path for path in new if path not in self.created)
        self.settled['created'] = [] if self.request.absent else self.pending['created']

    def _check_postlog(self):
        """Postfix does not start with maillog_file but without the service that writes it."""
        before = MainCf(decode(self.main_state.data or b''))
        if (self.main.get('maillog_file') and 'postlog/unix-dgram' not in self.master.services()
                and not (before.get('maillog_file') and 'postlog/unix-dgram' not in self.services_before)):
            raise plan.PlanError('parameters.maillog_file: %r needs the service postlog/unix-dgram in master.cf' % self.main.get('maillog_file'))

    def _file_data(self, name, text):
        """Return what a file has to contain; None for the files of an instance that was made here and is empty again."""
        empty = not self.main.text() and not self.master.text()
        mine = self.request.absent and self._path(name) in self.created and self._path(name) not in self.shared
        return None if empty and mine else encode(text)

    def _table_writes(self, path):
        """Return the operations that make a table, and those that remove what is left of it or of its former types."""
        change, now = self.tables[path], disk.write_time()
        source, index = disk.Write(self._path(path), change.after.content, change.after.mode, now), INDEXED.get(change.kind)
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

        Postfix reads its configuration anew after each phase but the last, which is for what nothing refers to any more.
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
    def changed(self):
        return any(self.phases()) or self.journal.pending

    def changed_services(self):
        return [service for key, service in self.request.services.items()
                if key not in self.services_before or self.services_before[key].meaning() != service.meaning()]

    def validate(self):
        """Let Postfix judge the new configuration; nothing but a temporary directory is written."""
        known = []
        with disk.staging_directory(self.instance.config_dir, fingerprint(self.instance.config_dir)) as path:
            stage = Stage(self.instance, path)
            if self.main_state.data is not None and self.master_state.data is not None:
                known = stage.relative(self.instance.text('postconf', '-c', self.instance.config_dir, '-nx')[1])
            if self._file_data('main.cf', self.main.text()) is None:
                self.facts = self.instance.parameters(self.instance.config_dir, ('queue_directory',))[0] if self.main_state.data is not None else {}
                return
            contents = dict((name, change.after.content) for name, change in self.tables.items() if change.after.content is not None)
            stage.write(self.main.text(), self.master.text(), contents)
            stage.check_configuration(known)
            for name in sorted(contents):
                if name in self.request.tables:
                    self._indexes[name] = stage.check_table(name, self.tables[name].kind)
            self.facts = stage.facts()
            check_services(self.facts['daemon_directory'], self.changed_services(), self.services_before)
            self.warnings += stage.warnings

    def apply(self, reload, listeners, timeout, log):
        """Switch to the new configuration.

        Args:
            reload: whether a running instance reads it now.
            listeners: (address, port) pairs that have to greet afterwards.
            timeout: seconds that the instance has to serve its services.
            log: MailLog.

        Raises:
            SwitchError: it failed; the old configuration is back if its C(restored) says so.
        """
        running = self.instance.running() if self.main_state.data is not None else False
        if running and self._file_data('main.cf', self.main.text()) is None:
            raise plan.PlanError('config_dir: the instance in %r is running; stop it before its configuration is removed' % self.instance.config_dir)
        self._warn_of_restart(running)
        queue = self.facts.get('queue_directory', '')
        pid = postfix.master_pid(queue) if running else None
        unit = postfix.systemd_unit(pid) if running else None
        sockets = postfix.sockets_of(queue, [service for service in self.changed_services() if service.key not in self.services_before])
        if self.journal.pending:
            # After a killed run nobody knows whether Postfix has read the files; what it serves already gets no new socket.
            sockets = dict.fromkeys(sockets)
        undo = disk.Undo()
        self.journal.save(self.pending, True)
        disk.clear_temporary([self._path(name) for name in ['main.cf', 'master.cf'] + list(self.pending['tables'])])
        try:
            *phases, last = self.phases()
            # A run that found the files switched, but not read, has nothing to do but to let them be read.
            for phase in [phase for phase in phases if phase] or ([[]] if self.journal.pending else []):
                for operation in phase:
                    undo.do(operation)
                if running and reload:
                    self.instance.reload()
                    postfix.wait_until_served(pid, sockets, timeout)
                    self.reloaded = True
            for operation in last:
                undo.do(operation)
            if self.reloaded:
                for address, port in listeners:
                    postfix.wait_for_banner(address, port, timeout)
                if not self.instance.running():
                    raise postfix.PostfixError('Postfix is not running any more')
        except (OSError, postfix.PostfixError) as exc:
            said = log.complaints()
            restored = self._restore(undo, running, pid, unit, timeout)
            raise SwitchError('%s%s' % (exc, '. Postfix logged: ' + ' | '.join(said) if said else ''), restored, self.warnings)
        self._remove_created()
        self.journal.save(self.settled, False)

    def keep_records(self):
        """Drop the records of what is left alone from now on."""
        if self.settled != self.journal.records:
            self.journal.save(self.settled, False)

    def _warn_of_restart(self, running):
        if running:
            for name in NEEDS_RESTART:
                if name in self.parameters_changed():
                    self.warnings.append('A changed %s takes effect when Postfix is stopped and started' % name)

    def _restore(self, undo, running, pid, unit, timeout):
        """Put the old configuration back in force. Returns whether that worked, with what failed among the warnings."""
        try:
            undo.back()
            if running:
                if postfix.alive(pid):
                    self.instance.reload()
                    postfix.wait_until_served(pid, {}, timeout)
                else:
                    self.instance.start(unit)
            self.journal.restore()
        except (OSError, postfix.PostfixError) as exc:
            self.warnings.append('The old configuration could not be put back completely: %s' % exc)
            return False
        return True

    def _remove_created(self):
        for path in sorted(self.created, reverse=True) if self.request.absent else []:
            if os.path.isdir(path) and not os.listdir(path):
                os.rmdir(path)
            elif os.path.lexists(path) and path not in self.shared:
                self.warnings.append('%s was made here but holds something else now, and stays' % path)

    def parameters_changed(self):
        before = MainCf(decode(self.main_state.data or b''))
        return sorted(name for name in set(before.values()) | set(self.main.values()) if before.texts(name) != self.main.texts(name))

    def services_changed(self):
        after, labels = self.master.services(), {}
        for services in (self.services_before, after):
            labels.update((key, '%s/%s' % (service.name, service.kind)) for key, service in services.items())
        return sorted(label for key, label in labels.items()
                      if key not in after or key not in self.services_before or after[key].meaning() != self.services_before[key].meaning())

    def diff(self):
        """Return what changes in each file, as Ansible shows it."""
        found = []
        for name, state, text in (('main.cf', self.main_state, self.main.text()), ('master.cf', self.master_state, self.master.text())):
            before = decode(state.data or b'')
            if before != text:
                found.append(self._difference(name, before, text))
        for path, change in sorted(self.tables.items()):
            before, after = (None if state.content is None else decode(state.content) for state in (change.before, change.after))
            modes = [state.mode for state in (change.before, change.after) if state.mode is not None]
            if all(mode & stat.S_IROTH for mode in modes):
                found.append(self._difference(path, before or '', after or ''))
            else:
                found.append(self._difference(path, HIDDEN if before else '', HIDDEN if after else ''))
        return found

    def _difference(self, name, before, after):
        path = self._path(name)
        return {'before_header': path, 'after_header': path, 'before': printable(before), 'after': printable(after)}

    def maps(self):
        return dict((path, '%s:%s' % (table.kind, self._path(path))) for path, table in self.request.tables.items())
