# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Port 4040: HTTP before the first-run assistant has ended, HTTPS with the server's own certificate afterwards."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .rpc import Api, Call, Hang, Reset
from .state import plain

PATHS = ('/admin/api/jsonrpc', '/admin/api/jsonrpc/')
LARGEST = 2**20


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    server_version = 'Kerio Connect double'
    timeout = 60
    # An answer in one piece: otherwise each costs 40 ms.
    wbufsize = -1
    disable_nagle_algorithm = True

    def setup(self):
        # Here, in the connection's own thread: a handshake must not keep others waiting.
        self.request.settimeout(self.timeout)
        if self.server.context:
            self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def do_POST(self):
        api: Api = self.server.api
        address = plain(self.client_address[0])
        if not api.state.remote_allowed(address):
            if api.state.profile.blocked_address == 'http':
                return self._say(403, b'')
            return self._reset()
        if self.path not in PATHS:
            return self._say(404, b'')
        length = int(self.headers.get('Content-Length') or 0)
        if length > LARGEST:
            for dummy in range(0, min(length, 16 * LARGEST), 65536):
                self.rfile.read(min(65536, length))
            self.close_connection = True
            return self._json({'jsonrpc': '2.0', 'id': None, 'error': {'code': 413, 'message': 'Request too large'}})
        call = Call(self.rfile.read(length), self._cookies(), self.headers.get('X-Token', ''), address)
        try:
            return self._json(api.answer(call), call.set_cookies)
        except Hang:
            api.stopping.wait()
            self.close_connection = True
        except Reset:
            self._reset()
        return None

    def do_GET(self):
        self.server.api.state.journal.violation('GET: the interface is asked by POST')
        self._say(404, b'')

    def _cookies(self):
        try:
            return {name: morsel.value for name, morsel in SimpleCookie(self.headers.get('Cookie', '')).items()}
        except CookieError:
            return {}

    def _json(self, answer, cookies=None):
        # Errors too: only what is no answer of the interface has another status.
        self._say(200, json.dumps(answer).encode(), cookies)

    def _say(self, status, body, cookies=None):
        self.send_response(status)
        self.send_header('Content-Type', 'application/json-rpc; charset=UTF-8')
        self.send_header('Content-Length', str(len(body)))
        for name, value in (cookies or {}).items():
            secret = '; HttpOnly' if name.startswith('SESSION') else ''
            self.send_header('Set-Cookie', f'{name}={value}; Path=/admin/; Secure{secret}')
        self.end_headers()
        self.wfile.write(body)

    def _reset(self):
        # By the descriptor: what TLS wrapped must not say goodbye.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.close_connection = True
        self.server.resets.append(self.connection.detach())

    def finish(self):
        if self.server.resets:
            socket.close(self.server.resets.pop())
            return
        super().finish()

    def log_message(self, format, *args):
        """Nothing: a cookie could be in it."""


class Administration(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False

    def __init__(self, api: Api, address: tuple[str, int], certificate: Path | None):
        """Without a certificate, plain HTTP. Raises OSError when the port is taken."""
        self.api = api
        self.resets: list[int] = []
        self.context = _context(certificate) if certificate else None
        super().__init__(address, Handler)
        self.thread = threading.Thread(target=self.serve_forever, kwargs={'poll_interval': 0.01}, daemon=True)
        self.thread.start()

    @property
    def port(self) -> int:
        return self.server_address[1]

    def stop(self):
        self.shutdown()
        self.server_close()
        self.thread.join(10)

    def handle_error(self, request, client_address):
        """A client that does not trust the certificate, or has gone: nothing to say on the console."""


def _context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate)
    return context
