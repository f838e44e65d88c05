# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which interface whose packets come in: the one by which they are answered, as the main routing table says.

A host that has other tables beside it (ip rule) may take another way; its interfaces are known from here all the same.
"""

from __future__ import annotations

import ipaddress
import re
import sys
from typing import NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import read_text
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.nft import BITS

# Interface, destination, gateway, flags, ..., mask; and destination, length of prefix, ..., flags, interface.
TABLES = {4: '/proc/net/route', 6: '/proc/net/ipv6_route'}
# Addresses: address, index, length of prefix, scope, flags, interface.
ADDRESSES6 = '/proc/net/if_inet6'
GLOBAL = '00'
# All routes to this host's own addresses, and to networks of them.
TRIE = '/proc/net/fib_trie'
_LOCAL4 = re.compile(r'\|-- (\S+)((?:\n +/\d+ .*)+)')
LOCAL6 = 0x80000000
REJECT = 0x200


class _Route(NamedTuple):
    length: int
    low: int
    high: int
    interface: str


class Routes:
    """The routes of one IP version."""

    def __init__(self, version: int) -> None:
        lines = [line.split() for line in read_text(TABLES[version]).splitlines()]
        found = [_ipv4(line) for line in lines[1:]] if version == 4 else [_ipv6(line) for line in lines]
        self.own = own(version)
        self._bits = BITS[version]
        self._routes = [self._route(*each) for each in found if each[2] != 'lo' and not each[3] & REJECT]

    def _route(self, low: int, length: int, interface: str, dummy: int) -> _Route:
        return _Route(length, low, low | (1 << self._bits - length) - 1, interface)

    def interfaces(self, source: int) -> list[str]:
        """Return the interfaces by which packets from an address come in; all of them if no route leads there."""
        fitting = [route for route in self._routes if route.low <= source <= route.high]
        longest = max((route.length for route in fitting), default=-1)
        found = [route for route in fitting if route.length == longest] or self._routes
        return sorted({route.interface for route in found})

    def neighbours(self) -> list[int]:
        """Return an address of each network that there is a route to, the default excepted."""
        return [route.high - 1 for route in self._routes if 0 < route.length < self._bits - 1]


def _ipv4(line: list[str]) -> tuple[int, int, str, int]:
    low, mask = (int.from_bytes(int(text, 16).to_bytes(4, sys.byteorder), 'big') for text in (line[1], line[7]))
    return low, bin(mask).count('1'), line[0], int(line[3], 16)


def _ipv6(line: list[str]) -> tuple[int, int, str, int]:
    return int(line[0], 16), int(line[1], 16), line[9], int(line[8], 16)


def own(version: int) -> tuple[tuple[int, int], ...] | None:
    """Return both ends of each range of this host's own addresses; None where they cannot be seen."""
    if version == 4:
        leaves = _LOCAL4.findall(read_text(TRIE))
        found = [(text, length) for text, said in leaves for length in re.findall(r'/(\d+) host LOCAL', said)]
        networks = [ipaddress.ip_network('/'.join(each), strict=False) for each in found]
        return tuple((int(network[0]), int(network[-1])) for network in networks) or None
    lines = list(map(str.split, read_text(ADDRESSES6).splitlines()))
    spans = [(int(line[0], 16), int(line[0], 16)) for line in lines]
    for low, length, dummy, flags in map(_ipv6, map(str.split, read_text(TABLES[6]).splitlines())):
        if flags & LOCAL6:
            spans.append((low, low | (1 << BITS[6] - length) - 1))
    return tuple(dict.fromkeys(spans)) or None


def versions() -> list[int]:
    """Return the IP versions over which others can connect to this host."""
    lines = map(str.split, read_text(ADDRESSES6).splitlines())
    ipv6 = any(line[3] == GLOBAL and line[5] != 'lo' for line in lines if len(line) > 5)
    return [4, 6] if ipv6 else [4]
