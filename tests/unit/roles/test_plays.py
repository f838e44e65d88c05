# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables at roles, a cache of facts, and single roles in real plays."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.fakes import toy

ROOT = Path(__file__).resolve().parents[3]
GOOD = {'conbool_domains': ['example.com'], 'conbool_networks': ['192.0.2.0/24']}
LOCAL = {'ansible_connection': 'local', 'ansible_python_interpreter': sys.executable}
AWAY = {'ansible_connection': 'ssh', 'ansible_host': '127.0.0.1', 'ansible_port': 1}
CLIENTS = {'outbound_hop_clients': ['192.0.2.100'], 'conbool_inbound': False}
DEPENDENCIES = """
dependencies:
  - role: conbool.smtp_relay.conbool
"""
SHOW = """
- name: Show
  ansible.builtin.debug:
    msg: "FOLDER {{ conbool_settings.roles.spam_delivery.folder }}"
"""
ONE = """
- name: One role after the other
  hosts: all
  gather_facts: false
  roles:
    - {role: one, vars: {inbound_firewall_port: 2525}}
    - {role: two, vars: {spam_delivery_folder: Spam}}
"""
OUTSIDE = """
- name: From outside
  hosts: mx
  gather_facts: false
  tasks:
    - name: An earlier role has read the variables
      ansible.builtin.include_role:
        name: conbool.smtp_relay.conbool
    - name: From outside
      block:
        - name: Verify
          ansible.builtin.include_role:
            name: conbool.smtp_relay.verify
          vars:
            verify_outside: observer
            verify_inbound_host: 127.0.0.1
            verify_inbound_port: 1
      rescue:
        - name: Rows
          ansible.builtin.debug:
            msg: "ROWS {{ ansible_failed_result.msg }}"
"""


