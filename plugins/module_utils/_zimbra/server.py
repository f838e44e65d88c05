# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Zimbra as a mail server that uses the gateway through the outbound hop. Private to this collection."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import account
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import hop_address, is_own
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import (
    Facts,
    Hop,
    MailServer,
    Part,
    Route,
    Wanted,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import policy
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.access_tables import (
    mynetworks_entries,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.certificates import known_by
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance, master
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.queue import PostfixQueueLook, Queue
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.routes import route, way
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.table_entries import TableEntries
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.values import words
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.listening import arrival_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import commands
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.commands import Programs, server_name
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.directory import Directory, Entry
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.doors import door_rows, past_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.facts import (
    SERVICES,
    ZimbraFacts,
    gather,
    gather_recorded,
    role_record,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.filing import filing, hidden_rows, rules_path
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.inbound import Inbound, service_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.mta import Mta
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.obstacles import daemon_row, obstacle_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.ours import OWNER, is_ours
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.outbound import identity, outbound
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.part import Host, converge
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.plan import Plan
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.record import AttributeRecord
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.values import shown
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.zmprov import Zmprov

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import Shown
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.networks import Network

# What has it take mail of other hosts.
LISTEN = (
    'Have inet_interfaces of Zimbra\'s Postfix name an address of this host, and port 25 in master.cf'
    ' none on loopback. Then, as user zimbra: zmmtactl restart.'
)


def host_of(module: AnsibleModule, timeout: int) -> Host:
    """Return Zimbra's programs, directory and Postfix.

    Args:
        timeout: seconds that one start of a program may take.
    """
    programs = Programs(module.run_command, module.get_bin_path, timeout)
    return Host(programs, Directory(Zmprov(programs)), Mta(programs, module.run_command))


def this_server() -> Entry:
    """Return the entry of this server."""
    return Entry('server', server_name())


def instance_of(module: AnsibleModule, host: Host) -> Instance:
    """Return Zimbra's Postfix as any Postfix."""
    return Instance(module.run_command, module.get_bin_path, host.mta.config_dir, host.mta.sbin_dir)


def info(module: AnsibleModule, domains: list[str], timeout: int) -> dict[str, Any]:
    """Return what M(conbool.smtp_relay.zimbra_info) returns.

    Raises:
        HostError: it cannot be asked, has no MTA, or is not responsible for a domain.
        OSError: a file cannot be read.
    """
    host = host_of(module, timeout)
    known = gather(host.programs, host.sources, instance_of(module, host), this_server(), domains)
    attributes: dict[str, dict[str, list[str]]] = {}
    for (entry, name), values in sorted(known.own.items()):
        attributes.setdefault(str(entry), {})[name] = list(values)
    return {
        'version': known.version,
        'server': known.this.name,
        'services': sorted(known.own[known.this, SERVICES]),
        'attributes': attributes,
        'hiding': [f'COS {name}' for name in known.cos] + [f'account {name}' for name in known.accounts],
        'parameters': {name: shown(name, value) for name, value in known.expanded.items()},
        'running': known.running,
        'daemon': known.daemon,
    }


def _of_this_host(network: Network) -> bool:
    """Return whether a network is an address of this host, as the installer lists it. Mail from there comes over
    loopback, which no firewall shuts."""
    return network.num_addresses == 1 and is_own(str(network.network_address))


class ZimbraServer(MailServer):
    """The Zimbra of this host, a server with an MTA."""

    NAME = 'zimbra'
    BYPASS_HINT = (
        'zimbraMtaRelayHost of this server is what counts, not that of the global configuration. transport_maps,'
        ' zimbraMailTransport of a domain, and sender-dependent maps in main.cf win over it.'
    )
    hop_decides = True
    _facts: ZimbraFacts | None = None
    _user_made = False

    def __init__(self, module: AnsibleModule, settings: dict[str, Any]) -> None:
        super().__init__(module, settings)
        self._host = host_of(module, self.options['command_timeout'])
        # Zimbra's own Postfix; there is no other one on its hosts.
        self.hop_sbin_dir = self._host.mta.sbin_dir

    @property
    def _wash_port(self) -> int:
        return self.options['wash_port'] if self.options['wash_senders'] else 0

    @property
    def hop_wash(self) -> tuple[str, int]:
        return 'zimbra_smarthost_wash_port', self._wash_port

    def _instance(self) -> Instance:
        return instance_of(self.module, self._host)

    def lock_directories(self) -> list[str]:
        return [os.path.join(commands.PREFIX, 'conf')]

    def places(self) -> list[str]:
        return [self._host.mta.config_dir, rules_path()]

    def _gathered(self) -> ZimbraFacts:
        """Return what is known, which costs a start of zmprov whenever something has changed."""
        if self._facts is None:
            host = self._host
            domains = self.settings['domains']
            self._facts = gather(host.programs, host.sources, self._instance(), this_server(), domains)
        return self._facts

    def facts(self) -> Facts:
        known = self._gathered()
        networks = mynetworks_entries(known.expanded.get('mynetworks', ''))
        return Facts(
            version=known.version,
            running=known.running,
            queue_directory=known.expanded['queue_directory'],
            deliveries=[
                {'domain': domain, 'agent': 'own', 'target': '', 'by': 'Zimbra'} for domain in self.settings['domains']
            ],
            relay_networks=[str(network) for network in networks if not _of_this_host(network)],
            relay_networks_from='zimbraMtaMyNetworks',
            relay_networks_row='firewall.mynetworks',
            parts=[OWNER] if role_record().attributes else [],
            warnings=known.warnings,
            native={'zimbra': known},
            certificate_files=[known.expanded.get('smtpd_tls_cert_file', '')],
        )

    def _inbound(self, known: ZimbraFacts, record: AttributeRecord) -> Inbound:
        return Inbound(self.settings, known, record, self._host.mta.config_dir, self.options['client_ca_file'])

    def _plan(self, known: ZimbraFacts, gateway: list[Shown]) -> Plan:
        record = role_record()
        plan = outbound(self.settings, known, record, self._host.mta.config_dir, self._wash_port)
        plan.add(self._inbound(known, record).plan(gateway))
        plan.add(filing(self.settings, known, record))
        return plan

    def wanted(self, facts: Facts, flag: bool) -> Wanted:
        known = facts.native['zimbra']
        plan = self._plan(known, facts.gateway)
        variable, port = self.hop_wash
        parts = [Part('policy_user', self._with_user)] if plan.by_name else []
        parts.append(Part(OWNER, lambda module: self._converge(module, plan)))
        if not plan.by_name and account.there(policy.USER):
            parts.append(self._without_user())
        file = self.options['client_ca_file'] if plan.by_name else ''
        return Wanted(
            problems=plan.problems + (account.problems(self.module, policy.USER) if plan.by_name else []),
            warnings=plan.warnings,
            tls_files=[{'ca_file': file, 'names': {'ca_file': 'zimbra_smarthost_client_ca_file'}}] if file else [],
            hop=Hop(
                identity(known, role_record(), self._host.mta.config_dir),
                wash_port=port,
                wash_variable=variable,
                users=(known.expanded.get('mail_owner', 'postfix'),),
            ),
            parts=parts,
        )

    def _with_user(self, module: AnsibleModule) -> tuple[dict[str, Any], list[str]]:
        result, warnings = account.present(module, policy.USER)
        self._user_made = result['changed'] and not module.check_mode
        return result, warnings

    def _converge(self, module: AnsibleModule, plan: Plan) -> tuple[dict[str, Any], list[str]]:
        try:
            result, warnings = converge(module, self._host, self._gathered, plan, self.settings)
        except (HostError, SwitchError, OSError) as exc:
            if self._user_made and getattr(exc, 'restored', True):
                account.absent(module, policy.USER)
            raise
        if result['changed'] and not module.check_mode:
            self._facts = None
        return result, warnings

    @staticmethod
    def _without_user() -> Part:
        return Part('policy_user', lambda module: account.absent(module, policy.USER))

    def undo(self) -> list[Part]:
        def back(module: AnsibleModule) -> tuple[dict[str, Any], list[str]]:
            self._facts = None
            known = gather_recorded(self._host.sources, this_server())
            return converge(module, self._host, lambda: known, Plan(), self.settings)

        return [Part(OWNER, back), self._without_user()]

    def leads_to_hop(self) -> list[str]:
        path, port = os.path.join(self._host.mta.config_dir, 'main.cf'), self.settings['roles']['outbound_hop']['port']
        said = self._host.sources.configured()
        relay, maps = said.get('relayhost', ''), said.get('sender_dependent_relayhost_maps', '')
        address = hop_address(self.settings, said.get('inet_protocols', 'all'))
        return [path] if relay == f'[{address}]:{port}' or any(map(is_ours, words(maps))) else []

    def routes(self, samples: list[dict[str, Any]]) -> list[Route]:
        instance = self._instance()
        known = instance.parameters(instance.config_dir, ['queue_directory', 'inet_protocols'])[0]
        address = hop_address(self.settings, known['inet_protocols'])
        ports = [self.settings['roles']['outbound_hop']['port'], self._wash_port]
        through = {f'[{address}]:{port}' for port in ports if port}
        seen = [route(known['queue_directory'], sample['sender'], sample['recipient']) for sample in samples]
        return [Route(way(found['transport'], found['next_hop']), found['next_hop'] in through) for found in seen]

    def arrivals(self) -> list[dict[str, Any]]:
        instance = self._instance()
        queue_directory = instance.parameters(instance.config_dir, ['queue_directory'])[0]['queue_directory']
        return arrival_rows(self.settings['roles']['inbound_firewall']['port'], master(queue_directory)[0], LISTEN)

    def queue(self) -> PostfixQueueLook:
        return PostfixQueueLook(
            Queue(self.module.run_command, self._instance().binary('postqueue'), self._host.mta.config_dir)
        )

    def knows(self, certificate: Shown) -> str:
        table = Inbound(self.settings, None, None, self._host.mta.config_dir, '').certificates()
        return known_by(certificate, table, self.settings)

    def obstacles(self, facts: Facts) -> list[dict[str, Any]]:
        known = facts.native['zimbra']
        rows = obstacle_rows(known, self.settings, role_record()) + hidden_rows(self.settings, known)
        return rows + self._past(known) + (self._door_rows(known, False) if self.settings['inbound'] else [])

    def _past(self, known: ZimbraFacts) -> list[dict[str, Any]]:
        return past_rows(self._instance(), known, self.settings)

    def running(self) -> list[dict[str, Any]]:
        return [daemon_row(self._gathered()), *self._past(self._gathered())]

    def _door_rows(self, known: ZimbraFacts, changed: bool) -> list[dict[str, Any]]:
        return door_rows(known, self.settings, TableEntries(self._instance()).of, changed)

    def doors(self) -> list[dict[str, Any]]:
        return self._door_rows(self._gathered(), True) if self.settings['inbound'] else []

    def listener_rows(self) -> list[dict[str, Any]]:
        return service_rows(self.settings)

    def stale(self) -> list[dict[str, Any]]:
        return hidden_rows(self.settings, self._gathered())
