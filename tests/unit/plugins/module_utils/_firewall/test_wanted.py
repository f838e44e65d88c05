# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of networks: merged, or refused with the option and the value."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import (
    FirewallError,
    guests,
    limit_of,
    read_wanted,
)


def test_networks_are_merged_and_sorted_by_version():
    wanted = read_wanted(
        25, ['192.0.2.128/25', '2001:db8::1', '192.0.2.0/25', '10.0.0.0/8', '10.1.2.3', '2001:db8::/64']
    )
    assert wanted.networks == {4: ['10.0.0.0/8', '192.0.2.0/24'], 6: ['2001:db8::/64']}
    assert wanted.all() == ['10.0.0.0/8', '192.0.2.0/24', '2001:db8::/64']


def test_one_version_may_be_missing():
    assert read_wanted(25, ['192.0.2.1']).networks == {4: ['192.0.2.1/32'], 6: []}


@pytest.mark.parametrize(
    'networks, message',
    [
        ([], 'networks: the list is empty'),
        (['0.0.0.0/0'], "networks: '0.0.0.0/0' covers far too many addresses: the prefix must be /8 or longer"),
        (['::/0'], "networks: '::/0' covers far too many addresses: the prefix must be /16 or longer"),
        (
            ['10.0.0.0/8', '11.0.0.0/8'],
            'networks: together they contain 10.0.0.0/7, which covers far too many addresses',
        ),
        (
            ['192.0.2.7/24'],
            (
                "networks: '192.0.2.7/24' has host bits set: write 192.0.2.0/24 for the network or 192.0.2.7 for the"
                " one address"
            ),
        ),
        (['192.0.2.0/24', 'mail.example'], "networks: 'mail.example' is not an IPv4 or IPv6 network"),
        (['192.0.2.0/24\n'], r"networks: '192.0.2.0/24\n' is not an IPv4 or IPv6 network"),
        ([''], "networks: '' is not an IPv4 or IPv6 network"),
        (['::ffff:192.0.2.0/120'], "networks: '::ffff:192.0.2.0/120' is no network that a connection can come from"),
        (['fe80::1%eth0'], "networks: 'fe80::1%eth0' is no"),
    ],
)
def test_refused(networks, message):
    with pytest.raises(FirewallError) as refused:
        read_wanted(25, networks)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize('port', [0, -1, 65536])
def test_ports_that_do_not_exist(port):
    with pytest.raises(FirewallError, match=f'^port: {port} must be'):
        read_wanted(port, ['192.0.2.1'])
    with pytest.raises(FirewallError, match=f'^inbound_port: {port} must be'):
        read_wanted(port, ['192.0.2.1'], {'port': 'inbound_port'})


def test_a_host_that_relays_for_others_is_limited_to_them():
    roles = {
        'inbound_firewall': {'state': 'present', 'backend': 'auto', 'port': 25},
        'outbound_hop': {'clients': ['10.1.0.0/24'], 'listen_port': 2525},
    }
    settings = {
        'state': 'present',
        'inbound': False,
        'networks': [],
        'allowed_networks': ['10.2.0.0/24'],
        'roles': roles,
    }
    found = limit_of(settings)
    assert (found['state'], found['networks'], found['port']) == ('present', ['10.1.0.0/24'], 2525)
    assert found['names'] == {'port': 'outbound_hop_listen_port', 'redirect_port': 'redirect_port'}
    # Where the gateway comes, too, it is led elsewhere, and does not get to the clients' port.
    both = dict(settings, inbound=True, networks=['192.0.2.0/28'])
    found = limit_of(both, 327, 'front_port')
    assert (found['networks'], found['redirect_networks']) == (['10.1.0.0/24'], ['192.0.2.0/28'])
    assert guests(both) == 'the servers in outbound_hop_clients and the gateway'
    roles['outbound_hop']['clients'] = []
    assert limit_of(settings)['state'] == 'absent'
