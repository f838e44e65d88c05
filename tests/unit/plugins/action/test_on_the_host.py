# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The actions that ask modules on the host: all questions are asked, whatever becomes of one; the settings are those of the
task; secrets are handed over and shown nowhere; a connection that breaks is a failure like any other."""

from __future__ import annotations

import json
from unittest.mock import Mock

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible_collections.conbool.smtp_relay.plugins.action import ready, settings, smarthost, verify
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns import answer as dns_answer
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.run_report import NOT_KNOWN

from tests.unit.fakes.asked import Asked, run

AWAY = AnsibleConnectionFailure('Failed to connect to the host via ssh')


def row(identifier, status='green'):
    severity = 'info' if status == 'green' else 'critical'
    return {'id': identifier, 'target': 'x', 'status': status, 'severity': severity, 'finding': 'so', 'hint': ''}


def dns_row(identifier, status='green'):
    return {('domain' if name == 'target' else name): value for name, value in row(identifier, status).items()}


FAILED = {'failed': True, 'msg': 'no such thing'}
DNS = {'rows': [dns_row('mx.ok')]}
HOST = {'changed': False, 'mta': 'toy', 'supported': True, 'rows': [row('gateway.ok'), row('queue.ok')]}
STRANGER = {'changed': False, 'mta': 'kerio', 'supported': False, 'rows': [row('mta.unsupported', 'red')]}
NONE = {'changed': False, 'mta': None, 'supported': False, 'rows': [row('mta.failed', 'red')]}
MAIL_SERVER = {'changed': False, 'rows': [row('mta.ok')], 'deliveries': ['who']}
RED = {'changed': False, 'rows': [row('mta.version', 'red')]}


@pytest.fixture(autouse=True)
def fixture_dns(monkeypatch):
    monkeypatch.setattr(ready, 'of_settings', lambda settings: DNS)


def look(dns, host, mail_server, monkeypatch, **variables):
    monkeypatch.setattr(ready, 'of_settings', lambda settings: dns)
    return run(ready, Asked(preflight=host, toy_smarthost=mail_server), {'preflight_enforce': False, **variables})


@pytest.mark.parametrize(
    'dns, host, mail_server, ids',
    [
        (DNS, HOST, MAIL_SERVER, ['mx.ok', 'gateway.ok', 'mta.ok', 'queue.ok']),
        (FAILED, HOST, MAIL_SERVER, ['dns.failed', 'gateway.ok', 'mta.ok', 'queue.ok']),
        ({'rows': [dns_row('mx.bypass', 'red')]}, HOST, MAIL_SERVER, ['mx.bypass', 'gateway.ok', 'mta.ok', 'queue.ok']),
        (DNS, FAILED, MAIL_SERVER, ['mx.ok', 'preflight.failed']),
        (DNS, AWAY, MAIL_SERVER, ['mx.ok', 'preflight.failed']),
        (DNS, {'failed': True}, MAIL_SERVER, ['mx.ok', 'preflight.failed']),
        (DNS, STRANGER, FAILED, ['mx.ok', 'mta.unsupported']),
        (DNS, NONE, FAILED, ['mx.ok', 'mta.failed']),
        (DNS, HOST, RED, ['mx.ok', 'gateway.ok', 'mta.version', 'queue.ok']),
        (DNS, HOST, FAILED, ['mx.ok', 'gateway.ok', 'mta.failed', 'queue.ok']),
        (DNS, HOST, AWAY, ['mx.ok', 'gateway.ok', 'mta.failed', 'queue.ok']),
        (FAILED, FAILED, FAILED, ['dns.failed', 'preflight.failed']),
    ],
)
def test_all_questions_are_asked_and_judged_together(dns, host, mail_server, ids, monkeypatch):
    result = look(dns, host, mail_server, monkeypatch)
    assert [found['id'] for found in result['rows']] == ids
    assert result['green'] == all(found['status'] == 'green' for found in result['rows'])
    assert result['mta'] == (host.get('mta') if isinstance(host, dict) else None)
    # The table has shown them, and AWX keeps that.
    assert result['_ansible_no_log'] is True


def test_what_is_not_green_is_a_failure_with_its_rows_for_a_rescue(monkeypatch):
    result = look(DNS, HOST, RED, monkeypatch, preflight_enforce=True)
    assert (result['failed'], result['msg']) == (True, '1 of 4 checks are not green: mta.version x')
    assert len(result['invocation']['module_args']['rows']) == 4 and '_ansible_no_log' not in result


def test_nothing_is_asked_with_settings_that_cannot_be_used():
    for plugin in (ready, smarthost, verify):
        asked = Asked()
        result = run(plugin, asked, {'conbool_relay_port': 0, 'outbound_hop_prot': 1})
        assert result['failed'] and len(result['problems']) == 2 and 'conbool_relay_port: 0' in result['msg']
        assert asked.calls == []


def test_a_variable_of_the_task_or_its_role_counts():
    asked = Asked(toy_smarthost={'changed': True, 'parts': ['toy'], 'rows': []})
    run(smarthost, asked, {'outbound_hop_port': 331}, mta='toy')
    ((dummy, arguments),) = asked.calls
    assert arguments['settings']['roles']['outbound_hop']['port'] == 331 and arguments['stage'] == 'change'


@pytest.mark.parametrize(
    'outside, observer',
    [('', {}), ('observer', {'name': 'observer', 'host': 'mx', 'port': 25}), ('x', {'missing': 'x'})],
)
def test_a_change_says_what_came_of_it_and_who_is_to_look(outside, observer):
    changed = {'changed': True, 'parts': ['toy'], 'rows': [row('route.ok')], 'warnings': ['toys break']}
    asked = Asked(mta_info={'mta': 'toy', 'found': {}}, toy_smarthost=changed)
    result = run(smarthost, asked, {'verify_outside': outside})
    found = {name: value for name, value in result.pop('observer').items() if name != 'expect'}
    assert found == observer
    assert result == {**changed, 'mta': 'toy'}


@pytest.mark.parametrize('plugin', [smarthost, verify])
def test_a_host_without_a_mail_server_says_so_and_is_asked_nothing_more(plugin):
    asked = Asked(mta_info={'failed': True, 'msg': 'no mail server found'})
    result = run(plugin, asked)
    assert (result['failed'], result['msg'], len(asked.calls)) == (True, 'no mail server found', 1)


@pytest.mark.parametrize('plugin', [smarthost, verify])
@pytest.mark.parametrize('state', ['present', 'absent'])
def test_an_undo_asks_for_what_is_left_of_a_mail_server_that_no_variable_tells_of(plugin, state):
    asked = Asked(mta_info={'mta': 'toy', 'found': {}}, toy_smarthost={'changed': True}, toy_verify={'rows': []})
    run(plugin, asked, {'conbool_state': state})
    assert asked.calls[0] == ('mta_info', {'mta': 'auto', 'supported': True, 'undo': state == 'absent'})


def test_who_delivers_is_not_known_where_the_mail_server_cannot_be_asked_and_that_is_said_in_its_words():
    """The role spam_delivery asks for it, and shows no table."""
    good = run(smarthost, Asked(toy_smarthost=MAIL_SERVER), mta='toy', stage='preflight')
    assert good['deliveries'] == ['who'] and 'failed' not in good
    silent = {
        'changed': False,
        'rows': [row('queue.ok'), {**row('mta.failed', 'red'), 'finding': 'toy_password is empty'}],
    }
    result = run(smarthost, Asked(toy_smarthost=silent), mta='toy', stage='preflight')
    assert (result['failed'], result['msg'], result['mta']) == (True, 'toy_password is empty', 'toy')


def test_what_was_changed_before_a_failure_is_in_its_result():
    answer = {'failed': True, 'msg': 'no', 'changed': True, 'parts': ['hop'], 'failed_part': 'mail_port'}
    result = run(smarthost, Asked(toy_smarthost=answer), mta='toy')
    assert (result['failed'], result['parts'], result['mta']) == (True, ['hop'], 'toy')
    # Nobody is going to look, and it would be shown.
    assert 'observer' not in result
    # One that failed before its first change has no parts.
    refused = run(smarthost, Asked(toy_smarthost={'failed': True, 'msg': 'no', 'changed': False}), mta='toy')
    assert (refused['msg'], refused['parts']) == ('no', [])


# As Ansible makes them of a module that ends without a word; and one that died of something that nobody had expected.
KILLED = {'failed': True, 'msg': 'MODULE FAILURE: see stderr.', 'module_stdout': '', 'module_stderr': '', 'rc': 137}
DIED = {'failed': True, 'msg': 'list index out of range', 'exception': 'Traceback'}


@pytest.mark.parametrize('answer', [AWAY, KILLED, DIED, {'failed': True}])
def test_of_a_change_that_did_not_answer_nobody_knows_what_it_changed(answer):
    result = run(smarthost, Asked(toy_smarthost=answer), mta='toy')
    assert result['failed'] and result['parts'] is None and result['mta'] == 'toy'
    assert result['msg'].endswith(f'. {NOT_KNOWN}') and '..' not in result['msg']
    # A rehearsal changes nothing, and neither does a look.
    for more in ({'check_mode': True}, {'stage': 'preflight'}):
        look_only = run(smarthost, Asked(toy_smarthost=answer), mta='toy', **more)
        assert look_only['failed'] and look_only['parts'] == [] and NOT_KNOWN not in look_only['msg']


@pytest.mark.parametrize(
    'asked', [Asked(mta_info=AWAY), Asked(mta_info={'failed': True, 'msg': 'no mail server found'})]
)
def test_a_host_whose_mail_server_is_not_known_is_not_changed(asked):
    result = run(smarthost, asked)
    assert result['failed'] and result['parts'] == [] and NOT_KNOWN not in result['msg']


@pytest.mark.parametrize('error', [AWAY, AnsibleError('Incorrect sudo password')])
@pytest.mark.parametrize('plugin', [smarthost, verify])
def test_a_connection_that_breaks_is_no_unreachable_host_which_would_be_in_no_report(plugin, error):
    result = run(plugin, Asked(toy_smarthost=error, toy_verify=error), mta='toy')
    assert result['failed'] and 'unreachable' not in result and result['msg'].startswith(str(error))


def test_what_a_table_is_going_to_show_is_in_no_event():
    result = run(verify, Asked(toy_verify={'rows': [row('queue.ok')]}), mta='toy')
    assert result['_ansible_no_log'] is True and result['rows'] == [row('queue.ok')]


def test_secrets_are_handed_to_their_mail_server_only_and_are_in_no_result():
    secret = {'kerio_smarthost_password': 'sesame', 'kerio_smarthost_relay_passwords': ''}
    answer = {'changed': False, 'rows': []}
    for mta, wanted in (('kerio', {'password': 'sesame'}), ('toy', {})):
        asked = Asked(**{f'{mta}_verify': answer})
        result = run(verify, asked, secret, mta=mta)
        ((dummy, arguments),) = asked.calls
        assert {name: value for name, value in arguments.items() if name != 'settings'} == wanted
        assert 'sesame' not in json.dumps([arguments['settings'], result])


@pytest.mark.parametrize('plugin', [ready, smarthost, verify])
def test_what_is_odd_about_settings_is_said_once_and_also_of_a_role_that_is_used_alone(plugin):
    odd = {'conbool_scope_senders': ['a@example.com'], 'preflight_enforce': False}
    answers = {'mta_info': {'mta': 'toy'}, 'preflight': HOST, 'toy_smarthost': MAIL_SERVER, 'toy_verify': MAIL_SERVER}
    (warning,) = run(plugin, Asked(**answers), odd)['warnings']
    assert 'conbool_scope_senders has no effect' in warning
    told = run(settings, None, odd)
    assert told['noted'] == told['warnings'] == [warning]
    assert 'warnings' not in run(plugin, Asked(**answers), {**odd, 'conbool_checked': told})


def test_the_interpreter_that_was_found_is_kept_for_later_tasks():
    found = {'discovered_interpreter_python': '/usr/bin/python3.11'}
    result = run(verify, Asked(toy_verify={'rows': [], 'ansible_facts': found}), mta='toy')
    assert result['ansible_facts'] == found
    assert 'ansible_facts' not in run(verify, Asked(toy_verify={'rows': []}), mta='toy')


def test_a_host_that_does_not_answer_is_not_done_and_its_settings_are_known_without_what_is_secret():
    hop = {'outbound_hop_parameters': {'smtp_sasl_password_maps': 'inline:{x=u:sesame}'}}
    refused = Mock(side_effect=AnsibleError('sudo: no'))
    for answer in (Mock(side_effect=AWAY), refused, Mock(return_value={'rc': 1, 'stdout': '', 'stderr': 'sudo: no'})):
        result = run(settings, None, hop, answer, playbook='site')
        assert (result['failed'], result['not_done'], result['settings']['state']) == (True, True, 'present')
        assert 'sesame' not in json.dumps(result) and (
            'Failed to connect' in result['msg'] or 'sudo: no' in result['msg']
        )
    good = run(settings, None, hop, Mock(return_value={'rc': 0}), playbook='site')
    assert good['playbook'] == 'site' and good['_ansible_no_log'] is True and 'failed' not in good
    # Nobody asks for a host that no playbook is about.
    assert 'failed' not in run(settings, None, hop, Mock(side_effect=AWAY))


@pytest.mark.parametrize(
    'more, asked',
    [
        ({}, False),
        ({'conbool_preflight': 'warn'}, False),
        ({'conbool_preflight': 'skip'}, True),
        ({'conbool_state': 'absent'}, True),
    ],
)
def test_before_a_change_the_mail_server_is_asked_for_where_no_preflight_does(more, asked):
    """So that what changes a host is the first module of its task; tests kill that one."""
    host = Asked(mta_info={'mta': 'toy', 'found': {}})
    here = Mock(return_value={'rc': 0})
    result = run(settings, host, more, here, playbook='site', change=True)
    assert (result.get('mta'), len(host.calls)) == (('toy', 1) if asked else (None, 0))
    assert run(settings, None, more, here, playbook='verify').get('mta') is None
    nobody = Asked(mta_info={'failed': True, 'msg': 'no mail server found'})
    result = run(settings, nobody, more, here, playbook='site', change=True)
    assert (bool(result.get('failed')), 'not_done' in result) == (asked, False)


def test_dns_is_asked_as_the_settings_say_and_a_library_that_is_missing_is_a_row(monkeypatch):
    asked = []

    async def answers(**options):
        asked.append(options)
        return {'rows': [dns_row('mx.ok')]}

    monkeypatch.setattr(dns_answer.run, 'run', answers)
    known = run(settings, None, {'conbool_dns_servers': ['192.0.2.53'], 'conbool_dns_dkim_selectors': 's1'})['settings']
    assert dns_answer.of_settings(known) == {'rows': [dns_row('mx.ok')]}
    (options,) = asked
    assert (options['domains'], options['nameservers']) == (['example.com'], ['192.0.2.53'])
    assert options['wanted'].dkim_selectors == ['s1']
    monkeypatch.setitem(dns_answer.LIBRARIES, 'dnspython', {'dnspython': 'Traceback'})
    found = dns_answer.of_settings(known)
    assert found['failed'] and 'dnspython' in found['msg']
