# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call may hold: structures, queries, and what a later version adds."""

from __future__ import annotations

import pytest

from lab.kerio import company
from lab.kerio.schema import STRANGE_VALUE

from .rpc import fails
from .shapes import (
    HOP,
    SETTINGS,
    changed,
    leaves,
    rules,
    without,
)


@pytest.mark.parametrize('getter, setter, name', SETTINGS)
def test_settings_come_back_whole_and_of_the_right_types(make, admin, getter, setter, name):
    client = admin(make())
    value = client.call(getter)[name]
    assert client.call(setter, **{name: value}) == {}
    assert client.call(getter)[name] == value
    tried = 0
    for path, held in leaves(value):
        wrong = {bool: 1, int: str(held), str: 5, dict: [], list: {}}[type(held)]
        if path[-1].endswith('Name') or path[-1] in ('name', 'status', 'filterStatus', 'callerUrl', 'isLicensed'):
            continue
        if path[-1].startswith(('learned', 'messages')):
            continue
        for bad in (wrong, None):
            fails(-32602, client, setter, **{name: changed(value, path, bad)})
        fails(-32602, client, setter, **{name: without(value, path)})
        tried += 1
    assert tried >= 5
    fails(-32602, client, setter, **{name: {**value, 'unknown': 1}})
    fails(-32602, client, setter, **{name: value, 'unknown': 1})
    fails(-32602, client, setter)
    fails(-32602, client, getter, unknown=1)
    assert client.call(getter)[name] == value


def test_number_and_boolean_are_two_things(make, admin):
    client = admin(make())
    server = client.call('Smtp.get')['server']
    fails(-32602, client, 'Smtp.set', server={**server, 'maximumThreads': True})
    fails(-32602, client, 'Smtp.set', server={**server, 'useSSL': 1})
    fails(-32602, client, 'Smtp.set', server={**server, 'readerHops': 30.5})


def test_read_only_members_are_ignored(make, admin):
    client = admin(make())
    value = client.call('Content.getAntiSpamSetting')['setting']
    told = {**value, 'learnedAsSpam': 99, 'callerUrl': 'http://elsewhere.test'}
    assert client.call('Content.setAntiSpamSetting', setting=told) == {}
    assert client.call('Content.getAntiSpamSetting')['setting'] == value
    server = client.call('Smtp.get')['server']
    server['relayControl']['ipAddressGroupName'] = 'a name that was made up'
    client.call('Smtp.set', server=server)
    assert client.call('Smtp.get')['server']['relayControl']['ipAddressGroupName'] == ''


@pytest.mark.parametrize('way, left', [('keep', 30), ('zero', 0)])
def test_a_lenient_server_takes_less_and_more(make, admin, way, left):
    """U2: what is left out stays, or is gone."""
    client = admin(make(missing_members=way, unknown_members='drop'))
    server = client.call('Smtp.get')['server']
    del server['readerHops']
    client.call('Smtp.set', server={**server, 'unknown': 1})
    answered = client.call('Smtp.get')['server']
    assert answered['readerHops'] == left and 'unknown' not in answered


def test_unknown_values_and_groups_are_refused(make, admin):
    client = admin(make())
    server = client.call('Smtp.get')['server']
    fails(-32602, client, 'Smtp.set', server=changed(server, ('retryInterval', 'units'), 'Years'))
    fails(1002, client, 'Smtp.set', server=changed(server, ('relayControl', 'ipAddressGroupId'), 'keriodb://x/1'))
    options = client.call('SenderPolicy.get')['options']
    entity = {'enabled': True, 'id': '', 'name': ''}
    fails(1002, client, 'SenderPolicy.set', options={**options, 'IPWhiteList': entity})
    fails(-32602, client, 'Smtp.set', server={**server, 'smtpOptions': {}})


def test_queries(make, admin):
    client = admin(make())
    domain = client.call('Domains.get', query={})['list'][0]['id']

    def ask(**query):
        answer = client.call('Users.get', domainId=domain, query=query)
        return [one['loginName'] for one in answer['list']], answer['totalItems']

    names = ['alice', 'bob', 'admin', 'auditor', 'accounts']
    assert ask() == (names, 5)
    assert ask(start=1, limit=2) == (names[1:3], 5)
    order = {'columnName': 'loginName', 'direction': 'Desc'}
    assert ask(orderBy=[order], limit=1) == (['bob'], 5)
    starts = {'fieldName': 'loginName', 'comparator': 'Like', 'value': 'a%c'}
    bob = {'fieldName': 'loginName', 'comparator': 'Eq', 'value': 'bob'}
    assert ask(conditions=[starts]) == (['alice', 'accounts'], 2)
    assert ask(conditions=[starts, bob]) == (['alice', 'bob', 'accounts'], 3)
    assert ask(conditions=[starts, bob], combining='And') == ([], 0)
    assert ask(conditions=[{**bob, 'comparator': 'NotEq'}])[1] == 4
    assert ask(conditions=[{**bob, 'fieldName': 'QUICKSEARCH'}])[0] == ['bob']
    fails(-32602, client, 'Domains.get', query={'fields': ['nonsense']})
    fails(-32602, client, 'Domains.get', query={'limit': '5'})
    fails(-32602, client, 'Domains.get', query={'conditions': [{'fieldName': 'name'}]})
    assert client.call('Domains.get', query={'fields': ['name']})['list'][0] == {'name': 'example.com'}


@pytest.mark.parametrize('getter, setter, name', SETTINGS)
def test_members_that_nobody_knows_must_come_back(make, admin, getter, setter, name):
    client = admin(make('next'))
    value = client.call(getter)[name]
    strange = [path for path, dummy in leaves(value) if path[-1].startswith('later')]
    assert len(strange) > 1
    client.call(setter, **{name: value})
    assert client.call(getter)[name] == value
    for path in strange:
        fails(-32602, client, setter, **{name: without(value, path)})
        fails(-32602, client, setter, **{name: changed(value, path, 'other')})


def test_values_that_nobody_knows_must_come_back(make, admin):
    double = make('next', prepare=company.settle)
    client = admin(double)
    found = rules(client)
    assert found[1]['condition']['test'] == STRANGE_VALUE
    for rule in found:
        rule['authentication']['password'] = rule['id']
    client.call('Smtp.setRelayDeliveryRuleList', list=[HOP, *found])
    assert rules(client)[2]['condition']['test'] == STRANGE_VALUE
    for path in [('condition', 'test'), ('laterRelayDeliveryRule',), ('condition', 'laterRelayRuleCondition')]:
        again = rules(client)
        for rule in again:
            rule['authentication']['password'] = rule['id']
        again[2] = changed(again[2], path, 'RelayCondNone')
        fails(-32602, client, 'Smtp.setRelayDeliveryRuleList', list=again)
    # Nobody but the server may say such a thing first.
    fails(-32602, client, 'Smtp.setRelayDeliveryRuleList', list=[changed(HOP, ('condition', 'test'), STRANGE_VALUE)])
    server = client.call('Smtp.get')['server']
    fails(-32602, client, 'Smtp.set', server=changed(server, ('warningInterval', 'units'), 'Hours'))
