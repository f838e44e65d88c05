# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kerio_info and kerio_relay as Ansible runs them, against the double."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.facts import PARTS
from ansible_collections.conbool.smtp_relay.plugins.modules import kerio_info, kerio_relay

from lab.kerio import company
from lab.kerio.profiles import VERSIONS, every

from .conftest import OUT, out
from .shapes import HOP, profiles

NAME = 'Conbool (managed)'
SETS = ('Smtp.setRelayDeliveryRuleList',)
PARTNER = {'Partner': 'partner-secret'}


def rule(**more):
    return {'name': NAME, 'host': 'hop.test', 'port': 10027, **more}


def held(double):
    """What the server has: names of the rules that are in force, in their order; the password of Partner."""
    rules = double.state.data['relay_rules']
    names = [one['description'] for one in rules if one['isEnabled']]
    return names, {one['description']: one['authentication']['password'] for one in rules}.get('Partner')


@pytest.mark.parametrize('version', VERSIONS)
def test_info_tells_everything_but_secrets(make, run, version):
    token = '0123456789abcdef' * 2

    def prepare(state):
        company.settle(state)
        company.group(state, 'Own', {'type': 'Host', 'host': '192.0.2.1'})
        state.data['custom_rules'].append(company.custom_rule('x', 'Received', f'conbool-{token}', 'TreatAsNotSpam'))

    double = make(version, prepare=prepare, unknown_method='error')
    status, result = run(kerio_info, double)
    assert (status, result['changed'], result['role'], result['os']) == (0, False, 'BuiltInAdmin', 'Linux')
    assert token not in json.dumps(result) and result['custom_rules'][-1]['content'] == 'conbool-(hidden)'
    assert result['ip_groups'][0]['host'] == '192.0.2.1' and len(result['services']) == 15
    assert [domain['name'] for domain in result['domains']] == list(company.DOMAINS)
    assert 'password' not in json.dumps(result['relay_rules'])
    missing = {part for part in PARTS if result[part] is None}
    lacking = {'relay_rules', 'incoming_rules', 'outgoing_rules', 'sender_policy', 'remote_administration'}
    assert missing == (lacking if version == '8.5' else set())
    assert len(result['warnings']) == len(missing)
    assert yaml.safe_load(kerio_info.DOCUMENTATION)['options']['parts']['choices'] == list(PARTS)


def test_info_reads_what_is_asked_for_and_an_auditor_is_told_less(make, run):
    double = make()
    status, result = run(kerio_info, double, parts=['domains', 'smtp'], username='auditor', password=company.PASSWORD)
    assert (status, result['domains'], result['role']) == (0, None, 'Auditor')
    assert 'Domains.get' in result['warnings'][0] and 'services' not in result
    assert result['smtp']['useSSL'] is True
    assert 'Services.get' not in double.state.journal.calls


def test_info_fails_when_the_server_goes_away(make, run):
    double = make()
    double.state.control.reset = ['Services.get']
    status, result = run(kerio_info, double)
    assert status == 1 and 'Services.get' in result['msg']


@pytest.mark.parametrize(
    'options, words',
    [
        ({'port': 0}, 'port: 0 is no port'),
        ({'timeout': -1}, 'timeout: -1 s'),
        ({'host': ' '}, 'host is empty'),
        ({'password': ''}, 'password is empty'),
        ({'certificate_sha256': 'abc'}, "certificate_sha256: 'abc' is no SHA-256"),
        ({'ca_file': '/nowhere'}, '/nowhere cannot be read'),
        ({'certificate_sha256': '', 'host': '127.0.0.1'}, 'cannot be verified'),
        ({'password': 'mistyped'}, 'refused the log-in of Admin'),
    ],
)
def test_what_cannot_be_used_is_named(make, run, options, words):
    status, result = run(kerio_info, make(), **options)
    assert status == 1 and words in result['msg']


