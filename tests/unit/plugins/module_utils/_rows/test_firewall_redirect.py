# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows on whether the gateway's connections arrive at the hop, where that takes its mail."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.firewall import port_rows, redirect_rows

from tests.unit.fakes.firewall import Machine
from tests.unit.fakes.mail_server import SETTINGS

DPORT = {'payload': {'protocol': 'tcp', 'field': 'dport'}}
SADDR = {'payload': {'protocol': 'ip', 'field': 'saddr'}}
GATEWAY = {'prefix': {'addr': '192.0.2.0', 'len': 28}}


def match(left, right, operator='=='):
    return {'match': {'op': operator, 'left': left, 'right': right}}


def chain(name, kind, hook, prio, *rules, policy='accept', table='conbool_inbound'):
    place = {'family': 'inet', 'table': table}
    found = [{'chain': dict(place, name=name, type=kind, hook=hook, prio=prio, policy=policy)}]
    return found + [{'rule': dict(place, chain=name, handle=number, expr=each)} for number, each in enumerate(rules)]


LIMIT = chain('input', 'filter', 'input', -10, [match(DPORT, 25), match(SADDR, GATEWAY, '!='), {'reject': None}])
TURN = chain('turn', 'nat', 'prerouting', -110, [match(DPORT, 25), match(SADDR, GATEWAY), {'redirect': {'port': 327}}])
GUARD = chain(
    'turned', 'filter', 'input', -10, [match(DPORT, 327), match({'ct': {'key': 'status'}}, 32, '!'), {'drop': 1}]
)
ELSEWHERE = chain('site', 'nat', 'prerouting', -150, [match(DPORT, 25), {'redirect': {'port': 2525}}], table='site')
UNTRACKED = chain('site', 'filter', 'prerouting', -300, [match(DPORT, 25), {'notrack': None}], table='site')
SHUT = chain('site', 'filter', 'input', 0, [match(DPORT, 25), {'accept': None}], policy='drop', table='site')


@pytest.fixture(name='machine')
def fixture_machine(tmp_path, monkeypatch):
    return Machine(tmp_path / 'machine', monkeypatch)


def settings(**more):
    found = copy.deepcopy(dict(SETTINGS, inbound=True))
    found['roles']['inbound_firewall'].update(more)
    return found


@pytest.mark.parametrize(
    'rules, state, rows',
    [
        ([*LIMIT, *TURN, *GUARD], 'present', {('firewall.ok', 'green')}),
        # Who may connect is somebody else's affair, and where the gateway arrives is ours.
        ([*TURN, *GUARD], 'absent', {('firewall.ok', 'green')}),
        ([*LIMIT, *GUARD], 'present', {('firewall.redirect', 'red')}),
        ([*LIMIT, *TURN, *GUARD, *ELSEWHERE], 'present', {('firewall.redirect', 'red')}),
        ([*LIMIT, *TURN, *GUARD, *UNTRACKED], 'present', {('firewall.redirect', 'red')}),
        # The host's own filter knows the mail port only.
        ([*LIMIT, *TURN, *GUARD, *SHUT], 'present', {('firewall.shut', 'red')}),
        ([*TURN, *GUARD], 'present', {('firewall.open', 'red')}),
    ],
)
def test_what_the_kernel_says_of_the_way_to_the_hop(machine, rules, state, rows):
    machine.foreign = list(rules)
    found = port_rows(machine, settings(state=state), 327)
    assert {(row['id'], row['status']) for row in found} == rows
    assert all(row['hint'] for row in found if row['status'] == 'red')
    if rows == {('firewall.ok', 'green')}:
        assert 'led to port 327' in found[0]['finding']


CLIENT = {'prefix': {'addr': '198.51.100.7', 'len': 32}}
FOR_CLIENTS = chain('input', 'filter', 'input', -10, [match(DPORT, 25), match(SADDR, CLIENT, '!='), {'reject': None}])
CLIENTS_SHUT = chain('site', 'filter', 'input', 0, [match(DPORT, 25), {'drop': None}], table='site')
GATEWAY_SHUT = chain('site', 'filter', 'input', 0, [match(DPORT, 327), {'drop': None}], table='site')
NO_CLIENTS = ('firewall.shut', 'port 25 is closed to 198.51.100.7')
NO_GATEWAY = ('firewall.shut', 'port 327 is closed to 192.0.2.')


@pytest.mark.parametrize(
    'rules, said',
    [
        ([], {('firewall.ok', '')}),
        (CLIENTS_SHUT, {NO_CLIENTS}),
        (GATEWAY_SHUT, {NO_GATEWAY}),
        ([*CLIENTS_SHUT, *GATEWAY_SHUT], {NO_CLIENTS, NO_GATEWAY}),
        (ELSEWHERE, {('firewall.redirect', '')}),
    ],
)
def test_clients_and_the_gateway_each_get_to_their_port(machine, rules, said):
    machine.foreign = [*FOR_CLIENTS, *TURN, *GUARD, *rules]
    both = settings()
    both['roles']['outbound_hop']['clients'] = ['198.51.100.7/32']
    found = port_rows(machine, both, 327)
    if not rules:
        assert 'outbound_hop_clients and the gateway' in found[0]['finding']
    for identifier, begin in said:
        assert [row for row in found if row['id'] == identifier and row['finding'].startswith(begin)], found
    assert {row['id'] for row in found} == {identifier for identifier, dummy in said}


def test_before_a_change_it_is_said_whether_it_can_be(machine):
    def asked():
        (row,) = redirect_rows(machine, settings(), 327, 'inbound_port')
        assert row['id'] == 'firewall.redirect' and (row['hint'] or row['status'] == 'green')
        return row['status'], row['finding']

    assert asked()[0] == 'green'
    # The host's own filter knows the mail port only.
    machine.foreign = list(SHUT)
    status, finding = asked()
    assert status == 'red' and finding.startswith('inbound_port: 327: another filter of this host closes that port')
    machine.foreign = []
    machine.has_ufw()
    machine.commands.discard('nft')
    assert asked()[0] == 'red' and 'no command nft' in asked()[1]
