# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary names every host."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.run_report import run_report, run_summary


def test_done_failed_and_unreachable_hosts():
    hostvars = {
        'mx1': {
            'conbool_checked': {'settings': {'state': 'present'}},
            'preflight_found': {'mta': 'postfix'},
            '__conbool_done': True,
        },
        'mx2': {
            'conbool_checked': {'settings': {'state': 'present'}},
            '__conbool_failure': 'The host\'s mail server is known: no mail server found',
        },
        'mx3': {},
        'mx4': {
            '__conbool_answer': {'unreachable': True, 'msg': 'No route to host'},
            '__conbool_failure': 'The host is there: No route to host',
        },
    }
    assert run_summary(run_report(hostvars, ['mx1', 'mx2', 'mx3', 'mx4'])) == [
        'host  mta      state    result',
        'mx1   postfix  present  done',
        'mx2   ?        present  FAILED: The host\'s mail server is known: no mail server found',
        'mx3   ?        ?        NOT DONE: its connection broke, or its tasks were left out by --tags',
        'mx4   ?        ?        NOT DONE: No route to host',
    ]


def test_rows_that_are_not_green_are_said_of_a_host_that_is_done():
    green, red = {'status': 'green'}, {'status': 'red'}
    hostvars = {
        'mx1': {
            'conbool_checked': {'settings': {'state': 'present'}},
            'preflight_found': {'mta': 'postfix'},
            '__conbool_done': True,
            'preflight_report': {'rows': [green, red]},
            'verify_report': {'rows': [green]},
        }
    }
    assert run_report(hostvars, ['mx1']) == {
        'ok': True,
        'hosts': {
            'mx1': {
                'mta': 'postfix',
                'state': 'present',
                'result': 'done',
                'reason': '',
                'preflight': {'green': False, 'rows': [green, red]},
                'verify': {'green': True, 'rows': [green]},
            }
        },
    }
    assert (
        run_summary(run_report(hostvars, ['mx1']))[1]
        == 'mx1   postfix  present  done, but not everything is green: preflight'
    )


def test_one_host_that_is_not_done_makes_the_run_not_ok():
    assert not run_report({'mx1': {'__conbool_done': True}, 'mx2': {}}, ['mx1', 'mx2'])['ok']


def test_rows_of_a_host_that_failed_because_of_them_are_those_that_the_rescue_was_given():
    red = {'status': 'red'}
    known = {
        '__conbool_failure': 'Host is ready: no',
        # What Ansible registers of a task that fails.
        'preflight_report': {'failed': True, 'msg': 'no'},
        'ansible_failed_result': {'invocation': {'module_args': {'part': 'preflight', 'rows': [red]}}},
    }
    entry = run_report({'mx1': known}, ['mx1'])['hosts']['mx1']
    assert entry['preflight'] == {'green': False, 'rows': [red]} and 'verify' not in entry


def test_another_failure_has_no_rows():
    for failed in ({'msg': 'no'}, {'invocation': {'module_args': {'rows': [1]}}}):
        known = {'__conbool_failure': 'no', 'ansible_failed_result': failed}
        assert set(run_report({'mx1': known}, ['mx1'])['hosts']['mx1']) == {'mta', 'state', 'result', 'reason'}


def test_mail_server_that_was_not_found_has_no_name():
    known = {'preflight_found': {'mta': None}, '__verify_asked': {'failed': True}}
    assert run_report({'mx1': known}, ['mx1'])['hosts']['mx1']['mta'] is None
    known['__verify_asked'] = {'mta': 'postfix'}
    assert run_report({'mx1': known}, ['mx1'])['hosts']['mx1']['mta'] == 'postfix'
