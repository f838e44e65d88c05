# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses of this host, as the kernel tells them. Private to this collection."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.nft import BITS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode

# Interface, destination, gateway, flags, ..., mask; and destination, length of prefix, ..., flags, interface.
TABLES = {4: '/proc/net/route', 6: '/proc/net/ipv6_route'}
# Addresses: address, index, length of prefix, scope, flags, interface.
ADDRESSES6 = '/proc/net/if_inet6'
# All routes to this host's own addresses, and to networks of them.
TRIE = '/proc/net/fib_trie'
_LOCAL4 = re.compile(r'\|-- (\S+)((?:\n +/\d+ .*)+)')
LOCAL6 = 0x80000000


def _text(path: str) -> str:
    return decode(read_file(path).data or b'')


def ipv6_route(line: list[str]) -> tuple[int, int, str, int]:
    """Return destination, length of its prefix, interface and flags of a line of the table."""
    return int(line[0], 16), int(line[1], 16), line[9], int(line[8], 16)


def own(version: int) -> tuple[tuple[int, int], ...] | None:
    """Return both ends of each range of this host's own addresses; None where they cannot be seen."""
    if version == 4:
        leaves = _LOCAL4.findall(_text(TRIE))
        found = [(text, length) for text, said in leaves for length in re.findall(r'/(\d+) host LOCAL', said)]
        networks = [ipaddress.ip_network('/'.join(each), strict=False) for each in found]
        return tuple((int(network[0]), int(network[-1])) for network in networks) or None
    lines = list(map(str.split, _text(ADDRESSES6).splitlines()))
    spans = [(int(line[0], 16), int(line[0], 16)) for line in lines]
    for low, length, dummy, flags in map(ipv6_route, map(str.split, _text(TABLES[6]).splitlines())):
        if flags & LOCAL6:
            spans.append((low, low | (1 << BITS[6] - length) - 1))
    return tuple(dict.fromkeys(spans)) or None
