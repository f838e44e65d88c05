# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The port at which the daemon is asked: STATUS, and REWRITE with names of sections."""

from __future__ import annotations

import socket
import socketserver
import threading

from .daemon import ANSWER, Daemon

LONGEST_REQUEST = 2048


def answer(daemon: Daemon, line: str, wake=lambda: None) -> str:
    """Return what is answered to a request; for a rewrite, after the loop that served it. `wake` ends the daemon's
    sleep, should it sleep."""
    command, *names = line.split() or ['']
    if command == 'STATUS':
        return 'SUCCESS ACTIVE'
    if command != 'REWRITE':
        return 'ERROR UNKNOWN COMMAND'
    if not names:
        return 'ERROR NO SERVICES LISTED'
    with daemon.turn:
        daemon.requested.extend(names)
        before = daemon.served
        wake()
        daemon.turn.wait_for(lambda: daemon.served > before)
    return ANSWER


class _Handler(socketserver.BaseRequestHandler):
    def handle(self):
        line = self.request.recv(LONGEST_REQUEST).decode('ascii', 'replace')
        self.request.sendall(answer(self.server.daemon, line, self.server.wake).encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address, daemon, wake):
        self.address_family = socket.AF_INET6 if ':' in address[0] else socket.AF_INET
        self.daemon, self.wake = daemon, wake
        super().__init__(address, _Handler)


def listen(daemon: Daemon, wake) -> None:
    """Answer requests from now on. Raises OSError if the port is taken."""
    server = _Server(address(daemon.values.server, daemon.values.local), daemon, wake)
    threading.Thread(target=server.serve_forever, name='listener', daemon=True).start()


def address(server: dict, local: dict) -> tuple:
    """Return host and port of the listener: of IPv4 only where Zimbra uses nothing else."""
    return '127.0.0.1' if server.get('zimbraIPMode') == 'ipv4' else '::1', int(local['zmconfigd_listen_port'])


def ask(where: tuple, names) -> bool:
    """Ask a running daemon for a rewrite; return whether there was one."""
    try:
        with socket.create_connection(where) as connection:
            connection.sendall(' '.join(['REWRITE', *names]).encode())
            return not connection.recv(LONGEST_REQUEST).startswith(b'ERROR')
    except OSError:
        return False