# What every site has at first: a partner's rule with a password, the old smart host for all mail.
PILOT = {'position': 'first', 'rules': [rule(applies_to='sender', pattern='*@example.com')]}
ALL = {'rules': [rule()], 'switched_off': ['Old smart host']}


@pytest.mark.parametrize(
    'options, names', [(ALL, ['Partner', NAME]), (PILOT, [NAME, 'Partner', 'Old smart host'])], ids=['all', 'senders']
)
def test_a_rule_comes_and_goes(make, run, options, names):
    double = make(prepare=company.settle)
    before = double.state.data['relay_rules']
    status, told = run(kerio_relay, double, check=True, passwords=PARTNER, **options)
    assert (status, told['changed'], held(double)[0]) == (0, True, ['Partner', 'Old smart host'])
    assert SETS[0] not in double.state.journal.calls
    status, done = run(kerio_relay, double, passwords=PARTNER, **options)
    assert (status, done['changed'], held(double)) == (0, True, (names, 'partner-secret'))
    assert (told['rules'], told['diff']) == (done['rules'], done['diff'])
    assert done['switched_off'] == options.get('switched_off', [])
    assert '"hostName": "hop.test"' in done['diff']['after'] and 'hop.test' not in done['diff']['before']
    double.state.control.forbid_sets = 'a second run'
    for check in (True, False):
        status, again = run(kerio_relay, double, check=check, passwords=PARTNER, **options)
        assert (status, again['changed'], again['switched_off']) == (0, False, [])
    double.state.control.forbid_sets = ''
    undo = {'state': 'absent', 'rules': [{'name': NAME}], 'switched_on': options.get('switched_off', [])}
    status, result = run(kerio_relay, double, passwords=PARTNER, **undo)
    assert (status, result['changed'], held(double)) == (0, True, (['Partner', 'Old smart host'], 'partner-secret'))
    after = double.state.data['relay_rules']
    assert [{**one, 'id': ''} for one in after] == [{**one, 'id': ''} for one in before]
    double.state.control.forbid_sets = 'a second run'
    assert run(kerio_relay, double, **undo)[1]['changed'] is False


def test_a_rule_that_somebody_changed_is_put_right(make, run):
    double = make(prepare=company.settle)
    run(kerio_relay, double, passwords=PARTNER, **ALL)
    ours = double.state.data['relay_rules'][-1]
    ours.update(isEnabled=False, port=25)
    ours['authentication'].update(isRequired=True, userName='somebody', password='x')
    double.state.data['relay_rules'].insert(0, double.state.data['relay_rules'].pop())
    assert run(kerio_relay, double, passwords=PARTNER, **ALL)[1]['changed'] is True
    names, password = held(double)
    assert names == ['Partner', NAME] and password == 'partner-secret'
    ours = double.state.data['relay_rules'][-1]
    assert ours['port'] == 10027 and ours['authentication']['isRequired'] is False


@pytest.mark.parametrize('check', [True, False])
def test_a_password_that_could_get_lost_is_a_reason_not_to(make, run, check):
    double = make(prepare=company.settle)
    status, result = run(kerio_relay, double, check=check, **ALL)
    assert status == 1 and "the passwords of the relay rules 'Partner' could get lost" in result['msg']
    assert SETS[0] not in double.state.journal.calls and held(double) == (
        ['Partner', 'Old smart host'],
        'partner-secret',
    )


def test_a_password_may_be_kept_by_the_id_of_its_rule(make, run):
    double = make(prepare=company.settle)
    assert run(kerio_relay, double, keep_passwords_by_id=True, **ALL)[1]['changed'] is True
    assert held(double)[1] == 'partner-secret'


