# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request to a server that is known by its certificate. Nothing is sent before it has shown the right one."""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import socket
import ssl
import threading
from dataclasses import dataclass
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError

PATH = '/admin/api/jsonrpc/'
LARGEST = 64 * 2**20
STATUS = {
    403: 'this address may not use the administration: remote administration is switched off in Kerio Connect, or'
    ' limited to a group of IP addresses without this one (Administration Settings)',
    404: 'there is no administration interface of Kerio Connect',
}
# http.client.RemoteDisconnected is one of the first kind; the second one came in the middle of a handshake.
CLOSED = (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
OLD_TLS = ('UNSUPPORTED_PROTOCOL', 'WRONG_SSL_VERSION', 'TLSV1_ALERT_PROTOCOL_VERSION', 'VERSION_TOO_LOW')


class NoAnswer(Exception):
    """There is none, or none that can be used; the text is for a person.

    Args:
        sent: whether the request may have reached the server.
        late: whether its time is over.
        closed: whether the server ended the connection instead.
    """

    def __init__(self, text: str, sent: bool, late: bool = False, closed: bool = False) -> None:
        super().__init__(text)
        self.sent = sent
        self.late = late
        self.closed = closed


def digest(fingerprint: str | None) -> str:
    """A SHA-256 fingerprint as 64 hex digits in lower case, '' for none. Raises HostError when it is no such thing."""
    plain = re.sub(r'[:\s]', '', fingerprint or '').lower()
    if plain and not re.fullmatch('[0-9a-f]{64}', plain):
        raise HostError(f'{fingerprint!r} is no SHA-256 fingerprint: 64 hex digits, with or without colons')
    return plain


@dataclass(frozen=True)
class Server:
    """Where the administration is, and how its certificate is checked.

    Without ca_file and fingerprint it must lead to a CA of the system; with both, both must be right. The name is not
    asked for with a fingerprint, which stands for one certificate.
    """

    host: str = '127.0.0.1'
    port: int = 4040
    # Path of PEM certificates.
    ca_file: str | None = None
    # SHA-256 of the certificate, in hex, with or without colons.
    fingerprint: str | None = None
    # The name that the certificate is for, if it is not the host.
    tls_name: str | None = None
    # The same of several certificates, of which it has to show one.
    known: frozenset[str] = frozenset()

    def pins(self) -> frozenset[str]:
        """The fingerprints of which the certificate has to have one; none when a CA vouches for it."""
        return frozenset({digest(self.fingerprint)} if self.fingerprint else self.known)

    def context(self) -> ssl.SSLContext:
        """Raises HostError when ca_file cannot be used."""
        pinned = bool(self.pins())
        if pinned and not self.ca_file:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        else:
            try:
                context = ssl.create_default_context(cafile=self.ca_file)
            except (OSError, ssl.SSLError) as error:
                raise HostError(f'the CA certificates in {self.ca_file} cannot be read: {error}') from error
            context.check_hostname = not pinned
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


class Watch:
    """Ends a connection when its time is over, however slowly its other end talks."""

    def __init__(self, seconds: float) -> None:
        self.over = False
        self.sock: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Watch:
        self._timer.start()
        return self

    def __exit__(self, *dummy: object) -> None:
        self._timer.cancel()

    def _end(self) -> None:
        self.over = True
        if self.sock is not None:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def post(
    server: Server, request: dict[str, Any], headers: dict[str, str], timeout: float
) -> tuple[dict[str, Any], list[str]]:
    """The answer to a request, and its Set-Cookie lines.

    Args:
        timeout: seconds for all of it.

    Raises:
        NoAnswer, HostError
    """
    sent, sock = False, None
    body = json.dumps(request).encode()
    with Watch(timeout) as watch:
        try:
            sock = _connected(server, watch, timeout)
            sent = True
            return _exchange(server, sock, body, headers)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if watch.over or isinstance(error, socket.timeout):
                raise NoAnswer(f'{_place(server)} did not answer within {timeout:g} s', sent, late=True) from None
            raise NoAnswer(_reason(server, error), sent, closed=isinstance(error, CLOSED)) from None
        finally:
            if sock is not None:
                sock.close()


def _connected(server: Server, watch: Watch, timeout: float) -> ssl.SSLSocket:
    """A connection to the right server."""
    plain = socket.create_connection((server.host, server.port), timeout)
    watch.sock = plain
    try:
        sock = server.context().wrap_socket(plain, server_hostname=server.tls_name or server.host)
    except BaseException:
        plain.close()
        raise
    watch.sock = sock
    if wanted := server.pins():
        shown = hashlib.sha256(sock.getpeercert(binary_form=True) or b'').hexdigest()
        if shown not in wanted:
            sock.close()
            raise ssl.SSLError(f'its certificate has another fingerprint: {shown}')
    return sock


def _exchange(
    server: Server, sock: ssl.SSLSocket, body: bytes, headers: dict[str, str]
) -> tuple[dict[str, Any], list[str]]:
    connection = http.client.HTTPConnection(server.host, server.port)
    connection.sock = sock
    kind = 'application/json-rpc; charset=UTF-8'
    connection.request('POST', PATH, body, {'Content-Type': kind, 'Accept': kind, 'Connection': 'close', **headers})
    answer = connection.getresponse()
    if answer.status != 200:
        raise ValueError(STATUS.get(answer.status, f'it answered with HTTP status {answer.status}'))
    data = answer.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError('its answer is too large')
    try:
        read = json.loads(data)
    except ValueError:
        raise ValueError('its answer is not JSON') from None
    if not isinstance(read, dict):
        raise ValueError('its answer is not JSON-RPC')
    return read, answer.headers.get_all('Set-Cookie') or []


def _place(server: Server) -> str:
    return f'{server.host} port {server.port}'


def _reason(server: Server, error: Exception) -> str:
    where = _place(server)
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f'the certificate of {where} cannot be verified ({error.verify_message}): give its CA, or the SHA-256'
            ' fingerprint of the certificate itself'
        )
    reason = getattr(error, 'reason', None)
    if reason in OLD_TLS:
        return f'{where} does not offer TLS 1.2 or newer: Kerio Connect 9.4 and newer can, under Security, TLS options'
    if reason in ('WRONG_VERSION_NUMBER', 'HTTP_REQUEST', 'RECORD_LAYER_FAILURE', 'PACKET_LENGTH_TOO_LONG'):
        return f'{where} does not speak TLS: has the first-run assistant of Kerio Connect been finished?'
    if isinstance(error, ConnectionRefusedError):
        return f'nothing listens on {where}'
    return f'{where}: {error}' if str(error) else f'{where}: {type(error).__name__}'
