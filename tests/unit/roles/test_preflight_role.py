# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role preflight asks all its questions, whatever becomes of one, and judges their answers together.

The modules that it asks are pretended: each answers what the settings have for it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PLAY = """
- name: Hosts
  hosts: all
  gather_facts: false
  tasks:
    - name: Part
      block:
        - name: Host is ready
          ansible.builtin.include_role:
            name: conbool.smtp_relay.preflight

        - name: Host is done
          ansible.builtin.set_fact:
            __conbool_done: preflight
      rescue:
        - name: What went wrong is kept
          ansible.builtin.set_fact:
            __conbool_failure: "{{ ansible_failed_task.name }}: {{ ansible_failed_result.msg }}"

- name: Every host is accounted for
  hosts: all
  gather_facts: false
  tasks:
    - name: Run is reported
      conbool.smtp_relay.report:
        playbook: preflight
      run_once: true
"""
MODULE = """#!/usr/bin/python
# WANT_JSON
import json, sys
args = json.load(open(sys.argv[1]))
print(args['relay_host'] if 'relay_host' in args else json.dumps(args['settings']['answer']))
"""
SMARTHOST = """
- name: Mail server is looked at
  conbool.smtp_relay.preflight:
    settings: {answer: "{{ conbool_settings.mail_server }}"}
"""


def row(identifier, status='green'):
    severity = 'info' if status == 'green' else 'critical'
    return {'id': identifier, 'target': 'x', 'status': status, 'severity': severity, 'finding': 'so', 'hint': ''}


def dns_row(identifier, status='green'):
    return {('domain' if name == 'target' else name): value for name, value in row(identifier, status).items()}


FAILED = {'failed': True, 'msg': 'no such thing'}
DNS = {'changed': False, 'rows': [dns_row('mx.ok')]}
HOST = {'changed': False, 'mta': 'postfix', 'supported': True, 'rows': [row('gateway.ok'), row('queue.ok')]}
KERIO = {'changed': False, 'mta': 'kerio', 'supported': False, 'rows': [row('mta.unsupported', 'red')]}
NONE = {'changed': False, 'mta': None, 'supported': False, 'rows': [row('mta.failed', 'red')]}
MAIL_SERVER = {'changed': False, 'ansible_facts': {'mail_server_preflight_rows': [row('mta.ok')]}}
RED = {'changed': False, 'ansible_facts': {'mail_server_preflight_rows': [row('mta.version', 'red')]}}


def settings(preflight='enforce', **answers):
    """Settings of a host: the answers of its modules, as far as they are not good ones, are in them."""
    answers = {'dns': DNS, 'host': HOST, 'mail_server': MAIL_SERVER, **answers}
    expected = ('mx_targets', 'spf_addresses', 'dkim_selectors', 'servers')
    return {
        'domains': ['example.com'],
        'dns': {
            **dict.fromkeys(expected, []),
            'relay_host': json.dumps(answers['dns']) + ' ',
            'dmarc_minimum_policy': 'none',
            'ownership_txt': {},
        },
        'preflight': preflight,
        'answer': answers['host'],
        'mail_server': answers['mail_server'],
        'state': 'present',
        'roles': {'preflight': {'enforce': preflight == 'enforce'}},
    }


HOSTS = {
    'good': settings(),
    'dns-away': settings(dns=FAILED),
    'dns-red': settings(dns={'changed': False, 'rows': [dns_row('mx.bypass', 'red')]}),
    'dns-red-warned': settings(dns={'changed': False, 'rows': [dns_row('mx.bypass', 'red')]}, preflight='warn'),
    'host-away': settings(host=FAILED),
    'kerio': settings(host=KERIO, mail_server=FAILED),
    'no-mta': settings(host=NONE, mail_server=FAILED),
    'mta-red': settings(mail_server=RED),
    'mta-away': settings(mail_server=FAILED),
    'all-away-warned': settings(dns=FAILED, host=FAILED, preflight='warn'),
}


