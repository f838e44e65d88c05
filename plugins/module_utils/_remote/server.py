# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail servers on other machines, for which the hop of this host is the smart host: an adapter whose mail server is not
here. Private to this collection."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.sockets import for_others, holders, not_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.arrival import Arrival, Inbound
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import hop_address
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import MAIL_SERVERS, names
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import (
    Facts,
    Hop,
    MailServer,
    Part,
    QueueLook,
    Route,
    Wanted,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.access_tables import CERTIFICATES_TABLE
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.certificates import known_by
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import master
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.routes import route
from ansible_collections.conbool.smtp_relay.plugins.module_utils._remote.demands import mail_server, problems, warnings
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.firewall import redirect_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.mail_server import certificate_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.outsider import outsider_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import RED

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import Shown

FULL_NAME = re.compile(r'[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+')
GATEWAY = 'gateway'
# Of all parts, by their names.
RECORDS = '/var/lib/conbool-smtp-relay'


def _served_before() -> list[str]:
    """Return the mail servers of this host of whose changes there is a record."""
    owners = {path.stem for path in Path(RECORDS).glob('**/*.json')}
    return [name for name in names() if any(owner == name or owner.startswith(f'{name}_') for owner in owners)]


class RemoteServer(MailServer):
    """The mail servers in C(outbound_hop_clients), and the one that the hop takes the gateway's mail for."""

    NAME = 'remote'
    BYPASS_HINT = 'Run site.yml: the configuration of the hop is its alone, and is made anew.'
    here = False
    hop_decides = True

    @property
    def _hop(self) -> dict[str, Any]:
        return self.settings['roles']['outbound_hop']

    def lock_directories(self) -> list[str]:
        return []

    def facts(self) -> Facts:
        # Who may relay there, only a person knows. What is flagged is nobody's to file here.
        deliveries = [
            {'domain': domain, 'agent': 'own', 'target': '', 'by': mail_server(self.settings)}
            for domain in (self.settings['domains'] if mail_server(self.settings) else [])
        ]
        return Facts('', True, self._hop['queue_directory'], deliveries, [], '', '')

    @property
    def arrival(self) -> Arrival | None:
        taken = mail_server(self.settings) and self.settings['inbound'] and self.settings['state'] == 'present'
        return Arrival('remote_smarthost_inbound_port', self.options['inbound_port']) if taken else None

    def _name(self) -> str:
        """Return the name with which the hop greets others.

        Raises:
            HostError: the host has none.
        """
        name = self._hop['hostname'] or socket.getfqdn()
        if not FULL_NAME.fullmatch(name) or name.startswith('localhost.'):
            raise HostError(
                f'outbound_hop_hostname: is empty, and the name of this host, {name!r}, is no full one. Say with which'
                ' name it greets other mail servers, such as relay.example.com'
            )
        if name.lower() in self.settings['domains']:
            # Postfix takes MAILER-DAEMON at its own origin for mail without a sender.
            raise HostError(
                f'outbound_hop_hostname: {name!r} is one of conbool_domains. Say with which name of its own this host'
                ' greets other mail servers, such as relay.example.com'
            )
        return name

    def wanted(self, facts: Facts, flag: bool) -> Wanted:
        found = self._problems()
        if found:
            return Wanted(problems=found)
        name = self._name()
        identity = {
            'myhostname': name,
            'smtp_helo_name': name,
            'myorigin': name,
            'message_size_limit': str(self._hop['message_size_limit']),
        }
        files = {'cert_file': self._hop['tls_cert'], 'key_file': self._hop['tls_key']}
        names = {'cert_file': 'outbound_hop_tls_cert', 'key_file': 'outbound_hop_tls_key'}
        return Wanted(
            warnings=warnings(self.settings),
            tls_files=[dict(files, names=names)] if self._hop['tls_cert'] else [],
            hop=Hop(
                {'expanded': identity},
                own_programs=True,
                return_address=mail_server(self.settings),
                remote=True,
                inbound=self._inbound(facts),
            ),
        )

    def _inbound(self, facts: Facts) -> Inbound | None:
        return self.arrival and Inbound(
            self.arrival, self._hop['tls_cert'], self._hop['tls_key'], gateway=facts.gateway
        )

    def _elsewhere(self) -> list[str]:
        """Return who would lose his clients, as problems: the firewall limits the port at all addresses, and leads the
        gateway away from it at all of them."""
        hop, limited = self._hop, self.settings['roles']['inbound_firewall']['state'] == 'present'
        if not limited and not self.arrival:
            return []
        cure = '' if self.arrival else ', or see to the firewall yourself with inbound_firewall_state: absent'
        # Who listens at all addresses is in the way of the hop itself.
        ours = {*hop['listen'], '0.0.0.0', '::'}
        found = [entry for entry in for_others(hop['listen_port']) if entry.address not in ours]
        return [
            f'outbound_hop_listen_port: {hop["listen_port"]} is also the port at {entry.address}, held by'
            f' {"".join(holders([entry]))}, whose clients the firewall would '
            + ('shut out' if limited else 'lead away')
            + '. Take a port that nobody else has'
            + cure
            for entry in not_of(found, master(hop['queue_directory'])[0])
        ]

    def undo(self) -> list[Part]:
        return []

    def leads_to_hop(self) -> list[str]:
        # Whether a server elsewhere does, no file of this host says.
        return [f'the {MAIL_SERVERS[name].title} of this host' for name in _served_before()]

    def _problems(self) -> list[str]:
        return [*problems(self.settings), *self._elsewhere()] + [
            f'outbound_hop_clients: names mail servers on other machines, but an earlier run led the mail of the'
            f' {MAIL_SERVERS[name].title} of this host to the hop, which would not take it any more. Undo that first:'
            f' take outbound_hop_clients out, and run rollback with conbool_mta: {name}'
            for name in _served_before()
        ]

    def routes(self, samples: list[dict[str, Any]]) -> list[Route]:
        seen = [route(self._hop['queue_directory'], each['sender'], each['recipient']) for each in samples]
        return [Route('{transport}:{next_hop}'.format(**found), found['transport'] == GATEWAY) for found in seen]

    def null_sender_through(self) -> bool:
        return not self.settings['bypass_null_sender']

    def queue(self) -> QueueLook:
        raise HostError('the queues of mail servers on other machines cannot be seen from here')

    def knows(self, certificate: Shown) -> str:
        if not self.arrival:
            # The gateway brings its mail to them.
            return ''
        path = os.path.join(self._hop['config_dir'], CERTIFICATES_TABLE)
        return known_by(certificate, decode(read_file(path).data or b''), self.settings)

    def obstacles(self, facts: Facts) -> list[dict[str, Any]]:
        rows = [row('hop.clients', *problem.split(': ', 1)[:1], RED, problem) for problem in self._problems()]
        if self.arrival:
            rows += redirect_rows(self.module, self.settings, self.redirect_port, self.redirect_variable)
        return rows + self._certificate()

    def _certificate(self) -> list[dict[str, Any]]:
        files = [self._hop['tls_cert']] if self._hop['tls_cert'] else []
        return certificate_rows(files, self.settings['roles']['preflight']['certificate_days'], 'the clients')

    def doors(self) -> list[dict[str, Any]]:
        hop, domain = self._hop, self.settings['domains'][0]
        asked = outsider_rows('hop.stranger', hop['listen'], hop['listen_port'], bool(hop['tls_cert']), domain)
        if self.arrival:
            own = [hop_address(self.settings)]
            asked += outsider_rows('inbound.stranger', own, self.arrival.port, True, domain)
        return asked + self._certificate()
