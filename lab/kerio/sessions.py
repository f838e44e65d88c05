# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is logged in to the administration: accounts, roles, two factors, lock-out, expiry."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from dataclasses import dataclass

from .schema import RpcError

NOT_LOGGED_IN = -32001
ADMINISTRATORS = ('Auditor', 'AccountAdmin', 'FullAdmin', 'BuiltInAdmin')


@dataclass
class Session:
    identity: str
    token: str
    details: dict
    address: str
    began: float
    used: float
    alive: bool = True
    # Answers of "not logged in" that it has got.
    refused: int = 0
    # Why it ended: '' for not at all.
    ended: str = ''

    @property
    def role(self) -> str:
        return self.details['effectiveRole']['userRole']


class Sessions:
    """All sessions since the start, also those that have ended."""

    def __init__(self, state):
        self.state = state
        self.all: list[Session] = []
        self.calls = 0
        self.strangers: Counter = Counter()
        self.failures: Counter = Counter()
        self.blocked_until: dict[str, float] = {}

    # --- log-in

    def log_in(self, name: str, password: str, address: str) -> Session:
        """Raises RpcError: who is refused does not learn why but for two factors."""
        self._refuse_blocked(address)
        details = self._account(name, password)
        if details is None:
            self._count_failure(address)
            self.state.journal.log('security', f'Failed login from {address}')
            raise RpcError(self.state.profile.login_failure_code, 'Login failed: wrong user name or password.')
        if details['effectiveRole']['userRole'] not in ADMINISTRATORS:
            raise RpcError(1004, 'Insufficient rights to perform the requested operation.')
        self.failures.pop(address, None)
        for other in self.all:
            if other.alive and other.address == address and other.details == details:
                self.state.journal.violation('a second log-in without cause: the first session is still there')
        now = time.monotonic()
        session = Session(secrets.token_hex(32), secrets.token_hex(32), details, address, now, now)
        self.all.append(session)
        return session

    def _refuse_blocked(self, address):
        options = self.state.data['security']['antiHammering']
        until = self.blocked_until.get(address, 0)
        if options['isEnabled'] and time.monotonic() < until:
            raise RpcError(self.state.profile.login_failure_code, 'Too many failed logins from %1.', address)

    def _count_failure(self, address):
        options = self.state.data['security']['antiHammering']
        self.failures[address] += 1
        if self.state.excepted(options['exceptionIpGroup'], address):
            return
        if self.failures[address] >= options['failedLoginsToBlock']:
            self.blocked_until[address] = time.monotonic() + options['minutesToBlock'] * self.state.world.minute

    def _account(self, name, password):
        """UserDetails, or None."""
        remote = self.state.data['remote']
        if name == remote['builtInAdminUsername'] and remote['builtInAdminEnabled']:
            right = password and password == remote['builtInAdminPassword']
            return details('', '', name, 'BuiltInAdmin') if right else None
        user = self._user(name)
        if user is None or not user['isEnabled']:
            return None
        if user.get('_two_factors'):
            if password == user['password'] or not self.state.profile.application_password:
                raise RpcError(1000, 'Two-factor authentication is required: use an application password.')
            right = password == user.get('_application_password')
        else:
            right = password == user['password']
        role = user['role']['userRole']
        return details(user['id'], user['domainId'], user['loginName'], role) if right and password else None

    def _user(self, name):
        local_part, dummy, domain = name.partition('@')
        found = self.state.domain(domain) if domain else self.state.primary()
        return self.state.user(found, local_part) if found else None

    # --- each later call

    def find(self, cookies: dict, token: str) -> Session | None:
        """The session of a call with both cookies and the header; None: there is none that lives."""
        session = next(
            (
                one
                for one in self.all
                if secrets.compare_digest(one.identity, cookies.get('SESSION_CONNECT_WEBADMIN', ''))
            ),
            None,
        )
        if session is None or session.token != token or cookies.get('TOKEN_CONNECT_WEBADMIN', token) != token:
            return None
        self._let_time_pass(session)
        return session

    def _let_time_pass(self, session):
        now = time.monotonic()
        limits = self.state.data['advanced']['webMail']
        control = self.state.control
        if control.expire_before:
            control.expire_before -= 1
            if not control.expire_before:
                self.end(session, 'expired')
        if session.alive and now - session.used > self.state.seconds(limits['sessionExpireTimeout']):
            self.end(session, 'expired')
        if session.alive and now - session.began > self.state.seconds(limits['maximumSessionDuration']):
            self.end(session, 'expired')
        session.used = now

    @staticmethod
    def end(session: Session, why: str) -> None:
        if session.alive:
            session.alive, session.ended = False, why

    def end_all(self, why: str) -> None:
        for session in self.all:
            self.end(session, why)

    def refuse(self, session: Session | None, who: str, address: str) -> RpcError:
        """The answer to a call without a living session; a client may need it once to know."""
        key = session.identity if session else address
        self.strangers[key] += 1
        if self.strangers[key] > 1:
            self.state.journal.violation('a call after -32001, without a new log-in')
        return RpcError(NOT_LOGGED_IN, self.state.profile.anonymous_text, who)

    def log_out(self, session: Session) -> None:
        self.end(session, 'logged out')

    def left_open(self) -> list[Session]:
        return [session for session in self.all if session.alive]


def details(identity: str, domain: str, name: str, role: str) -> dict:
    return {
        'id': identity,
        'domainId': domain,
        'loginName': name,
        'fullName': name,
        'effectiveRole': {'userRole': role, 'publicFolderRight': False, 'archiveFolderRight': False},
    }
