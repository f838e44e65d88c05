# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What expressions of nft are for a packet, and how they compare (libnftables-json(5))."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.packet import (
    SOURCE_PORT,
    Packet,
    any_of,
    every,
    negated,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import nft


class Address(NamedTuple):
    version: int
    number: int


class _Destination(NamedTuple):
    """One of the addresses of this host."""

    packet: Packet

    def may_be(self, found: tuple[int, int, int] | None) -> bool | None:
        """Return whether it is in what span() has found: never True."""
        if found is None:
            return None
        version, low, high = found
        return None if version == self.packet.version and self.packet.may_go_to(low, high) else False


class _Sign:
    """Something that a value can be besides a value."""


# What nobody knows of a packet; and what it does not have, so that a rule that asks for it does not fit at all.
NOBODY_KNOWS, HAS_NOT = _Sign(), _Sign()
SYN, NEW, TCP = 2, 8, 6
# Of "ct status": an address or a port of its destination was translated.
TURNED = 32
# With -n most of these are numbers; not in every place, and not in every version.
NAMES = {
    'invalid': 1, 'established': 2, 'related': 4, 'new': 8, 'untracked': 64,
    'fin': 1, 'syn': 2, 'rst': 4, 'psh': 8, 'ack': 16, 'urg': 32, 'ecn': 64, 'cwr': 128,
    'tcp': 6, 'udp': 17, 'icmp': 1, 'icmpv6': 58, 'ipv6-icmp': 58, 'ipv4': 2, 'ipv6': 10, 'ip': 0x800, 'ip6': 0x86DD,
    'snat': 16, 'dnat': TURNED, 'host': 0, 'unicast': 0, 'broadcast': 1, 'multicast': 2, 'original': 0, 'reply': 1,
}  # fmt: skip
META = {'l4proto': TCP, 'pkttype': 0}
NFPROTO, PROTOCOL = {4: 2, 6: 10}, {4: 0x800, 6: 0x86DD}
CT = {'state': NEW, 'direction': 0}
TCP_FIELDS = {'sport': SOURCE_PORT, 'flags': SYN}
# Types of routes: where the packet goes to, and where it comes from.
ROUTES = {'daddr': (2, 'local'), 'saddr': (1, 'unicast')}
OTHERS = frozenset(['udp', 'udplite', 'sctp', 'dccp', 'icmp', 'icmpv6', 'igmp', 'esp', 'ah', 'comp', 'arp', 'vlan'])


def value_of(left: Any, packet: Packet) -> Any:
    """Return a number, a text, an Address, a list of these, NOBODY_KNOWS or HAS_NOT."""
    if not isinstance(left, Mapping) or len(left) != 1:
        return NOBODY_KNOWS
    ((name, said),) = left.items()
    if name == 'concat':
        return [value_of(part, packet) for part in said]
    if name == '&':
        value, mask = value_of(said[0], packet), _number(said[1])
        if value is HAS_NOT:
            return HAS_NOT
        return value & mask if isinstance(value, int) and mask is not None else NOBODY_KNOWS
    if name == 'meta':
        return _meta(said['key'], packet)
    if name == 'payload' and 'protocol' in said:
        return _payload(said['protocol'], said['field'], packet)
    if name == 'ct':
        if said['key'] == 'status':
            return TURNED if packet.turned else 0
        return CT.get(said['key'], NOBODY_KNOWS)
    if name == 'fib':
        return _route(said)
    if name == 'exthdr' and 'field' in said:
        return HAS_NOT
    return NOBODY_KNOWS


def _meta(key: str, packet: Packet) -> Any:
    if key in ('iif', 'iifname'):
        return packet.interface
    if key in ('oif', 'oifname'):
        return HAS_NOT
    if key in ('nfproto', 'protocol'):
        return (NFPROTO if key == 'nfproto' else PROTOCOL)[packet.version]
    return META.get(key, NOBODY_KNOWS)


def _payload(protocol: str, field: str, packet: Packet) -> Any:
    if protocol in ('tcp', 'th'):
        return packet.port if field == 'dport' else TCP_FIELDS.get(field, NOBODY_KNOWS)
    if protocol in OTHERS:
        return HAS_NOT
    if protocol in ('ip', 'ip6'):
        if protocol != {4: 'ip', 6: 'ip6'}[packet.version]:
            return HAS_NOT
        if field in ('protocol', 'nexthdr'):
            return TCP
        ends = {'saddr': Address(packet.version, packet.source), 'daddr': _Destination(packet)}
        return ends.get(field, NOBODY_KNOWS)
    return NOBODY_KNOWS


