# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mail half: listeners as Services has them, the queue, and mail that is written on the server itself."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading

from . import bounces, message, smtp_in
from .admission import Admission
from .delivery import Delivery
from .mailqueue import Queue

PATIENCE = 15
SERVICES = ('SMTP', 'Secure SMTP', 'SMTP Submission')


class Mail:
    """start() to stop(); follows changes of the state in between."""

    def __init__(self, state, certificate):
        self.state = state
        self.admission = Admission(state)
        self.delivery = Delivery(state)
        self.queue = Queue(state, self.delivery.deliver)
        self.delivery.queue = self.queue
        self.connections: set = set()
        # (service, configured port) -> port where it is.
        self.ports: dict[tuple[str, int], int] = {}
        self.servers: dict[tuple, asyncio.Server] = {}
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def start(self):
        self.thread.start()
        for service in self.state.data['services']:
            service.pop('_active', None)
        self.queue.start()
        self.apply()
        self.state.changed.append(self.follow)

    def stop(self):
        self.state.changed.remove(self.follow)
        self._in_loop(self._close(set(self.servers)))
        self._in_loop(self._end(lambda dummy: True))
        self.queue.stop()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()

    def _in_loop(self, task):
        """What a task in the loop returns. Whoever calls may have the state for himself, and leaves it while he waits:
        a session in the loop may ask for it, and keep the task waiting."""
        future, ended = asyncio.run_coroutine_threadsafe(task, self.loop), threading.Condition(self.state.lock)

        def tell(dummy):
            with ended:
                ended.notify_all()

        future.add_done_callback(tell)
        with ended:
            ended.wait_for(future.done, PATIENCE)
        return future.result(0)

    # --- listeners

    def follow(self, part):
        if part == 'services':
            self.apply()
        if part in ('services', 'ip_entries') and self.state.profile.group_change_drops:
            self._in_loop(self._end(lambda one: one.guest and not self.admission.allowed(one.guest)))

    def apply(self):
        """Opens and closes what has changed."""
        wanted = self._wanted()
        self._in_loop(self._close(set(self.servers) - set(wanted)))
        for key in wanted:
            if key not in self.servers:
                self._open(key)

    def _wanted(self):
        """(service, configured port, address), each once."""
        if not self.state.profile.licensed:
            # The administration goes on without a licence, mail does not.
            for service in self.state.data['services']:
                service['isRunning'] = False
        found = []
        for name in SERVICES:
            service = self.state.service(name)
            if not service['isRunning']:
                continue
            for listener in service.get('_active', service['listeners']):
                for address in self._addresses(listener):
                    found.append((name, listener['port'], address))
        return dict.fromkeys(found)

    def _addresses(self, listener):
        if listener['type'] == 'Localhost':
            return self.state.profile.localhost
        if listener['type'] == 'RealIpAddress':
            return (listener['address'],)
        return (self.state.world.address,)

    def _open(self, key):
        name, port, address = key
        taken = port in self.state.world.taken_ports
        try:
            if taken:
                raise OSError(f'port {port} is taken')
            sock = _socket(address, port if self.state.world.real_ports else 0)
        except OSError as error:
            self.state.service(name)['isRunning'] = False
            self.state.journal.log('error', f'{name}: {error}')
            return
        tls = self.tls if name == smtp_in.TLS_ONLY else None
        self.servers[key] = self._in_loop(self._serve(name, sock, tls))
        self.ports[name, port] = sock.getsockname()[1]

    async def _serve(self, name, sock, tls):
        return await self.loop.create_server(lambda: smtp_in.Connection(self, name), sock=sock, ssl=tls)

    async def _close(self, keys):
        for key in keys:
            self.servers.pop(key).close()
            self.ports.pop(key[:2], None)

    async def _end(self, which):
        for connection in list(self.connections):
            if which(connection):
                with contextlib.suppress(OSError):
                    connection.end()

    # --- mail

    def take_in(self, guest, helo, tls, envelope):
        return smtp_in.take_in(self, guest, helo, tls, envelope)

    def discarded(self, sender, recipients, raw, verdict):
        """Mail that is thrown away, but for what the administrator wants of it."""
        self.state.journal.count('spam.rejected')
        if verdict.quarantine:
            self.queue.add(sender, [verdict.quarantine], raw, 'SMTP')
        if verdict.bounce and sender:
            replies = dict.fromkeys(recipients, (550, 'rejected as spam'))
            self.queue.add('', [sender], bounces.notice(self.state, sender, replies, 'failed', raw), 'DSN')

    def webmail(self, user: str, recipients: list[str], raw: bytes) -> None:
        """What a user writes in the browser."""
        line = message.by_webmail(self.state, user, recipients)
        self.queue.add(user, recipients, message.prepended(raw, *([line] if line else [])), 'HTTP', user=user)


def _socket(address, port):
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    sock = socket.create_server((address, port), family=family, backlog=64)
    # Without it, every EHLO costs 40 ms.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setblocking(False)
    return sock