@pytest.mark.parametrize('name', profiles('U2', 'U3', 'U4', 'U5', 'U15', 'U16', 'U22', 'U23'))
def test_every_profile_ends_right_or_is_refused(make, run, sink, name):
    """Whatever nobody knows of a server: mail leaves by the hop, and no rule or password of others is lost."""
    wanted, hop = every()[name], sink()
    ways = {key: value for key, value in vars(wanted).items() if key != 'version'}
    world = {'hosts': {'hop.test': hop.place}}
    double = make(wanted.version, prepare=company.settle, world=world, **ways)
    before = json.dumps(double.state.data['smtp'], sort_keys=True), held(double)
    status, result = run(kerio_relay, double, passwords=PARTNER, **ALL)
    if not wanted.rules:
        assert status == 1 and 'Kerio Connect 9.0 or newer is needed' in result['msg']
        assert (json.dumps(double.state.data['smtp'], sort_keys=True), held(double)) == before
        return
    assert (status, held(double)) == (
        0,
        (['Partner', *(['A rule of a later version'] if wanted.round_trip else []), NAME], 'partner-secret'),
    )
    double.state.control.forbid_sets = 'a second run'
    assert run(kerio_relay, double, passwords=PARTNER, **ALL)[1]['changed'] is False
    if wanted.licensed:
        out(double)
        assert hop.wait()[0].recipients == [OUT]


def test_somebody_else_changes_the_rules_at_the_same_time(make, run):
    double = make()

    def other(state):
        company.entrust(state, [company.relay_rule('Other', 'other.test')])

    double.state.control.second_admin = ('Smtp.getRelayDeliveryRuleList', other)
    status, result = run(kerio_relay, double, rules=[rule()])
    assert status == 1 and 'somebody else changes the rules' in result['msg']
    assert held(double)[0] == ['Other']


def test_a_server_that_holds_something_else_is_found_out(make, run):
    double = make()
    double.state.control.second_admin = (
        'Smtp.setRelayDeliveryRuleList',
        lambda state: state.data['relay_rules'][0].update(port=26),
    )
    status, result = run(kerio_relay, double, rules=[rule()])
    assert status == 1 and 'holds others' in result['msg']


@pytest.mark.parametrize(
    'options, words',
    [
        ({'rules': [rule(name=' ')]}, "rules[0].name: ' ' is no name"),
        ({'rules': [rule(name='a\nb')]}, "rules[0].name: 'a\\nb' is no name"),
        ({'rules': [rule(), rule()]}, f'rules[1].name: {NAME!r} is there more than once'),
        ({'rules': [{'name': NAME}]}, "rules[0].host: '' is no host"),
        ({'rules': [rule(host='a b')]}, "rules[0].host: 'a b' is no host"),
        ({'rules': [rule(port=0)]}, 'rules[0].port: 0 is no port'),
        ({'rules': [rule(applies_to='sender')]}, "rules[0].pattern: '' does not go with applies_to sender"),
        ({'rules': [rule(pattern='*@a.test')]}, "rules[0].pattern: '*@a.test' does not go with applies_to all"),
        ({'rules': [rule(applies_to='sender', pattern='a b')]}, "rules[0].pattern: 'a b' is no pattern"),
        ({'switched_off': ['A'], 'switched_on': ['A']}, "switched_off: 'A' is in switched_on too"),
        ({'rules': [rule()], 'switched_off': [NAME]}, f'switched_off, switched_on: {NAME!r} is one of rules'),
        ({'switched_off': ['Gone']}, "switched_off: no relay rule is called 'Gone'"),
        ({'switched_on': ['Gone']}, "switched_on: no relay rule is called 'Gone'"),
        ({'rules': [rule(name='Twice')]}, "two rules or more are called 'Twice'"),
    ],
)
def test_bad_input_is_named_before_anything_is_changed(make, run, options, words):
    double = make(prepare=lambda state: company.entrust(state, [{**HOP, 'description': 'Twice'}] * 2))
    status, result = run(kerio_relay, double, **options)
    assert status == 1 and words in result['msg']
    assert SETS[0] not in double.state.journal.calls


def test_an_auditor_changes_nothing(make, run):
    status, result = run(kerio_relay, make(), rules=[rule()], username='auditor', password=company.PASSWORD)
    assert status == 1 and 'Insufficient rights' in result['msg']
