# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the outbound hop has for mail servers on other machines: where it listens for them, who may send, and where what
it writes itself goes. Private to this collection."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import in_brackets
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.clients import bounce_servers, washed

CLIENTS, RETURNS, SCOPE = 'clients', 'returns', 'scope'
# Whom the hop tells of its own troubles. Postfix would complete a bare name by the host's own, which has no mailboxes.
NOTICES = tuple(f'{kind}_notice_recipient' for kind in ('2bounce', 'bounce', 'delay', 'error'))

# To the gateway, which the firewall leads to another listener. While somebody has flushed its rules, mail has to wait.
NOT_LED = '450 4.3.2 The firewall of this server does not lead its gateway where it has to: try again later'


def places(options: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return address and port of each listener for others; none as long as nobody may send."""
    return [(address, int(options['listen_port'])) for address in options['listen']] if options['clients'] else []


def _listed(address: str, clients: Iterable[str]) -> bool:
    host = ipaddress.ip_address(address)
    return any(host in ipaddress.ip_network(network) for network in clients)


def _for_postfix(network: str) -> str:
    address, dummy, prefix = network.partition('/')
    return f'[{address}]/{prefix}' if ':' in address else network


def _smtpd_options(settings: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, str]:
    """Return the smtpd(8) overrides of a listener for others."""
    found = {
        # Whoever is none of these may do nothing, this host's own programs included.
        'mynetworks': ','.join(map(_for_postfix, options['clients'])),
        'smtpd_client_restrictions': f'check_client_access cidr:{options["config_dir"]}/{CLIENTS}, reject',
        # "postmaster" without a domain passes all restrictions on recipients untested, whoever brings it.
        'smtpd_data_restrictions': f'check_client_access cidr:{options["config_dir"]}/{CLIENTS}, reject',
        'smtpd_etrn_restrictions': 'reject',
        'disable_vrfy_command': 'yes',
        'smtpd_tls_security_level': _level(options),
    }
    if options['tls_cert']:
        found.update(smtpd_tls_cert_file=options['tls_cert'], smtpd_tls_key_file=options['tls_key'])
    if washed(settings, options):
        found['cleanup_service_name'] = 'wash'
    return found


def _level(options: Mapping[str, Any]) -> str:
    if not options['tls_cert']:
        return 'none'
    return 'may' if options['clients_without_tls'] else 'encrypt'


def listeners_for_others(settings: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the listeners for others: name in master.cf to options of smtpd(8)."""
    return {f'{in_brackets(host)}:{port}': _smtpd_options(settings, options) for host, port in places(options)}


def tables(settings: Mapping[str, Any], options: Mapping[str, Any], gateway: str) -> list[dict[str, Any]]:
    """Return the lookup tables that are needed for others.

    Args:
        gateway: transport and next hop.
    """
    if not options['clients']:
        return []
    excused = options['clients_without_tls']
    # The first match counts. What comes from where the hop listens is of a program of this host, in whosever network.
    rules = [(address, 'reject') for address in options['listen'] if _listed(address, options['clients'])]
    rules += [(network, 'permit') for network in excused]
    rules += [(network, 'reject_plaintext_session, permit') for network in options['clients'] if network not in excused]
    if options.get('inbound'):
        rules += [(network, NOT_LED) for network in settings['networks']]
    returns = {domain: f'mta:{next_hop}' for domain, next_hop in bounce_servers(settings, options).items()}
    found: list[dict[str, Any]] = [
        {'path': CLIENTS, 'type': 'cidr', 'content': ''.join(f'{network} {action}\n' for network, action in rules)},
        {'path': RETURNS, 'type': 'texthash', 'entries': returns},
    ]
    if settings['scope'] == 'senders':
        entries = dict.fromkeys(settings['scope_senders'], gateway)
        found.append({'path': SCOPE, 'type': 'texthash', 'entries': entries})
    return found


def notices(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters that say who is told of the hop's own troubles."""
    return dict.fromkeys(NOTICES, f'postmaster@{settings["domains"][0]}')


def parameters(settings: Mapping[str, Any], options: Mapping[str, Any], own_mail: str) -> dict[str, str]:
    """Return the parameters of main.cf that are needed for others.

    Args:
        own_mail: the table of the senders whose mail the hop writes itself.
    """
    if not options['clients']:
        return {}
    # From clients the hop takes nothing for a hosted domain: what goes there it has written itself.
    found = notices(settings)
    found['transport_maps'] = f'texthash:{options["config_dir"]}/{RETURNS}'
    if settings['scope'] == 'senders':
        # There is no mail server here that has led the others elsewhere.
        found.update(
            default_transport='direct',
            # A listed address counts with an extension, too.
            recipient_delimiter='+',
            sender_dependent_default_transport_maps=f'{own_mail} texthash:{options["config_dir"]}/{SCOPE}',
        )
    return found
