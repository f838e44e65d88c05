# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outbound hop of this host, asked what it would do. Private to this collection."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import package, unit, way_back
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.listeners import listeners
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.local_users import LocalUsers
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.services import gateway_options
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.updates import update_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.way import (
    client_rows,
    route_rows,
    routed_elsewhere,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.unit import Unit
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import hop_address
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Verdict
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.queue_filters import those_filtered_to
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.running import running_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import policy
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.programs import REINSTALL, program_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.queue import PostfixQueueLook, Queue
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.routes import HeaderChecks
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.listening import owner_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row, smtp_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.units import shadow_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.check import check
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.options import with_defaults

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.arrival import Arrival
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.provenance import Provenance

TO_OTHERS = 'direct:'
DIRECT = f'FILTER {TO_OTHERS}'
OWN_PROGRAMS = (
    f'dpkg --verify {package.PACKAGE} says what else is missing. To have all of it made anew: apt-get purge'
    f' {package.PACKAGE}, then site.yml. Until then mail waits.'
)


class HopServer:
    """The outbound hop of this host.

    Args:
        settings: what M(conbool.smtp_relay.settings) returned.
        wash: the variable that has the port for mail whose trust headers count for nothing, and the port; 0 for none.
        arrival: where it takes the gateway's mail; None where it does not.
        provenance: how it finds out who handed in a message; None where that is known.
    """

    def __init__(
        self,
        module: AnsibleModule,
        settings: Mapping[str, Any],
        wash: tuple[str, int] = ('', 0),
        arrival: Arrival | None = None,
        provenance: Provenance | None = None,
    ) -> None:
        self._module, self._settings, self._options = module, settings, settings['roles']['outbound_hop']
        self._wash, self._arrival, self._provenance = wash, arrival, provenance

    def _instance(self) -> Instance:
        return Instance(
            self._module.run_command,
            self._module.get_bin_path,
            self._options['config_dir'],
            self._options['sbin_dir'] or None,
        )

    def headers(self, lines: Iterable[str]) -> list[Verdict]:
        """Return the Verdict on each header line."""
        instance = self._instance()
        names = ['header_checks', 'mime_header_checks']
        checks = HeaderChecks(instance, instance.parameters(self._options['config_dir'], names)[0])
        said = [checks.action(line) for line in lines]
        return [Verdict(action == DIRECT, f'the hop says {action!r}') for action in said]

    def queue(self) -> PostfixQueueLook:
        """Return a look at its queue."""
        queue = Queue(self._module.run_command, self._instance().binary('postqueue'), self._options['config_dir'])
        return PostfixQueueLook(queue, self._settings['relay_host'], last=True, elsewhere=self._not_to_gateway)

    def _not_to_gateway(self, messages: list[dict[str, Any]]) -> set[str]:
        """Return the identifiers of the messages that wait for others than the gateway."""
        directory, names = self._options['queue_directory'], {message['queue_id'] for message in messages}
        found = those_filtered_to(directory, TO_OTHERS, names)
        if not self._options['clients'] and not self._arrival:
            return found
        # Senders who are not listed, and its own mail to the servers of the clients: tables lead them, not a FILTER.
        led = those_filtered_to(directory, 'gateway:' + self._settings['relay_destination'], names - found)
        return found | routed_elsewhere(directory, [each for each in messages if each['queue_id'] not in found | led])

    def clients(self) -> list[dict[str, Any]]:
        """Return the rows on what is in force in its clients."""
        instance = self._instance()
        version = instance.parameters(instance.config_dir, ['mail_version'])[0]['mail_version']
        wanted = gateway_options(self._settings, version, instance.lookup_types())
        level = self._options['direct_tls_security_level']
        return client_rows(instance, wanted, level, self._options['parameters'])

    def way(self) -> list[dict[str, Any]]:
        """Return the rows on the way of plain messages from here."""
        instance = self._instance()
        parameters = instance.parameters(instance.config_dir, ['queue_directory'])[0]
        return route_rows(parameters['queue_directory'], self._settings)

    def dns_only(self) -> bool:
        """Return whether its clients read no /etc/hosts."""
        value = self._instance().parameters(self._options['config_dir'], ['smtp_host_lookup'])[0]
        return 'native' not in value.get('smtp_host_lookup', '')

    def running(self) -> list[dict[str, Any]]:
        """Return the rows on what runs, and whether it knows what its files say."""
        rows = running_rows('hop', self._instance(), unit.NAME)
        rows += shadow_rows(Unit(self._module.run_command, unit.NAME), unit.NAME)
        own = os.path.exists(package.PREFIX)
        rows += program_rows(self._instance(), 'the hop', OWN_PROGRAMS if own else REINSTALL)
        return rows + (update_rows(self._module) if own else [])

    def listener(self) -> list[dict[str, Any]]:
        """Return the rows on where it listens, and on who it is that does."""
        protocols = self._instance().parameters(self._options['config_dir'], ['inet_protocols'])[0]['inet_protocols']
        options = dict(
            self._options,
            address=hop_address(self._settings, protocols),
            wash_variable=self._wash[0],
            wash_port=self._wash[1],
            arrival=self._arrival,
            provenance=self._provenance,
        )
        asked = with_defaults(hosts=[options['address']], port=options['port'], expect={'starttls': False})
        rows = smtp_rows({'servers': check(asked)}, 'hop')
        first, *others = listeners(options)
        # That nobody listens where mail is led to has been said.
        rows += [row for row in owner_rows('hop', first) if row['id'] != 'hop.closed']
        rows += [row for listener in others for row in owner_rows('hop', listener)]
        rows += LocalUsers(self._module).rows()
        if not self._arrival:
            return rows
        # What nobody holds, or somebody else, has been said.
        wrong = any(row['status'] == RED for row in rows)
        return rows + ([] if wrong else self._arrival_rows(options['address'])) + self._policy_rows()

    def _arrival_rows(self, address: str) -> list[dict[str, Any]]:
        """Return what is wrong with the listener for the gateway, talked to from this host, whom no rule
        turns: that there is TLS with a certificate that can be read, and that one is asked for."""
        asked = with_defaults(
            hosts=list(self._arrival.places) or [address],
            port=self._arrival.port,
            expect={
                'chain_verified': False,
                'name_verified': False,
                'client_certificate_requested': self._settings['inbound_require_certificate'],
            },
        )
        return [row for row in smtp_rows({'servers': check(asked)}, 'inbound') if row['status'] != GREEN]

    def _policy_rows(self) -> list[dict[str, Any]]:
        """Return the row on whether the gateway's certificate is told from others by its name, where that is asked."""
        if not self._settings['inbound_require_certificate'] or self._settings['inbound_certificate_fingerprints']:
            return []
        path = os.path.join(self._options['queue_directory'], 'private', policy.SERVICE)
        program = os.path.join(self._options['config_dir'], policy.FILE)
        return policy.rows(path, self._settings['tls_name'], program)

    def way_back(self) -> list[dict[str, Any]]:
        """Return the rows on whether the mail server takes what the hop itself makes, asked as its own tables say, and
        the gateway's mail where the hop has that."""
        instance, config_dir = self._instance(), self._options['config_dir']
        names = ['sender_dependent_default_transport_maps', 'smtp_helo_name', 'transport_maps']
        maps, helo, returns = map(instance.parameters(config_dir, names)[0].get, names)
        if self._options['clients'] or returns:
            domains = self._settings['domains']
            told = [instance.text('postmap', '-c', config_dir, '-q', domain, returns)[0] for domain in domains]
            servers = {domain: way.strip().partition(':')[2] for domain, way in zip(domains, told)}
            rows = way_back.rows_of_all(servers, helo)
            if not self._arrival:
                return rows
            # Where no address of its own is needed, both ways are the same.
            source = self._arrival.source
            return rows + way_back.rows_of_all(servers, helo, source) if source else way_back.of_mailboxes(rows)
        way = instance.text('postmap', '-c', config_dir, '-q', '<>', maps)[0].strip()
        transport, dummy, next_hop = way.partition(':')
        if transport != 'mta':
            return [
                row(
                    way_back.IDENTIFIER,
                    way,
                    RED,
                    'is not the way back to the mail server',
                    'Run site.yml: it makes the hop anew.',
                )
            ]
        return way_back.rows(next_hop, helo, self._settings['domains'][0])
