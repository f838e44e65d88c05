# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kerio Connect as a mail server that uses the gateway through the outbound hop. Private to this collection."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import (
    doors,
    hop,
    names,
    outbound,
    part,
    received,
    redirect,
    refused,
    relay,
    site,
    statistics,
    swap,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import Client, KerioError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.mail_port import limited_before
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.obstacles import obstacle_rows, relay_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.plan import (
    ALL,
    EXCEPTIONS,
    LISTENERS,
    RULES,
    SERVICE,
    SPAM,
    Plan,
    Wanted,
    plan,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.queue import KerioQueueLook
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.record import KerioRecord
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.session import client_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta import server
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import hop_address
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import (
    Facts,
    MailServer,
    Part,
    Route,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.access_tables import CERTIFICATES_TABLE
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.certificates import known_by
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.firewall import redirect_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.listening import arrival_rows

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.site import Site
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.arrival import Arrival, Inbound
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import Shown
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.provenance import Provenance

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
    def provenance(self) -> Provenance:
        return received.provenance(self.options)

    def _log_in(self) -> Client:
        return client_of(self.options, self.module.params.get('password'), self._refused)

    def _look(self) -> Site:
        """What the server has; read once until it is changed."""
        if self._site is None:
            with self._log_in() as client:
                self._site = site.read(client, KerioRecord().remembered.rules)
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
            certificate_files=self._certificate_files(found),
        )

    @property
    def _redirects(self) -> bool:
        return redirect.used(self.settings)

    @property
    def arrival(self) -> Arrival | None:
        return redirect.arrival(self.settings)

    @property
    def redirect_port(self) -> int:
        return self.options['inbound_port'] if redirect.turned(self.settings) else 0

    @property
    def left_to_hop(self) -> int:
        return KerioRecord().remembered.listeners.get('port', 0)

    def _wanted(self, found: Site, arriving: Inbound | None) -> Wanted:
        settings, here = self.settings, THIS_HOST + hop.comes_from(found)
        # Whoever brings the gateway's mail to Kerio Connect.
        bringing = [self.options['hop_source']] if self._redirects else settings['networks']
        who = here + bringing if settings['inbound'] else []
        return Wanted(
            settings,
            gateway=who or here,
            clients=who + settings['allowed_networks'] if who else [],
            rules=outbound.wanted_rules(settings, hop_address(settings)),
            kept=self._kept(),
            marks=arriving.marks if arriving else {},
            left=swap.port(settings),
        )

    def _kept(self) -> relay.Wanted:
        passwords = self.module.params.get('relay_passwords') or {}
        by_id = self.options['keep_passwords_by_id']
        return relay.Wanted([], passwords=passwords, keep_passwords_by_id=by_id)

    def _plan(self, found: Site) -> Plan:
        return plan(found, KerioRecord().remembered, self._wanted(found, self._inbound(found)))

    def _inbound(self, found: Site, gateway: list[Shown] | None = None) -> Inbound | None:
        return redirect.inbound(self.settings, redirect.active_files(found), gateway or [])

    def wanted(self, facts: Facts, flag: bool) -> server.Wanted:
        found = facts.native['site']
        arriving = self._inbound(found, facts.gateway)
        wanted = self._wanted(found, arriving)
        planned = plan(found, KerioRecord().remembered, wanted)
        own_hop = redirect.hop_of(found, self.options, arriving, swap.listeners(found, self.settings))
        give, back = replace(wanted, only=frozenset((LISTENERS,))), self._unwanted(LISTENERS)
        handed = swap.handover(found, self.settings, own_hop, self._part(give), self._part(back))
        # Nobody is shut out before the gateway's mail comes in by the hop.
        late = {SERVICE, LISTENERS} if wanted.left else {SERVICE}
        last = {SERVICE} if handed else late
        parts = [replace(wanted, only=ALL - late), replace(wanted, only=frozenset(last))] if arriving else [wanted]
        return server.Wanted(
            problems=self._problems(found) + planned.problems,
            warnings=planned.warnings,
            hop=own_hop,
            tls_files=redirect.tls_files(self.settings) if arriving else [],
            parts=[self._part(parts[0])],
            last=[self._part(each) for each in parts[1:]],
            handover=handed,
        )

    def _part(self, wanted: Wanted) -> Part:
        def converge(module: AnsibleModule) -> tuple[dict[str, Any], list[str]]:
            result = part.converge(module, self._log_in, wanted)
            if result[0]['changed'] and not module.check_mode:
                self._site = None
            return result

        return Part(names.OWNER, converge)

    def _problems(self, present: Site) -> list[str]:
        return refused.problems(present, self.settings, redirect.active_files(present))

    def _certificate_files(self, found: Site) -> list[str]:
        """What is shown to the gateway."""
        active = redirect.active_files(found)
        return [path for path in redirect.shown(self.settings, active)[:1] if path] if self._redirects else active

    def _unwanted(self, *only: str, opening: bool = False) -> Wanted:
        return Wanted(self.settings, kept=self._kept(), only=frozenset(only), opening=opening)

    def undo(self) -> list[Part]:
        # The hop still has mail for mailboxes here, which has to come in, past all checks, as long as there is some.
        first = self._part(self._unwanted(SERVICE, LISTENERS, opening=True))

        def converge(module: AnsibleModule) -> tuple[dict[str, Any], list[str]]:
            # What will be refused later, such as rules of others without their passwords, is refused before all else.
            problems = plan(self._look(), KerioRecord().remembered, self._unwanted(*ALL)).problems
            if problems:
                raise KerioError(' | '.join(problems))
            return first.converge(module)

        return [Part(first.name, converge), self._part(self._unwanted(RULES))]

    def undo_after_hop(self) -> list[Part]:
        # Where port 25 was for a group, that comes back now.
        service = [SERVICE] if limited_before(KerioRecord().remembered) else []
        return [self._part(self._unwanted(*service, EXCEPTIONS, SPAM))]

    def leads_to_hop(self) -> list[str]:
        leading = outbound.leading_to_hop(self._look(), hop_address(self.settings), self._port)
        return [f'the relay rule {name!r} of Kerio Connect' for name in leading]

    @property
    def _port(self) -> int:
        return self.settings['roles']['outbound_hop']['port']

    def routes(self, samples: list[dict[str, Any]]) -> list[Route]:
        return [self._route(sample['sender'], sample['recipient']) for sample in samples]

    def _route(self, sender: str, recipient: str) -> Route:
        found = self._look()
        if found.domain(recipient.rpartition('@')[2]):
            return Route('a mailbox of its own', False)
        rule = outbound.decides(found.rules, sender, recipient)
        if rule is None:
            return Route("the recipient's own server", False)
        through = rule['hostName'] == hop_address(self.settings) and rule['port'] == self._port
        return Route(f'{rule["hostName"]}:{rule["port"]} by the relay rule {rule["description"]!r}', through)

    def arrivals(self) -> list[dict[str, Any]]:
        if self._redirects and not self.settings['allowed_networks']:
            # The hop has the gateway's mail, and nobody else comes.
            return []
        pid = hop.pid()
        # Without, everything that listens would be somebody else's.
        return arrival_rows(self.settings['roles']['inbound_firewall']['port'], pid, LISTEN) if pid else []

    def queue(self) -> KerioQueueLook:
        return KerioQueueLook(self._log_in, lambda sender, recipient: self._route(sender, recipient).through)

    def knows(self, certificate: Shown) -> str:
        if not self._redirects:
            # It asks nobody for one.
            return ''
        path = os.path.join(self.settings['roles']['outbound_hop']['config_dir'], CERTIFICATES_TABLE)
        return known_by(certificate, decode(read_file(path).data or b''), self.settings)

    def obstacles(self, facts: Facts) -> list[dict[str, Any]]:
        found = facts.native['site']
        problems = self._problems(found) + self._plan(found).problems
        rows = obstacle_rows(found, self.settings, problems, self._redirects) + self._doors(found)
        if not self.redirect_port:
            return rows
        return rows + redirect_rows(self.module, self.settings, self.redirect_port, self.redirect_variable)

    def running(self) -> list[dict[str, Any]]:
        # Routes are asked first; that the server tells nothing, their row says.
        return statistics.rows(self._site.statistics, self.settings['scope']) if self._site else []

    def doors(self) -> list[dict[str, Any]]:
        if not self.settings['inbound']:
            return []
        return relay_rows(self._look(), self.settings, self._redirects) + self._doors(self._look())

    def _doors(self, found: Site) -> list[dict[str, Any]]:
        return doors.rows(found, self.settings) if self.settings['inbound'] else []
