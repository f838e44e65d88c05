# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary names every host."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.changes import changed_lines
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.run_report import (
    NOT_KNOWN,
    run_report,
    run_summary,
)


def texts(lines):
    return [line.text for line in lines]


def test_done_failed_and_unreachable_hosts():
    hostvars = {
        'mx1': {
            'conbool_checked': {'settings': {'state': 'present'}, 'playbook': 'site'},
            '__verify_looked': {'mta': 'postfix'},
        },
        'mx2': {
            'conbool_checked': {'settings': {'state': 'present'}},
            '__conbool_failure': 'The host\'s mail server is known: no mail server found',
        },
        'mx3': {},
        'mx4': {
            'conbool_checked': {'not_done': True, 'settings': {'state': 'present'}, 'msg': 'No route to host'},
            '__conbool_failure': 'Settings are valid: No route to host',
        },
    }
    assert texts(run_summary(run_report(hostvars, ['mx1', 'mx2', 'mx3', 'mx4'], 'site'))) == [
        'host  mta      state    result',
        'mx1   postfix  present  done',
        'mx2   ?        present  FAILED: The host\'s mail server is known: no mail server found',
        'mx3   ?        ?        NOT DONE: its tasks were left out by --tags or --skip-tags, or its',
        '                        connection broke',
        'mx4   ?        present  NOT DONE: No route to host',
    ]


def test_rows_that_are_not_green_are_said_of_a_host_that_is_done():
    green, red = {'status': 'green'}, {'status': 'red'}
    hostvars = {
        'mx1': {
            'conbool_checked': {'settings': {'state': 'present'}, 'playbook': 'site'},
            'preflight_report': {'rows': [green, red], 'green': False, 'mta': 'postfix'},
            'verify_report': {'rows': [green], 'green': True},
        }
    }
    assert run_report(hostvars, ['mx1'], 'site', check_mode=True) == {
        'playbook': 'site',
        'check_mode': True,
        'ok': True,
        'hosts': {
            'mx1': {
                'mta': 'postfix',
                'state': 'present',
                'result': 'done',
                'reason': '',
                'changed': False,
                'parts': [],
                'scope': None,
                'preflight': {'green': False, 'rows': [green, red]},
                'verify': {'green': True, 'rows': [green]},
            }
        },
    }
    assert (
        texts(run_summary(run_report(hostvars, ['mx1'], 'site')))[1]
        == 'mx1   postfix  present  done, but not everything is green: preflight'
    )


def test_what_was_looked_at_after_a_change_and_not_judged_is_not_done():
    """As with --step."""
    known = {
        'conbool_checked': {'playbook': 'site'},
        '__verify_looked': {'mta': 'postfix', 'rows': [{'status': 'red'}]},
    }
    assert run_report({'mx1': known}, ['mx1'], 'site')['hosts']['mx1']['result'] == 'not done'


def test_what_another_playbook_of_the_run_found_is_not_the_reason():
    red = {'id': 'route.bypass', 'target': 'x', 'status': 'red'}
    known = {
        'conbool_checked': {'playbook': 'verify', 'settings': {'preflight': 'warn'}},
        'preflight_report': {'green': False, 'rows': [{**red, 'id': 'mx.unknown'}]},
        'verify_report': {'green': False, 'rows': [red]},
    }
    entry = run_report({'mx1': known}, ['mx1'], 'verify')['hosts']['mx1']
    assert entry['reason'] == 'verify: 1 of 1 checks are not green: route.bypass x' and 'preflight' not in entry


def test_one_host_that_is_not_done_makes_the_run_not_ok():
    done = {'conbool_checked': {'playbook': 'site'}, 'verify_report': {'green': True}}
    assert run_report({'mx1': done, 'mx2': done}, ['mx1', 'mx2'], 'site')['ok']
    assert not run_report({'mx1': done, 'mx2': {}}, ['mx1', 'mx2'], 'site')['ok']


