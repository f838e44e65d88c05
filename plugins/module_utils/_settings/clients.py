# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail servers on other machines, for which a host is the smart host. Private to this collection."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import MAIL_SERVERS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.networks import Networks, private

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.reading import Reader

MTA = 'conbool_mta'
# Of addresses that anybody in the internet may have. Whoever has more of them knows no longer who they are.
SHORTEST_PUBLIC_PREFIX = {4: 16, 6: 32}
# All of IPv4 as translators (NAT64) write it.
TRANSLATED = ipaddress.ip_network('64:ff9b::/96')
WIDE_PRIVATE_PREFIX = {4: 16, 6: 48}


def network(value: Any) -> str:
    """A network whose hosts may send to anybody through this one."""
    text = readers.network(value)
    net = ipaddress.ip_network(text)
    shortest = TRANSLATED.prefixlen + 16 if Networks([TRANSLATED]).cover(net) else SHORTEST_PUBLIC_PREFIX[net.version]
    if not private(net) and net.prefixlen < shortest:
        raise ValueError(
            f'would make this host an open relay for a part of the internet: the prefix must be /{shortest} or longer'
        )
    return text


def listen_address(value: Any) -> str:
    """An address at which other hosts reach this one."""
    text = readers.address(value)
    # Where nobody can come from, nobody can be reached.
    readers.network(text)
    return text


def wide(clients: list[str]) -> list[str]:
    """Return those of some networks that hold more hosts than anybody lists as mail servers."""
    found = map(ipaddress.ip_network, clients)
    return [str(net) for net in found if net.prefixlen <= WIDE_PRIVATE_PREFIX[net.version]]


def check_told(report: Reader) -> None:
    """Remember as a problem if a variable says that the mail server is elsewhere, and conbool_mta that it is here."""
    chosen = report.values[MTA]
    for name, entry in MAIL_SERVERS.items():
        value = report.values.get(entry.told_by)
        if value and chosen not in ('auto', name):
            reason = f'is for mail servers on other machines, but {MTA} is {chosen}: take one of them out'
            report.problem(entry.told_by, value, reason)


def told(values: Mapping[str, Any]) -> str:
    """Return the mail server of conbool_mta, or with C(auto) the one of which another variable tells."""
    if values[MTA] != 'auto':
        return values[MTA]
    return next((name for name, entry in MAIL_SERVERS.items() if values.get(entry.told_by)), 'auto')


def washed(settings: Mapping[str, Any], hop: Mapping[str, Any]) -> list[str]:
    """Return the clients whose trust headers count for nothing: those in networks of which that is said.

    Args:
        settings: what M(conbool.smtp_relay.settings) returned.
        hop: the variables of role C(outbound_hop).
    """
    wash = Networks(map(ipaddress.ip_network, settings['wash_networks']))
    return [str(net) for net in map(ipaddress.ip_network, hop['clients']) if wash.cover(net)]


def bounce_servers(settings: Mapping[str, Any], hop: Mapping[str, Any]) -> dict[str, str]:
    """Return where the bounces of the hop go, as hosted domain to next hop. Domains of which nobody knows are missing.

    Args:
        settings, hop: as for washed().
    """
    nets = list(map(ipaddress.ip_network, hop['clients']))
    # Who is the only one that sends is the only one that can have the mailboxes.
    alone = f'[{nets[0].network_address}]:25' if len(nets) == 1 and nets[0].num_addresses == 1 else ''
    found = {
        domain: hop['return_routes'].get(domain) or hop['return_address'] or alone for domain in settings['domains']
    }
    return {domain: next_hop for domain, next_hop in found.items() if next_hop}