@pytest.fixture(scope='module', name='report')
def fixture_report(tmp_path_factory):
    """Run the role over all hosts; return the report of the run."""
    folder = tmp_path_factory.mktemp('role')
    collection = folder / 'collections/ansible_collections/conbool/smtp_relay'
    (collection / 'plugins/modules').mkdir(parents=True)
    for name in ('action', 'module_utils', 'plugin_utils', 'doc_fragments'):
        (collection / 'plugins' / name).symlink_to(ROOT / 'plugins' / name)
    (collection / 'plugins/modules/report.py').symlink_to(ROOT / 'plugins/modules/report.py')
    for name in ('dns_check', 'preflight'):
        (collection / f'plugins/modules/{name}.py').write_text(MODULE, encoding='utf-8')
    (collection / 'roles/postfix_smarthost/tasks').mkdir(parents=True)
    (collection / 'roles/postfix_smarthost/tasks/preflight.yml').write_text(SMARTHOST, encoding='utf-8')
    for name in ('tasks', 'defaults'):
        (collection / 'roles/preflight').mkdir(exist_ok=True)
        (collection / 'roles/preflight' / name).symlink_to(ROOT / 'roles/preflight' / name)
    (folder / 'play.yml').write_text(PLAY, encoding='utf-8')
    # As facts: what modules answer in here looks like a template to an inventory.
    hosts = {name: {'conbool_settings': known} for name, known in HOSTS.items()}
    known = {'ansible_connection': 'local', 'ansible_python_interpreter': sys.executable}
    (folder / 'hosts.yml').write_text(
        json.dumps({'all': {'hosts': hosts, 'vars': {**known, 'conbool_report_dir': str(folder)}}}), encoding='utf-8'
    )
    environment = {
        **os.environ,
        'ANSIBLE_CONFIG': str(ROOT / 'ansible.cfg'),
        'ANSIBLE_COLLECTIONS_PATH': str(folder / 'collections'),
        'ANSIBLE_NOCOLOR': '1',
        'ANSIBLE_LOCAL_TEMP': str(folder),
        'ANSIBLE_REMOTE_TEMP': str(folder),
    }
    command = [Path(sys.executable).with_name('ansible-playbook'), '-i', folder / 'hosts.yml', folder / 'play.yml']
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert (folder / 'preflight.json').exists(), done.stdout + done.stderr
    return {**json.loads((folder / 'preflight.json').read_text(encoding='utf-8')), 'output': done.stdout}


@pytest.mark.parametrize(
    'host, result, ids',
    [
        ('good', 'done', ['mx.ok', 'gateway.ok', 'mta.ok', 'queue.ok']),
        ('dns-away', 'failed', ['dns.failed', 'gateway.ok', 'mta.ok', 'queue.ok']),
        ('dns-red', 'failed', ['mx.bypass', 'gateway.ok', 'mta.ok', 'queue.ok']),
        ('dns-red-warned', 'done', ['mx.bypass', 'gateway.ok', 'mta.ok', 'queue.ok']),
        ('host-away', 'failed', ['mx.ok', 'preflight.failed']),
        ('kerio', 'failed', ['mx.ok', 'mta.unsupported']),
        ('no-mta', 'failed', ['mx.ok', 'mta.failed']),
        ('mta-red', 'failed', ['mx.ok', 'gateway.ok', 'mta.version', 'queue.ok']),
        ('mta-away', 'failed', ['mx.ok', 'gateway.ok', 'mta.failed', 'queue.ok']),
        ('all-away-warned', 'done', ['dns.failed', 'preflight.failed']),
    ],
)
def test_all_questions_are_asked_and_judged_together(report, host, result, ids):
    entry = report['hosts'][host]
    assert (entry['result'], [found['id'] for found in entry['preflight']['rows']]) == (result, ids), report['output']


def test_mail_server_that_was_found_has_a_name_in_the_report(report):
    found = {host: entry['mta'] for host, entry in report['hosts'].items()}
    assert (found['good'], found['mta-away'], found['kerio'], found['no-mta']) == ('postfix', 'postfix', 'kerio', None)


def test_reason_names_what_is_not_green(report):
    assert report['hosts']['mta-red']['reason'] == (
        'Host is ready for the gateway: 1 of 4 checks are not green: mta.version x'
    )


@pytest.mark.parametrize('role', ['kerio_smarthost', 'relay._smarthost'])
def test_a_role_that_does_not_exist_is_not_looked_for(report, role):
    assert role not in report['output']
