# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""REVIEW, failing: a second preflight in the same run goes by what the first one found (32758f0: by its own)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.unit.roles import test_preflight_role as first

PLAY = """
- name: Hosts
  hosts: all
  gather_facts: false
  tasks:
    - name: The mail server cannot be looked at
      ansible.builtin.include_role:
        name: conbool.smtp_relay.preflight

    - name: What was wrong is cured
      ansible.builtin.set_fact:
        conbool_settings: "{{ cured }}"

    - name: The mail server can be looked at
      ansible.builtin.include_role:
        name: conbool.smtp_relay.preflight

    - name: Rows
      ansible.builtin.debug:
        msg: "ROWS {{ preflight_report.rows | map(attribute='id') | join(' ') }}"
"""


def test_review_a_second_preflight_forgets_that_the_mail_server_could_not_be_asked_before(tmp_path):
    collection = tmp_path / 'collections/ansible_collections/conbool/smtp_relay'
    (collection / 'plugins/modules').mkdir(parents=True)
    for name in ('action', 'module_utils', 'doc_fragments'):
        (collection / 'plugins' / name).symlink_to(first.ROOT / 'plugins' / name)
    (collection / 'plugins/modules/report.py').symlink_to(first.ROOT / 'plugins/modules/report.py')
    for name in ('dns_check', 'preflight'):
        (collection / f'plugins/modules/{name}.py').write_text(first.MODULE, encoding='utf-8')
    (collection / 'roles/postfix_smarthost/tasks').mkdir(parents=True)
    (collection / 'roles/postfix_smarthost/tasks/preflight.yml').write_text(first.SMARTHOST, encoding='utf-8')
    (collection / 'roles/preflight').mkdir()
    for name in ('tasks', 'defaults'):
        (collection / 'roles/preflight' / name).symlink_to(first.ROOT / 'roles/preflight' / name)
    (tmp_path / 'play.yml').write_text(PLAY, encoding='utf-8')
    known = {
        'ansible_connection': 'local',
        'ansible_python_interpreter': sys.executable,
        'conbool_settings': first.settings(mail_server=first.FAILED, preflight='warn'),
        'cured': first.settings(preflight='warn'),
    }
    (tmp_path / 'hosts.yml').write_text(json.dumps({'all': {'hosts': {'mx': known}}}), encoding='utf-8')
    environment = {
        **os.environ,
        'ANSIBLE_CONFIG': str(first.ROOT / 'ansible.cfg'),
        'ANSIBLE_COLLECTIONS_PATH': str(tmp_path / 'collections'),
        'ANSIBLE_NOCOLOR': '1',
        'ANSIBLE_LOCAL_TEMP': str(tmp_path),
        'ANSIBLE_REMOTE_TEMP': str(tmp_path),
    }
    command = [Path(sys.executable).with_name('ansible-playbook'), '-i', tmp_path / 'hosts.yml', tmp_path / 'play.yml']
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert 'ROWS mx.ok gateway.ok mta.ok queue.ok' in done.stdout, done.stdout + done.stderr
