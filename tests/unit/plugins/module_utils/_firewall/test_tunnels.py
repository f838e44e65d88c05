# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels whose peers get in before ufw is asked, and chains by which many ways lead."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall import packet as packets
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall import sources, way_in
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import Wanted

from tests.unit.fakes.packets import GATEWAY, rules

pytestmark = pytest.mark.usefixtures('net')

LISTINGS = Path(__file__).parent / 'listings'
# What Tailscale has on a host: its chain in front of ufw, its routes in a table of their own (of IPv6 all are in one
# file), and an interface that is a tunnel.
TAILSCALE4 = """:ts-input - [0:0]
-A INPUT -j ts-input
-A ts-input -s 100.101.102.103/32 -i lo -j ACCEPT
-A ts-input -s 100.115.92.0/23 ! -i tailscale0 -j RETURN
-A ts-input -s 100.64.0.0/10 ! -i tailscale0 -j DROP
-A ts-input -i tailscale0 -j ACCEPT
-A INPUT"""
TAILSCALE6 = """:ts-input - [0:0]
-A INPUT -j ts-input
-A ts-input -i tailscale0 -j ACCEPT
-A INPUT"""
TABLE_52 = """100.64.0.0/10 dev tailscale0 table 52
100.100.100.100 dev tailscale0 table 52
throw 127.0.0.0/8 table 52
default dev tailscale0 table 53
default via 192.0.2.1 dev eth0
local 100.101.102.103 dev tailscale0 table local proto kernel scope host src 100.101.102.103
"""
ROUTE_52 = f'fd7a115ca1e0{"0" * 20} 30 {"0" * 32} 00 {"0" * 32} 00000400 00000001 00000000 00000001 tailscale0\n'


@pytest.fixture(name='tailscale')
def fixture_tailscale(net, monkeypatch):
    texts = {name: (LISTINGS / f'ufw.{name}').read_text(encoding='ascii') for name in ('ipv4', 'ipv6')}
    texts['ipv4'] = texts['ipv4'].replace('-A INPUT', TAILSCALE4, 1)
    texts['ipv6'] = texts['ipv6'].replace('-A INPUT', TAILSCALE6, 1)
    with (net / 'ipv6_route').open('a') as stream:
        stream.write(ROUTE_52)
    (net / 'tailscale0').write_text('65534\n')
    (net / 'eth0').write_text('1\n')
    monkeypatch.setattr(sources, 'TYPE', str(net / '{}'))
    return texts


def test_peers_of_a_tunnel_are_no_strangers_from_anywhere(tailscale):
    accepted = way_in.let_in(rules(**tailscale, routes=TABLE_52), GATEWAY)[0]
    assert {found.interface for found in accepted} == {'tailscale0'} and all(found.by_tunnel for found in accepted)
    assert {':' in found.source for found in accepted} == {True, False}
    # Whatever comes from the internet by a tunnel does come from there.
    tailscale['ipv4'] = tailscale['ipv4'].replace('-A ts-input -i tailscale0', '-A ts-input -i eth0', 1)
    assert not all(found.by_tunnel for found in way_in.let_in(rules(**tailscale, routes=TABLE_52), GATEWAY)[0])


def test_a_tunnel_by_which_this_host_goes_out_brings_strangers(tailscale, net):
    (net / 'eth0').write_text('65534\n')
    tailscale['ipv4'] = tailscale['ipv4'].replace('-A ts-input -i tailscale0', '-A ts-input -i eth0', 1)
    found = way_in.let_in(rules(**tailscale, routes=TABLE_52), GATEWAY)[0]
    assert any(each.source == '8.7.6.5' and not each.by_tunnel for each in found)


def test_who_comes_by_a_route_of_another_table_is_not_shut_out(tailscale):
    wanted = Wanted(25, {4: ['100.64.0.0/10'], 6: []})
    assert way_in.shut_out(rules(**tailscale, routes=TABLE_52), wanted, every=True)[0] == []
    assert way_in.shut_out(rules(**tailscale), wanted, every=True)[0] != []


def test_jumps_that_nobody_can_tell_are_followed_once():
    steps = []

    def asked(target):
        def uncertain(packet):
            steps.append(target)
            return [packets.Step(False, packets.JUMP, target)]

        return uncertain

    deep = packets.DEEPEST
    chains = {str(level): [packets.Rule(asked(str(level + 1)), 'jump')] * 4 for level in range(deep)}
    chains[str(deep)] = [packets.Rule(lambda packet: [packets.Step(True, packets.ACCEPT)], 'last')]
    base = packets.Base((4,), '0', packets.REFUSE, 'policy', ('ip', 'own'))
    # Four ways at each of sixteen levels are four billion.
    found = packets.outcomes(packets.Ruleset(chains, [base]), base, packets.Packet(4, 1, 'eth0', 25))
    assert [outcome.kind for outcome in found] == [packets.ACCEPT, packets.REFUSE] and len(steps) == 4 * deep
