# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said to a mail server, from the greeting to QUIT, and what its answers are for facts."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.names import host, is_address
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.tls import CLIENT_CERTIFICATE, handshake_stopped
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.wire import Stopped, Wire, shown

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.clock import Clock
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.probe import Facts
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.tls import Handshake
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.wire import Reply


def helo_name(settings: Mapping[str, Any], sock: socket.socket) -> str:
    """The name to greet with: as RFC 5321 4.1.3 wants, an address literal for a host without a full name."""
    if settings['helo_name']:
        return settings['helo_name']
    try:
        name = host(socket.gethostname())
    except ValueError:
        name = ''
    if '.' in name and not is_address(name):
        return name
    address = sock.getsockname()[0].partition('%')[0]
    return f'[IPv6:{address}]' if ':' in address else f'[{address}]'


class Conversation:
    """One connection, from the greeting to QUIT."""

    def __init__(
        self, facts: Facts, settings: Mapping[str, Any], clock: Clock, sock: socket.socket, tls_context: ssl.SSLContext
    ) -> None:
        self.facts = facts
        self.settings = settings
        self.clock = clock
        self.wire = Wire(sock, clock)
        self.helo = helo_name(settings, sock)
        self.tls_context = tls_context
        self.handshake: Handshake | None = None

    def run(self) -> None:
        """Raises Stopped, or ssl.SSLCertVerificationError."""
        try:
            self._greet()
            if self.facts['starttls_offered']:
                self._start_tls()
            self._probe()
        except Stopped as stop:
            if stop.polite:
                self._quit()
            raise
        else:
            self._quit()
        finally:
            self.wire.close()

    def _ehlo(self, step: str) -> None:
        self.clock.start(step)
        reply = self.wire.command('EHLO ' + self.helo)
        if not reply.positive:
            raise Stopped(step, 'the server refused EHLO', str(reply), polite=True)
        self.clock.finish()
        self.facts['extensions'] = reply.lines[1:]

    def _greet(self) -> None:
        self.clock.start('banner')
        reply = self.wire.reply()
        self.facts['banner'] = str(reply)
        if not reply.positive:
            raise Stopped('banner', 'the server refuses service', str(reply), polite=True)
        self.clock.finish()
        self._ehlo('ehlo')
        self.facts['reachable'] = True
        self.facts['starttls_offered'] = any(
            line.split()[:1] == ['STARTTLS'] for line in (text.upper() for text in self.facts['extensions'])
        )

    def _start_tls(self) -> None:
        self.clock.start('starttls')
        reply = self.wire.command('STARTTLS')
        if not reply.positive:
            self.facts['tls_negotiated'] = False
            raise Stopped('starttls', 'the server offers STARTTLS, but refused it', str(reply), polite=True)
        self.clock.finish()
        self.clock.start('handshake')
        try:
            # Python indicates names only, no addresses.
            injected = self.wire.start_tls(self.tls_context, self.facts['tls_name'], self._noted)
        except ssl.SSLCertVerificationError:
            raise
        except ssl.SSLError as error:
            self.facts['tls_negotiated'] = False
            raise handshake_stopped(error, self.handshake) from error
        except Stopped:
            self.facts['tls_negotiated'] = False
            raise
        self.clock.finish()
        self._note_tls(injected)
        try:
            self._ehlo('ehlo_tls')
        except Stopped as stop:
            # With TLS 1.3 a server that does not like our certificate says so after the client has finished its
            # handshake.
            if stop.kind == 'tls':
                self.facts['tls_negotiated'] = False
            if self.handshake.client_certificate_requested:
                stop.hint = CLIENT_CERTIFICATE
            raise

    def _noted(self, handshake: Handshake) -> None:
        self.handshake = handshake

    def _note_tls(self, injected: bytes | None) -> None:
        self.facts['plaintext_injected'] = shown(injected) if injected else None
        self.facts['tls_negotiated'] = True
        self.facts['client_certificate_requested'] = self.handshake.client_certificate_requested
        self.facts['tls_version'] = self.handshake.version()
        self.facts['cipher'] = self.handshake.cipher()[0]
        if self.facts['chain_verified'] is None:
            self.facts['chain_verified'] = True
        if not self.facts['certificate']:
            self.facts.unread = self.handshake.getpeercert(True)

    def _probe(self) -> None:
        """Ask for each recipient in a transaction of its own, which ends before any data."""
        for recipient in self.settings['recipients']:
            step, reply = 'mail', self._ask('MAIL FROM:<{}>'.format(self.settings['mail_from']))
            if reply.positive:
                step, reply = 'rcpt', self._ask(f'RCPT TO:<{recipient}>')
            self.facts['recipients'].append(
                {'recipient': recipient, 'step': step, 'code': reply.code, 'reply': str(reply)}
            )
            self._ask('RSET')

    def _ask(self, command: str) -> Reply:
        self.clock.start('probe')
        reply = self.wire.command(command)
        self.clock.finish()
        return reply

    def _quit(self) -> None:
        self.clock.start('quit')
        try:
            self.wire.command('QUIT')
            self.wire.end_tls()
        except Stopped:
            return  # Everything is known by now; how the server takes its leave changes nothing.
