# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be said of mail servers on other machines before a host can be their smart host. Private to this
collection."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.names import Names
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import is_own, there
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.clients import bounce_servers, washed, wide
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.grammars import NEXT_HOP
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.networks import Networks, overlap
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.readers import shown

PREFIX = 'outbound_hop_'
MAIL_SERVER = 'remote_smarthost_mail_server'


def problems(
    settings: Mapping[str, Any], here: Callable[[str], bool] = is_own, can_listen: Callable[[str], bool] = there
) -> list[str]:
    """Return why the hop cannot serve the clients, each with variable and value.

    Args:
        settings: what M(conbool.smtp_relay.settings) returned.
        here: whether an address is one of this host's.
        can_listen: whether the hop can listen there, also while another host has the address.
    """
    hop = settings['roles']['outbound_hop']
    if not hop['clients']:
        return [f'{PREFIX}clients: is empty. Name the mail servers that may send through this host']
    return [
        *_inbound(settings, hop, here),
        *_listen(hop, can_listen),
        *_clients(settings, hop, here),
        *_certificate(hop),
        *_marks(settings, hop),
        *([] if mail_server(settings) else _returns(settings, hop, here)),
    ]


def mail_server(settings: Mapping[str, Any]) -> str:
    """Return the next hop to the mail server that has the mailboxes; empty where the gateway's mail does not come."""
    return settings['roles']['remote_smarthost']['mail_server']


def _said(name: str, value: Any, reason: str) -> str:
    return f'{name}: {shown(value)} {reason}'


def _inbound(settings: Mapping[str, Any], hop: Mapping[str, Any], here: Callable[[str], bool]) -> Iterable[str]:
    server = mail_server(settings)
    if bool(server) != settings['inbound']:
        reason = (
            'but {} names a mail server for its mail: set it to true, or take that out'
            if server
            else 'but this host takes no mail from the gateway: set it to false, or name the mail server in {}'
        )
        yield _said('conbool_inbound', settings['inbound'], reason.format(MAIL_SERVER))
    if server:
        yield from _behind(settings, hop, NEXT_HOP.fullmatch(server)['inside'], here)


def _behind(
    settings: Mapping[str, Any], hop: Mapping[str, Any], host: str, here: Callable[[str], bool]
) -> Iterable[str]:
    """Yield why a mail server cannot be handed the gateway's mail."""
    names = Names()
    addresses = sorted(names.addresses(host))
    gateway = Networks(map(ipaddress.ip_network, settings['networks']))
    theirs = names.addresses(settings['relay_host'])
    if not addresses:
        yield _said(MAIL_SERVER, host, 'has no address: write it as this host can resolve it, or give the address')
    if any(map(here, addresses)):
        yield _said(MAIL_SERVER, host, 'is this host itself: name the server that has the mailboxes')
    if any(address in theirs or gateway.cover(ipaddress.ip_network(address)) for address in addresses):
        yield _said(MAIL_SERVER, host, 'is the gateway, whose mail would go round: name the server with the mailboxes')
    for name in ('return_address', 'return_routes'):
        if hop[name]:
            yield _said(PREFIX + name, hop[name], f'but {MAIL_SERVER} says already who gets bounces: take it out')
    if not hop['tls_cert']:
        yield _said(PREFIX + 'tls_cert', '', 'but the gateway has to use TLS: give certificate and key')
    if settings['spam_delivery'] == 'folder':
        reason = 'but folders are on another machine: flagged mail gets X-Spam-Flag here. Set it to auto'
        yield _said('conbool_spam_delivery', 'folder', reason)


def _listen(hop: Mapping[str, Any], can_listen: Callable[[str], bool]) -> Iterable[str]:
    if not hop['listen']:
        reason = 'names no address: say at which address of this host the servers in {}clients reach it'
        yield _said(PREFIX + 'listen', hop['listen'], reason.format(PREFIX))
    for address in hop['listen']:
        if not can_listen(address):
            yield _said(PREFIX + 'listen', address, 'is no address of this host')


