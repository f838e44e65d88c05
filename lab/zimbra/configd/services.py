# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control scripts that the daemon calls: which service has which, and in which order they are called."""

from __future__ import annotations

RESTART, STOP, START, STATUS = 'restart', 'stop', 'start', 'status'
SCRIPTS = {
    'amavis': 'bin/zmamavisdctl',
    'antispam': 'bin/zmantispamctl',
    'antivirus': 'bin/zmclamdctl',
    'archiving': 'bin/zmamavisdctl',
    'cbpolicyd': 'bin/zmcbpolicydctl',
    'convertd': 'bin/zmconvertctl',
    'dnscache': 'bin/zmdnscachectl',
    'ldap': 'bin/ldap',
    'logger': 'bin/zmloggerctl',
    'mailbox': 'bin/zmstorectl',
    'mailboxd': 'bin/zmmailboxdctl',
    'memcached': 'bin/zmmemcachedctl',
    'mta': 'bin/zmmtactl',
    'opendkim': 'bin/zmopendkimctl',
    'proxy': 'bin/zmproxyctl',
    'sasl': 'bin/zmsaslauthdctl',
    'service': 'bin/zmmailboxdctl',
    'snmp': 'bin/zmswatchctl',
    'spell': 'bin/zmspellctl',
    'stats': 'bin/zmstatctl',
    'zimbra': 'bin/zmmailboxdctl',
    'zimbraadmin': 'bin/zmmailboxdctl',
    'zimlet': 'bin/zmmailboxdctl',
}
# A service that is not here cannot be started or restarted: the daemon fails over it, at every poll.
ORDER = (
    'ldap',
    'dnscache',
    'logger',
    'convertd',
    'mailbox',
    'mailboxd',
    'memcached',
    'proxy',
    'antispam',
    'antivirus',
    'cbpolicyd',
    'amavis',
    'opendkim',
    'archiving',
    'snmp',
    'spell',
    'mta',
    'sasl',
    'stats',
)
RANK = {service: number for number, service in enumerate(ORDER)}


class Services:
    """What the daemon does to services. `due`: {service: action} of what is yet to be done."""

    def __init__(self, host, log):
        self._host, self._log = host, log
        self.due: dict[str, str] = {}
        # Services that are taken to run: {service: since when it is known, or how}.
        self.running: dict[str, str] = {}
        self._before: dict[str, bool] = {}
        self._watched: set[str] = set()

    def run(self, dependents, most_failures: int) -> None:
        """Do what is due, and what becomes due by it. `dependents(service)` are the services to restart after a stop
        or start of it. Raises KeyError for a service that has no place in the order."""
        failures: dict[str, int] = {}
        while self.due:
            for service, action in sorted(self.due.items(), key=lambda item: RANK[item[0]]):
                if not self._do(service, action, dependents):
                    failures[service] = failures.get(service, 0) + 1
                    if failures[service] <= most_failures:
                        self._host.pause(1)
                        continue
                self.due.pop(service, None)

    def _do(self, service, action, dependents):
        """Return whether it is done: by a script that says so, or since there is none."""
        name = service.lower()
        if name not in SCRIPTS:
            self._log(f'no command for {name}')
            return True
        if action == START and self.is_running(name):
            self._started(name, dependents)
            return True
        if action in (STOP, RESTART):
            self._watched.discard(name)
        told = 'reload' if (name, action) == ('mta', RESTART) else action
        self._log(f'{name} {told} initiated')
        if self._host.control(SCRIPTS[name], told):
            self._log(f'failed to {told} {name}')
            return False
        if action == START:
            self._started(name, dependents)
        elif action == STOP:
            self.running.pop(name, None)
            self._restart(dependents(name))
        return True

    def _started(self, name, dependents):
        self.running[name] = 'running'
        self._restart(dependents(name))

    def _restart(self, services):
        self.due.update(dict.fromkeys(services, RESTART))

    def is_running(self, service: str) -> bool:
        script = SCRIPTS.get(service.lower())
        return script is None or not self._host.control(script, STATUS)

    def watch(self, watched, enabled) -> None:
        """Look at every service; let those of `watched` be restarted that ran once and do not any more."""
        for service in sorted(self.running):
            now = self.is_running(service)
            if self._before.get(service, now) != now:
                self._log(f'{service} changed to {"running" if now else "stopped"}')
            self._before[service] = now
            if now:
                self._watched.add(service)
        for service in sorted(watched):
            if service in self._watched and enabled(service) and not self.is_running(service):
                self.due[service] = RESTART
