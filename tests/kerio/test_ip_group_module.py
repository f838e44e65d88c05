# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kerio_ip_group against the double: what a group consists of, and what is not done to one that is used."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import ip_group
from ansible_collections.conbool.smtp_relay.plugins.modules import kerio_ip_group

from lab.kerio import company
from lab.kerio.profiles import every

from .shapes import profiles

NAME = 'Conbool (managed)'
ENTRIES = ['192.0.2.0/24', '198.51.100.7', '203.0.113.1-203.0.113.9', '2001:db8::/32', 'this machine', 'group:Own']
LOCAL = {'type': 'Host', 'host': '127.0.0.1'}


def own(state):
    company.group(state, 'Own', {'type': 'Network', 'addr1': '10.0.0.0', 'addr2': '255.0.0.0'})


def group(double, name=NAME):
    return next((identity for identity, one in double.state.group_names().items() if one == name), '')


def inside(double, *addresses):
    return [address for address in addresses if double.state.in_group(group(double), address)]


@pytest.mark.parametrize('name', profiles('U1', 'U2', 'U4', 'U13', 'U17', 'U22'))
def test_a_group_comes_changes_and_goes_under_every_profile(make, run, name):
    wanted = every()[name]
    ways = {key: value for key, value in vars(wanted).items() if key != 'version'}
    double = make(wanted.version, prepare=own, **ways)
    options = {'name': NAME, 'entries': ENTRIES}
    status, told = run(kerio_ip_group, double, check=True, **options)
    assert (status, told['changed'], told['group_id'], group(double)) == (0, True, '', '')
    status, done = run(kerio_ip_group, double, **options)
    assert (status, done['changed'], done['entries']) == (0, True, sorted(ENTRIES))
    assert done['group_id'] == group(double) and done['diff'] == told['diff']
    addresses = ['192.0.2.9', '198.51.100.7', '203.0.113.5', '2001:db8::1', '127.0.0.1', '10.1.1.1']
    assert inside(double, *addresses, '192.0.3.1', '203.0.113.10') == addresses
    double.state.control.forbid_sets = 'a second run'
    assert run(kerio_ip_group, double, **options)[1]['changed'] is False
    double.state.control.forbid_sets = ''
    status, less = run(kerio_ip_group, double, name=NAME, entries=['198.51.100.8', '192.0.2.0/255.255.255.0'])
    assert (status, less['entries']) == (0, ['192.0.2.0/24', '198.51.100.8'])
    assert inside(double, *addresses, '198.51.100.8') == ['192.0.2.9', '198.51.100.8']
    assert 'Own' in double.state.group_names().values()
    status, gone = run(kerio_ip_group, double, name=NAME, state='absent')
    assert (status, gone['changed'], gone['entries'], gone['group_id'], group(double)) == (0, True, [], '', '')
    double.state.control.forbid_sets = 'a second run'
    assert run(kerio_ip_group, double, name=NAME, state='absent')[1]['changed'] is False


def test_an_entry_is_added_to_a_group_of_somebody_else_and_taken_out_again(make, run):
    double = make(prepare=own)
    run(kerio_ip_group, double, name=NAME, entries=['192.0.2.1'])
    more = {'name': 'Own', 'entries': [f'group:{NAME}'], 'exclusive': False}
    assert run(kerio_ip_group, double, **more)[1]['entries'] == ['10.0.0.0/8', f'group:{NAME}']
    assert double.state.in_group(group(double, 'Own'), '192.0.2.1')
    # Not while it is in there.
    status, result = run(kerio_ip_group, double, check=True, name=NAME, state='absent')
    assert status == 1 and "is used by the group 'Own'" in result['msg']
    assert run(kerio_ip_group, double, **{**more, 'state': 'absent'})[1]['entries'] == ['10.0.0.0/8']
    assert run(kerio_ip_group, double, name=NAME, state='absent')[0] == 0


def test_an_entry_that_is_off_is_none(make, run):
    double = make()
    run(kerio_ip_group, double, name=NAME, entries=['192.0.2.1'])
    double.state.data['ip_entries'][0]['enabled'] = False
    assert run(kerio_ip_group, double, name=NAME, entries=['192.0.2.1'])[1]['changed'] is True
    assert inside(double, '192.0.2.1') and len(double.state.data['ip_entries']) == 1


USES = {
    'the SMTP server': lambda data, used: data['smtp']['relayControl'].update(ipAddressGroupId=used),
    'services': lambda data, used: data['services'][0]['group'].update(isUsed=True, ipGroup={'id': used, 'name': ''}),
    'the spam filter': lambda data, used: data['antispam']['customWhiteList'].update(enabled=True, id=used),
    'the sender policy': lambda data, used: data['sender_policy']['IPWhiteList'].update(enabled=True, id=used),
    'the security policy': lambda data, used: data['security']['antiHammering']['exceptionIpGroup'].update(id=used),
    'remote administration': lambda data, used: data['remote'].update(groupId=used),
}