def test_rows_of_a_host_that_failed_because_of_them_are_those_that_the_rescue_was_given():
    red = {'status': 'red'}
    known = {
        '__conbool_failure': 'Host is ready: no',
        # What Ansible registers of a task that fails.
        'preflight_report': {'failed': True, 'msg': 'no'},
        'ansible_failed_result': {'invocation': {'module_args': {'part': 'preflight', 'rows': [red]}}},
    }
    entry = run_report({'mx1': known}, ['mx1'], 'site')['hosts']['mx1']
    assert entry['preflight'] == {'green': False, 'rows': [red]} and 'verify' not in entry


def test_another_failure_has_no_rows():
    for failed in ({'msg': 'no'}, {'invocation': {'module_args': {'rows': [1]}}}):
        known = {'__conbool_failure': 'no', 'ansible_failed_result': failed}
        assert set(run_report({'mx1': known}, ['mx1'], 'site')['hosts']['mx1']) == {
            *('mta', 'state', 'result', 'reason', 'changed', 'parts', 'scope')
        }


def test_mail_server_that_was_not_found_has_no_name():
    known = {'preflight_report': {'mta': None}, '__verify_looked': {'failed': True}}
    assert run_report({'mx1': known}, ['mx1'], 'site')['hosts']['mx1']['mta'] is None
    known['__verify_looked'] = {'mta': 'postfix'}
    assert run_report({'mx1': known}, ['mx1'], 'site')['hosts']['mx1']['mta'] == 'postfix'


@pytest.mark.parametrize(
    'playbook, preflight, result',
    [('site', 'enforce', 'failed'), ('site', 'warn', 'not done'), ('preflight', 'warn', 'failed')],
)
def test_a_part_that_is_not_green_is_the_reason_where_nothing_else_is(playbook, preflight, result):
    known = {
        'conbool_checked': {'settings': {'state': 'present', 'preflight': preflight}},
        'preflight_report': {'rows': [{'id': 'mx.bypass', 'target': 'a.example', 'status': 'red'}]},
    }
    entry = run_report({'mx1': known}, ['mx1'], playbook)['hosts']['mx1']
    assert entry['result'] == result
    assert ('preflight: 1 of 1 checks are not green: mx.bypass a.example' in entry['reason']) == (result == 'failed')


def test_what_another_playbook_of_the_run_has_done_does_not_count():
    known = {'conbool_checked': {'playbook': 'preflight'}, 'preflight_report': {'green': True}}
    found = {
        name: run_report({'mx1': known}, ['mx1'], name)['hosts']['mx1']['result'] for name in ('preflight', 'site')
    }
    assert found == {'preflight': 'done', 'site': 'not done'}
    known = {'conbool_checked': {'playbook': 'verify'}, 'verify_report': {'green': True}}
    assert run_report({'mx1': known}, ['mx1'], 'site')['hosts']['mx1']['result'] == 'not done'


@pytest.mark.parametrize(
    'more, result',
    [
        ({'__verify_looked': {'mta': 'toy'}}, 'done'),
        # Left out, as all tasks behind a preflight that is not green.
        ({'__verify_looked': {'skipped': True}, 'verify_report': {'skipped': True}}, 'not done'),
        ({'__verify_looked': {'mta': 'toy'}, 'verify_report': {'skipped': True}}, 'done'),
        ({'__verify_looked': {'mta': 'toy'}, 'verify_report': {'green': False}}, 'not done'),
        ({'__verify_looked': {'mta': 'toy'}, 'verify_report': {'green': True}}, 'done'),
        ({'__verify_looked': {'mta': 'toy'}, '__conbool_failure': 'no'}, 'failed'),
        ({'preflight_report': {'green': True}}, 'not done'),
    ],
)
def test_a_host_is_done_when_what_comes_last_is_there_and_good(more, result):
    known = {'conbool_checked': {'playbook': 'rollback'}, **more}
    assert run_report({'mx1': known}, ['mx1'], 'rollback')['hosts']['mx1']['result'] == result