def _route(said: Mapping[str, Any]) -> Any:
    """What the routes say: where a packet comes from is taken to be where it would be answered."""
    flags = said.get('flags', [])
    flags = [flags] if isinstance(flags, str) else flags
    ends = [end for end in ROUTES if end in flags]
    if said.get('result') == 'type' and len(ends) == 1:
        return _Route(*ROUTES[ends[0]])
    return True if said.get('result') in ('oif', 'oifname') and ends == ['saddr'] else NOBODY_KNOWS


class _Route(NamedTuple):
    number: int
    name: str


def _number(right: Any) -> int | None:
    """Return a number, a name for one, or several of them in one; None for anything else."""
    if isinstance(right, Mapping) and set(right) == {'|'}:
        right = right['|']
    if isinstance(right, list):
        numbers = [_number(each) for each in right]
        return None if None in numbers else sum(set(numbers))
    return NAMES.get(right) if isinstance(right, str) else right if isinstance(right, int) else None


class Sets:
    """The sets of a table, by name; each is put in order once."""

    def __init__(self, find: Callable[[str], list[Any] | None]) -> None:
        self._find = find
        self._made: dict[str, _Members] = {}

    def members(self, name: str) -> list[Any] | None:
        return self._find(name)

    def has(self, name: str, value: Any) -> bool | None:
        if name not in self._made:
            members = self._find(name)
            if members is None:
                return None
            self._made[name] = _Members(members)
        return self._made[name].have(value)


class _Members:
    """The members of a set, in an order in which one is found soon."""

    def __init__(self, members: Iterable[Any]) -> None:
        self._spans: list[tuple[int, int, int]] = []
        self._others = []
        for member in members if isinstance(members, list) else [members]:
            found = nft.span(member)
            if found:
                self._spans.append(found)
            else:
                self._others.append(member)
        self._spans = nft.merged(self._spans)
        self._lows = [(version, low) for version, low, dummy in self._spans]

    def have(self, value: Any) -> bool | None:
        if value is NOBODY_KNOWS:
            return None
        if isinstance(value, _Destination):
            return any_of(map(value.may_be, self._spans + [None] * len(self._others)))
        if isinstance(value, (Address, _Route, int)):
            version, number = value if isinstance(value, Address) else (0, getattr(value, 'number', value))
            place = bisect_right(self._lows, (version, number)) - 1
            if place >= 0 and self._spans[place][0] == version and number <= self._spans[place][2]:
                return True
        return any_of(_equal(value, member) for member in self._others)


def compared(value: Any, operator: str, right: Any, sets: Sets) -> bool | None:
    """Return whether a comparison is so, None when that is not known."""
    if value is HAS_NOT or (isinstance(value, list) and HAS_NOT in value):
        return False
    if value is True or isinstance(right, bool):
        # "exists" and "missing".
        same = value is right if value is True and isinstance(right, bool) else None
    elif operator in ('<', '>', '<=', '>='):
        return _ordered(value, operator, _number(right))
    elif isinstance(right, str) and right.startswith('@'):
        same = sets.has(right[1:], value)
    elif isinstance(right, Mapping) and 'set' in right:
        content = right['set']
        same = sets.has(content[1:], value) if isinstance(content, str) else _Members(content).have(value)
    elif operator in ('in', '!'):
        mask = _number(right)
        same = bool(value & mask) == (operator == 'in') if isinstance(value, int) and mask is not None else None
    else:
        same = _equal(value, right)
    return negated(same) if operator == '!=' else same


def _ordered(value: Any, operator: str, limit: int | None) -> bool | None:
    if not isinstance(value, int) or limit is None:
        return None
    return {'<': value < limit, '>': value > limit, '<=': value <= limit, '>=': value >= limit}[operator]


def _equal(value: Any, right: Any) -> bool | None:
    if isinstance(right, Mapping) and 'elem' in right:
        right = right['elem'].get('val')
    if isinstance(right, Mapping) and 'concat' in right:
        parts = right['concat']
        if not isinstance(value, list) or len(value) != len(parts):
            return None
        return every(_equal(each, part) for each, part in zip(value, parts))
    if right == '*':
        return True
    if value is NOBODY_KNOWS or isinstance(value, list):
        return None
    if isinstance(value, _Route):
        return right in value if isinstance(right, (int, str)) else None
    found = nft.span(right)
    if isinstance(value, _Destination):
        return value.may_be(found)
    if isinstance(value, Address):
        return found[0] == value.version and found[1] <= value.number <= found[2] if found else None
    if isinstance(value, int):
        if found and not found[0]:
            return found[1] <= value <= found[2]
        number = _number(right)
        return None if number is None else value == number
    if isinstance(value, str) and isinstance(right, str):
        return value.startswith(right[:-1]) if right.endswith('*') else value == right
    return None
