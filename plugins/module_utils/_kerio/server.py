# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kerio Connect as a mail server that uses the gateway through the outbound hop. Private to this collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import (
    doors,
    hop,
    names,
    outbound,
    part,
    relay,
    site,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import Client, KerioError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.obstacles import obstacle_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.plan import Plan, Wanted, plan
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.queue import KerioQueueLook
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.record import KerioRecord
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.session import certificates, client_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta import server
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import hop_address
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import (
    Facts,
    Hop,
    MailServer,
    Part,
    Route,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.listening import arrival_rows

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.site import Site
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import Shown

# What has it take mail of other hosts.
LISTEN = 'Have the service SMTP of Kerio Connect listen on all addresses, or on one of this host.'
# The hop hands in its bounces from here.
THIS_HOST = ['127.0.0.1', '::1', 'this machine']


class KerioServer(MailServer):
    """The Kerio Connect of this host."""

    NAME = 'kerio'
    OPTIONS = {
        'password': {'type': 'str', 'no_log': True},
        'relay_passwords': {'type': 'dict', 'default': {}, 'no_log': True},
    }
    BYPASS_HINT = 'Relay rules in front of ours win over it. conbool_site_routes: override switches off what does.'
    hop_decides = True
    _site: Site | None = None

    def __init__(self, module: AnsibleModule, settings: dict[str, Any]) -> None:
        super().__init__(module, settings)
        self._refused: list[KerioError] = []

    @property
    def _wash_port(self) -> int:
        return self.options['wash_port'] if self.options['wash_senders'] else 0

    @property
    def hop_wash(self) -> tuple[str, int]:
        return 'kerio_smarthost_wash_port', self._wash_port

    def _log_in(self) -> Client:
        return client_of(self.options, self.module.params.get('password'), self._refused)

    def _look(self) -> Site:
        """What the server has; read once until it is changed."""
        if self._site is None:
            with self._log_in() as client:
                self._site = site.read(client)
        return self._site

    def lock_directories(self) -> list[str]:
        return [names.PREFIX]

    def facts(self) -> Facts:
        found = self._look()
        strange = [domain for domain in self.settings['domains'] if domain not in found.hosted()]
        if strange:
            raise HostError(
                'conbool_domains: {}: Kerio Connect has no such domain, and no alias of one; it has {}'.format(
                    ', '.join(strange), ', '.join(found.hosted()) or 'none'
                )
            )
        files = certificates()
        active = {one['fingerprintSha256'].replace(':', '').lower() for one in found.certificates if _active(one)}
        return Facts(
            version=found.version,
            running=found.service(names.SMTP)['isRunning'],
            queue_directory=hop.queue_directory(),
            deliveries=[
                {'domain': domain, 'agent': 'own', 'target': '', 'by': 'Kerio Connect'}
                for domain in self.settings['domains']
            ],
            relay_networks=[str(network) for network in found.networks(found.smtp['relayControl']['ipAddressGroupId'])],
            relay_networks_from='the IP address group of relay control',
            relay_networks_row='firewall.relay_networks',
            parts=[names.OWNER] if KerioRecord().there else [],
            native={'site': found},
            certificate_files=sorted(path for digest, path in files.items() if digest in active),
        )

    def _wanted(self) -> Wanted:
        settings, inbound = self.settings, self.settings['inbound']
        return Wanted(
            settings,
            gateway=THIS_HOST + (settings['networks'] if inbound else []),
            clients=THIS_HOST + settings['networks'] + settings['allowed_networks'] if inbound else [],
            rules=outbound.wanted_rules(settings, hop_address(settings), self._wash_port),
            kept=self._kept(),
        )

    def _kept(self) -> relay.Wanted:
        passwords = self.module.params.get('relay_passwords') or {}
        by_id = self.options['keep_passwords_by_id']
        return relay.Wanted([], passwords=passwords, keep_passwords_by_id=by_id)

    def _plan(self, found: Site) -> Plan:
        return plan(found, KerioRecord().remembered, self._wanted())

    def wanted(self, facts: Facts, flag: bool) -> server.Wanted:
        found, (variable, port) = facts.native['site'], self.hop_wash
        planned = self._plan(found)
        return server.Wanted(
            problems=self._problems(found) + planned.problems,
            warnings=planned.warnings,
            hop=Hop(
                {'expanded': hop.identity(found)},
                own_programs=True,
                wash_port=port,
                wash_variable=variable,
                return_address=hop.way_in(found),
                users=hop.users(),
            ),
            parts=[self._part(self._wanted())],
        )

    def _part(self, wanted: Wanted) -> Part:
        def converge(module: AnsibleModule) -> tuple[dict[str, Any], list[str]]:
            result = part.converge(module, self._log_in, wanted)
            if result[0]['changed'] and not module.check_mode:
                self._site = None
            return result

        return Part(names.OWNER, converge)

    def _problems(self, present: Site) -> list[str]:
        settings, found = self.settings, []
        for rule in outbound.past_the_gateway(present, settings):
            found.append(
                f'the relay rule {rule["description"]!r} may lead mail of hosted senders, or forwarded mail, to'
                f' {rule["hostName"]}, past the gateway. Take it out, or set conbool_site_routes: override, which'
                ' switches it off'
            )
        if settings['wash_networks']:
            found.append(
                'conbool_wash_networks: {}: Kerio Connect has no place where headers could be taken away by the address'
                ' of a client. Leave it unset; kerio_smarthost_wash_senders goes by the sender'.format(
                    ', '.join(settings['wash_networks'])
                )
            )
        if settings['bypass_null_sender'] == 'server':
            found.append(
                "conbool_bypass_null_sender: 'server': Kerio Connect cannot tell mail without a sender of a user from"
                ' the notices of the server. Set it to true or false'
            )
        if settings['inbound'] and settings['inbound_require_certificate']:
            found.append(
                'conbool_inbound_require_certificate: true: Kerio Connect asks nobody for TLS or for a certificate. Set'
                ' it to false for this host, which is known by the address of the gateway then; or have a Linux host'
                ' with postfix_smarthost in front, whose address conbool_networks of this host is then, and set'
                ' kerio_smarthost_inbound: front beside it'
            )
        return found

    def undo(self) -> list[Part]:
        return [self._part(Wanted(self.settings, kept=self._kept()))]

    def leads_to_hop(self) -> list[str]:
        leading = outbound.leading_to_hop(self._look().rules, hop_address(self.settings), self._ports())
        return [f'the relay rule {name!r} of Kerio Connect' for name in leading]

    def _ports(self) -> set[int]:
        return {self.settings['roles']['outbound_hop']['port'], self.options['wash_port']}

    def routes(self, samples: list[dict[str, Any]]) -> list[Route]:
        return [self._route(sample['sender'], sample['recipient']) for sample in samples]

    def _route(self, sender: str, recipient: str) -> Route:
        found = self._look()
        if found.domain(recipient.rpartition('@')[2]):
            return Route('a mailbox of its own', False)
        rule = outbound.decides(found.rules, sender, recipient)
        if rule is None:
            return Route("the recipient's own server", False)
        through = rule['hostName'] == hop_address(self.settings) and rule['port'] in self._ports()
        return Route(f'{rule["hostName"]}:{rule["port"]} by the relay rule {rule["description"]!r}', through)

    def arrivals(self) -> list[dict[str, Any]]:
        pid = hop.pid()
        # Without, everything that listens would be somebody else's.
        return arrival_rows(self.settings['roles']['inbound_firewall']['port'], pid, LISTEN) if pid else []

    def queue(self) -> KerioQueueLook:
        return KerioQueueLook(self._log_in, lambda sender, recipient: self._route(sender, recipient).through)

    def knows(self, certificate: Shown) -> str:
        # It asks nobody for one.
        return ''

    def obstacles(self, facts: Facts) -> list[dict[str, Any]]:
        found = facts.native['site']
        problems = self._problems(found) + self._plan(found).problems
        return obstacle_rows(found, self.settings, problems) + self._doors(found)

    def doors(self) -> list[dict[str, Any]]:
        return self._doors(self._look())

    def _doors(self, found: Site) -> list[dict[str, Any]]:
        return doors.rows(found, self.settings) if self.settings['inbound'] else []


def _active(certificate: dict[str, Any]) -> bool:
    return certificate['type'] == 'ActiveCertificate'
