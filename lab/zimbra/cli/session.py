# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How zmprov of the double of Zimbra (not Zimbra) reaches the directory: itself (-l), or by a mailboxd (SOAP)."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

from ..errors import LDAP, ServiceError, failure
from ..store import locked, write_json
from .provisioning import Provisioning
from .world import World

ADMIN_PORT = 7071


class LdapSession:
    """One library for the whole process: what it has cached it does not read again."""

    soap = False

    def __init__(self, world: World, master: bool):
        self.world = world
        self._provisioning = Provisioning(
            world.store,
            cache={},
            clock=world.clock,
            replica=not master,
            log=lambda line: world.err.write(f'[] WARN: {line}\n'),
            deprecated=may_write_deprecated(world),
        )

    def connect(self) -> None:
        """Raises ServiceError when the directory does not answer; only its code is Zimbra's."""
        if self.world.switch('ldap', 'up') == 'down':
            raise failure('unable to get config', (LDAP, 'LDAP error: : the directory of the double is switched off'))

    @contextlib.contextmanager
    def provisioning(self) -> Iterator[Provisioning]:
        yield self._provisioning


class SoapSession:
    """server: as said to zmprov, `localhost` for this host."""

    soap = True

    def __init__(self, world: World, server: str, port: int):
        self.world = world
        self.server = server
        self.port = port
        self.host = world.hostname if server in ('localhost', '127.0.0.1', '::1') else server

    def connect(self) -> None:
        """Every call is an HTTP request without a time limit. Raises ServiceError when nobody listens."""
        state = self._state()
        if state == 'hung':
            self.world.hang()
        if state != 'up':
            said = f'Connect to {self.server}:{self.port} failed: Connection refused (Connection refused)'
            raise ServiceError(
                'zclient.IO_ERROR',
                f'invoke {said}, server: {self.server}',
                ('org.apache.http.conn.HttpHostConnectException', said),
            )

    def _state(self) -> str:
        services = self.world.store.read()['servers'].get(self.host, {}).get('zimbraServiceEnabled', [])
        here = self.host == self.world.hostname
        if (
            self.port != ADMIN_PORT
            or 'mailbox' not in services
            or (here and not self.world.services.running('mailboxd'))
        ):
            return 'down'
        return self.world.switch('mailboxd', {}).get(self.host, 'up')

    @contextlib.contextmanager
    def provisioning(self) -> Iterator[Provisioning]:
        """The mailboxd's library with its caches; whoever calls, they are the same."""
        self.connect()
        path = self.world.store.mailboxd_cache(self.host)
        path.parent.mkdir(mode=0o777, exist_ok=True)
        with locked(path.with_suffix('.lock')):
            cache = json.loads(path.read_text('utf-8')) if path.exists() else {}
            try:
                allowed = may_write_deprecated(self.world)
                yield Provisioning(self.world.store, cache, self.world.clock, deprecated=allowed)
            finally:
                write_json(path, cache)

    def flush(self, kind: str, names: list[str], everywhere: bool) -> None:
        with self.provisioning() as provisioning:
            provisioning.flush(kind, names)
        for path in self.world.store.mailboxd_cache(self.host).parent.glob('*.json') if everywhere else ():
            with locked(path.with_suffix('.lock')):
                cache = json.loads(path.read_text('utf-8'))
                Provisioning(self.world.store, cache, self.world.clock).flush(kind, names)
                write_json(path, cache)


def may_write_deprecated(world: World) -> bool:
    return world.localconfig.get('allow_modifying_deprecated_attributes') == 'true'


def forget_caches(world: World) -> None:
    """What a restart of this host's mailboxd does."""
    with contextlib.suppress(FileNotFoundError):
        world.store.mailboxd_cache(world.hostname).unlink()