@pytest.mark.parametrize('failure', ['', 'no'])
def test_what_was_changed_is_said_also_of_a_host_that_failed_behind_it(failure):
    diff = [
        {'before_header': 'main.cf', 'after_header': 'main.cf', 'before': 'a\nb\n', 'after': 'a\nc\n'},
        {'after_header': 'same', 'before': 'x', 'after': 'x'},
    ]
    known = {
        '__verify_looked': {'mta': 'toy', 'parts': ['hop'], 'diff': diff},
        '__conbool_failure': failure,
    }
    entry = run_report({'mx1': known}, ['mx1'], 'site')['hosts']['mx1']
    assert (entry['changed'], entry['parts']) == (True, ['hop'])
    assert entry['diff'] == [{'name': 'main.cf', 'lines': ['@@ -1,2 +1,2 @@', ' a', '-b', '+c'], 'left_out': 0}]


ENDED = {'failed': True, 'changed': False, 'msg': 'Timed out after 30 second(s).', 'timedout': {'period': 30}}


@pytest.mark.parametrize('looked', [{'failed': True, 'msg': 'away', 'parts': None, 'mta': 'toy'}, ENDED])
def test_of_a_change_that_did_not_answer_nobody_knows_whether_the_host_is_changed(looked):
    """ENDED is how Ansible ends a task at the end of its time: the action has no say."""
    known = {'__verify_looked': looked, '__conbool_failure': 'The mail server uses the gateway: away.'}
    report = run_report({'mx1': known}, ['mx1'], 'site')
    entry = report['hosts']['mx1']
    assert (entry['result'], entry['changed'], entry['parts']) == ('failed', None, [])
    assert entry['reason'] == f'The mail server uses the gateway: away. {NOT_KNOWN}'
    assert ' '.join(' '.join(texts(run_summary(report))[1:]).split()).endswith(NOT_KNOWN)
    # It is said once.
    known['__conbool_failure'] = entry['reason']
    assert run_report({'mx1': known}, ['mx1'], 'rollback')['hosts']['mx1']['reason'] == entry['reason']
    for entry in (
        run_report({'mx1': known}, ['mx1'], 'site', check_mode=True)['hosts']['mx1'],
        run_report({'mx1': known}, ['mx1'], 'verify')['hosts']['mx1'],
    ):
        assert entry['changed'] is False


@pytest.mark.parametrize(
    'looked', [{}, {'skipped': True, 'changed': False}, {'failed': True, 'parts': [], 'msg': 'no'}]
)
def test_a_host_whose_change_was_not_begun_or_has_restored_it_is_not_changed(looked):
    known = {'__verify_looked': looked, '__conbool_failure': 'no'}
    entry = run_report({'mx1': known}, ['mx1'], 'site')['hosts']['mx1']
    assert (entry['changed'], entry['reason']) == (False, 'no')


def test_of_many_changed_lines_the_first_are_kept():
    (found,) = changed_lines([{'after_header': 'x', 'before': '', 'after': '\n'.join(map(str, range(5000)))}])
    assert (len(found['lines']), found['left_out']) == (200, 4801)


def test_a_reason_of_several_lines_is_one_text_in_the_summary():
    lines = run_summary(run_report({'mx1': {'__conbool_failure': 'No:\n- a\n- b'}}, ['mx1'], 'site'))
    assert lines[1].text.endswith('FAILED: No: - a - b')


def test_a_summary_fits_a_terminal():
    known = {'__conbool_failure': 'word ' * 50 + 'x' * 300}
    lines = run_summary(run_report({'mx1': known}, ['mx1'], 'site'))
    assert len(lines) > 5 and max(len(line.text) for line in lines) <= 98
    assert {line.status for line in lines[1:]} == {'red'}
    assert ''.join(''.join(line.text for line in lines[1:]).split()).count('x') == 301
