# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kerio_service_access against the double: for whom port 25 is, and that it is never for nobody."""

from __future__ import annotations

import copy
import smtplib

import pytest
from ansible_collections.conbool.smtp_relay.plugins.modules import kerio_service_access

from lab.kerio import company
from lab.kerio.profiles import every

from .conftest import connect
from .shapes import profiles

NAME = 'Conbool (managed)'
LOCAL = {'type': 'Range', 'addr1': '127.0.0.8', 'addr2': '127.0.0.9'}


def with_group(state):
    inner = company.group(state, 'Inner', {'type': 'ThisMachine'})
    company.group(state, NAME, LOCAL, {'type': 'ChildGroup', 'childGroupId': inner})


def reaches(double, source):
    try:
        connect(double, source=source).close()
    except (smtplib.SMTPException, OSError):
        return False
    return True


@pytest.mark.parametrize('name', profiles('U2', 'U11', 'U12', 'U13', 'U22', 'U23'))
def test_a_service_is_limited_and_open_again_under_every_profile(make, run, name):
    wanted = every()[name]
    ways = {key: value for key, value in vars(wanted).items() if key != 'version'}
    double = make(wanted.version, prepare=with_group, **ways)
    before = copy.deepcopy(double.state.data['services'])
    options = {'group': NAME, 'must_include': ['127.0.0.9', '127.0.0.1']}
    status, told = run(kerio_service_access, double, check=True, **options)
    assert (status, told['changed'], double.state.data['services']) == (0, True, before)
    status, done = run(kerio_service_access, double, **options)
    assert (status, done['changed'], done['group'], done['group_before']) == (0, True, NAME, '')
    assert done['diff'] == told['diff'] and done['is_running'] is wanted.licensed
    if wanted.licensed:
        assert [reaches(double, source) for source in ('127.0.0.9', '127.0.0.1', '127.0.0.7')][:2] == [True, True]
        assert reaches(double, '127.0.0.7') is (wanted.this_machine == 'net')
        connect(double, 'SMTP Submission', 587, '127.0.0.7').close()
    double.state.control.forbid_sets = 'a second run'
    assert run(kerio_service_access, double, **options)[1]['changed'] is False
    double.state.control.forbid_sets = ''
    status, undone = run(kerio_service_access, double, group='')
    assert (status, undone['changed'], undone['group_before']) == (0, True, NAME)
    after = copy.deepcopy(double.state.data['services'])
    for service in after:
        service.pop('_active', None)
    assert after == before
    double.state.control.forbid_sets = 'a second run'
    assert run(kerio_service_access, double, group='')[1]['changed'] is False


def test_nothing_else_of_a_service_is_changed(make, run):
    def prepare(state):
        with_group(state)
        state.service('Secure SMTP')['connectionLimit'] = {'isSet': False, 'value': 7}

    double = make(prepare=prepare, language='de')
    before = copy.deepcopy(double.state.service('Secure SMTP'))
    assert run(kerio_service_access, double, service='Secure SMTP', group=NAME)[1]['changed'] is True
    after = double.state.service('Secure SMTP')
    assert {**after, 'group': None} == {**before, 'group': None}
    assert double.state.service('SMTP')['group']['isUsed'] is False


@pytest.mark.parametrize(
    'options, words',
    [
        ({'group': 'Gone'}, "group: there is no group 'Gone'"),
        ({'group': 'Off'}, "group: 'Off' has no entry that is in force"),
        ({'group': NAME, 'service': 'Telnet'}, "service: there is no 'Telnet' here, but SMTP, Secure SMTP"),
        ({'group': NAME, 'must_include': ['127.0.0.7', '127.0.0.8']}, 'must_include: 127.0.0.7 would not reach'),
        ({'group': NAME, 'must_include': ['::2']}, 'must_include: ::2 would not reach'),
        ({'group': 'Names', 'must_include': ['127.0.0.1']}, 'must_include: 127.0.0.1 would not reach'),
        ({'group': NAME, 'must_include': ['localhost']}, "must_include[0]: 'localhost' is no IP address"),
    ],
)
def test_bad_input_is_named_before_anything_is_changed(make, run, options, words):
    def prepare(state):
        with_group(state)
        company.group(state, 'Names', {'type': 'Host', 'host': 'localhost'})
        company.group(state, 'Off', {'type': 'Host', 'host': '127.0.0.1'})
        state.data['ip_entries'][-1]['enabled'] = False

    double = make(prepare=prepare)
    status, result = run(kerio_service_access, double, **options)
    assert status == 1 and words in result['msg']
    assert 'Services.set' not in double.state.journal.calls


def test_a_server_that_holds_something_else_is_found_out(make, run):
    double = make(prepare=with_group)
    double.state.control.second_admin = (
        'Services.set',
        lambda state: state.service('SMTP')['group'].update(isUsed=False),
    )
    status, result = run(kerio_service_access, double, group=NAME)
    assert status == 1 and 'holds another one' in result['msg']
