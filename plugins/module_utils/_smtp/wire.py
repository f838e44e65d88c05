# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One SMTP connection to a server that is not trusted to behave: everything read is bounded in size, every wait in
time."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.clock import Clock

CHUNK = 16384
# RFC 5321 4.5.3.1.5 allows 512 octets; servers that send a little more are common, those that send this much are
# broken.
LONGEST_LINE = 2048
MOST_LINES = 100
# Of plaintext between the server's reply to STARTTLS and its first TLS record.
MOST_PLAINTEXT = 4096
LONGEST_SHOWN = 200

REPLY_LINE = re.compile(rb'([2-5][0-9]{2})(?:([ -])(.*))?\Z', re.DOTALL)
# TLS record header: alert or handshake, version 3.x.
TLS_RECORD = re.compile(rb'[\x15\x16]\x03[\x00-\x04]')
TEXT = re.compile(rb'[\t\r\n -~]*[\x15\x16]?\x03?\Z')


def shown(data: bytes | bytearray) -> str:
    """What a server sent, as one short line that is safe to print."""
    text = bytes(data[: LONGEST_SHOWN + 1]).decode('utf-8', 'replace')
    text = ''.join(character if character.isprintable() else '?' for character in text.strip())
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + '...'


class Stopped(Exception):
    """The conversation cannot go on.

    Args:
        step: what was being done.
        finding: one sentence for a person.
        seen: what the server sent, if that matters.
        kind: the finding's id, where it is not the step.
        hint: what to do about it.
        polite: the server still listens and has a right to QUIT.
    """

    def __init__(
        self,
        step: str,
        finding: str,
        seen: str | None = None,
        kind: str | None = None,
        hint: str | None = None,
        polite: bool = False,
    ) -> None:
        super().__init__(finding)
        self.step = step
        self.finding = finding
        self.seen = seen
        self.kind = kind or step
        self.hint = hint
        self.polite = polite


class Reply:
    """A reply of the server: its code, and its lines as text that is safe to print."""

    def __init__(self, code: int, lines: Iterable[bytes]) -> None:
        self.code = code
        self.lines = [shown(line) for line in lines]

    @property
    def positive(self) -> bool:
        return 200 <= self.code < 300

    def __str__(self) -> str:
        return ('{} {}'.format(self.code, ' / '.join(line for line in self.lines if line)))[:LONGEST_SHOWN].strip()