@pytest.mark.parametrize('way', ['refused', 'emptied'])
@pytest.mark.parametrize('user', USES)
def test_a_group_in_use_stays(make, run, user, way):
    """U17: a server may take the group from a service, which then is for nobody."""
    double = make(used_group_removal=way)
    run(kerio_ip_group, double, name=NAME, entries=['192.0.2.1'])
    USES[user](double.state.data, group(double))
    status, result = run(kerio_ip_group, double, name=NAME, state='absent')
    assert status == 1 and f'is used by {user}: nothing was changed' in result['msg']
    assert inside(double, '192.0.2.1') and 'IpAddressGroups.remove' not in double.state.journal.calls


@pytest.mark.parametrize('way', ['refused', 'emptied'])
def test_all_entries_of_a_group_in_use_are_replaced(make, run, way):
    """The group of the SMTP service must not be without an entry in between, nor end."""
    double = make(used_group_removal=way)
    run(kerio_ip_group, double, name=NAME, entries=['192.0.2.1', '192.0.2.2'])
    used = group(double)
    USES['services'](double.state.data, used)
    new = {'name': NAME, 'entries': ['198.51.100.1']}
    status, told = run(kerio_ip_group, double, check=True, **new)
    assert (status, told['changed']) == (0, True) and 'cannot be foretold' in told['warnings'][0]
    status, done = run(kerio_ip_group, double, **new)
    assert (status, done['entries'], done['group_id']) == (0, ['198.51.100.1'], used)
    assert double.state.data['services'][0]['group']['ipGroup']['id'] == used


@pytest.mark.parametrize('check', [True, False])
@pytest.mark.parametrize('entries', [['192.0.2.1'], ['192.0.2.1', '192.0.2.2']])
def test_nobody_cuts_off_the_branch_on_which_they_sit(make, run, check, entries):
    def prepare(state):
        other = {'type': 'Host', 'host': '192.0.2.1'}
        state.data['remote'].update(isLimited=True, groupId=company.group(state, 'Administrators', LOCAL, other))

    double = make(prepare=prepare)
    status, result = run(kerio_ip_group, double, check=check, name='Administrators', entries=entries)
    assert status == 1 and 'You will be cut off from remote administration!' in result['msg']
    assert [entry['host'] for entry in double.state.data['ip_entries']] == ['127.0.0.1', '192.0.2.1']


@pytest.mark.parametrize(
    'options, words',
    [
        ({'name': ' ', 'entries': ['192.0.2.1']}, "name: ' ' is no name"),
        ({'name': NAME}, 'entries: a group needs an entry'),
        ({'entries': ['192.0.2.1/24']}, "entries[0]: '192.0.2.1/24': 192.0.2.1/24 has host bits set"),
        ({'entries': ['192.0.2.1', 'mail.test']}, "entries[1]: 'mail.test'"),
        ({'entries': ['192.0.2.9-192.0.2.1']}, 'ends before it begins'),
        ({'entries': ['192.0.2.9-::1']}, 'ends before it begins'),
        ({'entries': ['group:']}, 'the name of a group is missing'),
        ({'entries': [f'group:{NAME}']}, 'cannot consist of itself'),
        ({'entries': ['group:Gone']}, "there is no group 'Gone'"),
    ],
)
def test_bad_input_is_named_before_anything_is_changed(make, run, options, words):
    double = make()
    status, result = run(kerio_ip_group, double, **{'name': NAME, **options})
    assert status == 1 and words in result['msg']
    assert double.state.data['ip_entries'] == []


def test_a_server_that_holds_something_else_is_found_out(make, run):
    double = make()
    double.state.control.second_admin = (
        'IpAddressGroups.create',
        lambda state: state.data['ip_entries'][0].update(host='192.0.2.2'),
    )
    status, result = run(kerio_ip_group, double, name=NAME, entries=['192.0.2.1'])
    assert status == 1 and 'holds other entries' in result['msg']


@pytest.mark.parametrize(
    'entry, text',
    [
        ({'type': 'Network', 'addr1': '192.0.2.1', 'addr2': '255.255.255.255'}, '192.0.2.1'),
        ({'type': 'Host', 'host': 'relay.test'}, 'Host relay.test'),
        ({'type': 'Later', 'host': ''}, 'Later'),
    ],
)
def test_what_a_server_holds_is_told_in_our_words(entry, text):
    assert ip_group.told(entry) == text


def test_groups_that_contain_each_other_have_an_end():
    """No server takes them; a file may hold them all the same."""
    entries = [
        {'groupId': one, 'enabled': True, 'type': 'ChildGroup', 'childGroupId': other, 'childGroupName': other}
        for one, other in (('a', 'b'), ('b', 'a'))
    ]
    assert ip_group.contains(entries, 'a', '192.0.2.1') is False
    host = {'groupId': 'b', 'enabled': True, 'type': 'Host', 'host': '192.0.2.1', 'childGroupId': ''}
    assert ip_group.contains([*entries, host], 'a', '192.0.2.1') is True
