# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An SMTP server that takes everything: a gateway, a hop, the outside."""

from __future__ import annotations

import asyncio
import re
import ssl
import threading
import time
from dataclasses import dataclass

import trustme
from aiosmtpd.smtp import SMTP, AuthResult


class LongLines(SMTP):
    line_length_limit = 2**16


@dataclass
class Delivery:
    sender: str
    recipients: list
    raw: bytes
    tls: bool
    login: tuple = ()


class Sink:
    """On a port of its own from the first moment to close()."""

    def __init__(self, tls='offered'):
        """tls: offered, none, broken (the handshake fails)."""
        self.deliveries: list[Delivery] = []
        # Replies to DATA, the next first; none is 250.
        self.replies: list[str] = []
        # Replies to RCPT by address.
        self.refused: dict[str, str] = {}
        self.sessions: list[SMTP] = []
        self.context = _context(tls)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.server = asyncio.run_coroutine_threadsafe(self._serve(), self.loop).result(10)
        self.port = self.server.sockets[0].getsockname()[1]
        self.logins: list[tuple] = []

    @property
    def place(self):
        return ('127.0.0.1', self.port)

    async def _serve(self):
        return await self.loop.create_server(self._session, '127.0.0.1', 0)

    async def _end(self):
        self.server.close()
        # Whoever waits for an answer to QUIT must not wait for long.
        for session in self.sessions:
            if session.transport:
                session.transport.abort()

    def _session(self):
        session = LongLines(
            self,
            hostname='sink.test',
            tls_context=self.context,
            auth_require_tls=False,
            authenticator=self._log_in,
            loop=self.loop,
        )
        self.sessions.append(session)
        return session

    def _log_in(self, server, session, envelope, mechanism, data):
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=bool(data.password), handled=False)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return '250 ok'

    async def handle_DATA(self, server, session, envelope):
        if self.replies:
            return self.replies.pop(0)
        sender = '' if envelope.mail_from == '<>' else envelope.mail_from
        tls = session.ssl is not None
        self.deliveries.append(Delivery(sender, envelope.rcpt_tos, envelope.original_content, tls))
        return '250 ok'

    def wait(self, count=1, seconds=5):
        """The deliveries, once there are so many; no more within a moment."""
        end = time.monotonic() + seconds
        while len(self.deliveries) < count and time.monotonic() < end:
            time.sleep(0.01)
        assert len(self.deliveries) == count, self.deliveries
        return self.deliveries

    def close(self):
        asyncio.run_coroutine_threadsafe(self._end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)


def _context(tls):
    if tls == 'none':
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Of an authority that nobody knows, and for another name.
    trustme.CA().issue_cert('wrong.test').configure_cert(context)
    if tls == 'broken':
        context.set_ciphers('aNULL')
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def header(raw, name):
    """The values of a header, unfolded."""
    head = re.sub(rb'\r\n(?=[ \t])', b'', raw.partition(b'\r\n\r\n')[0]).decode()
    return [
        line.partition(':')[2].strip() for line in head.split('\r\n') if line.lower().startswith(f'{name.lower()}:')
    ]
