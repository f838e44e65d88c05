# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may connect: the networks of a request, read strictly, because what is wrong here opens or closes a mail
server."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.readers import SHORTEST_PREFIX, shown


class FirewallError(HostError):
    """The firewall cannot be brought to the wanted state; nothing was changed unless the text says otherwise."""


class Redirect(NamedTuple):
    """To which port connections of which networks are turned that come to the mail port, and the name of the option or
    variable that says so."""

    port: int
    networks: dict[int, list[str]]
    name: str = 'redirect_port'

    def __str__(self) -> str:
        return f'{self.name}: {self.port}'


class Wanted:
    """A port, and for each IP version the networks that may connect to it, sorted, without overlaps. Where it is not
    C(limited), who may connect is somebody else's business."""

    def __init__(
        self, port: int, networks: dict[int, list[str]], limited: bool = True, redirect: Redirect | None = None
    ) -> None:
        self.port = port
        self.networks = networks
        self.limited = limited
        self.redirect = redirect

    def all(self) -> list[str]:
        return self.networks[4] + self.networks[6]

    def only_redirect(self) -> Wanted:
        """Return what of it a table has beside a firewall that limits the port by itself."""
        return Wanted(self.port, self.networks, False, self.redirect)


def guests(settings: Mapping[str, Any]) -> str:
    """Return who has to get to the mail port, in words; empty where nobody has to."""
    servers = ['the servers in outbound_hop_clients'] if settings['roles']['outbound_hop']['clients'] else []
    return ' and '.join([*servers, *(['the gateway'] if settings['inbound'] else [])])


def limits(settings: Mapping[str, Any]) -> bool:
    """Whether the settings, with all that is there, limit the mail port."""
    return bool(guests(settings)) and settings['roles']['inbound_firewall']['state'] == 'present'


def limit_of(
    settings: Mapping[str, Any], redirect_port: int | None = None, variable: str = 'redirect_port'
) -> dict[str, Any]:
    """Return what the settings want of the mail port, as the options of M(conbool.smtp_relay.inbound_firewall).

    Args:
        redirect_port: where the gateway's connections have to arrive instead, 0 for the mail port; None for where they
            do by now.
        variable: the one that has this.
    """
    asked, hop = settings['roles']['inbound_firewall'], settings['roles']['outbound_hop']
    # Where the outbound hop listens for mail servers on other machines, these come; the gateway is led elsewhere.
    networks, port, named = (
        (hop['clients'], hop['listen_port'], 'outbound_hop_listen_port')
        if hop['clients']
        else (settings['networks'] + settings['allowed_networks'], asked['port'], 'inbound_firewall_port')
    )
    return {
        'networks': networks,
        'port': port,
        'backend': asked['backend'],
        'state': 'present' if settings['state'] == 'present' and limits(settings) else 'absent',
        'redirect_port': redirect_port,
        'redirect_networks': settings['networks'] if redirect_port else [],
        'names': {'port': named, 'redirect_port': variable},
    }


def read_redirect(
    port: int, networks: Iterable[str], mail_port: int, names: Mapping[str, str] | None = None
) -> Redirect:
    """Return Redirect.

    Args:
        mail_port: from where connections are turned.
        names: C(redirect_port) to the name of the variable that it comes from.

    Raises:
        FirewallError: naming the option and the value.
    """
    name = (names or {}).get('redirect_port', 'redirect_port')
    if port == mail_port:
        raise FirewallError(f'{name}: {port} is the mail port itself; give the hop another one')
    return Redirect(port, read_wanted(port, networks, {'port': name}).networks, name)


def read_wanted(port: int, networks: Iterable[str], names: Mapping[str, str] | None = None) -> Wanted:
    """Return Wanted.

    Args:
        networks: as written, IPv4 and IPv6.
        names: C(port) to the name of the variable that it comes from.

    Raises:
        FirewallError: naming the option and the value.
    """
    if not 1 <= port <= 65535:
        raise FirewallError(
            '{}: {} must be a whole number from 1 to 65535'.format((names or {}).get('port', 'port'), port)
        )
    if not networks:
        raise FirewallError(
            f'networks: the list is empty, which would close port {port} to every other host. '
            'Remove the limit with state=absent if that is what you want'
        )
    found: dict[int, list[Any]] = {4: [], 6: []}
    for text in networks:
        network = _read_network(text)
        found[network.version].append(network)
    merged = {version: list(ipaddress.collapse_addresses(members)) for version, members in found.items()}
    for members in merged.values():
        for network in members:
            # Halves of everything are everything.
            _refuse_too_large(network, f'networks: together they contain {network}, which')
    return Wanted(port, {version: [str(network) for network in members] for version, members in merged.items()})


def _read_network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise FirewallError(
                f'networks: {shown(text)} is not an IPv4 or IPv6 network such as 192.0.2.0/24 or 2001:db8::/32'
            ) from None
        raise FirewallError(
            'networks: {} has host bits set: write {} for the network or {} for the one address'.format(
                shown(text), network, text.partition('/')[0]
            )
        ) from None
    if '%' in text or (network.version == 6 and network.network_address.ipv4_mapped):
        raise FirewallError(
            f'networks: {shown(text)} is no network that a connection can come from; write IPv4 networks as IPv4, and'
            ' no interface'
        )
    _refuse_too_large(network, f'networks: {shown(text)}')
    return network


def _refuse_too_large(network: ipaddress.IPv4Network | ipaddress.IPv6Network, what: str) -> None:
    shortest = SHORTEST_PREFIX[network.version]
    if network.prefixlen < shortest:
        raise FirewallError(f'{what} covers far too many addresses: the prefix must be /{shortest} or longer')
