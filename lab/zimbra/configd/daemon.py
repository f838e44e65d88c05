# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon itself: one loop after the other, each from all values to main.cf, files and restarts."""

from __future__ import annotations

import shlex
import threading

from . import sections, services
from .macros import Macros
from .values import Values

ANSWER = 'SUCCESS REWRITES COMPLETE'


class Daemon:
    """A configuration daemon from its start to its end.

    provider -- `config()` and `server()` return {attribute: [values]} (of the server its own ones), `servers()` the
    effective ones of all servers, `localconfig()` {key: text}
    host -- reads and writes files, runs postconf and control scripts (host.py)
    forced -- sections of a one-shot run, which writes these and ends; none: a daemon
    """

    def __init__(self, provider, host, forced=(), log=lambda message: None):
        self._host, self._log = host, log
        self._values = Values(provider, host)
        self._services = services.Services(host, log)
        self._forced = tuple(forced)
        self._sections: dict[str, sections.Section] = {}
        self._known: dict[str, dict] = {}
        # What is yet to be written: it stays here until it could be.
        self._files: dict[str, tuple] = {}
        self._main_cf: dict[str, str] = {}
        self._removed: dict[str, bool] = {}
        self._restarts_enabled = False
        self._most_failures = 3
        self.first = True
        self.requested: list[str] = []
        self.turn = threading.Condition()
        # Grows with each loop that served what was requested before it.
        self.served = 0

    @property
    def values(self):
        return self._values

    @property
    def unfinished(self) -> dict:
        """Return the parameters of main.cf that could not all be written: they are tried again at every loop."""
        return dict(self._main_cf)

    @property
    def impossible(self) -> list:
        """Return those of them of which no command can be made."""
        return [name for name, value in self._main_cf.items() if _arguments(name, value) is None]

    def loop(self) -> None:
        """Poll once. Raises what the real daemon sleeps over for a minute, with 'Configuration inconsistency
        detected': a value that is not ASCII, a list file that is missing, a service that cannot be started."""
        self._values.load()
        local = self._values.local
        if 'zmconfigd_enable_config_restarts' in local:
            self._restarts_enabled = local['zmconfigd_enable_config_restarts'].upper() != 'FALSE'
        self._sections.update(sections.load(self._values))
        if not self.first and local.get('zmconfigd_watchdog', 'TRUE').upper() != 'FALSE':
            watched = local.get('zmconfigd_watchdog_services', 'antivirus').split()
            self._services.watch(watched, lambda service: self._values.look_up('SERVICE', service))
        self._compare()
        with self.turn:
            self._collect()
            self.requested.clear()
            self._write()
            self.served += 1
            self.turn.notify_all()
        if self._restarts_enabled:
            self._services.run(self._dependents, self._most_failures)
        self.first = False

    def _compare(self):
        """Find the sections of which a tracked value changed; what changed is known from now on, written or not."""
        for section in self._sections.values():
            section.changed = False
            known = self._known.setdefault(section.name, {})
            for key, kind in section.tracked.items():
                value = self._values.look_up(kind, key)
                if known.get((kind, key)) == value:
                    continue
                section.changed = True
                if value is None:
                    del known[(kind, key)]
                else:
                    known[(kind, key)] = value
        for service in sorted(self._values.services):
            if service in self._services.running:
                continue
            if self.first:
                self._services.running[service] = 'running'
            else:
                self._log(f'service {service} was enabled')
                self._services.due[service] = services.START

    def _collect(self):
        for section in self._sections.values():
            asked = section.name in self._forced or section.name in self.requested
            if (self._forced or self.requested) and not asked:
                continue
            if not (asked or self.first or section.changed):
                continue
            self._files.update(section.files)
            # A line break would end the parameter.
            self._main_cf.update({name: value.replace('\n', ' ') for name, value in section.main_cf.items()})
            self._removed.update(dict.fromkeys(section.removed, True))
            if not (self._forced or self.first or self.requested):
                for service in section.restarts:
                    enabled = self._values.look_up('SERVICE', service)
                    # What is not enabled is stopped, at each change anew.
                    self._services.due[service] = services.RESTART if enabled else services.STOP

    def _dependents(self, service):
        section = self._sections.get(service)
        depends = section.depends if section else ()
        return [name for name in depends if name == 'amavis' or self._values.look_up('SERVICE', name)]

    def _write(self):
        self._write_files()
        self._write_main_cf()
        for name in list(self._removed):
            self._host.postconf('-X', [name])
        self._removed.clear()

    def _write_files(self):
        """Write the files that are due. The first that cannot be written ends it, for this and every later loop."""
        macros = Macros(self._values.look_up)
        for target, (template, mode) in list(self._files.items()):
            try:
                self._host.write(target, macros.file(self._host.read(template)), mode)
            except (OSError, ValueError, TypeError, AttributeError) as problem:
                self._log(f'rewrite of {target} failed, and with it all that come after: {problem}')
                return
            del self._files[target]

    def _write_main_cf(self):
        """Write parameters one by one. One whose single quotes do not pair cannot be written, and none after it."""
        for name, value in self._main_cf.items():
            arguments = _arguments(name, value)
            if arguments is None:
                self._log(f'no command can be made for {name}: neither it nor what comes after is written')
                return
            self._host.postconf('-e', arguments)
        self._main_cf.clear()


def _arguments(name, value):
    """Return the arguments of postconf: as many as a shell makes of a value in single quotes; None if they do not
    pair."""
    try:
        return shlex.split(f"{name}='{value}'")
    except ValueError:
        return None
