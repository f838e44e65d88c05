# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SMTP server: one connection to port 25, 465 or 587."""

from __future__ import annotations

import asyncio
import re

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from . import message, rating
from .admission import Guest
from .state import plain

TLS_ONLY = 'Secure SMTP'
# Commands by which a proxy says who its client is. No Kerio knows them.
OF_PROXIES = ('XCLIENT', 'XFORWARD', 'PROXY')


class Connection(SMTP):
    line_length_limit = 2**16

    def __init__(self, mail, service):
        state = mail.state
        super().__init__(
            self,
            hostname=state.data['hostname'],
            ident=_ident(state),
            enable_SMTPUTF8=True,
            data_size_limit=None if state.profile.ehlo == 'bare' else state.bytes(state.data['smtp']['messageSize']),
            tls_context=None if service == TLS_ONLY else mail.tls,
            auth_require_tls=False,
            authenticator=self._log_in,
            loop=asyncio.get_running_loop(),
        )
        self.mail, self.state, self.service = mail, state, service
        self.guest: Guest | None = None

    async def _handle_client(self):
        self.guest = guest = Guest(plain(self.session.peer[0]), self.service)
        self.mail.connections.add(self)
        self.state.journal.count('smtpServer.totalIncomingConnections')
        try:
            with self.state.lock:
                refusal = self.mail.admission.connect(guest)
                delay = self.mail.admission.greeting_delay(guest)
            if refusal is None and delay:
                await asyncio.sleep(delay)
                if self._reader._buffer:
                    refusal = '554 5.5.1 You spoke before you were greeted'
            if refusal is not None:
                if refusal:
                    await self.push(refusal)
                self.transport.close()
                return
            self.mail.admission.open[guest.address] += 1
            try:
                await super()._handle_client()
            finally:
                self.mail.admission.open[guest.address] -= 1
        finally:
            self.mail.connections.discard(self)

    def end(self):
        """From the loop of this connection."""
        if self.transport is not None:
            self.transport.close()

    def _tls(self):
        """(version, cipher, bits), or None."""
        found = self.transport.get_extra_info('ssl_object') if self.transport else None
        return (found.version(), found.cipher()[0], found.cipher()[2]) if found else None

    # --- commands

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        if self.state.profile.ehlo == 'bare':
            responses = [line for line in responses if '8BITMIME' not in line and 'SMTPUTF8' not in line]
        return responses

    async def _no_proxy(self, arg):
        self.state.journal.violation(f'{self.service}: a command of proxies was sent')
        await self.push('500 5.5.1 Command unrecognized')

    smtp_XCLIENT = smtp_XFORWARD = smtp_PROXY = _no_proxy

    def _log_in(self, server, session, envelope, mechanism, data):
        self.state.journal.count('smtpServer.authenticationAttempts')
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        with self.state.lock:
            user = self._user(data.login.decode('utf-8', 'replace'), data.password.decode('utf-8', 'replace'))
        if user is None:
            self.state.journal.count('smtpServer.authenticationFailures')
            return AuthResult(success=False, handled=False, message='535 5.7.8 Authentication failed')
        self.guest.user = self.state.address(user)
        return AuthResult(success=True)

    def _user(self, name, password):
        local_part, dummy, domain = name.partition('@')
        found = self.state.domain(domain) if domain else self.state.primary()
        user = self.state.user(found, local_part) if found else None
        if user is None or not user['isEnabled'] or not password:
            return None
        right = user.get('_application_password') if user.get('_two_factors') else user['password']
        return user if password == right else None

    async def handle_MAIL(self, server, session, envelope, address, options):
        self.guest.tls = self._tls() is not None
        self.guest.sender = '' if address == '<>' else address
        self.guest.recipients, self.guest.score = 0, self.guest.listed
        size = next((int(found.group(1)) for option in options if (found := re.match(r'SIZE=(\d+)$', option))), 0)
        with self.state.lock:
            refusal = self.mail.admission.mail(self.guest, size)
        if refusal:
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return '250 2.1.0 Sender ok'

    async def handle_RCPT(self, server, session, envelope, address, options):
        with self.state.lock:
            refusal = self.mail.admission.recipient(self.guest, address)
        if refusal:
            return refusal
        self.guest.recipients += 1
        envelope.rcpt_tos.append(address)
        return '250 2.1.5 Recipient ok'

    async def handle_DATA(self, server, session, envelope):
        with self.state.lock:
            return self.mail.take_in(self.guest, session.host_name, self._tls(), envelope)

    async def handle_exception(self, error):
        self.state.journal.violation(f'the double itself failed: {type(error).__name__}: {error}')
        return '451 4.3.0 The double failed'


def _ident(state):
    if not state.data['advanced']['miscellaneous']['showProgramNameAndVersion']:
        return 'ESMTP ready'
    return f'{message.PROGRAM} {".".join(str(number) for number in state.profile.numbers)} ESMTP ready'


def take_in(mail, guest, helo, tls, envelope) -> str:
    """The message of a connection: refused, thrown away, or in the queue."""
    state, raw = mail.state, envelope.original_content
    if refusal := mail.admission.content(raw):
        return refusal
    recipients = list(envelope.rcpt_tos)
    verdict = rating.rate(state, raw, recipients, guest.address, guest.user, guest.score)
    if verdict.end == 'refuse':
        state.journal.count('spam.checked', 'spam.rejected')
        return '550 5.7.1 The message was rejected as spam'
    if verdict.rated:
        state.journal.count('spam.checked', *(['spam.tagged'] if verdict.tagged else []))
    raw = rating.marked(state, raw, verdict)
    if verdict.tagged:
        state.journal.log(
            'spam',
            f'Message marked as spam with score: {verdict.score / state.profile.score_scale:.2f}, '
            f'To: {", ".join(recipients)}, Message size: {len(raw)}, From: {guest.sender}',
        )
    local_client = state.in_group(state.data['smtp']['relayControl']['ipAddressGroupId'], guest.address)
    line = message.received(
        state,
        helo,
        guest.address,
        recipients,
        guest.user if state.profile.login_received == 'user' else '',
        tls,
        'ESMTP' + ('S' if tls else '') + ('A' if guest.user and state.profile.login_received != 'none' else ''),
        state.data['smtp']['relayControl']['hideLocalIpInRcv'] and local_client,
    )
    raw = message.prepended(raw, line)
    if guest.user and any(domain['isDkimEnabled'] for domain in state.data['domains']):
        raw = message.signed(raw, state.profile.dkim_signs_conbool)
    mail.admission.accepted(guest)
    if verdict.end == 'discard':
        mail.discarded(guest.sender, recipients, raw, verdict)
        return '250 2.0.0 OK'
    mail.queue.add(guest.sender, recipients, raw, 'SMTP', tagged=verdict.tagged, user=guest.user, address=guest.address)
    return '250 2.0.0 OK'
