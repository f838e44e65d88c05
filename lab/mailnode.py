# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gateway and internet as tests see them: what they were sent, how they shall behave, mail from them."""

from __future__ import annotations

import base64
import json
import time

from . import inside
from .engine import LabError, podman, replace
from .layout import CONTAINERS, FQDN, Layout
from .records import Records

CERTIFICATE_MODES = ('wrong_name', 'unknown_ca', 'expired', 'self_signed', 'renewed')
MODES = ('normal', 'down', 'no_starttls', *CERTIFICATE_MODES, 'tempfail', 'reject', 'hang')
STAGES = ('connect', 'mail', 'rcpt', 'data', 'end-of-data')
CERTIFICATES = {
    'right': 'normal',
    'wrong_name': 'wrong_name',
    'no_common_name': 'no_common_name',
    'unknown_ca': 'unknown_ca',
    'expired': 'expired',
    'server_only': 'server',
    'renewed': 'renewed',
    'none': None,
}
PATIENCE = 20


def server_arguments(layout: Layout, name: str) -> str:
    mine = [
        node
        for node in layout.nodes.values()
        if node.kind == 'infra' and node.container == layout.nodes[name].container
    ]
    return json.dumps(
        {
            'hostname': FQDN[name],
            'listeners': {address: node.name for node in mine for address in (node.ipv4, node.ipv6)},
            'add_addresses': [
                address
                for node in mine
                if node.name not in CONTAINERS
                for address in (f'{node.ipv4}/24', f'{node.ipv6}/64')
            ],
        }
    )


def defaults(name: str) -> dict:
    return {'mode': 'normal', 'reject_domains': ['bounce.test'] if name == 'internet' else []}


class MailNode:
    def __init__(self, layout: Layout, name: str):
        self.layout = layout
        self.name = name
        self.path = layout.path / name
        self._deliveries, self._sessions = Records(self.path / 'deliveries.jsonl'), Records(
            self.path / 'sessions.jsonl'
        )

    def deliveries(self, token: str | None = None) -> list[dict]:
        """Messages that arrived, oldest first; `content` holds the bytes, `client_certificate` the common name that was
        shown."""
        return [record for record in self._deliveries.all() if token is None or record['token'] == token]

    def sessions(self) -> list[dict]:
        """Every connection that has ended, whether or not it brought a message."""
        return self._sessions.all()

    def attempts(self) -> list[dict]:
        """Connections in which something of a message was said in clear text, with what was `seen`."""
        return [session for session in self.sessions() if session['clear']]

    def wait_for(self, token: str, count: int = 1, timeout: float = 20) -> list[dict]:
        """The deliveries of this token once there are so many; LabError if there are not in time."""
        deadline = time.monotonic() + timeout
        while len(found := self.deliveries(token)) < count:
            if time.monotonic() > deadline:
                raise LabError(f'{self.name} has {len(found)} of {count} deliveries of {token} after {timeout} s')
            time.sleep(0.1)
        return found

    def set(self, mode: str = 'normal', **control) -> None:
        """Behave so from now on; returns when it does. stage says where tempfail, reject and hang strike."""
        if mode not in MODES:
            raise LabError(f'no mode {mode!r}; there are {", ".join(MODES)}')
        if mode in CERTIFICATE_MODES and self.name != 'gateway':
            raise LabError(f'{self.name} has one certificate only; mode {mode} is for the gateway')
        if control.get('stage', STAGES[0]) not in STAGES:
            raise LabError(f'no stage {control["stage"]!r}; there are {", ".join(STAGES)}')
        wanted = {**defaults(self.name), 'mode': mode, **control, 'order': time.time_ns()}
        replace(self.path / 'control.json', json.dumps(wanted) + '\n')
        self._wait(lambda: self._state() == wanted)

    def wait_until_ready(self) -> None:
        self._wait(lambda: self._state() is not None)

    def reset(self) -> None:
        """Forget everything that arrived and behave normally."""
        self.set()
        self._deliveries.clear()
        self._sessions.clear()

    def send(self, *arguments, **options) -> dict:
        """Send one message as told (see order()): accepted, stage reached, code and text of the last reply, tls,
        refused."""
        return self.send_all([self.order(*arguments, **options)])[0]

    def send_all(self, orders: list[dict]) -> list[dict]:
        """Send messages, some at a time; for each what send() says. To start the sender takes longer than to send
        one."""
        done = inside.execute(
            self.layout,
            self.name,
            'python3',
            '-B',
            '/opt/lab/send.py',
            input=json.dumps(orders),
            timeout=sum(order['timeout'] for order in orders) * 10,
        )
        return json.loads(done.stdout)

    def order(
        self,
        host: str,
        mail_from: str,
        rcpt_to: list[str],
        message_bytes: bytes,
        tls=True,
        client_cert: str | None = None,
        *,
        port: int = 25,
        helo: str | None = None,
        source: str | None = None,
        user: str | None = None,
        password: str | None = None,
        ipv6: bool = False,
        mail_options=(),
        rcpt_options=(),
        wire: str = 'lines',
        timeout: float = 15,
    ) -> dict:
        """A message to a node (or any address), by SMTP.

        wire says how its bytes are sent: lines (dots are doubled), raw or chunk (BDAT), both as they are.

        tls is True (STARTTLS), False or 'implicit'; source the node whose address to come from, if this container has
        it (lan).
        """
        if client_cert is None:
            client_cert = 'right' if self.name == 'gateway' else 'none'
        if client_cert not in CERTIFICATES:
            raise LabError(f'no client certificate {client_cert!r}; there are {", ".join(CERTIFICATES)}')
        if client_cert != 'none' and self.name != 'gateway':
            raise LabError('only the gateway has client certificates')
        host = self._address(host, ipv6)
        return {
            'host': host,
            'port': port,
            'helo': helo or FQDN[source or self.name],
            # Always told: the container has several addresses, and the kernel's choice among them is nobody's.
            'source': self._address(source or self.name, ':' in host),
            'tls': tls,
            'certificate': CERTIFICATES[client_cert],
            'mail_from': mail_from,
            'rcpt_to': [rcpt_to] if isinstance(rcpt_to, str) else list(rcpt_to),
            'message': base64.b64encode(message_bytes).decode(),
            'user': user,
            'password': password,
            'mail_options': list(mail_options),
            'rcpt_options': list(rcpt_options),
            'wire': wire,
            'timeout': timeout,
        }

    def _address(self, host: str, ipv6: bool) -> str:
        if host not in self.layout.nodes:
            return host
        node = self.layout.nodes[host]
        return node.ipv6 if ipv6 else node.ipv4

    def _wait(self, condition) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                log = podman('logs', '--tail', '20', self.layout.nodes[self.name].container).stderr
                raise LabError(f'{self.name} does not take its orders after {PATIENCE} s:\n{log}')
            time.sleep(0.02)

    def _state(self):
        path = self.path / 'state.json'
        return json.loads(path.read_text()) if path.exists() else None
