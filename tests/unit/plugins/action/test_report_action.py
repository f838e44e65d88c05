# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run found: shown, judged, kept as a file of the controller and an artifact of the job; whatever the host is
like."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.conbool.smtp_relay.plugins.action.report import write
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import visible

ROOT = Path(__file__).resolve().parents[4]
ROW = {'id': 'queue.ok', 'target': '/var', 'status': 'green', 'severity': 'info', 'finding': 'fine', 'hint': ''}
# What a server says is no template, and nothing for a terminal.
RED = dict(
    ROW, id='gateway.name', status='red', severity='critical', finding='ä {{ 1 + 1 }}\n\x1b[31m', hint='Mend it.'
)
PLAY = """
- name: Hosts that cannot be reached
  hosts: all
  gather_facts: false
  tasks:
    - name: Part
      block:
        - name: Host is ready
          conbool.smtp_relay.report:
            part: preflight
            rows: "{{ rows }}"
            results: {mta: {rows: "{{ rows }}"}}
            enforce: "{{ inventory_hostname != 'warned' }}"
          register: preflight_report

        - name: Host is done
          ansible.builtin.set_fact:
            conbool_checked: "{{ conbool_checked | default({}) | combine({'playbook': 'site'}) }}"
            verify_report: {green: true}
      rescue:
        - name: What went wrong is kept
          ansible.builtin.set_fact:
            __conbool_failure: "{{ ansible_failed_task.name }}: {{ ansible_failed_result.msg }}"

- name: Every host is accounted for
  hosts: all
  gather_facts: false
  tasks:
    - name: Run is reported
      ansible.builtin.import_tasks: "{{ report }}"
      vars:
        __conbool_playbook: site
"""

HIDDEN = (
    ' => {"censored": "the output has been hidden due to the fact that \'no_log: true\' was specified for this result",'
    ' "changed": false}'
)


