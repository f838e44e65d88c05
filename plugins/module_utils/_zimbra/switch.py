# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of a Zimbra on its way: in force as a whole, or as it was before. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import ChangeError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.process import wait_for_banner
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.unit import FOLDER, Unit
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import beside, filing
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.facts import SERVICES
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.sources import MAIN_CF

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_change import FileChange
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.directory import Entry, Key
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.part import Work

# Seconds in which amavisd ends and is there again. It loads SpamAssassin's rules.
AMAVIS_TIMEOUT = 300
FILTER = re.compile(r'smtp-amavis:\[(?P<host>[^\]]+)\]:(?P<port>\d+)')


class Switch:
    """One Work on its way.

    Tables are there as long as anything in force names them: files come first and go last, and when something fails
    the attributes are put back before the files are.
    """

    def __init__(self, work: Work) -> None:
        self._work, self._host, self._facts = work, work.host, work.facts
        self._run = work.module.run_command
        self._tried = False
        # What is to be done, the last first, once attributes and files are as they were.
        self._back: list[Callable[[], object]] = []

    def carry_out(self) -> FileChange:
        """Do it. Returns the change of files that came last.

        Raises:
            HostError: nothing was changed.
            SwitchError: it failed half-way.
        """
        work = self._work
        if work.first.changed:
            work.first.switch(lambda: None, self._activate)
        elif work.changed or work.attributes.record.pending:
            self._activate_alone()
        try:
            # What was written first is there now.
            last = work.last()
            gone = last.paths()
            last.switch(lambda: None, lambda: self._rules_read(gone))
        except (SwitchError, HostError, OSError) as exc:
            raise SwitchError(
                f'{exc}. Attributes and main.cf are as they should be, files are not', False, work.warnings
            ) from exc
        return last

    def _activate_alone(self) -> None:
        """Bring in force what needs no change of files first."""
        try:
            self._activate()
        except (HostError, OSError) as exc:
            try:
                self._activate()
            except HostError as worse:
                raise SwitchError(f'{exc}. What was there before could not be put back: {worse}', False, []) from exc
            raise

    def _activate(self) -> None:
        """Bring in force what the files are for. Called again when that failed, and the files are as they were, it
        brings everything else back.

        Raises:
            HostError: it failed, and the attributes are as they were before.
            SwitchError: it failed, and they are not. What they refer to has to stay.
        """
        if self._tried:
            self._all_back()
            return
        self._tried = True
        written = self._work.first.paths()
        if any(path.startswith(FOLDER) for path in written):
            self._back.append(self._units_read)
            self._units_read()
        coming = [unit for unit in self._work.units if self._work.is_wanted(unit)]
        for unit in coming:
            if unit.name == beside.DOOR:
                self._back.append(unit.back)
                unit.arrive()
        watched = self._watch_stopped()
        self._back.append(lambda: self._rules_read(written))
        self._rules_read(written)
        tables = any(path.startswith(self._host.mta.config_dir) for path in written)
        if tables:
            self._back.append(self._host.mta.reload)

        def finish(keys: Iterable[Key], back: bool) -> list[str]:
            warnings = self._in_force(list(keys), back, tables)
            if not back:
                self._units_arrive(watched)
            return warnings

        try:
            self._work.attributes.carry_out(self._host.sources, finish)
        except SwitchError as exc:
            if not exc.restored:
                raise
            raise ChangeError(str(exc)) from exc

    def _units_read(self) -> None:
        self._systemctl('daemon-reload')

    def _watch_stopped(self) -> bool:
        """Stop what watches main.cf: it would put back what is about to be changed, or keep what is put back. Returns
        whether it was at work."""
        if beside.WATCH not in [unit.name for unit in self._work.units]:
            return False
        if Unit(self._run, beside.WATCH).state().get('ActiveState') != 'active':
            return False
        self._back.append(lambda: self._systemctl('start', beside.WATCH))
        self._systemctl('stop', beside.WATCH)
        # It may have been started, or be gone.
        self._run(['systemctl', 'stop', beside.ASSERT])
        return True

    def _systemctl(self, *words: str) -> None:
        Unit(self._run, beside.WATCH).carry_out([list(words)])

    def _units_arrive(self, watched: bool) -> None:
        """Have the units be there that need the attributes, and those be gone that these needed.

        Args:
            watched: what watches main.cf was stopped.
        """
        for unit in self._work.units:
            wanted = self._work.is_wanted(unit)
            if unit.name == beside.DOOR and wanted:
                continue
            self._back.append(unit.back)
            try:
                if wanted:
                    unit.arrive()
                else:
                    unit.stop()
                    unit.leave()
                if wanted and watched:
                    self._systemctl('start', beside.WATCH)
            except HostError:
                # Attributes and main.cf are put back next.
                self._run(['systemctl', 'stop', beside.WATCH, beside.ASSERT])
                raise

    def _all_back(self) -> None:
        """Take back what was done beside attributes and files.

        Raises:
            HostError: some of it could not be.
        """
        failed = []
        while self._back:
            try:
                self._back.pop()()
            except (HostError, OSError) as exc:
                failed.append(str(exc))
        if failed:
            raise ChangeError('; '.join(failed))

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

    def _in_force(self, keys: list[Key], back: bool, tables: bool) -> list[str]:
        """Bring attributes in force, see AttributeChange.carry_out().

        Args:
            tables: whether Postfix has to read tables in any case.
        """
        work = self._work
        entries = {entry for entry, dummy in keys}
        warnings = self._tell(entry for entry in entries if entry.kind in ('config', 'domain'))
        here = {MAIN_CF, self._facts.this} & entries
        if here or work.drift or work.attributes.record.pending and work.parameters:
            self._host.mta.bring_in_force(*(work.former if back else (work.parameters,)))
        elif tables and not back:
            self._host.mta.reload()
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
