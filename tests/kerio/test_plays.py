# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's tasks in real plays, as far as they change nothing; and that nothing shows a password."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lab.kerio import company
from lab.kerio.double import PASSWORD
from tests.unit.fakes.terminal import faults

ROOT = Path(__file__).resolve().parents[2]


def steps():
    """Each part of the role, and what it has found. The next one begins anew."""
    for part in ('preflight', 'verify'):
        role = {'name': 'conbool.smtp_relay.kerio_smarthost', 'tasks_from': part}
        yield {'name': f'The {part} of the role', 'ansible.builtin.include_role': role}
        rows = f"{{{{ ansible_facts.mail_server_{part}_rows | map(attribute='id') | join(' ') }}}}"
        yield {'name': 'Rows', 'ansible.builtin.debug': {'msg': f'ROWS of {part}: {rows}'}}


@pytest.fixture(name='play')
def fixture_play(make, tmp_path):
    """play(PLAYBOOK, options, exit code) -> (what subprocess has of it, the double)."""
    double = make('9.4.1', prepare=company.settle)
    variables = {
        'ansible_connection': 'local',
        'ansible_python_interpreter': sys.executable,
        'conbool_domains': ['example.com'],
        'conbool_networks': ['192.0.2.0/24'],
        'conbool_inbound_require_certificate': False,
        'kerio_smarthost_inbound': 'direct',
        'conbool_relay_host': 'localhost.localdomain',
        'conbool_relay_port': 9,
        'conbool_report_dir': str(tmp_path),
        'verify_queue_seconds': 0,
        'kerio_smarthost_url': f'https://127.0.0.1:{double.web.port}',
        'kerio_smarthost_fingerprint': double.fingerprint,
        'kerio_smarthost_password': PASSWORD,
        'kerio_smarthost_relay_passwords': {'Partner': 'partner-secret'},
    }
    inventory = tmp_path / 'hosts.json'
    inventory.write_text(json.dumps({'conbool': {'hosts': {'mx': variables}}}), encoding='utf-8')
    environment = {
        **os.environ,
        'ANSIBLE_COLLECTIONS_PATH': str(ROOT / 'collections'),
        'ANSIBLE_CONFIG': str(ROOT / 'ansible.cfg'),
        'ANSIBLE_NOCOLOR': '1',
        'ANSIBLE_LOCAL_TEMP': str(tmp_path / 'local'),
        'ANSIBLE_REMOTE_TEMP': str(tmp_path / 'remote'),
    }

    def play(playbook, options=('-vvv',), wanted=0):
        done = subprocess.run(
            [Path(sys.executable).with_name('ansible-playbook'), *options, '-i', inventory, playbook],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == wanted, done.stdout + done.stderr
        said = done.stdout + done.stderr
        assert [secret for secret in double.secrets() if secret in said] == []
        return done, double

    return play


def test_a_probe_is_a_file_of_the_controller(play, tmp_path):
    play('conbool.smtp_relay.kerio_probe')
    path = tmp_path / 'kerio-probe-mx.json'
    found = json.loads(path.read_text(encoding='utf-8'))
    assert found['Server.getVersion']['version'] == '9.4.1' and path.stat().st_mode & 0o077 == 0
    assert found['a method that is none'] == {'refused': -32601}


def test_preflight_and_verify(play, tmp_path):
    plays = [{'name': 'Look', 'hosts': 'conbool', 'gather_facts': False, 'tasks': list(steps())}]
    (tmp_path / 'play.yml').write_text(yaml.safe_dump(plays), encoding='utf-8')
    done, double = play('play.yml')
    ready, seen = re.findall('ROWS of [a-z]+: (.*)"', done.stdout)
    assert {'mta.ok', 'mta.account', 'mta.relay_host', 'inbound.direct'} <= set(ready.split())
    assert {'route.bypass', 'route.ok', 'queue.ok'} <= set(seen.split())
    assert not any('set' in call.partition('.')[2][:3] for call in double.state.journal.calls)


@pytest.mark.parametrize('playbook', ['preflight', pytest.param('site', marks=pytest.mark.full), 'gateway'])
def test_what_is_red_is_said_once(play, playbook):
    options = ['-e', '{"outbound_hop_clients": ["192.0.2.9"]}'] if playbook == 'gateway' else []
    done, dummy = play(f'conbool.smtp_relay.{playbook}', options, 2)
    assert faults(done.stdout + done.stderr, 'preflight') == [], done.stdout + done.stderr
