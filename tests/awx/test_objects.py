# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects: AWX and its modules take them, they fit each other, and surveys ask for variables that there are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.excerpt import excerpt
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.run_report import NOT_KNOWN, run_report

from tests.awx import rules
from tests.awx.specs import AWX, KINDS, ROOT, objects, problems
from tests.unit.roles.test_argument_specs import ROLES, specification

OBJECTS = objects()
ITEMS = [(name, item) for name, items in OBJECTS.items() for item in items]
OPTIONS = {name: option for role in ROLES for name, option in specification(role)['options'].items()}
SURVEYS = [item for dummy, item in ITEMS if item.get('survey_spec')]
# What AWX renders messages with when it takes a notification template, and what a job leaves.
STUB = {'id': 42, 'name': 'Conbool site', 'status': 'failed', 'artifacts': {}}
RED = row('mx.bypass', 'example.com', 'red', 'mail bypasses the gateway', 'Remove it.')
ENTRY = {'result': 'failed', 'reason': 'preflight: 1 of 1', 'preflight': {'green': False, 'rows': [RED]}}
JOB = {**STUB, 'artifacts': {'smtp_relay_report': {'ok': False, 'hosts': {'mx1': ENTRY}}}}


def named(name):
    return [item['name'] for item in OBJECTS[name]]


@pytest.mark.parametrize(('name', 'item'), ITEMS, ids=[f'{name}-{item["name"]}' for name, item in ITEMS])
def test_the_module_takes_the_item(name, item):
    assert problems(KINDS[name], item) == []


def test_what_the_module_does_not_take_is_refused():
    assert problems('job_template', {'name': 'x', 'playbok': 'site.yml'})
    assert problems('job_template', {'name': 'x', 'job_type': 'try'})
    nodes = [{'identifier': 'a', 'related': {'success_nodes': [{'identifer': 'b'}]}}]
    assert problems('workflow_job_template', {'name': 'x', 'workflow_nodes': nodes})


def test_every_list_is_applied():
    applied = yaml.safe_load((AWX / 'configure.yml').read_text(encoding='utf-8'))[0]['tasks'][1:]
    modules = {task['loop'][3:-3]: next(key for key in task if key.startswith('awx.')) for task in applied}
    assert modules == {name: f'awx.awx.{module}' for name, module in KINDS.items()} and set(OBJECTS) == set(KINDS)


def test_what_is_named_is_there():
    for item in OBJECTS['controller_templates']:
        assert item['project'] in named('controller_projects')
        assert item['inventory'] in named('controller_inventories')
        assert item['execution_environment'] in named('controller_execution_environments')
        assert (AWX / 'project' / item['playbook']).is_file()
    for dummy, item in ITEMS:
        for event in ('success', 'error', 'approvals'):
            assert set(item.get(f'notification_templates_{event}', [])) <= set(named('controller_notifications'))
    for item in OBJECTS['controller_inventory_sources']:
        assert item['inventory'] in named('controller_inventories')
        if 'source_path' in item:
            assert (AWX / 'project' / item['source_path']).is_file()
    for item in OBJECTS['controller_schedules']:
        assert item['unified_job_template'] in named('controller_templates')


def test_the_workflow_is_preflight_dry_run_approval_site_verify():
    (workflow,) = OBJECTS['controller_workflows']
    nodes = {node['identifier']: node for node in workflow['workflow_nodes']}
    way, here = [], 'preflight'
    while here:
        way.append(here)
        job = nodes[here]['unified_job_template']
        assert job['type'] == 'workflow_approval' or job['name'] in named('controller_templates')
        (after,) = nodes[here].get('related', {}).get('success_nodes', [{'identifier': None}])
        here = after['identifier']
    assert way == ['preflight', 'dry run', 'approval', 'site', 'verify'] and len(nodes) == len(way)
    dry = next(item for item in OBJECTS['controller_templates'] if item['name'] == 'Conbool dry run')
    assert (dry['job_type'], dry['diff_mode'], dry['playbook']) == ('check', True, 'site.yml')


