# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of the settings."""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Any, Union

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
LOOPBACK = ('127.0.0.0/8', '::1/128')
MAPPED_LOOPBACK = '::ffff:127.0.0.0/104'
# Nobody in the internet comes from these. ipaddress has other ones with each Python, and some took 0.0.0.0/0 for one.
_PRIVATE = (
    *('0.0.0.0/8', '10.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/29', '192.0.2.0/24'),
    *('192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '240.0.0.0/4'),
    *('::/127', '100::/64', '2001:db8::/32', 'fc00::/7', 'fe80::/10'),
)


def overlap(first: Network, second: Network) -> bool:
    """Whether two networks, of either IP version, have addresses in common."""
    return first.version == second.version and first.overlaps(second)


class Networks:
    """Many networks, of either IP version, each of which may be asked about: there are thousands in some tables."""

    def __init__(self, networks: Iterable[Network]) -> None:
        listed, self._merged = list(networks), {}
        for version in (4, 6):
            merged = list(ipaddress.collapse_addresses(each for each in listed if each.version == version))
            self._merged[version] = [int(each[0]) for each in merged], merged

    def cover(self, network: Network) -> bool:
        """Return whether a network is in them, as a whole."""
        lows, merged = self._merged[network.version]
        place = bisect_right(lows, int(network[0])) - 1
        return place >= 0 and network.subnet_of(merged[place])


_IN_THE_HOUSE = Networks(map(ipaddress.ip_network, _PRIVATE))


def private(network: Network) -> bool:
    """Whether all of a network is out of reach of the internet."""
    if network.version == 6 and network.prefixlen >= 96 and network[0].ipv4_mapped:
        return private(ipaddress.ip_network((network[0].ipv4_mapped, network.prefixlen - 96)))
    return _IN_THE_HOUSE.cover(network)


def shut_out(settings: Mapping[str, Any], networks: Iterable[Network]) -> list[str]:
    """Return those of some networks that the settings do not name: a firewall that goes by the settings shuts them
    out."""
    known = settings['networks'] + settings['allowed_networks'] + list(LOOPBACK) + [MAPPED_LOOPBACK]
    named = Networks(map(ipaddress.ip_network, known))
    return [str(network) for network in networks if not named.cover(network)]
