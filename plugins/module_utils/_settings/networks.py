# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of the settings."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any, Union

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
LOOPBACK = ('127.0.0.0/8', '::1/128')
MAPPED_LOOPBACK = '::ffff:127.0.0.0/104'


def overlap(first: Network, second: Network) -> bool:
    """Whether two networks, of either IP version, have addresses in common."""
    return first.version == second.version and first.overlaps(second)


def is_within(network: Network, other: Network) -> bool:
    """Return whether a network, of either IP version, is all of another or a part of it."""
    return overlap(network, other) and network.prefixlen >= other.prefixlen


def shut_out(settings: Mapping[str, Any], networks: Iterable[Network]) -> list[str]:
    """Return those of some networks that the settings do not name: a firewall that goes by the settings shuts them
    out."""
    known = [
        ipaddress.ip_network(item)
        for item in settings['networks'] + settings['allowed_networks'] + list(LOOPBACK) + [MAPPED_LOOPBACK]
    ]
    return [
        str(network)
        for network in networks
        if not any(network.version == other.version and network.subnet_of(other) for other in known)
    ]
