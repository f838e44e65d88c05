# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is who at port 25, and which recipients the gateway may name."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.access_tables import (
    client_tables,
    mynetworks_entries,
    recipients_table,
)

SETTINGS = {
    'networks': ['192.0.2.0/28', '2001:db8:1::/64'],
    'allowed_networks': ['10.20.0.0/16'],
    'inbound_trust': False,
}


def test_who_is_who_at_port_25():
    clients, data, warnings = client_tables(SETTINGS, '127.0.0.0/8 [::1]/128 10.0.0.0/24')
    assert (
        clients == '127.0.0.0/8 DUNNO\n::1/128 DUNNO\n192.0.2.0/28 conbool_gateway\n10.20.0.0/16 DUNNO\n2001:db8:1::/64'
        ' conbool_gateway\n10.0.0.0/24 DUNNO\n0.0.0.0/0 conbool_others\n::/0 conbool_others\n'
    )
    assert data == clients.replace('conbool_gateway', 'reject_plaintext_session')
    assert warnings == []


def test_the_smaller_network_and_then_the_gateway_comes_first():
    clients = client_tables(
        dict(SETTINGS, networks=['10.0.0.0/8', '192.0.2.0/24'], allowed_networks=['10.1.0.0/16', '192.0.2.0/24']),
        '10.2.0.0/16',
    )[0].split('\n')
    assert clients.index('10.1.0.0/16 DUNNO') < clients.index('10.0.0.0/8 conbool_gateway')
    assert '192.0.2.0/24 conbool_gateway' in clients and '192.0.2.0/24 DUNNO' not in clients


def test_the_gateway_in_mynetworks_stays_the_gateway():
    clients, dummy, warnings = client_tables(SETTINGS, '192.0.2.3 10.0.0.0/24')
    assert clients.index('192.0.2.0/28 conbool_gateway') < clients.index('192.0.2.3/32 DUNNO')
    assert len(warnings) == 1 and '192.0.2.3/32' in warnings[0] and 'conbool_smtp_allowed_networks' in warnings[0]


def test_a_network_that_contains_the_gateway_does_not_make_all_of_it_the_gateway():
    (text,) = client_tables(SETTINGS, '192.0.0.0/16 10.0.0.0/24')[2]
    assert '192.0.0.0/16 (192.0.2.0/28)' in text and 'such clients' not in text
    assert 'clients of that one count as the gateway, all others in it may do what they could before' in text
    (text,) = client_tables(SETTINGS, '192.0.2.0/28')[2]
    assert 'such clients count as the gateway' in text
    assert len(client_tables(SETTINGS, '192.0.0.0/16 2001:db8:1::5')[2]) == 2


@pytest.mark.parametrize(
    'mynetworks, networks',
    [
        ('127.0.0.0/8, [::1]/128', ['127.0.0.0/8', '::1/128']),
        ('10.0.0.1 hash:/etc/postfix/networks /etc/postfix/more host.example 10.0.0.7/24 $other', ['10.0.0.1/32']),
        ('!10.0.0.5, 10.0.0.0/8 10.1.0.0/16 11.0.0.0/8', ['10.1.0.0/16', '11.0.0.0/8']),
        ('10.0.0.0/8 !10.0.0.5', ['10.0.0.0/8']),
        ('10.0.0.0/24 !cidr:/etc/postfix/not 10.1.0.0/16', ['10.0.0.0/24']),
        ('', []),
    ],
)
def test_networks_that_mynetworks_certainly_names(mynetworks, networks):
    assert [str(network) for network in mynetworks_entries(mynetworks)] == networks


def test_recipients():
    assert (
        recipients_table(['xn--bcher-kva.example', 'a-b.example'])
        == '/@a-b\\.example$/ DUNNO\n/@b\u00fccher\\.example$/ DUNNO\n/@xn--bcher-kva\\.example$/ DUNNO\n'
        '/./ 550 5.7.1 This server takes mail for its own domains only\n'
    )
