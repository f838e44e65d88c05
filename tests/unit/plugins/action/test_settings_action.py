# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin: where the variables come from, and what comes back."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task
from ansible.template import Templar, trust_as_template
from ansible_collections.conbool.smtp_relay.plugins.action.settings import ActionModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.host_settings import HostSettings, specifications

GOOD = {'conbool_domains': ['example.com'], 'conbool_networks': ['192.0.2.0/24']}


def run(task_vars, check_mode=False, **args):
    task_vars = {'inventory_hostname': 'mail.example.com', **task_vars}
    task, loader = Task(), DataLoader()
    task.action, task.args, task.async_val, task.check_mode = 'conbool.smtp_relay.settings', args, 0, check_mode
    connection = Mock()
    action = ActionModule(
        task=task,
        connection=connection,
        play_context=None,
        loader=loader,
        templar=Templar(loader, task_vars),
        shared_loader_obj=None,
    )
    result = action.run(task_vars=task_vars)
    assert connection.mock_calls == []
    return result


@pytest.mark.parametrize('check_mode', [False, True])
def test_variables_of_the_host_are_taken_and_evaluated(check_mode):
    result = run(
        {
            'domain': 'example.com',
            'other': 'ignored',
            '__conbool_checked': 'ignored',
            'conbool_settings': {'of': 'an earlier run'},
            'conbool_domains': [trust_as_template('mail.{{ domain }}')],
            'conbool_networks': ['192.0.2.0/24'],
        },
        check_mode,
    )
    assert result['settings']['domains'] == ['mail.example.com']
    assert result['changed'] is False
    assert 'failed' not in result
    assert result['problems'] == [] and result['warnings'] == []


def test_given_variables_replace_those_of_the_host():
    result = run({'conbool_domains': ['host.example']}, variables={**GOOD, 'conbool_relay_port': '26'})
    assert result['settings']['domains'] == ['example.com']
    assert result['settings']['relay_port'] == 26


def test_all_problems_come_in_one_message():
    result = run(
        {
            'conbool_domains': [trust_as_template('{{ missing }}')],
            'conbool_networks': ['192.0.2.7/24'],
            'conbool_inbund': True,
            'conbool_relay_port': '0',
        }
    )
    assert result['failed'] is True
    assert result['changed'] is False
    assert 'settings' not in result
    assert result['msg'].splitlines() == ['The settings cannot be used:'] + [
        '- ' + problem for problem in result['problems']
    ]
    assert [problem.partition(':')[0] for problem in result['problems']] == [
        'conbool_domains',
        'conbool_networks',
        'conbool_relay_port',
        'conbool_inbund',
    ]
    assert "'missing' is undefined" in result['problems'][0]
    assert 'did you mean conbool_inbound?' in result['problems'][3]


def test_warnings_are_passed_on():
    result = run({**GOOD, 'conbool_scope_senders': ['@example.com']})
    assert len(result['warnings']) == 1
    assert 'failed' not in result


@pytest.mark.parametrize('args', [{'domains': ['example.com']}, {'variables': 'x'}])
def test_wrong_options_are_refused(args):
    with pytest.raises(AnsibleActionFail):
        run(GOOD, **args)


def test_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(readers.IMPORT_ERRORS, 'netaddr', 'Traceback of the import')
    result = run(GOOD)
    assert result['failed'] is True
    assert 'Failed to import the required Python library (netaddr)' in result['msg']
    assert result['exception'] == 'Traceback of the import'


def test_settings_are_no_fact_which_would_be_kept_for_other_runs():
    assert 'ansible_facts' not in run(GOOD)


def test_variables_of_all_roles_are_taken_and_evaluated():
    result = run({**GOOD, 'base': 10000, 'outbound_hop_port': trust_as_template('{{ base + 5 }}')})
    assert result['settings']['roles']['outbound_hop']['port'] == 10005
    assert result['settings']['roles']['outbound_hop']['address'] == ''
    assert result['settings']['roles']['verify']['queue_seconds'] == 2


@pytest.mark.parametrize(
    'variables, address',
    [
        ({}, 'mail.example.com'),
        ({'ansible_host': '192.0.2.1'}, '192.0.2.1'),
        ({'ansible_host': '192.0.2.1', 'verify_inbound_host': ''}, '192.0.2.1'),
        (
            {'ansible_host': trust_as_template('{{ inventory_hostname }}.'), 'verify_inbound_host': None},
            'mail.example.com.',
        ),
        ({'ansible_host': '192.0.2.1', 'verify_inbound_host': 'mx.example.com'}, 'mx.example.com'),
    ],
)
def test_default_that_is_a_template_is_evaluated_for_the_host(variables, address):
    assert run({**GOOD, **variables})['settings']['roles']['verify']['inbound_host'] == address
    assert (
        run(variables, variables={**GOOD, 'verify_inbound_host': variables.get('verify_inbound_host')})['settings'][
            'roles'
        ]['verify']['inbound_host']
        == address
    )


def test_default_that_cannot_be_evaluated_is_named():
    (problem,) = run({**GOOD, 'ansible_host': trust_as_template('{{ 1 / 0 }}')})['problems']
    assert problem.startswith('verify_inbound_host: cannot be evaluated: ') and 'division by zero' in problem


def test_unknown_variables_are_refused_without_being_evaluated(monkeypatch):
    evaluated, evaluate = [], HostSettings._evaluated
    monkeypatch.setattr(
        HostSettings, '_evaluated', lambda self, value: evaluated.append(value) or evaluate(self, value)
    )
    unknown = dict.fromkeys(('outbound_hop_prot', 'verify_something', 'preflight_rows', 'conbool_settings'), 'SECRET')
    result = run({**GOOD, **unknown, 'outbound': 'SECRET', 'verify_inbound_host': 'mx.example.com'})
    assert result['problems'] == ['outbound_hop_prot: there is no such variable; did you mean outbound_hop_port?']
    assert 'mx.example.com' in evaluated and 'SECRET' not in evaluated


def test_specifications_of_roles_are_read(tmp_path):
    for role, text in {
        'conbool': 'argument_specs: {main: {options: {conbool_x: {}}}}',
        'toy_smarthost': 'argument_specs: {main: {options: {toy_smarthost_x: {type: int, default: 5}}}}',
        'plain': 'argument_specs: {main: {short_description: Takes nothing}}',
    }.items():
        (tmp_path / role / 'meta').mkdir(parents=True)
        (tmp_path / role / 'meta' / 'argument_specs.yml').write_text(text, encoding='utf-8')
    (tmp_path / 'nothing').mkdir()
    assert specifications(tmp_path) == {
        'plain': {},
        'toy_smarthost': {'toy_smarthost_x': {'type': 'int', 'default': 5}},
    }