class Wire:
    """The connection. Steps are timed by the clock; trouble of any kind becomes Stopped."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self.sock = sock
        self.clock = clock
        self.buffer = bytearray()
        self.tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()

    def _lost(self, how: str) -> Stopped:
        return Stopped(self.clock.step, f'the server {how} during: {self.clock.step}')

    def _tls_ended(self, error: ssl.SSLError) -> Stopped:
        return Stopped(self.clock.step, f'the server ended TLS during: {self.clock.step} ({reason(error)})', kind='tls')

    def _receive(self) -> bytes:
        self.sock.settimeout(self.clock.left())
        try:
            data = self.sock.recv(CHUNK)
        except socket.timeout:
            raise self.clock.expired() from None
        except OSError as error:
            raise self._lost('broke the connection (%s)' % (error.strerror or error)) from error
        if not data:
            raise self._lost('closed the connection')
        return data

    def _send(self, data: bytes) -> None:
        self.sock.settimeout(self.clock.left())
        try:
            self.sock.sendall(data)
        except socket.timeout:
            raise self.clock.expired() from None
        except OSError:
            # A server that broke the connection may have said why; reading comes next, and fails with the same error if
            # it has not.
            return

    def _flush(self) -> None:
        pending = self._outgoing.read()
        if pending:
            self._send(pending)

    def _read(self) -> bytes:
        """More bytes of the conversation, out of TLS where it is on."""
        while self.tls is not None:
            try:
                data = self.tls.read(CHUNK)
            except ssl.SSLWantReadError:
                self._flush()
                self._incoming.write(self._receive())
                continue
            except ssl.SSLError as error:
                raise self._tls_ended(error) from error
            if not data:
                raise self._lost('closed the connection')
            return data
        return self._receive()

    def _line(self) -> bytes:
        searched = 0
        while True:
            end = self.buffer.find(b'\n', searched)
            if end > LONGEST_LINE or (end < 0 and len(self.buffer) > LONGEST_LINE):
                raise Stopped(
                    self.clock.step,
                    f'the server sent a line of more than {LONGEST_LINE} bytes during: {self.clock.step}',
                    shown(self.buffer),
                )
            if end >= 0:
                line = bytes(self.buffer[:end]).rstrip(b'\r')
                del self.buffer[: end + 1]
                return line
            searched = len(self.buffer)
            self.buffer += self._read()

    def reply(self) -> Reply:
        """The next reply of the server."""
        lines: list[bytes] = []
        code = None
        while len(lines) < MOST_LINES:
            line = self._line()
            parts = REPLY_LINE.match(line)
            if not parts or (code and parts.group(1) != code):
                raise Stopped(
                    self.clock.step,
                    f'the server sent something else than an SMTP reply during: {self.clock.step}',
                    shown(line),
                )
            code = parts.group(1)
            lines.append(parts.group(3) or b'')
            if parts.group(2) != b'-':
                return Reply(int(code), lines)
        raise Stopped(
            self.clock.step,
            f'the server sent a reply of more than {MOST_LINES} lines during: {self.clock.step}',
            shown(line),
        )

    def command(self, line: str) -> Reply:
        """Send one command and return the server's reply."""
        data = line.encode('ascii') + b'\r\n'
        if self.tls is None:
            self._send(data)
        else:
            try:
                self.tls.write(data)
            except ssl.SSLError as error:
                raise self._tls_ended(error) from error
            self._flush()
        return self.reply()

    def start_tls(self, context: ssl.SSLContext, server_name: str, noted: Callable[[Any], None]) -> bytes | None:
        """Run the TLS handshake and return the plaintext that was injected in front of it, which is thrown away
        (CVE-2011-0411).

        Raises ssl.SSLError as the handshake does. The SSLObject is passed to noted() before the first byte, so that
        what the handshake recorded is at hand even when it fails.
        """
        tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        noted(tls)
        injected = None
        try:
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    self._flush()
                if injected is None:
                    injected = self._until_tls()
                else:
                    self._incoming.write(self._receive())
        except ssl.SSLError:
            self._say_goodbye()
            raise
        self._flush()
        self.tls = tls
        return injected

    def _until_tls(self) -> bytes:
        """Feed the handshake from the first TLS record on; return what was in front of it, in whichever segment it
        came."""
        early, self.buffer = self.buffer, bytearray()
        # No server speaks TLS before the client does: what came with its reply is no record, even if it looks like one.
        start = len(early)
        while True:
            record = TLS_RECORD.search(early, start)
            if record:
                self._incoming.write(bytes(early[record.start() :]))
                return bytes(early[: record.start()])
            if len(early) > MOST_PLAINTEXT or not TEXT.match(early):
                raise Stopped(
                    self.clock.step,
                    'the server agreed to STARTTLS, but then sent something else than TLS',
                    shown(early),
                )
            try:
                early += self._receive()
            except Stopped as stop:
                stop.seen = shown(early) or None
                raise

    def _say_goodbye(self) -> None:
        """Let the server know why the handshake failed."""
        try:
            self._flush()
        except Stopped:
            return  # It no longer listens; why the handshake failed is what counts.

    def end_tls(self) -> None:
        """Say that no more will come (RFC 8446 6.1), without waiting for the server to say the same."""
        if self.tls is None:
            return
        try:
            with contextlib.suppress(ssl.SSLWantReadError):
                self.tls.unwrap()
        except ssl.SSLError as error:
            raise self._tls_ended(error) from error
        self._flush()

    def close(self) -> None:
        self.sock.close()


def reason(error: ssl.SSLError) -> str:
    """OpenSSL's reason in words."""
    return (getattr(error, 'reason', None) or str(error)).replace('_', ' ').lower()
