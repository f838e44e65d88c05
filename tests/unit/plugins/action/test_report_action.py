# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run: a file of the controller and an artifact of the job, whatever the host is like."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.conbool.smtp_relay.plugins.action.report import write

ROOT = Path(__file__).resolve().parents[4]
PLAY = """
- name: A host that cannot be reached
  hosts: all
  gather_facts: false
  tasks:
    - name: The report is kept
      conbool.smtp_relay.report:
        report: {ok: true, hosts: {mx: {mta: postfix, reason: "ä {{ 1 + 1 }}"}}}
        path: "{{ path }}"
"""
WANTED = {'ok': True, 'hosts': {'mx': {'mta': 'postfix', 'reason': 'ä 2'}}}


def run(tmp_path, path, *options):
    (tmp_path / 'play.yml').write_text(PLAY, encoding='utf-8')
    (tmp_path / 'hosts.yml').write_text(
        json.dumps({'all': {'hosts': {'mx': {'ansible_host': '127.0.0.1', 'ansible_port': 1}}}}), encoding='utf-8'
    )
    command = [
        Path(sys.executable).with_name('ansible-playbook'),
        '-i',
        tmp_path / 'hosts.yml',
        tmp_path / 'play.yml',
        '-e',
        json.dumps({'path': str(path)}),
    ]
    environment = {
        **os.environ,
        'ANSIBLE_CONFIG': str(ROOT / 'ansible.cfg'),
        'ANSIBLE_NOCOLOR': '1',
        'ANSIBLE_LOCAL_TEMP': str(tmp_path),
        'ANSIBLE_SHOW_CUSTOM_STATS': '1',
    }
    return subprocess.run(
        [*command, *options], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize('options', [[], ['--check', '--diff']], ids=['real', 'check'])
def test_report_is_a_file_and_an_artifact(tmp_path, options):
    done = run(tmp_path, tmp_path / 'new/reports/site.json', *options)
    assert done.returncode == 0 and 'changed=0' in done.stdout, done.stdout + done.stderr
    assert json.loads((tmp_path / 'new/reports/site.json').read_text(encoding='utf-8')) == WANTED
    assert json.loads(done.stdout.partition('RUN: ')[2]) == {'smtp_relay_report': WANTED}


def test_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / 'reports').write_text('', encoding='utf-8')
    done = run(tmp_path, tmp_path / 'reports/site.json')
    assert (
        done.returncode == 2
        and f'path: {tmp_path}/reports/site.json cannot be written on the controller: File exists'
        in done.stdout + done.stderr
    )


def test_old_report_stays_when_the_new_one_fails(tmp_path, monkeypatch):
    path = tmp_path / 'site.json'
    write(str(path), 'old')
    path.chmod(0o600)

    def full(*dummy):
        raise OSError(28, 'No space left on device')

    with monkeypatch.context() as context, pytest.raises(OSError, match='No space'):
        context.setattr(os, 'fchmod', full)
        write(str(path), 'new')
    assert [entry.name for entry in tmp_path.iterdir()] == ['site.json'] and path.read_text(encoding='utf-8') == 'old'
    write(str(path), 'new')
    assert path.read_text(encoding='utf-8') == 'new' and path.stat().st_mode & 0o777 == 0o644
