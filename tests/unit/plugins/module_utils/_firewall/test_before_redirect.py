# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes before our redirect: rules that lead elsewhere, or keep connections from tracking. Known before a change."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall import turned
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.packet import Packet
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import FirewallError, Redirect

from tests.unit.fakes.firewall import BACKENDS, FIRST
from tests.unit.fakes.packets import rules

TURN = {'redirect_port': 327, 'redirect_networks': ['192.0.2.0/28', '2001:db8::/64']}
GATEWAY = Redirect(327, {4: ['198.18.15.3/32'], 6: []})
DPORT = {'payload': {'protocol': 'tcp', 'field': 'dport'}}
IS_25 = {'match': {'op': '==', 'left': DPORT, 'right': 25}}


def led_elsewhere(prio):
    place = {'family': 'inet', 'table': 'site'}
    chain = {'name': 'in', 'type': 'nat', 'hook': 'prerouting', 'prio': prio, 'policy': 'accept'}
    rule = {'chain': 'in', 'handle': 7, 'expr': [IS_25, {'redirect': {'port': 2525}}]}
    return [{'chain': {**place, **chain}}, {'rule': {**place, **rule}}]


@pytest.mark.parametrize('backend', BACKENDS)
def test_what_is_led_elsewhere_before_ours_is_asked_is_refused(new, backend):
    machine = new(backend)
    machine.foreign = led_elsewhere(-150)
    before, asked = (machine.files(), machine.in_force()), {'networks': FIRST, **TURN}
    for check in (True, False):
        with pytest.raises(FirewallError, match='^redirect_port: 327: port 25 is led elsewhere .*: rule 7 of .*site'):
            machine.converge(check, **asked)
    assert (machine.files(), machine.in_force()) == before
    # Behind ours, as containers have it, there is nothing to be said of it.
    machine.foreign = led_elsewhere(-100)
    assert machine.converge(**asked)[1] == []
    machine.foreign = led_elsewhere(-150)
    assert machine.converge(**asked)[0]['settled']


def kept_from_tracking(*expressions, prio=-300, hook='prerouting'):
    place = {'family': 'inet', 'table': 'site'}
    chain = {'name': 'in', 'type': 'filter', 'hook': hook, 'prio': prio, 'policy': 'accept'}
    listed = [{'rule': {**place, 'chain': 'in', 'handle': 7, 'expr': each}} for each in expressions]
    return [{'chain': {**place, **chain}}, *listed]


NOT_TRACKED = [
    kept_from_tracking([IS_25, {'notrack': None}]),
    kept_from_tracking([IS_25, {'notrack': None}, {'accept': None}]),
    # What only some rule may do, nobody can rely on.
    kept_from_tracking([IS_25, {'limit': {'rate': 1}}, {'notrack': None}]),
    kept_from_tracking([{'notrack': None}, {'match': {'op': '==', 'left': DPORT, 'right': 53}}, {'accept': None}]),
]
TRACKED = [
    kept_from_tracking([IS_25, {'accept': None}], [{'notrack': None}]),
    kept_from_tracking([{'match': {'op': '==', 'left': DPORT, 'right': 53}}, {'notrack': None}]),
    # Too late to have an effect.
    kept_from_tracking([IS_25, {'notrack': None}], prio=-150),
    kept_from_tracking([IS_25, {'notrack': None}], hook='input'),
]


@pytest.mark.parametrize('limit', ['present', 'absent'])
@pytest.mark.parametrize('foreign', NOT_TRACKED)
def test_what_is_kept_from_connection_tracking_cannot_be_led_elsewhere(new, foreign, limit):
    machine = new('nftables')
    machine.foreign = foreign
    before = machine.files(), machine.in_force()
    asked = {'networks': FIRST, 'state': limit, 'names': {'redirect_port': 'inbound_port'}, **TURN}
    for check in (True, False):
        with pytest.raises(FirewallError, match=r'^inbound_port: 327: .*\(notrack\).* 192.0.2.0.*: rule 7 of .*site'):
            machine.converge(check, **asked)
    assert (machine.files(), machine.in_force()) == before
    machine.foreign = []
    machine.converge(**asked)
    # Whoever comes later with such a rule keeps nothing else from being mended.
    machine.foreign = foreign
    assert machine.converge(**asked)[0]['settled']


@pytest.mark.parametrize('foreign', TRACKED)
def test_who_is_tracked_is_led_elsewhere(new, foreign):
    machine = new('nftables')
    machine.foreign = foreign
    assert machine.converge(networks=FIRST, **TURN)[1] == []


@pytest.mark.parametrize(
    'rule, kept',
    [
        ('-A PREROUTING -p tcp -m tcp --dport 25 -j CT --notrack', True),
        ('-A PREROUTING -p tcp -m tcp --dport 25 -j NOTRACK', True),
        ('-A PREROUTING -p tcp -m tcp --dport 53 -j NOTRACK', False),
        ('-A PREROUTING -p tcp -m tcp --dport 25 -j CT --helper ftp', False),
        ('-A OUTPUT -p tcp -m tcp --dport 25 -j CT --notrack', False),
    ],
)
@pytest.mark.usefixtures('net')
def test_iptables_keeps_connections_from_tracking(rule, kept):
    found = rules(ipv4=f'*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n{rule}\nCOMMIT\n')
    assert [each.source for each in turned.untracked(found, 25, GATEWAY)] == ['198.18.15.3'] * kept
    # They get to the mail port all the same; unless a rule behind it refuses them.
    packet = Packet(4, int(ip_address('198.18.15.3')), 'eth0', 25)
    assert found.fate(packet)[0] == 'accept'
    drops = rules(ipv4=f'*raw\n:PREROUTING ACCEPT [0:0]\n{rule}\n-A PREROUTING -p tcp --dport 25 -j DROP\nCOMMIT\n')
    assert drops.fate(packet)[0] == 'refuse'
