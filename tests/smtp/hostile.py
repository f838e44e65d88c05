# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An SMTP server on loopback that behaves well until it is told where not to."""

from __future__ import annotations

import datetime
import socket
import ssl
import struct
import threading
import time

import trustme

PATIENCE = 20


class HungUp(Exception):
    """The client has gone, or the server wants to go."""


class Peer:
    """The server's end of one connection."""

    def __init__(self, server, sock):
        self.server = server
        self.sock = sock
        self.over_tls = False
        self._pending = b''

    def send(self, data):
        self.sock.sendall(data)

    def drip(self, data, pause):
        """One byte at a time."""
        for byte in data:
            self.send(bytes([byte]))
            if self.server.stopping.wait(pause):
                raise HungUp

    def flood(self, data, most=64 * 1024 * 1024):
        """The same again and again until the client goes; the server counts what it got rid of."""
        block = data * (65536 // len(data) + 1)
        while self.server.flooded < most and not self.server.stopping.is_set():
            self.send(block)
            self.server.flooded += len(block)

    def command(self):
        while b'\n' not in self._pending:
            data = self.sock.recv(4096)
            if not data:
                raise HungUp
            self._pending += data
        line, _newline, self._pending = self._pending.partition(b'\n')
        self.server.commands.append(line.strip().decode('ascii', 'replace'))
        return self.server.commands[-1]

    def start_tls(self):
        self.sock = self.server.context.wrap_socket(self.sock, server_side=True)
        self.over_tls = True

    def silence(self):
        self.server.stopping.wait(PATIENCE)
        raise HungUp

    def reset(self):
        """Close with RST instead of FIN, after the client has seen its connection made."""
        time.sleep(0.05)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        raise HungUp

    def hang_up(self):
        raise HungUp


class HostileServer:
    """Serves until stop().

    Args:
        context: SSLContext for STARTTLS, or None to offer none.
        at: what to do instead of the polite thing, by step: banner, EHLO, STARTTLS, tls (the handshake), EHLO over TLS,
            MAIL, RCPT, RSET, QUIT. Bytes are sent; a function gets the Peer.
        addresses: IP addresses to listen on, all with the same port.
    """

    def __init__(self, context=None, at=None, addresses=('127.0.0.1',)):
        self.context = context
        self.at = at or {}
        self.commands = []
        self.connections = 0
        self.flooded = 0
        self.stopping = threading.Event()
        self.port = 0
        self._listeners = []
        self._threads = []
        for address in addresses:
            listener = socket.create_server(
                (address, self.port), family=socket.AF_INET6 if ':' in address else socket.AF_INET, backlog=256
            )
            self.port = listener.getsockname()[1]
            self._listeners.append(listener)
            self._start(self._accept, listener)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.stop()

    def _start(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def stop(self):
        self.stopping.set()
        for listener in self._listeners:
            # Wakes accept(), which close() does not.
            listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
        for listener in self._listeners:
            listener.close()

    def _accept(self, listener):
        while True:
            try:
                sock, _address = listener.accept()
            except OSError:
                return  # stop() has shut the listener.
            self.connections += 1
            sock.settimeout(PATIENCE)
            # Its session tickets must not wait for the client's acknowledgement.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._start(self._serve, sock)

    def _serve(self, sock):
        peer = Peer(self, sock)
        try:
            self._do(peer, 'banner', b'220 mail.conbool.com ESMTP\r\n')
            while True:
                self._answer(peer, peer.command())
        except (HungUp, OSError):
            # OSError includes ssl.SSLError: this server does not mind how the client leaves.
            peer.sock.close()
        sock.close()

    def _do(self, peer, step, otherwise):
        action = self.at.get(step, otherwise)
        if callable(action):
            return action(peer)
        return peer.send(action)

    def _answer(self, peer, command):
        verb = command.split()[0].upper() if command.split() else ''
        if verb == 'EHLO' and peer.over_tls:
            self._do(peer, 'EHLO over TLS', b'250-mail.conbool.com\r\n250 SIZE 1000000\r\n')
        elif verb == 'EHLO':
            self._do(
                peer,
                'EHLO',
                (
                    b'250-mail.conbool.com\r\n250-STARTTLS\r\n250 SIZE 1000000\r\n'
                    if self.context
                    else b'250 mail.conbool.com\r\n'
                ),
            )
        elif verb == 'STARTTLS':
            self._do(peer, 'STARTTLS', b'220 go ahead\r\n')
            agreed = self.at.get('STARTTLS', b'220')
            if callable(agreed) or agreed.startswith(b'220'):
                self._do(peer, 'tls', Peer.start_tls)
        elif verb == 'QUIT':
            self._do(peer, 'QUIT', b'221 bye\r\n')
            raise HungUp
        elif verb == 'RCPT':
            self._do(
                peer, 'RCPT', b'250 ok\r\n' if '@example.com>' in command else b'554 5.7.1 relay access denied\r\n'
            )
        else:
            self._do(peer, verb, b'250 ok\r\n' if verb in ('MAIL', 'RSET') else b'502 what?\r\n')


class Certificates:
    """A throw-away CA with its files, and server contexts with certificates of every kind."""

    def __init__(self, directory):
        self.ca = trustme.CA()
        self.other_ca = trustme.CA()
        self.directory = directory
        self.ca_file = self._write('ca.pem', self.ca.cert_pem)

    def _write(self, name, *blobs):
        path = str(self.directory / name)
        for number, blob in enumerate(blobs):
            blob.write_to_path(path, append=number > 0)
        return path

    def context(self, *names, ca=None, client_certificate=ssl.CERT_NONE, version=None, **options):
        """A server context; options go to trustme's issue_cert."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (ca or self.ca).issue_cert(*(names or ('mail.conbool.com', '127.0.0.1')), **options).configure_cert(made)
        made.verify_mode = client_certificate
        made.load_verify_locations(self.ca_file)
        if version:
            # OpenSSL 3 has the old versions still, on level 0.
            made.set_ciphers('ALL:@SECLEVEL=0')
            made.minimum_version = made.maximum_version = version
        return made

    @staticmethod
    def later(days=1):
        """This hour in so many days."""
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days, hours=1)

    def expired(self):
        return self.context(not_after=self.later(-3))

    def expiring(self, days):
        return self.context(not_after=self.later(days))

    def self_signed(self):
        """A CA's certificate shown as the server's own; it carries no name."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        lonely = trustme.CA()
        path = self._write('lonely.pem', lonely.private_key_pem, lonely.cert_pem)
        made.load_cert_chain(path)
        return made

    def client(self, ca=None):
        """Paths of a client certificate and its key."""
        issued = (ca or self.ca).issue_cert('client.example.com')
        return (self._write('client.pem', *issued.cert_chain_pems), self._write('client.key', issued.private_key_pem))
