# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP address groups: entries of all types, references, being cut off."""

from __future__ import annotations

import pytest

from lab.kerio import company, groups

from .conftest import complaints
from .rpc import Rpc, fails
from .shapes import (
    create,
    entries,
    entry,
    only_group,
)


@pytest.mark.parametrize(
    'more, inside, outside',
    [
        ({'host': '192.0.2.1'}, ['192.0.2.1'], ['192.0.2.2', '2001:db8::1']),
        ({'type': 'Network', 'addr1': '192.0.2.0', 'addr2': '255.255.255.128'}, ['192.0.2.127'], ['192.0.2.128']),
        (
            {'type': 'Range', 'addr1': '192.0.2.4', 'addr2': '192.0.2.6'},
            ['192.0.2.4', '192.0.2.6'],
            ['192.0.2.7', '::1'],
        ),
        ({'type': 'IpPrefix', 'host': '2001:db8::/32'}, ['2001:db8::9'], ['2001:db9::1', '192.0.2.1']),
        ({'type': 'ThisMachine', 'host': ''}, ['127.0.0.1', '::1', '198.51.100.7'], ['127.25.0.10', '192.0.2.1']),
        ({'enabled': False}, [], ['192.0.2.1']),
    ],
)
def test_an_entry_has_addresses(make, admin, more, inside, outside):
    double = make(world={'own': ['198.51.100.7']})
    client = admin(double)
    assert create(client, entry(**more))['errors'] == []
    group = only_group(client)
    assert [address for address in inside if not double.state.in_group(group, address)] == []
    assert [address for address in outside if double.state.in_group(group, address)] == []


def test_this_machine_may_be_all_of_loopback(make, admin):
    """U13"""
    double = make(this_machine='net')
    client = admin(double)
    create(client, entry(type='ThisMachine'))
    assert double.state.in_group(only_group(client), '127.25.0.10')


def test_groups_consist_of_entries_and_of_groups(make, admin):
    double = make()
    client = admin(double)
    create(client, entry(groupName='Inner'))
    inner = only_group(client)
    answer = create(
        client, entry(groupId=inner, host='192.0.2.2'), entry(groupName='Outer', type='ChildGroup', childGroupId=inner)
    )
    assert answer['errors'] == [] and [one['inputIndex'] for one in answer['result']] == [0, 1]
    found = {group['name']: group['id'] for group in client.call('IpAddressGroups.getGroupList')['groups']}
    assert list(found) == ['Inner', 'Outer']
    assert double.state.in_group(found['Outer'], '192.0.2.2')
    assert [one['childGroupName'] for one in entries(client)] == ['', '', 'Inner']
    circle = create(client, entry(groupId=inner, type='ChildGroup', childGroupId=found['Outer']))
    assert circle['errors'][0]['code'] == 1000
    assert circle['errors'][0]['messageParameters']['positionalParameters'] == [
        'managed',
        'the group would contain itself',
    ]


def test_good_entries_are_made_although_others_fail(make, admin):
    client = admin(make())
    wanted = [
        entry(type='Network', addr1='192.0.2.1', addr2='255.255.255.0'),
        entry(groupName='Good'),
        entry(type='Network', addr1='192.0.2.0'),
        entry(host=''),
        entry(type='Range', addr1='192.0.2.9', addr2='192.0.2.1'),
        entry(groupName=''),
        entry(type='ChildGroup', childGroupId='keriodb://ipgroup/none'),
        entry(groupId='keriodb://ipgroup/none'),
        entry(groupName='Good too', host='192.0.2.9'),
    ]
    answer = create(client, *wanted)
    assert [error['inputIndex'] for error in answer['errors']] == [0, 2, 3, 4, 5, 6, 7]
    assert [error['code'] for error in answer['errors']] == [1000] * 6 + [1002]
    assert [one['inputIndex'] for one in answer['result']] == [1, 8]
    assert [one['groupName'] for one in entries(client)] == ['Good', 'Good too']
    for bad in ({'type': 'Country'}, {'enabled': 'yes'}, {'more': 1}, {'host': None}):
        fails(-32602, client, 'IpAddressGroups.create', groups=[entry(**bad)])


@pytest.mark.parametrize('way, form', [('refused', 'guid'), ('joins', 'name')])
def test_a_group_that_is_there_already(make, admin, way, form):
    client = admin(make(group_creation=way, group_id_form=form))
    create(client, entry())
    answer = create(client, entry(host='192.0.2.2'))
    assert [error['code'] for error in answer['errors']] == ([1001] if way == 'refused' else [])
    assert len(client.call('IpAddressGroups.getGroupList')['groups']) == 1
    assert (only_group(client) == 'keriodb://ipgroup/Conbool') == (form == 'name')