@pytest.mark.parametrize('item', SURVEYS, ids=[item['name'] for item in SURVEYS])
def test_surveys_are_taken_and_ask_for_variables_that_there_are(item):
    assert rules.survey(item['survey_spec']) == []
    for question in item['survey_spec']['spec']:
        option = OPTIONS[question['variable']]
        # What is not answered must not beat the inventory.
        assert question['default'] == '' and not question['required']
        choices = question.get('choices', '').split()
        known = [choice for choice in option.get('choices', []) if choice]
        if choices:
            assert choices == (known or ['true', 'false']) and (known or isinstance(option['default'], bool))
        assert bool(choices) == bool(known or isinstance(option['default'], bool)), question['variable']


def test_nobody_is_asked_whether_a_rollback_undoes():
    rollback = next(item for item in OBJECTS['controller_templates'] if item['playbook'] == 'rollback.yml')
    assert not rollback['survey_enabled'] and not rollback['survey_spec']


@pytest.mark.parametrize('item', OBJECTS['controller_credential_types'], ids=lambda item: item['name'])
def test_credentials_fill_variables_that_there_are_and_hide_what_is_secret(item):
    injectors, fields = item['injectors'], item['inputs']['fields']
    assert set(injectors.get('extra_vars', {})) <= set(OPTIONS)
    for name, text in injectors.get('extra_vars', {}).items():
        used = [field for field in fields if f'{{{{ {field["id"]} }}}}' == text]
        assert 'tower.filename' in text or bool(OPTIONS[name].get('no_log')) == bool(used[0].get('secret'))
    named = {field['id']: bool(field.get('secret')) for field in fields}
    assert {'key', 'password'} & set(named) and all(named[name] for name in {'key', 'password'} & set(named))


def test_every_playbook_of_the_collection_that_leaves_no_file_is_in_the_project():
    ours = {path.name for path in (ROOT / 'playbooks').glob('*.yml')} - {'kerio_probe.yml'}
    assert {path.name for path in (AWX / 'project').glob('*.yml')} == ours
    assert {item['playbook'] for item in OBJECTS['controller_templates']} == ours


@pytest.mark.parametrize('item', OBJECTS['controller_credential_types'], ids=lambda item: item['name'])
def test_credential_types_are_taken(item):
    assert rules.credential_type(item) == []


def test_a_message_says_that_nobody_knows_what_was_changed():
    looked = {'failed': True, 'changed': False, 'parts': None}
    report = run_report({'mx1': {'__verify_looked': looked, '__conbool_failure': 'away'}}, ['mx1'], 'site')
    job = {**JOB, 'artifacts': {'smtp_relay_report': excerpt(report)}}
    known = {'job': job, 'url': 'https://awx.example.com/1', 'job_friendly_name': 'Job'}
    render = rules.ImmutableSandboxedEnvironment().from_string
    mail, hook = (
        render(item['messages']['error']['body']).render(known) for item in OBJECTS['controller_notifications']
    )
    assert f'mx1: failed - away. {NOT_KNOWN}' in mail.splitlines()
    assert json.loads(hook)['report']['hosts']['mx1']['changed'] is None


@pytest.mark.parametrize('item', OBJECTS['controller_notifications'], ids=lambda item: item['name'])
@pytest.mark.parametrize('job', [STUB, JOB], ids=['nothing', 'report'])
def test_messages_are_rendered_with_and_without_a_report(item, job):
    assert rules.messages(item, job) == []


def test_a_mail_says_what_is_not_green_and_what_to_do():
    item = OBJECTS['controller_notifications'][0]
    known = {'job': JOB, 'url': 'https://awx.example.com/1', 'job_friendly_name': 'Job'}
    text = rules.ImmutableSandboxedEnvironment().from_string(item['messages']['error']['body']).render(known)
    assert text.splitlines() == [
        'Conbool site is failed.',
        '',
        'mx1: failed - preflight: 1 of 1',
        '  red mx.bypass example.com: mail bypasses the gateway Remove it.',
        '',
        'https://awx.example.com/1',
    ]


