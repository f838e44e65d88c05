# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of the gateway, networks that may connect as well, and those that are washed."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.networks import Networks, private

from tests.unit.fakes.settings import accepted, refused


@pytest.mark.parametrize(
    'value, result',
    [
        (['192.0.2.7'], ['192.0.2.7/32']),
        (['2001:DB8:0::/48'], ['2001:db8::/48']),
        (['192.0.2.0/255.255.255.0'], ['192.0.2.0/24']),
        (['192.0.2.0/24', '192.0.2.64/26', '192.0.2.5'], ['192.0.2.0/24']),
        (['2001:db8::/32', '198.51.100.0/25', '198.51.100.128/25'], ['198.51.100.0/24', '2001:db8::/32']),
        (['10.0.0.0/8'], ['10.0.0.0/8']),
    ],
)
@pytest.mark.parametrize(
    'variable, key',
    [
        ('conbool_networks', 'networks'),
        ('conbool_smtp_allowed_networks', 'allowed_networks'),
    ],
)
def test_networks_are_canonical(variable, key, value, result):
    assert accepted(**{variable: value})[key] == result


@pytest.mark.parametrize(
    'network, reason',
    [
        ('192.0.2.7/24', 'write 192.0.2.0/24 for the network or 192.0.2.7 for the one address'),
        ('2001:db8::1/64', 'write 2001:db8::/64 for the network or 2001:db8::1 for the one address'),
        ('0.0.0.0/0', '/8 or longer'),
        ('::/0', '/16 or longer'),
        ('8.0.0.0/7', '/8 or longer'),
        ('2000::/15', '/16 or longer'),
        ('127.0.0.1', 'loopback'),
        ('127.0.0.0/8', 'loopback'),
        ('::1', 'loopback'),
        ('224.0.0.0/8', 'multicast'),
        ('239.1.2.3', 'multicast'),
        ('ff02::1', 'multicast'),
        ('169.254.1.0/24', 'link-local'),
        ('169.0.0.0/8', 'link-local'),
        ('fe80::/16', 'link-local'),
        ('0.0.0.0', 'unspecified'),
        ('::', 'unspecified'),
        ('255.255.255.255', 'reserved'),
        ('::ffff:192.0.2.0/120', 'IPv4 network written as IPv6'),
        ('mail.conbool.com', 'contains'),
        ('any', 'contains'),
        ('all', 'contains'),
        ('192.0.2.0/33', 'is not an IPv4 or IPv6 network'),
        ('192.0.2', 'is not an'),
        ('10/8', 'is not an'),
        ('010.0.0.0/8', 'is not an'),
        ('192.0.2.0/', 'is not an'),
        ('192.0.2.0/+24', "contains '+'"),
        ('192.0.2.0/24/24', 'is not an'),
        ('!192.0.2.0/24', "contains '!'"),
        ('192.0.2.0-192.0.2.9', "contains '-'"),
        ('fe80::1%eth0', "contains '%'"),
        ('١٩٢.0.2.0/24', 'contains'),
        ('192.0.2.0/24\n', 'control character'),
        ('192.0.2.0 /24', 'blank'),
        (3221225985, 'is not an'),
        (None, 'must be text'),
        ('', 'is empty'),
    ],
)
@pytest.mark.parametrize(
    'variable',
    ['conbool_networks', 'conbool_smtp_allowed_networks', 'conbool_wash_networks', 'conbool_dns_spf_addresses'],
)
def test_bad_networks_are_refused(variable, network, reason):
    (problem,) = refused(**{variable: ['198.51.100.0/24', network]})
    assert problem.startswith(f'{variable}: {network!r} ')
    assert reason in problem


def test_networks_that_are_washed_are_canonical():
    settings = accepted(conbool_wash_networks='10.20.1.0/24\n10.20.0.0/24, 2001:DB8:2:0::/64 10.20.0.5')
    assert settings['wash_networks'] == ['10.20.0.0/23', '2001:db8:2::/64']


@pytest.mark.parametrize(
    'gateway, washed, words',
    [
        ('192.0.2.0/28', '192.0.2.0/24', "'192.0.2.0/24' overlaps 192.0.2.0/28 of conbool_networks"),
        ('192.0.2.0/28', '192.0.2.8', "'192.0.2.8/32' overlaps 192.0.2.0/28 of"),
        ('2001:db8:1::/64', '2001:db8::/32', "'2001:db8::/32' overlaps 2001:db8:1::/64 of"),
    ],
)
def test_networks_of_the_gateway_cannot_be_washed(gateway, washed, words):
    (problem,) = refused(conbool_networks=[gateway], conbool_wash_networks=['10.20.0.0/16', washed])
    assert problem.startswith('conbool_wash_networks: ') and words in problem


def test_networks_are_required_for_inbound_only():
    assert refused(conbool_networks='') == [
        'conbool_networks: [] must hold the addresses of the gateway because conbool_inbound is true'
    ]
    assert accepted(conbool_networks='', conbool_inbound='no')['networks'] == []


@pytest.mark.parametrize(
    'network, covered',
    [
        ('192.0.2.0/28', True),
        ('192.0.2.7/32', True),
        ('192.0.2.0/27', True),
        ('192.0.2.0/26', False),
        ('192.0.2.32/32', False),
        ('191.0.0.0/8', False),
        ('2001:db8::1/128', True),
        ('2001:db9::/32', False),
    ],
)
def test_a_network_is_in_many_as_a_whole(network, covered):
    known = Networks(map(ip_network, ['192.0.2.16/28', '192.0.2.0/28', '192.0.2.4/32', '2001:db8::/32']))
    assert known.cover(ip_network(network)) is covered


@pytest.mark.parametrize(
    'network, expected',
    [
        *((network, True) for network in ('10.0.0.0/8', '198.18.0.0/15', '169.254.7.0/24', '::1/128', 'fd00::/16')),
        ('::ffff:10.0.0.0/104', True),
        *((network, False) for network in ('8.8.8.8/32', '100.64.0.0/10', '172.0.0.0/8', '2001:4860::/32', '::/0')),
        # Both ends are nobody's, and between them is all of the internet.
        *((network, False) for network in ('0.0.0.0/0', '0.0.0.0/1', '192.0.0.0/9', '::ffff:0.0.0.0/96')),
    ],
)
def test_what_is_out_of_reach_of_the_internet(network, expected):
    assert private(ip_network(network)) is expected