@pytest.mark.parametrize('way', ['kept', 'renewed'])
def test_an_entry_is_changed(make, admin, way):
    client = admin(make(entry_ids=way))
    create(client, entry(), entry(groupName='Other'))
    old = entries(client)[0]
    changed = {**old, 'host': '192.0.2.7', 'groupName': 'Renamed'}
    assert client.call('IpAddressGroups.set', groupIds=[old['id']], details=changed) == {'errors': []}
    new = entries(client)[0]
    assert (new['host'], new['groupName'], new['id'] == old['id']) == ('192.0.2.7', 'Renamed', way == 'kept')
    wrong = client.call('IpAddressGroups.set', groupIds=[new['id'], 'x'], details={'type': 'Network'})
    assert [(error['inputIndex'], error['code']) for error in wrong['errors']] == [(0, -32602), (1, 1002)]
    assert entries(client)[0] == new


@pytest.mark.parametrize('way', ['refused', 'emptied'])
def test_a_group_in_use_is_removed(make, admin, way):
    """U17"""
    double = make(used_group_removal=way)
    client = admin(double)
    create(client, entry())
    group = only_group(client)
    server = client.call('Smtp.get')['server']
    server['relayControl']['ipAddressGroupId'] = group
    client.call('Smtp.set', server=server)
    identity = entries(client)[0]['id']
    errors = client.call('IpAddressGroups.remove', groupIds=[identity, 'keriodb://ipaddress/none'])['errors']
    left = client.call('Smtp.get')['server']['relayControl']['ipAddressGroupId']
    if way == 'refused':
        assert ([error['code'] for error in errors], left) == ([1000, 1002], group)
        assert len(entries(client)) == 1
    else:
        assert ([error['code'] for error in errors], left) == ([1002], '')
        assert entries(client) == []


def test_names_of_groups_stand_beside_their_ids(make, admin):
    client = admin(make())
    create(client, entry())
    options = client.call('SenderPolicy.get')['options']
    options['IPWhiteList'] = {'enabled': True, 'id': only_group(client), 'name': 'made up'}
    client.call('SenderPolicy.set', options=options)
    assert client.call('SenderPolicy.get')['options']['IPWhiteList']['name'] == 'Conbool'


@pytest.fixture(name='limited')
def fixture_limited(make):
    """A double whose administration is for one group: 127.0.0.1 in it by one entry, and 192.0.2.0/24."""

    def start(**ways):
        def prepare(state):
            local = {'type': 'Host', 'host': '127.0.0.1'}
            other = {'type': 'Network', 'addr1': '192.0.2.0', 'addr2': '255.255.255.0'}
            group = company.group(state, 'Administrators', local, other)
            state.data['remote'].update(isLimited=True, groupId=group)

        return make(prepare=prepare, **ways)

    return start


@pytest.mark.parametrize('verb', ['Set', 'Remove'])
def test_a_change_that_cuts_off_is_foretold(limited, admin, verb):
    double = limited()
    client = admin(double)
    first, second = entries(client)
    details = {'details': {'host': '192.0.2.3'}} if verb == 'Set' else {}
    for one, cut in ((second, False), (first, True)):
        if verb == 'Set' and not cut:
            continue
        answer = client.call(f'IpAddressGroups.validate{verb}', groupIds=[one['id']], **details)
        assert [error['message'] for error in answer['errors']] == cut * [
            'You will be cut off from remote administration!'
        ]
    assert entries(client) == [first, second]
    # Somebody does it all the same.
    client.call(f'IpAddressGroups.{verb.lower()}', groupIds=[first['id']], **details)
    assert 'although the server said' in complaints(double)[0]
    with pytest.raises(OSError):
        client.call('Session.whoAmI')
    double.api.sessions.end_all('cut off')


@pytest.mark.parametrize('way', ['reset', 'http'])
def test_a_stranger_to_the_administration(limited, way):
    """U1"""
    double = limited(blocked_address=way)
    double.state.data['ip_entries'][0]['host'] = '192.0.2.3'
    client = Rpc(double)
    if way == 'reset':
        with pytest.raises(OSError):
            client.post(b'{}')
    else:
        assert client.post(b'{}')[0] == 403


def test_administration_can_be_off(make):
    double = make()
    double.state.data['remote']['isEnabled'] = False
    with pytest.raises(OSError):
        Rpc(double).log_in()


def test_problems_are_said_in_words():
    assert groups.problem(entry(type='IpPrefix', host='2001:db8::1/32'), []) == '2001:db8::1/32 has host bits set'
