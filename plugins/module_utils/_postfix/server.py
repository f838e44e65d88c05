# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Postfix as a mail server that uses the gateway through the outbound hop. Private to this collection."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import MAIL_SERVERS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import (
    Facts,
    Hop,
    MailServer,
    Part,
    Route,
    Wanted,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.access_tables import mynetworks_entries
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.converge import converge_part
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.facts import facts
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.inbound import (
    inbound_configuration,
    stale_copies,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.instance import Instance
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.outbound import (
    TRANSPORT,
    outbound_configuration,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.queue import Look, Queue
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.routes import route
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.running import lost_pid_file, running_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

OUTBOUND, INBOUND = 'postfix_smarthost_outbound', 'postfix_smarthost_inbound'
# The transport, or the table of senders, by which mail gets to the hop.
LEADS_TO_HOP = re.compile(r'[^#\n]*(\bconbool-hop:|/conbool_senders\b)')
ADVICE = (
    "Or give the fingerprints of the gateway's certificates in postfix_smarthost_certificate_fingerprints, which needs"
    ' no package, or set conbool_inbound_require_certificate: false.'
)


def way(transport: str, next_hop: str) -> str:
    """Return transport and next hop as one text."""
    return f'{transport}:{next_hop}' if next_hop else transport


class PostfixServer(MailServer):
    """The Postfix of this host."""

    NAME = 'postfix'
    BYPASS_HINT = 'transport_maps and sender-dependent maps of the mail server win over its default route.'
    hop_decides = True

    @property
    def _config_dir(self) -> str:
        return os.path.normpath(self.options['config_dir'])

    def _instance(self) -> Instance:
        return Instance(self.module.run_command, self.module.get_bin_path, self._config_dir)

    def lock_directories(self) -> list[str]:
        return [os.path.dirname(os.path.realpath(self._config_dir))]

    def facts(self) -> Facts:
        info, warnings = facts(
            self.module.run_command,
            self.module.get_bin_path,
            self._config_dir,
            hosted_domains=self.settings['domains'],
            hosted_domains_from='conbool_domains',
        )
        return Facts(
            version=info['version'],
            running=info['running'],
            queue_directory=info['queue_directory'],
            deliveries=info['deliveries'],
            relay_networks=[str(network) for network in mynetworks_entries(info['expanded'].get('mynetworks', ''))],
            relay_networks_from='mynetworks',
            relay_networks_row='firewall.mynetworks',
            parts=info['owners'],
            warnings=warnings,
            native=info,
            lost='' if info['running'] else lost_pid_file(info['queue_directory']),
        )

    def wanted(self, facts: Facts, flag: bool) -> Wanted:
        hop, options, settings = self.settings['roles']['outbound_hop'], self.options, self.settings
        outbound = outbound_configuration(
            settings,
            facts.native,
            {'address': hop['address'], 'port': hop['port'], 'wash_submission': options['wash_submission']},
        )
        inbound = inbound_configuration(
            settings, facts.native, dict(options, flag=flag, services=options['inbound_services'])
        )
        by_name = (
            settings['inbound'] and settings['inbound_require_certificate'] and not options['certificate_fingerprints']
        )
        client_ca = self._client_ca(by_name)
        parts = [Part(OUTBOUND, self._present(OUTBOUND, outbound))]
        if inbound['service_options']:
            parts.append(Part(INBOUND, self._present(INBOUND, inbound, client_ca)))
        elif INBOUND in facts.parts:
            parts.append(self._absent(INBOUND))
        return Wanted(
            problems=outbound['problems'] + inbound['problems'],
            warnings=outbound['warnings'] + inbound['warnings'],
            tls_files=[client_ca] if client_ca else [],
            programs=[(options['policy_command'], options['policy_package'])] if by_name else [],
            programs_advice=ADVICE,
            hop=Hop(facts.native),
            parts=parts,
        )

    def _client_ca(self, by_name: bool) -> dict[str, Any] | None:
        """Return the file with the issuers of the gateway's certificate as the option C(tls_files), None for none."""
        own = self.options['client_ca_file']
        path = own or self.settings['tls_ca_file']
        if not by_name or not path:
            return None
        return {
            'ca_file': path,
            'names': {'ca_file': 'postfix_smarthost_client_ca_file' if own else 'conbool_tls_ca_file'},
        }

    def _present(
        self, owner: str, wanted: Mapping[str, Any], tls_files: dict[str, Any] | None = None
    ) -> Callable[[AnsibleModule], tuple[dict[str, Any], list[str]]]:
        return lambda module: converge_part(
            module,
            config_dir=self._config_dir,
            owner_id=owner,
            parameters=wanted['parameters'],
            services=wanted['services'],
            service_options=wanted['service_options'],
            tables=wanted['tables'],
            tls_files=tls_files,
        )

    def _absent(self, owner: str) -> Part:
        return Part(
            owner,
            lambda module: converge_part(module, config_dir=self._config_dir, owner_id=owner, state='absent'),
        )

    def undo(self) -> list[Part]:
        return [self._absent(INBOUND), self._absent(OUTBOUND)]

    def leads_to_hop(self) -> list[str]:
        return [
            path
            for path in (os.path.join(self._config_dir, name) for name in ('main.cf', 'master.cf'))
            if any(map(LEADS_TO_HOP.match, decode(read_file(path).data or b'').split('\n')))
        ]

    def routes(self, samples: list[dict[str, Any]]) -> list[Route]:
        instance = self._instance()
        queue_directory = instance.parameters(self._config_dir, ['queue_directory'])[0]['queue_directory']
        hop = self.settings['roles']['outbound_hop']
        seen = [route(queue_directory, sample['sender'], sample['recipient']) for sample in samples]
        # An entry of transport_maps without a transport, for one, leads the hop's client elsewhere.
        return [
            Route(
                way(found['transport'], found['next_hop']),
                (found['transport'], found['next_hop']) == (TRANSPORT, '[{address}]:{port}'.format(**hop)),
            )
            for found in seen
        ]

    def running(self) -> list[dict[str, Any]]:
        return running_rows('mail server', self._instance(), MAIL_SERVERS[self.NAME].units[0])

    def queue(self) -> Look:
        queue = Queue(self.module.run_command, self._instance().binary('postqueue'), self._config_dir)
        return Look(queue, self.settings['roles']['outbound_hop']['address'])

    def stale(self) -> list[dict[str, Any]]:
        info = facts(self.module.run_command, self.module.get_bin_path, self._config_dir)[0]
        return [
            (
                row(
                    'inbound.copy',
                    name,
                    RED,
                    '{} has something else than main.cf'.format(', '.join(services)),
                    'Run site.yml again: it copies what main.cf says.',
                )
                if services
                else row('inbound.copy', name, GREEN, 'as main.cf has it')
            )
            for name, services in sorted(stale_copies(info).items())
        ]
