# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call may hold: structures, lists of rules, passwords, ids, queries, and what a later version adds."""

from __future__ import annotations

import copy
import itertools

import pytest

from lab.kerio import company
from lab.kerio.profiles import UNCERTAIN, VERSIONS, every, profile
from lab.kerio.schema import STRANGE_VALUE

from .conftest import complaints
from .rpc import Rpc, fails

# Getter, setter, the setter's parameter, and what in the answer it is.
SETTINGS = [
    ('Smtp.get', 'Smtp.set', 'server'),
    ('Content.getAntiSpamSetting', 'Content.setAntiSpamSetting', 'setting'),
    ('SenderPolicy.get', 'SenderPolicy.set', 'options'),
]
LISTS = [
    ('Smtp.getRelayDeliveryRuleList', 'Smtp.setRelayDeliveryRuleList'),
    ('Content.getCustomRuleList', 'Content.setCustomRuleList'),
]
HOP = company.relay_rule('Hop', '127.0.0.1', 10027)


def rules(client, getter='Smtp.getRelayDeliveryRuleList'):
    return client.call(getter, **({'query': {}} if 'Custom' in getter else {}))['list']


def stored(double):
    return {rule['description']: rule['authentication']['password'] for rule in double.state.data['relay_rules']}


def leaves(value, path=()):
    """Every member of a structure with its path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key), inner
            yield from leaves(inner, (*path, key))


def without(value, path):
    changed = copy.deepcopy(value)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    return changed


def changed(value, path, new):
    value = copy.deepcopy(value)
    holder = value
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = new
    return value


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


# --- lists of rules


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


def test_a_rule_with_an_id_of_somewhere_else_is_a_new_one(make, admin):
    double = make(prepare=company.settle, absent_password='keep')
    client = admin(double)
    found = rules(client)
    found[0]['id'] = 'keriodb://relayrule/not-one-of-this-server'
    del found[0]['authentication']['password']
    client.call('Smtp.setRelayDeliveryRuleList', list=found)
    assert rules(client)[0]['id'] != 'keriodb://relayrule/not-one-of-this-server'
    assert stored(double)['Partner'] == ''


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


# --- custom rules


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


# --- queries


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


# --- a later version


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


# --- methods


def test_every_method_of_the_schema_is_there(make):
    from lab.kerio.methods import METHODS

    assert set(make().state.schema.methods) == set(METHODS)


def test_what_must_never_be_called_is_noticed(make, admin):
    double = make()
    client = admin(double)
    never = [name for name, method in double.state.schema.methods.items() if method['tier'] == 'never']
    options = client.call('SecurityPolicy.get')['options']
    client.call('SecurityPolicy.set', options=options)
    assert complaints(double) == ['SecurityPolicy.set was called, which must never be']
    for name in never:
        fails(-32602, client, name, nonsense=1)
    assert len(complaints(double)) == len(never) > 5


def test_what_security_policy_leaves_out_is_on_again(make, admin):
    def prepare(state):
        state.data['security']['authenticationMethods'] = [{'enabled': False, 'value': 'CRAM-MD5'}]

    double = make(prepare=prepare)
    options = admin(double).call('SecurityPolicy.get')['options']
    admin_client = Rpc(double)
    complaints(double)
    admin_client.log_in()
    admin_client.call('SecurityPolicy.set', options={**options, 'authenticationMethods': []})
    assert double.state.data['security']['authenticationMethods'] == [{'enabled': True, 'value': 'CRAM-MD5'}]
    admin_client.log_out()
    complaints(double)


@pytest.mark.parametrize('why', ['check mode', 'a second run'])
def test_a_set_where_none_may_be(make, admin, why):
    double = make()
    client = admin(double)
    double.state.control.forbid_sets = why
    settings = client.call('Smtp.get')
    assert complaints(double) == []
    client.call('Smtp.set', **settings)
    client.call('Smtp.setRelayDeliveryRuleList', list=[])
    assert complaints(double) == [f'Smtp.set in {why}', f'Smtp.setRelayDeliveryRuleList in {why}']
    double.state.control.forbid_sets = ''


@pytest.mark.parametrize('way', ['last_wins', 'refused'])
def test_a_second_administrator_comes_between(make, admin, way):
    """U22: a set destroys the other's change, or is refused."""
    double = make(concurrent_set=way)
    client = admin(double)

    def other(state):
        company.entrust(state, [company.relay_rule('Other', 'other.test')])

    double.state.control.second_admin = ('Smtp.getRelayDeliveryRuleList', other)
    found = rules(client)
    if way == 'refused':
        fails(1000, client, 'Smtp.setRelayDeliveryRuleList', list=[*found, HOP])
        assert complaints(double) == []
        assert [rule['description'] for rule in rules(client)] == ['Other']
    else:
        client.call('Smtp.setRelayDeliveryRuleList', list=[*found, HOP])
        assert complaints(double) == ['an entry of the administrator was lost: relay_rules: Other']


def test_junk_rule_is_made_with_a_user_only(make, admin):
    double = make()
    client = admin(double)
    domain = double.state.primary()['id']
    user = {'domainId': domain, 'loginName': 'carol', 'password': 'x'}
    created = client.call(
        'Users.create', users=[{**user, 'hasDefaultSpamRule': False}, user, {**user, 'domainId': 'x'}]
    )
    assert [error['inputIndex'] for error in created['errors']] == [1, 2]
    assert [error['code'] for error in created['errors']] == [1001, 1002]
    assert [one['inputIndex'] for one in created['result']] == [0]
    client.call('Users.set', userIds=[created['result'][0]['id']], pattern={'hasDefaultSpamRule': True})
    assert company.person(double.state, 'carol')['_junk_rule'] is False
    assert complaints(double) == ['Users.set was called, which must never be']


# --- profiles


def test_a_profile_has_a_name_and_known_members():
    assert set(every()) > set(VERSIONS)
    assert sorted(UNCERTAIN, key=lambda name: int(name[1:])) == [f'U{number}' for number in range(1, 25)]
    with pytest.raises(ValueError, match='9.9'):
        profile('9.9')
    with pytest.raises(ValueError, match='colour'):
        profile(colour='red')
    # No two of them are the same server.
    assert all(one != other for one, other in itertools.combinations(every().values(), 2))


@pytest.mark.parametrize('name', every())
def test_every_profile_starts_and_answers(make, admin, name):
    wanted = every()[name]
    ways = {key: value for key, value in vars(wanted).items() if key != 'version'}
    double = make(wanted.version, prepare=company.settle, **ways)
    client = admin(double)
    server = client.call('Smtp.get')['server']
    assert client.call('Smtp.set', server=server) == {} or wanted.version == '8.5'
    assert client.call('Smtp.get')['server'] == server
