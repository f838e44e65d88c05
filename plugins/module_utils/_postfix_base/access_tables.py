# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup tables of a Postfix that takes mail from the gateway only."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.document import items
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.patterns import literal
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.networks import LOOPBACK, overlap

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.networks import Network

CLIENTS_TABLE = 'conbool_clients'
DATA_TABLE = 'conbool_data'
RECIPIENTS_TABLE = 'conbool_recipients'
CERTIFICATES_TABLE = 'conbool_certificates'
POSTSCREEN_TABLE = 'conbool_postscreen'

LEARNT = '# Keys that the gateway has shown as a server, the newest first. They are kept from run to run.'
ROW = re.compile(r'[0-9A-F]{2}(:[0-9A-F]{2})+ \w+')

NOT_HOSTED = '550 5.7.1 This server takes mail for its own domains only'


def _listed(pattern: str) -> Network | None:
    """Return the network of one entry of mynetworks, or None for a file, a table or what else only Postfix can tell."""
    try:
        return ipaddress.ip_network(re.sub(r'[\[\]]', '', pattern))
    except ValueError:
        return None


def mynetworks_entries(mynetworks: str) -> list[Network]:
    """Return which networks mynetworks certainly names, in its order.

    Postfix takes the first entry that fits. What a negated entry takes away is not repeated by a later one, and behind
    a negated file or table nothing is certain.
    """
    found, excluded = [], []
    for item in re.split(r'[\s,]+', mynetworks.strip()):
        network = _listed(item.lstrip('!'))
        if item.startswith('!'):
            if network is None:
                break
            excluded.append(network)
        elif network is not None and not any(overlap(network, other) for other in excluded):
            found.append(network)
    return found


def own_addresses(expanded: Mapping[str, str]) -> list[str]:
    """Return the addresses that inet_interfaces names."""
    return [item for item in items(expanded.get('inet_interfaces')) if _listed(item)]


def client_tables(settings: Mapping[str, Any], mynetworks: str) -> tuple[str, str, list[str]]:
    """Return two cidr(5) tables that tell who a client of port 25 is, for the stages RCPT and DATA, and warnings.

    Of networks that contain each other the smaller one comes first; of equal ones the gateway's, which asks for more.
    The gateway's come before mynetworks: a host of the gateway that was put there by hand is the gateway all the same.
    """
    gateway = [ipaddress.ip_network(item) for item in settings['networks']]
    named = [(network, 'conbool_gateway') for network in gateway]
    named += [(ipaddress.ip_network(item), 'DUNNO') for item in settings['allowed_networks']]
    named.sort(key=lambda pair: (pair[0].version, -pair[0].prefixlen, pair[0].network_address))
    own = mynetworks_entries(mynetworks)
    rows = [(network, 'DUNNO') for network in LOOPBACK] + named + [(network, 'DUNNO') for network in own]
    rows += [('0.0.0.0/0', 'conbool_others'), ('::/0', 'conbool_others')]
    warnings = _about_the_gateway_in_mynetworks(own, gateway)
    verdicts: dict[str, str] = {}
    for network, action in rows:
        verdicts.setdefault(str(network), action)
    # The certificate and the recipients were looked at before.
    last = 'reject_plaintext_session permit' if settings['inbound_trust'] else 'reject_plaintext_session'
    at_data = {network: last if action == 'conbool_gateway' else action for network, action in verdicts.items()}
    return _table(verdicts), _table(at_data), warnings


def _about_the_gateway_in_mynetworks(own: Iterable[Network], gateway: Iterable[Network]) -> list[str]:
    """Return what a person should know of networks of mynetworks in which there are addresses of the gateway."""
    pairs = [(network, other) for network in own for other in gateway if overlap(network, other)]
    parts = sorted({str(network) for network, other in pairs if network.prefixlen >= other.prefixlen})
    around = sorted({f'{network} ({other})' for network, other in pairs if network.prefixlen < other.prefixlen})
    return [
        f'mynetworks names {names}, {text}'
        for names, text in (
            (
                ', '.join(parts),
                'which is in conbool_networks: such clients count as the gateway. If there are others among them, name'
                ' these in conbool_smtp_allowed_networks.',
            ),
            (
                ', '.join(around),
                'which contains a network of conbool_networks: clients of that one count as the gateway, all others in'
                ' it may do what they could before.',
            ),
        )
        if names
    ]


def _table(rows: Mapping[str, str]) -> str:
    return ''.join('{} {}\n'.format(*row) for row in rows.items())


def recipients_table(domains: Iterable[str]) -> str:
    """Return the regexp(5) table of the recipients that the gateway may name; patterns ignore case, <postmaster> is
    never looked up."""
    names = sorted({name for domain in domains for name in (domain, _unicode(domain))})
    return ''.join(f'/@{literal(name)}$/ DUNNO\n' for name in names) + f'/./ {NOT_HOSTED}\n'


def _unicode(domain: str) -> str:
    try:
        return domain.encode('ascii').decode('idna')
    except UnicodeError:
        return domain


def certificates_table(explicit: Iterable[str], learnt: Iterable[str], action: str = 'conbool_known') -> str:
    """Return the texthash table of fingerprints: of those in the settings, or else of those that were learnt.

    Args:
        action: what is so for each, of access(5).
    """
    lines = [LEARNT] if learnt else []
    return ''.join(line + '\n' for line in lines + [f'{item} {action}' for item in [*explicit, *learnt]])


def learnt_fingerprints(table: str) -> list[str]:
    """Return what certificates_table() was made of, as far as it was learnt."""
    head, *lines = table.split('\n')
    return [line.partition(' ')[0] for line in lines if ROW.fullmatch(line)] if head == LEARNT else []


def certificates(table: str) -> list[str]:
    """Return all fingerprints of the table."""
    return [line.partition(' ')[0] for line in table.split('\n') if ROW.fullmatch(line)]


def postscreen_table(networks: Iterable[str]) -> str:
    return ''.join(f'{network} permit\n' for network in networks)
