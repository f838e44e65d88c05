# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which interface whose packets come in: the one by which they are answered, as the main routing table says.

A host that has other tables beside it (ip rule), as Tailscale's, may take the way of one of them: that counts as well.
Only their default routes do not, such as those of a tunnel by which this host itself goes out.
"""

from __future__ import annotations

import ipaddress
import re
import sys
from typing import NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import read_text
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import addresses
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.nft import BITS

# The scope of an address that others reach.
GLOBAL = '00'
REJECT = 0x200
# What ip(8) prints of a route that is in no table of /proc/net/route.
OTHERS = ('-4', '-o', 'route', 'show', 'table', 'all')
_OTHER = re.compile(r'^([\d.]+)(?:/(\d+))? .*?\bdev (\S+).* table (\S+)', re.MULTILINE)
# The kind of an interface, and that of one without addresses below IP (ARPHRD_NONE): WireGuard, Tailscale, OpenVPN.
TYPE, TUNNEL = '/sys/class/net/{}/type', '65534'


class _Route(NamedTuple):
    length: int
    low: int
    high: int
    interface: str
    table: str = ''


class Routes:
    """The routes of one IP version.

    Args:
        others: what ip(8) prints of those in other tables (OTHERS).
    """

    def __init__(self, version: int, others: str = '') -> None:
        lines = [line.split() for line in read_text(addresses.TABLES[version]).splitlines()]
        found = [_ipv4(line) for line in lines[1:]] if version == 4 else [addresses.ipv6_route(line) for line in lines]
        self.own = addresses.own(version)
        self._bits = BITS[version]
        self._routes = [self._route(*each[:3]) for each in found if each[2] != 'lo' and not each[3] & REJECT]
        self._others = [
            self._route(int(ipaddress.ip_address(low)), int(length or self._bits), interface, table)
            for low, length, interface, table in _OTHER.findall(others)
            if interface != 'lo' and length != '0'
        ]

    def _route(self, low: int, length: int, interface: str, table: str = '') -> _Route:
        return _Route(length, low, low | (1 << self._bits - length) - 1, interface, table)

    def interfaces(self, source: int) -> list[str]:
        """Return the interfaces by which packets from an address come in; all of them if no route leads there."""
        return sorted({route.interface for route in self._fitting(source) or self._routes})

    def _fitting(self, source: int) -> list[_Route]:
        """Return the narrowest routes to an address, those of each table."""
        fitting = [route for route in self._routes + self._others if route.low <= source <= route.high]
        longest: dict[str, int] = {}
        for route in fitting:
            longest[route.table] = max(route.length, longest.get(route.table, 0))
        return [route for route in fitting if route.length == longest[route.table]]

    def neighbours(self) -> list[int]:
        """Return an address of each network that there is a route to, the default excepted."""
        return [route.high - 1 for route in self._routes + self._others if 0 < route.length < self._bits - 1]

    def by_tunnel(self, source: int, interface: str) -> bool:
        """Return whether what comes from an address by an interface comes from a peer of a tunnel, and not from
        wherever the default route of that leads."""
        if read_text(TYPE.format(interface)).strip() != TUNNEL:
            return False
        return any(route.interface == interface and route.length for route in self._fitting(source))


def _ipv4(line: list[str]) -> tuple[int, int, str, int]:
    low, mask = (int.from_bytes(int(text, 16).to_bytes(4, sys.byteorder), 'big') for text in (line[1], line[7]))
    return low, bin(mask).count('1'), line[0], int(line[3], 16)


def versions() -> list[int]:
    """Return the IP versions over which others can connect to this host."""
    lines = map(str.split, read_text(addresses.ADDRESSES6).splitlines())
    ipv6 = any(line[3] == GLOBAL and line[5] != 'lo' for line in lines if len(line) > 5)
    return [4, 6] if ipv6 else [4]
