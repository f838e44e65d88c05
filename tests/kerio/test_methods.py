# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Methods that must not be called, or not now; profiles."""

from __future__ import annotations

import itertools

import pytest

from lab.kerio import company
from lab.kerio.profiles import UNCERTAIN, VERSIONS, every, profile

from .conftest import complaints
from .rpc import Rpc, fails
from .shapes import (
    HOP,
    rules,
)


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
    # Setters answer with an object, or with nothing.
    assert client.call('Smtp.set', server=server) == (None if wanted.version == '9.4.1' else {})
    assert client.call('Smtp.get')['server'] == server