def play(tmp_path, playbook, hosts, *arguments, **environment):
    (tmp_path / 'hosts.yml').write_text(json.dumps({'all': {'hosts': hosts, 'vars': GOOD}}), encoding='utf-8')
    if isinstance(playbook, str):
        (tmp_path / 'play.yml').write_text(playbook, encoding='utf-8')
        playbook = tmp_path / 'play.yml'
    done = subprocess.run(
        [Path(sys.executable).with_name('ansible-playbook'), '-i', tmp_path / 'hosts.yml', playbook, *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            'ANSIBLE_CONFIG': str(ROOT / 'ansible.cfg'),
            'ANSIBLE_NOCOLOR': '1',
            'ANSIBLE_LOCAL_TEMP': str(tmp_path),
            'ANSIBLE_REMOTE_TEMP': str(tmp_path),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout + done.stderr


def make_roles(tmp_path):
    """Make two roles that depend on conbool, as all of the collection do."""
    for name in ('one', 'two'):
        for part, text in (('meta', DEPENDENCIES), ('tasks', SHOW)):
            (tmp_path / 'roles' / name / part).mkdir(parents=True)
            (tmp_path / 'roles' / name / part / 'main.yml').write_text(text, encoding='utf-8')


def test_a_variable_at_a_role_counts_though_an_earlier_role_has_read_the_settings(tmp_path):
    make_roles(tmp_path)
    output = play(tmp_path, ONE, {'mx': LOCAL})
    assert 'FOLDER Spam' in output, output


def test_verify_outside_can_be_set_at_its_role_as_the_readme_says(tmp_path):
    toy.make(tmp_path)
    collections = {'ANSIBLE_COLLECTIONS_PATH': str(tmp_path / 'collections')}
    output = play(tmp_path, OUTSIDE, {'mx': toy.host_of(tmp_path), 'observer': LOCAL}, **collections)
    assert 'ROWS' in output and 'inbound.connect 127.0.0.1:1' in output, output
    # What the observer finds is said in the table, and nowhere else.
    assert 'Origin' not in output and 'FAILED' not in output.partition('Outbound mail goes to the gateway]')[0], output


def test_playbooks_follow_one_another_in_a_run(tmp_path):
    toy.make(tmp_path)
    book = ''.join(f'- import_playbook: conbool.smtp_relay.{name}\n' for name in ('site', 'rollback', 'site'))
    collections = {'ANSIBLE_COLLECTIONS_PATH': str(tmp_path / 'collections')}
    (tmp_path / 'group.yml').write_text(json.dumps({'conbool': {'hosts': {'mx': None}}}), encoding='utf-8')
    output = play(tmp_path, book, {'mx': toy.host_of(tmp_path)}, '-i', str(tmp_path / 'group.yml'), **collections)
    assert re.findall('^mx +toy +(present|absent) +done', output, re.MULTILINE) == [
        'present',
        'absent',
        'present',
    ], output
    assert (tmp_path / 'toy.cf').read_text(encoding='utf-8') == toy.GATEWAY


@pytest.fixture(name='cached')
def fixture_cached(tmp_path):
    """Run site.yml and then verify.yml, with a cache of facts, for a host that cannot be reached."""
    cache = {'ANSIBLE_CACHE_PLUGIN': 'jsonfile', 'ANSIBLE_CACHE_PLUGIN_CONNECTION': str(tmp_path / 'cache')}
    hosts = {'mx': {**AWAY, 'outbound_hop_parameters': {'smtp_sasl_password_maps': 'inline:{x=u:SECRET}'}}}
    inventory = {'children': {'conbool': {'hosts': hosts, 'vars': GOOD}}}
    (tmp_path / 'group.yml').write_text(json.dumps({'all': inventory}), encoding='utf-8')
    more = ['-i', str(tmp_path / 'group.yml')]
    for name in ('rollback', 'verify'):
        directory = f'conbool_report_dir={tmp_path / name}'
        play(tmp_path, ROOT / f'playbooks/{name}.yml', {}, *more, '-e', directory, **cache)
    return tmp_path


def test_the_report_is_written_where_this_run_says_and_not_where_an_earlier_one_did(cached):
    assert (cached / 'verify/verify.json').exists(), sorted(map(str, cached.glob('*/*.json')))


def test_a_host_that_was_not_reached_has_the_state_of_this_run_and_not_of_an_earlier_one(cached):
    path = next(cached.glob('*/verify.json'))
    assert json.loads(path.read_text(encoding='utf-8'))['hosts']['mx']['state'] == 'present'


def test_settings_are_not_kept_on_the_controller_with_the_facts(cached):
    kept = [path for path in (cached / 'cache').glob('*') if 'SECRET' in path.read_text(encoding='utf-8')]
    assert not kept


def test_undo_of_the_spam_folder_needs_no_mail_server(tmp_path):
    book = """
- name: Undo
  hosts: all
  gather_facts: false
  roles: [conbool.smtp_relay.spam_delivery]
"""
    output = play(tmp_path, book, {'mx': LOCAL}, '--check', '-e', 'conbool_state=absent')
    assert 'failed=0' in output, output


@pytest.mark.parametrize(
    'playbook, more, refused', [('gateway', {}, True), ('gateway', CLIENTS, False), ('site', {}, False)]
)
def test_a_gateway_is_a_host_that_has_clients(tmp_path, playbook, more, refused):
    inventory = {'children': {'conbool': {'hosts': {'relay': {**AWAY, **more}}, 'vars': GOOD}}}
    (tmp_path / 'group.yml').write_text(json.dumps({'all': inventory}), encoding='utf-8')
    arguments = ['-i', str(tmp_path / 'group.yml'), '-e', f'conbool_report_dir={tmp_path}']
    output = play(tmp_path, ROOT / f'playbooks/{playbook}.yml', {}, *arguments)
    assert ('Name the mail servers that may send through this host' in output) == refused, output
    # The next question is whether it is there.
    reason = json.loads((tmp_path / 'site.json').read_text(encoding='utf-8'))['hosts']['relay']['reason']
    assert ('outbound_hop_clients: names nobody' if refused else 'Connection refused') in reason


def test_an_undo_finds_the_mail_server_that_nothing_tells_of_any_more_by_what_is_left(tmp_path):
    registry = toy.make(tmp_path) / 'plugins/module_utils/_mta/registry.py'
    text, file = registry.read_text(encoding='utf-8'), f"'{tmp_path}/toy.cf'"
    known, left = f"(({file},),), ('toy.service',), '1.0'", f"(), ('toy.service',), '1.0', left_by={file}"
    assert known in text
    registry.write_text(text.replace(known, left), encoding='utf-8')
    (tmp_path / 'toy.cf').write_text(toy.GATEWAY, encoding='utf-8')
    inventory = {'conbool': {'hosts': {'mx': toy.host_of(tmp_path, conbool_mta='')}}}
    outcomes = []
    for playbook, more in (('site', ['-e', 'conbool_preflight=skip']), ('rollback', ['--check']), ('rollback', [])):
        done = toy.run(tmp_path, playbook, inventory, *more)
        host = toy.report(tmp_path, playbook)['hosts']['mx']
        outcomes.append((host['result'], host.get('mta'), host.get('changed')))
        assert (playbook == 'site') == ('no mail server found' in done.stdout), done.stdout + done.stderr
        if '--check' in more:
            assert (tmp_path / 'toy.cf').read_text(encoding='utf-8') == toy.GATEWAY
    assert outcomes[0][0] == 'failed'
    assert outcomes[1:] == [('done', 'toy', True)] * 2
    assert (tmp_path / 'toy.cf').read_text(encoding='utf-8') == 'old'