QUESTION = {'type': 'text', 'question_name': 'Domains', 'variable': 'conbool_domains', 'required': False}
FIELDS = {'fields': [{'id': 'key', 'label': 'Key', 'type': 'string', 'secret': True}]}


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        ({'type': 'list'}, 'list is no type'),
        ({'required': 'no'}, 'required is missing or is no bool'),
        ({'variable': None}, 'variable is missing'),
        ({'type': 'integer', 'default': '5'}, 'the default is no integer'),
        ({'type': 'multiplechoice'}, 'there is no choice'),
        ({'type': 'multiplechoice', 'choices': 'a\nb', 'default': 'c'}, 'none of the choices'),
        ({'type': 'multiplechoice', 'choices': 'a\nb', 'default': 'a\nb'}, 'more than one default'),
        ({'min': '0'}, 'min is no whole number'),
    ],
    ids=str,
)
def test_surveys_that_awx_refuses_are_refused(change, words):
    assert rules.survey({'name': '', 'description': '', 'spec': [QUESTION]}) == []
    (said,) = rules.survey({'name': '', 'description': '', 'spec': [{**QUESTION, **change}]})
    assert words in said
    assert rules.survey({'name': '', 'description': '', 'spec': [QUESTION, QUESTION]}) == [
        'conbool_domains: is asked for twice'
    ]
    assert rules.survey({'name': '', 'spec': [QUESTION]}) and rules.survey({'name': '', 'description': '', 'spec': []})


@pytest.mark.parametrize(
    ('item', 'words'),
    [
        ({'inputs': {'fields': [{'id': 'a b', 'label': 'x'}]}}, 'is no name for a field'),
        ({'inputs': {'fields': [{'id': 'tower', 'label': 'x'}]}}, 'is no name for a field'),
        ({'inputs': {'fields': [{'id': 'a', 'label': 'x', 'type': 'boolean', 'secret': True}]}}, 'a truth value has'),
        ({'inputs': {'fields': [{'id': 'a', 'label': 'x', 'hidden': True}]}}, 'is nothing of a field'),
        ({'inputs': {**FIELDS, 'required': ['cert']}}, 'cert is required'),
        ({'inputs': FIELDS, 'injectors': {'env': {'ANSIBLE_CONFIG': 'x'}}}, 'ANSIBLE_CONFIG may not be set'),
        ({'inputs': FIELDS, 'injectors': {'extra_vars': {'x': '{{ kee }}'}}}, "'kee' is undefined"),
        ({'inputs': FIELDS, 'injectors': {'extra_vars': {'x': '{{ tower.filename.key }}'}}}, 'no attribute'),
        ({'inputs': FIELDS, 'injectors': {'file': {'template': 'a', 'template.key': 'b'}}}, 'one file without a name'),
    ],
    ids=str,
)
def test_credential_types_that_awx_refuses_are_refused(item, words):
    assert any(words in said for said in rules.credential_type(item)), rules.credential_type(item)


def test_the_playbook_hands_each_item_to_its_module():
    """No AWX is there: the first item gets as far as the attempt to reach one, past the options of its module."""
    done = subprocess.run(
        [Path(sys.executable).with_name('ansible-playbook'), AWX / 'configure.yml'],
        env={
            **os.environ,
            'ANSIBLE_CONFIG': str(ROOT / 'ansible.cfg'),
            'ANSIBLE_COLLECTIONS_PATH': str(ROOT / '.cache/awx'),
            'ANSIBLE_NOCOLOR': '1',
            'CONTROLLER_HOST': 'http://127.0.0.1:9',
            'CONTROLLER_OAUTH_TOKEN': 'x',
        },
        cwd=AWX,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2 and 'Connection refused' in done.stdout, done.stdout + done.stderr
    assert 'Unsupported parameters' not in done.stdout


def test_an_execution_environment_is_made_of_it(tmp_path):
    tarball = 'conbool-smtp_relay-1.0.0.tar.gz'
    (tmp_path / tarball).write_text('', encoding='utf-8')
    (tmp_path / 'ee.yml').write_bytes((AWX / 'execution-environment.yml').read_bytes())
    version = yaml.safe_load((ROOT / 'galaxy.yml').read_text(encoding='utf-8'))['version']
    assert version in tarball
    subprocess.run(
        [Path(sys.executable).with_name('ansible-builder'), 'create', '--file', 'ee.yml', '--context', 'context'],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=120,
    )
    made = (tmp_path / 'context/Containerfile').read_text(encoding='utf-8')
    assert 'ansible-core>=2.19,<2.22' in made and 'ansible-runner>=2.4,<3' in made
    assert (tmp_path / 'context/_build' / tarball).exists()
    assert tarball in (tmp_path / 'context/_build/requirements.yml').read_text(encoding='utf-8')
    assert 'openssh-clients' in (tmp_path / 'context/_build/bindep.txt').read_text(encoding='utf-8')
