# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of a host that relays for others: which networks can be, and what they say of the host."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import clients
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.variables import normalise
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.host_settings import ROLES

GOOD = {'conbool_domains': ['example.com'], 'conbool_inbound': False, 'verify_inbound_host': 'mx'}


def read(**variables):
    return normalise({**GOOD, **variables}, ROLES)[:2]


@pytest.mark.parametrize(
    'net',
    [
        '10.0.0.0/8',
        '172.16.0.0/12',
        '203.0.0.0/16',
        'fd00::/16',
        '2001:4860::/32',
        '192.0.2.1',
        '64:ff9b::cb00:7100/120',
    ],
)
def test_networks_that_somebody_may_have(net):
    assert clients.network(net)


@pytest.mark.parametrize(
    'net, reason',
    [
        ('0.0.0.0/0', 'covers far too many addresses'),
        ('::/0', 'covers far too many addresses'),
        ('8.0.0.0/8', 'open relay for a part of the internet: the prefix must be /16 or longer'),
        ('2001:4800::/24', 'open relay for a part of the internet: the prefix must be /32 or longer'),
        ('64:ff9b::/96', 'open relay for a part of the internet: the prefix must be /112 or longer'),
        ('127.0.0.0/8', 'loopback'),
        ('::1', 'loopback'),
        ('192.0.2.1/24', 'has host bits set'),
    ],
)
def test_networks_that_are_absurd(net, reason):
    with pytest.raises(ValueError, match=reason):
        clients.network(net)
    assert read(outbound_hop_clients=[net])[1][0].startswith(f'outbound_hop_clients: {net!r} ')


@pytest.mark.parametrize(
    'address',
    [
        *('127.0.0.1', '::1', '0.0.0.0', '::', 'fe80::1', '224.0.0.1', 'relay.example.com'),
        # Linux binds a socket to each of these.
        *('::ffff:192.0.2.25', '::ffff:127.0.0.1', '::ffff:0.0.0.0', '255.255.255.255', '240.0.0.1', '0.0.0.1'),
    ],
)
def test_addresses_at_which_nobody_can_be_reached(address):
    assert read(outbound_hop_listen=[address])[1][0].startswith(f'outbound_hop_listen: {address!r} ')


def test_who_names_clients_has_no_mail_server_on_the_host():
    assert read()[0]['mta'] == 'auto'
    assert read(outbound_hop_clients='192.0.2.100')[0]['mta'] == 'remote'
    assert read(outbound_hop_clients='192.0.2.100', conbool_mta='remote')[0]['mta'] == 'remote'
    settings, problems = read(outbound_hop_clients='192.0.2.100', conbool_mta='postfix')
    assert settings is None and problems == [
        "outbound_hop_clients: ['192.0.2.100/32'] is for mail servers on other machines, but conbool_mta is postfix:"
        ' take one of them out'
    ]
