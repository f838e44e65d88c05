# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import ipaddress
import random
import re

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.networks import named, pattern


def written(address):
    """As Sendmail writes it."""
    if address.version == 4:
        return str(address)
    return 'IPv6:' + ':'.join(f'{int(group, 16):x}' for group in address.exploded.split(':'))


def matches(networks, address):
    return bool(re.search(pattern(networks), written(ipaddress.ip_address(address))))


@pytest.mark.parametrize(
    'network',
    [
        '192.0.2.0/24',
        '192.0.2.16/28',
        '192.0.2.1/32',
        '10.0.0.0/8',
        '172.16.0.0/12',
        '198.18.0.0/15',
        '192.0.2.128/25',
        '0.0.0.0/9',
        '2001:db8::/32',
        '2001:db8:1::/48',
        '2001:db8::/47',
        '2001:db8::1/128',
        '2001:db8::/121',
        '2001:db8:0:20::/59',
        '2001:db8:0:1000::/53',
        '2001:db8::fff8/125',
        '2001::/16',
        '2001:db8:8000::/33',
    ],
)
def test_first_and_last_address_are_in_it_and_their_neighbours_are_not(network):
    net = ipaddress.ip_network(network)
    first, last = net.network_address, net.broadcast_address
    inside = [first, last] + [first + random.Random(7).randrange(net.num_addresses) for dummy in range(200)]
    assert all(matches([network], address) for address in inside)
    outside = [address for address in (int(first) - 1, int(last) + 1) if 0 <= address < 2**net.max_prefixlen]
    assert outside
    for address in outside:
        assert not matches([network], type(first)(address))


def test_every_address_of_a_group_is_judged_right():
    addresses = [(value, written(ipaddress.ip_address('2001:db8::') + value)) for value in range(2**16)]
    for prefix, length in ((0, 115), (0x2000, 118), (0xA0, 123), (0, 117)):
        expression = re.compile(pattern([f'2001:db8::{prefix:x}/{length}']))
        for value, text in addresses:
            assert bool(expression.search(text)) == (value >> 128 - length == prefix >> 128 - length), text


def test_several_networks_and_none():
    assert matches(['192.0.2.0/24', '2001:db8::/32'], '2001:db8::5') and matches(
        ['192.0.2.0/24', '2001:db8::/32'], '192.0.2.5'
    )
    assert not matches([], '192.0.2.5')
    assert not re.search(pattern(['192.0.2.0/24']), '192x0.2.5') and not re.search(pattern(['2.0.0.0/8']), '12.0.0.1')


def test_what_a_table_names_by_its_first_octets():
    words = [
        '10',
        '192.0.2.',
        '198.51.100.7',
        'IPv6:2001:db8:0:20',
        'ipv6:2001:DB8:1:0:0:0:0:9',
        'IPv6:2001:db8::',
        'partner.test',
        '300.1',
        '1.2.3.4.5',
    ]
    assert named(words) == ['10.0.0.0/8', '192.0.2.0/24', '198.51.100.7/32', '2001:db8:0:20::/64', '2001:db8:1::9/128']