def run(tmp_path, hosts, *options, **variables):
    """Run the play from tmp_path; hosts are names and their rows."""
    (tmp_path / 'play.yml').write_text(PLAY, encoding='utf-8')
    unreachable = {'ansible_host': '127.0.0.1', 'ansible_port': 1}
    # A lookup, as text of the inventory would be a template.
    for name, rows in hosts.items():
        (tmp_path / name).write_text(json.dumps(rows), encoding='utf-8')
    known = {'rows': "{{ lookup('ansible.builtin.file', inventory_hostname) | from_json }}", **variables}
    inventory = {'all': {'hosts': dict.fromkeys(hosts, unreachable), 'vars': known}}
    (tmp_path / 'hosts.yml').write_text(json.dumps(inventory), encoding='utf-8')
    command = [Path(sys.executable).with_name('ansible-playbook'), '-i', tmp_path / 'hosts.yml', tmp_path / 'play.yml']
    command += ['-e', json.dumps({'report': str(ROOT / 'playbooks/tasks/report.yml')})]
    environment = {
        **os.environ,
        'ANSIBLE_CONFIG': str(ROOT / 'ansible.cfg'),
        'ANSIBLE_NOCOLOR': '1',
        'ANSIBLE_LOCAL_TEMP': str(tmp_path),
        'ANSIBLE_SHOW_CUSTOM_STATS': '1',
        'PWD': str(tmp_path),
    }
    return subprocess.run(
        [*command, *options], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def artifact(done):
    return json.loads(done.stdout.partition('RUN: ')[2])['smtp_relay_report']


@pytest.mark.parametrize('options', [[], ['--check', '--diff', '-v']], ids=['real', 'check'])
def test_a_green_host_is_shown_and_the_run_is_a_file_and_an_artifact(tmp_path, options):
    done = run(tmp_path, {'mx': [ROW]}, *options, conbool_report_dir="{{ 'new/' }}reports")
    assert done.returncode == 0 and 'changed=0' in done.stdout, done.stdout + done.stderr
    shown = re.search(r'TASK \[Host is ready\].*\n((?:.*\n)*?)\nTASK', done.stdout)[1]
    # A table, and not once more as the source of it: with -v Ansible says that it does not show that.
    assert shown.replace(HIDDEN, '').splitlines() == [
        'mx: preflight, 2 checks, all green',
        '  status  check     target  finding',
        '  green   queue.ok  /var    fine',
        '  green   queue.ok  /var    fine',
        'ok: [mx]',
    ]
    assert '\nhost  mta  state  result\nmx    ?    ?      done\nok: [mx -> localhost]\n' in done.stdout.replace(
        HIDDEN, ''
    )
    report = json.loads((tmp_path / 'new/reports/site.json').read_text(encoding='utf-8'))
    assert report == artifact(done) and re.fullmatch(r'\d{4}-\d\d-\d\d [\d:]{8} [+-]\d{4}', report.pop('time'))
    names = sorted(path.name for path in (tmp_path / 'new/reports').iterdir())
    assert [re.sub('-[-0-9]{17}', '-TIME', name) for name in names] == [
        'site-TIME.csv',
        'site-TIME.html',
        'site-TIME.xml',
        'site.json',
    ]
    entry = {
        'mta': None,
        'state': None,
        'result': 'done',
        'reason': '',
        'changed': False,
        'parts': [],
        'scope': None,
        'preflight': {'green': True, 'rows': [ROW] * 2},
    }
    assert report == {
        'playbook': 'site',
        'version': yaml.safe_load((ROOT / 'galaxy.yml').read_text(encoding='utf-8'))['version'],
        'check_mode': '--check' in options,
        'ok': True,
        'hosts': {'mx': entry},
    }


def test_hosts_that_fail_are_in_the_artifact_too_and_it_is_written_once(tmp_path):
    done = run(tmp_path, {'first': [RED], 'warned': [RED], 'second': [RED, ROW]}, '--forks', '1')
    assert done.returncode == 2, done.stdout
    report = json.loads((tmp_path / 'conbool-reports/site.json').read_text(encoding='utf-8'))
    assert report == artifact(done) and not report['ok'] and done.stdout.count('host    mta') == 1
    assert {name: entry['result'] for name, entry in report['hosts'].items()} == {
        'first': 'failed',
        'warned': 'done',
        'second': 'failed',
    }
    for name, rows in (('first', [RED] * 2), ('warned', [RED] * 2), ('second', [RED, RED, ROW, ROW])):
        assert report['hosts'][name]['preflight'] == {'green': False, 'rows': rows}
    assert report['hosts']['first']['reason'] == ('Host is ready: 2 of 2 checks are not green: gateway.name (2 times)')
    assert done.stdout.count(r'  red     gateway.name  /var    ä {{ 1 + 1 }}\n\x1b[31m. Mend it.') == 6
    assert '\x1b' not in done.stdout + done.stderr and '"severity"' not in done.stdout.partition('CUSTOM STATS')[0]
    assert re.search(r'^warned .*failed=0', done.stdout, re.MULTILINE)
    assert re.search(r'^first .*failed=1', done.stdout, re.MULTILINE)


def test_directory_of_the_settings_comes_before_the_variable(tmp_path):
    settings = {'report_dir': str(tmp_path / 'settings'), 'state': 'present'}
    done = run(tmp_path, {'mx': [ROW]}, conbool_checked={'settings': settings}, conbool_report_dir='other')
    assert done.returncode == 0 and artifact(done)['hosts']['mx']['state'] == 'present'
    assert (tmp_path / 'settings/site.json').exists() and not (tmp_path / 'other').exists()


def test_directory_that_cannot_be_known_is_the_usual_one(tmp_path):
    run(tmp_path, {'mx': [ROW]}, conbool_report_dir='{{ missing }}')
    assert (tmp_path / 'conbool-reports/site.json').exists()


def test_file_that_cannot_be_written_is_a_warning_that_names_it_and_the_artifact_is_there(tmp_path):
    (tmp_path / 'conbool-reports').write_text('', encoding='utf-8')
    done = run(tmp_path, {'mx': [ROW]})
    said = f'{tmp_path}/conbool-reports/site.json cannot be written on the controller: File exists'
    assert done.returncode == 0 and ' '.join(said.split()) in ' '.join((done.stdout + done.stderr).split())
    assert artifact(done)['hosts']['mx']['result'] == 'done'


def test_lines_are_harmless():
    assert visible('ä b\x1b[1m\x07\u202e') == 'ä b\\x1b[1m\\x07\\u202e'


def test_old_report_stays_when_the_new_one_fails(tmp_path, monkeypatch):
    path = tmp_path / 'site.json'
    write(str(path), 'old')
    path.chmod(0o644)

    def full(*dummy):
        raise OSError(28, 'No space left on device')

    with monkeypatch.context() as context, pytest.raises(OSError, match='No space'):
        context.setattr(os, 'fchmod', full)
        write(str(path), 'new')
    assert [entry.name for entry in tmp_path.iterdir()] == ['site.json'] and path.read_text(encoding='utf-8') == 'old'
    write(str(path), 'new')
    assert path.read_text(encoding='utf-8') == 'new' and path.stat().st_mode & 0o777 == 0o600


def test_nobody_else_reads_a_report(tmp_path):
    old = tmp_path / 'old'
    old.mkdir(0o755)
    write(str(old / 'new' / 'reports' / 'site.json'), '{}')
    modes = [
        path.stat().st_mode & 0o777 for path in (old, old / 'new', old / 'new/reports', old / 'new/reports/site.json')
    ]
    assert modes == [0o755, 0o700, 0o700, 0o600]
