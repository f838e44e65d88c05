# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks as Sendmail writes them: its own tables know whole octets only, any other network is a regular expression
for {client_addr}."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Sequence

ANY_OCTET = '[0-9]{1,3}'
ANY_GROUP = '[0-9a-f]{1,4}'
_OCTETS = re.compile(r'\d+(\.\d+){0,3}$')
_GROUPS = re.compile(r'ipv6:([0-9a-f]{1,4}(:[0-9a-f]{1,4}){0,7})$')


def named(words: Iterable[str]) -> list[str]:
    """Return the networks among words as class R and the access map have them: the first octets, or groups, of an
    address.

    What is not written in the way in which Sendmail writes an address, such as IPv6:2001:db8::, fits none.
    """
    found = []
    for word in words:
        text = word.lower().rstrip('.:')
        octets, groups = _OCTETS.match(text), _GROUPS.match(text)
        if octets:
            parts = text.split('.')
            found.append('{}/{}'.format('.'.join(parts + ['0'] * (4 - len(parts))), 8 * len(parts)))
        elif groups and '::' not in word:
            parts = groups.group(1).split(':')
            found.append('{}/{}'.format(':'.join(parts + ['0'] * (8 - len(parts))), 16 * len(parts)))
    return sorted({str(ipaddress.ip_network(text)) for text in found if _is_network(text)})


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def pattern(networks: Sequence[str]) -> str:
    """Return an extended regular expression that matches the addresses of some networks and no others.

    Sendmail writes an IPv6 address as IPv6:2001:db8:0:0:0:0:0:1 (UseCompressedIPv6Addresses=false), or with :: in it.

    Args:
        networks: in CIDR notation. Without any, nothing matches.
    """
    return (
        '^({})$'.format('|'.join(_network(ipaddress.ip_network(network)) for network in networks)) if networks else '^$'
    )


def _network(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> str:
    if network.version == 4:
        octets = list(network.network_address.packed)
        return '\\.'.join(_parts(octets, 8, network.prefixlen, _decimal, ANY_OCTET))
    groups = _groups(str(network.network_address))
    return 'IPv6:' + ':'.join(_parts(groups, 16, network.prefixlen, _hexadecimal, ANY_GROUP))


def _parts(values: Iterable[int], bits: int, prefix: int, some: Callable[[int, int], str], any_value: str) -> list[str]:
    """Return the expression of each part of an address: one value, some from it on, or any."""
    found = []
    for number, value in enumerate(values):
        free = min(bits, max(0, bits * (number + 1) - prefix))
        found.append(any_value if free == bits else some(value, free))
    return found


def _decimal(first: int, free: int) -> str:
    values = [str(value) for value in range(first, first + 2**free)]
    return values[0] if len(values) == 1 else '({})'.format('|'.join(values))


def _hexadecimal(first: int, free: int) -> str:
    """Return an expression for 2**free values from the first one on, in as few digits as they need."""
    choices = []
    for digits in range(1, 5):
        low, high = max(first, 16 ** (digits - 1) if digits > 1 else 0), min(first + 2**free, 16**digits) - 1
        if low <= high:
            choices += _same_length(f'{low:x}', f'{high:x}')
    return choices[0] if len(choices) == 1 else '({})'.format('|'.join(choices))


def _same_length(low: str, high: str) -> list[str]:
    """Return expressions for the hexadecimal numbers from one to another of as many digits."""
    if low == high:
        return [low]
    if len(low) == 1:
        return ['[{}]'.format(''.join(f'{digit:x}' for digit in range(int(low, 16), int(high, 16) + 1)))]
    if low[0] == high[0]:
        return [low[0] + rest for rest in _same_length(low[1:], high[1:])]
    rest, found = len(low) - 1, []
    first, last = int(low[0], 16), int(high[0], 16)
    if low[1:].strip('0'):
        found += [low[0] + tail for tail in _same_length(low[1:], 'f' * rest)]
        first += 1
    if high[1:].strip('f'):
        found += [high[0] + tail for tail in _same_length('0' * rest, high[1:])]
        last -= 1
    if first <= last:
        found.append('[{}]{}'.format(''.join(f'{digit:x}' for digit in range(first, last + 1)), '[0-9a-f]' * rest))
    return found


def written(address: str) -> str:
    """Return an address as Sendmail writes it in the macros of a session."""
    return address if ':' not in address else 'IPv6:' + ':'.join(f'{group:x}' for group in _groups(address))


def _groups(address: str) -> list[int]:
    packed = ipaddress.ip_address(address).packed
    return [packed[place] * 256 + packed[place + 1] for place in range(0, 16, 2)]


def lookups(tag: str, names: Iterable[str], address: str = '') -> list[str]:
    """Return the keys that the access map can have for a host, the one that wins first (rulesets D and A in
    cf/m4/proto.m4).

    Args:
        tag: what they begin with, in small letters and with the colon.
        names: of the host, in brackets or not.
        address: of the host, empty when it is not known.
    """
    found = [key for name in names for key in _cuts_of_name(name.lower())]
    if ':' in address:
        for form in (written(address).lower(), 'ipv6:' + address.lower()):
            found += [form.rsplit(':', cut)[0] for cut in range(form.count(':') + 1)]
    elif address:
        found += [address.rsplit('.', cut)[0] for cut in range(4)]
    return [tag + key for key in [*found, '']]


def _cuts_of_name(name: str) -> list[str]:
    """A name in brackets is cut at its end, as an address is."""
    if ':' in name:
        return [name]
    if name.startswith('['):
        inner = name.strip('[]')
        return [f'[{inner.rsplit(".", cut)[0]}]' for cut in range(inner.count('.') + 1)]
    labels = name.split('.')
    return ['.'.join(labels[cut:]) for cut in range(len(labels))]
