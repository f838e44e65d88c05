# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of rules: order, ids, passwords, and what an administrator must not lose."""

from __future__ import annotations

import pytest

from lab.kerio import company

from .conftest import complaints
from .rpc import fails
from .shapes import (
    HOP,
    LISTS,
    rules,
    stored,
)


def test_a_list_is_replaced_and_keeps_its_order(make, admin):
    client = admin(make())
    wanted = [{**HOP, 'description': name} for name in 'CAB']
    client.call('Smtp.setRelayDeliveryRuleList', list=wanted)
    assert [rule['description'] for rule in rules(client)] == ['C', 'A', 'B']
    client.call('Smtp.setRelayDeliveryRuleList', list=rules(client)[1:])
    assert [rule['description'] for rule in rules(client)] == ['A', 'B']
    spam = [company.custom_rule(name, 'Subject', name, 'TreatAsSpam') for name in 'ZYX']
    client.call('Content.setCustomRuleList', list=spam)
    assert [rule['description'] for rule in rules(client, 'Content.getCustomRuleList')] == ['Z', 'Y', 'X']


@pytest.mark.parametrize(
    'difference',
    [
        {'port': 0},
        {'port': 70000},
        {'port': '25'},
        {'hostName': ''},
        {'helper': 'key'},
        {'isEnabled': 'true'},
        {'condition': {'test': 'RelayCondNone', 'pattern': ''}},
        {'condition': {'test': 'RelayCondHeader', 'comparator': 'RelayCompEqual', 'pattern': 'x'}},
        {'authentication': {'isRequired': False, 'userName': '', 'password': '', 'authType': 'OAuth'}},
    ],
)
def test_a_relay_rule_is_right_or_refused(make, admin, difference):
    client = admin(make())
    fails(-32602, client, 'Smtp.setRelayDeliveryRuleList', list=[HOP, {**HOP, **difference}])
    assert rules(client) == []


def test_a_condition_needs_a_pattern(make, admin):
    rule = {**HOP, 'condition': {'test': 'RelayCondSender', 'comparator': 'RelayCompEqual', 'pattern': ''}}
    fails(1000, admin(make()), 'Smtp.setRelayDeliveryRuleList', list=[rule])


@pytest.mark.parametrize('getter, setter', LISTS)
def test_an_entry_of_the_administrator_must_not_get_lost(make, admin, getter, setter):
    double = make(prepare=company.settle)
    client = admin(double)
    found = rules(client, getter)
    kept = [{**rule, 'isEnabled': False} if 'isEnabled' in rule else {**rule, 'enabled': False} for rule in found]
    for rule in kept:
        if 'authentication' in rule:
            rule['authentication'] = {**rule['authentication'], 'password': rule['id']}
    client.call(setter, list=kept)
    assert complaints(double) == []
    client.call(setter, list=rules(client, getter)[:1] if 'Custom' in getter else [])
    assert 'an entry of the administrator was lost' in complaints(double)[0]


@pytest.mark.parametrize(
    'ways, sent, kept',
    [
        ({}, '', False),
        ({}, 'id', True),
        ({'rule_id_password': 'literal'}, 'id', False),
        ({'absent_password': 'wipe'}, None, False),
        ({'absent_password': 'keep'}, None, True),
        ({'absent_password': 'keep'}, '', False),
        ({}, 'partner-secret', True),
    ],
)
def test_passwords(make, admin, ways, sent, kept):
    """U3: never told; the own id keeps one, an empty text wipes it, nothing at all does either."""
    double = make(prepare=company.settle, **ways)
    client = admin(double)
    found = rules(client)
    assert [rule['authentication']['password'] for rule in found] == ['', '']
    login = found[0]['authentication']
    login['password'] = found[0]['id'] if sent == 'id' else sent
    if sent is None:
        del login['password']
    client.call('Smtp.setRelayDeliveryRuleList', list=found)
    assert (stored(double)['Partner'] == 'partner-secret') == kept
    assert complaints(double) == ([] if kept else ['the password of a rule was lost: Partner'])


def test_a_password_is_copied_to_a_new_rule(make, admin):
    double = make(prepare=company.settle)
    client = admin(double)
    found = rules(client)
    for rule in found:
        rule['authentication']['password'] = rule['id']
    new = {**HOP, 'authentication': {**found[0]['authentication']}}
    client.call('Smtp.setRelayDeliveryRuleList', list=[*found, new])
    assert stored(double) == {'Partner': 'partner-secret', 'Old smart host': '', 'Hop': 'partner-secret'}


@pytest.mark.parametrize('getter, setter', LISTS)
@pytest.mark.parametrize('way', ['kept', 'renewed'])
def test_ids_of_rules(make, admin, getter, setter, way):
    """U4"""
    client = admin(make(prepare=company.settle, rule_ids=way))
    found = rules(client, getter)
    for rule in found:
        if 'authentication' in rule:
            rule['authentication']['password'] = rule['id']
    client.call(setter, list=found)
    after = rules(client, getter)
    assert ([rule['id'] for rule in after] == [rule['id'] for rule in found]) == (way == 'kept')
    assert all(rule['id'].startswith('keriodb://') for rule in after)


def test_ids_are_others_in_each_double(make, admin):
    first, second = (admin(make(prepare=company.settle)) for dummy in range(2))
    assert not {rule['id'] for rule in rules(first)} & {rule['id'] for rule in rules(second)}


@pytest.mark.parametrize('getter, setter', LISTS)
def test_a_rule_with_an_id_of_somewhere_else_is_refused(make, admin, getter, setter):
    client = admin(make(prepare=company.settle))
    found = rules(client, getter)
    assert fails(1002, client, setter, list=[{**found[0], 'id': 'keriodb://rule/of-another-server'}, *found[1:]])
    assert rules(client, getter) == found


def test_the_relay_of_version_8(make, admin):
    double = make('8.5', prepare=company.settle)
    client = admin(double)
    server = client.call('Smtp.get')['server']
    assert server['smtpOptions']['hostName'] == 'old.provider.test'
    server['smtpOptions'].update(hostName='127.0.0.1', port=10027)
    client.call('Smtp.set', server=server)
    assert double.state.data['smtp']['smtpOptions']['port'] == 10027
    double.state.data['smtp']['smtpOptions']['authentication']['password'] = 'secret'
    assert client.call('Smtp.get')['server']['smtpOptions']['authentication']['password'] == ''
    client.call('Smtp.set', server=server)
    assert complaints(double) == ['the password of the relay was wiped']


@pytest.mark.parametrize(
    'difference', [{'score': 1.5}, {'kind': 'Body'}, {'action': 'Move'}, {'type': 'Matches'}, {'header': None}]
)
def test_a_custom_rule_is_right_or_refused(make, admin, difference):
    rule = company.custom_rule('x', 'Subject', 'x', 'TreatAsSpam')
    fails(-32602, admin(make()), 'Content.setCustomRuleList', list=[{**rule, **difference}])


@pytest.mark.parametrize('way', ['listed', 'any', 'refuse'])
def test_a_rule_for_a_header_that_is_not_documented(make, admin, way):
    """U6: stored and of no effect, stored and obeyed, refused."""
    double = make(custom_headers=way)
    client = admin(double)
    rule = company.custom_rule('x', 'X-Conbool-Flag', 'YES', 'IncreaseSpamScore', 5)
    if way == 'refuse':
        fails(1000, client, 'Content.setCustomRuleList', list=[rule])
    else:
        client.call('Content.setCustomRuleList', list=[rule])
    assert (complaints(double) != []) == (way == 'listed')