def _clients(settings: Mapping[str, Any], hop: Mapping[str, Any], here: Callable[[str], bool]) -> Iterable[str]:
    known = {net: ipaddress.ip_network(net) for net in hop['clients']}
    for net, network in known.items():
        if network.num_addresses == 1 and here(str(network[0])):
            yield _said(PREFIX + 'clients', net, 'is this host itself: name the mail servers on other machines')
    for text in settings['networks']:
        for net, network in known.items():
            if overlap(network, ipaddress.ip_network(text)):
                reason = f'overlaps {text} of conbool_networks: what the gateway sends here would go round'
                yield _said(PREFIX + 'clients', net, reason)
    clients = Networks(known.values())
    for net in hop['clients_without_tls']:
        if not clients.cover(ipaddress.ip_network(net)):
            yield _said(PREFIX + 'clients_without_tls', net, f'lies in none of {PREFIX}clients: add it there')


def _certificate(hop: Mapping[str, Any]) -> Iterable[str]:
    pair = {PREFIX + name: hop[name] for name in ('tls_cert', 'tls_key')}
    if not any(pair.values()) and set(hop['clients']) - set(hop['clients_without_tls']):
        reason = (
            f'but not all clients may send in clear text: give certificate and key, or name all of them in {PREFIX}'
        )
        yield _said(PREFIX + 'tls_cert', hop['tls_cert'], reason + 'clients_without_tls')
    elif any(pair.values()):
        for name, value in pair.items():
            if not value:
                yield _said(name, value, 'is needed beside the other one: give certificate and key, or neither')


def _marks(settings: Mapping[str, Any], hop: Mapping[str, Any]) -> Iterable[str]:
    if settings['bypass_null_sender'] == 'server':
        reason = 'but only the server in front knows what its users have handed in: set it to true or false'
        yield _said('conbool_bypass_null_sender', 'server', reason)
    without = washed(settings, hop)
    if without and len(without) < len(hop['clients']):
        others = ', '.join(net for net in hop['clients'] if net not in without)
        reason = (
            f'covers {", ".join(without)}, but not {others}. The hop cannot tell them apart: cover all clients or none'
        )
        yield _said('conbool_wash_networks', settings['wash_networks'], reason)


def _returns(settings: Mapping[str, Any], hop: Mapping[str, Any], here: Callable[[str], bool]) -> Iterable[str]:
    name, servers, names = PREFIX + 'return_routes', bounce_servers(settings, hop), Names()
    for domain in hop['return_routes']:
        if domain not in settings['domains']:
            yield _said(name, domain, 'is not in conbool_domains')
    for domain in settings['domains']:
        if domain not in servers:
            yield _said(name, hop['return_routes'], f'names no server for {domain}, which bounces of its users go to')
        elif _is_this_host(servers[domain], hop, here, names):
            variable = name if domain in hop['return_routes'] else PREFIX + 'return_address'
            yield _said(
                variable, servers[domain], f'is the hop itself: name the server that has the mailboxes of {domain}'
            )


def _is_this_host(next_hop: str, hop: Mapping[str, Any], here: Callable[[str], bool], names: Names) -> bool:
    """Whether bounces would come back to the hop."""
    place = NEXT_HOP.fullmatch(next_hop)
    if not place or (place['port'] or '25') not in (str(hop['listen_port']), str(hop['port']), 'smtp'):
        return False
    # Whether one without an address can be reached, is asked of the way back.
    return any(map(here, names.addresses(place['inside'] or place['name'])))


def warnings(settings: Mapping[str, Any]) -> list[str]:
    """Return what a person should know of the clients."""
    hop = settings['roles']['outbound_hop']
    return [
        f'{PREFIX}clients: {net} is a whole network of an organisation. Each of its hosts, a printer or an infected PC,'
        ' may send to anybody through this one: list the mail servers alone'
        for net in wide(hop['clients'])
    ]
