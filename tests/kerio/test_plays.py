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
from tests.unit.fakes import toy
from tests.unit.fakes.terminal import faults

ROOT = Path(__file__).resolve().parents[2]
SIGNS = "(('/opt/kerio/mailserver/mailserver.cfg', '/opt/kerio/mailserver/mailserver'),)"


def steps():
    """Each look at the mail server, and what it has found. The next one begins anew."""
    for part, module, arguments in (('preflight', 'smarthost', {'stage': 'preflight'}), ('verify', 'verify', {})):
        asked = {'mta': 'kerio', **arguments}
        yield {'name': f'The {part}', f'conbool.smtp_relay.{module}': asked, 'register': 'found'}
        rows = "{{ found.rows | map(attribute='id') | join(' ') }}"
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
        'ANSIBLE_CONFIG': str(ROOT / 'ansible.cfg'),
        'ANSIBLE_NOCOLOR': '1',
        'ANSIBLE_LOCAL_TEMP': str(tmp_path / 'local'),
        'ANSIBLE_REMOTE_TEMP': str(tmp_path / 'remote'),
    }

    def play(playbook, options=('-vvv',), wanted=0, collections=ROOT / 'collections'):
        done = subprocess.run(
            [Path(sys.executable).with_name('ansible-playbook'), *options, '-i', inventory, playbook],
            cwd=tmp_path,
            env={**environment, 'ANSIBLE_COLLECTIONS_PATH': str(collections)},
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


@pytest.fixture(name='installed')
def fixture_installed(tmp_path):
    """Make a copy of the collection that takes this machine for one with Kerio Connect; where it is."""
    registry = toy.make(tmp_path) / 'plugins/module_utils/_mta/registry.py'
    text = registry.read_text(encoding='utf-8')
    assert SIGNS in text
    # What the toy is known by.
    (tmp_path / 'toy.cf').unlink()
    registry.write_text(text.replace(SIGNS, f"(('{tmp_path}/hosts.json',),)"), encoding='utf-8')
    return tmp_path / 'collections'


def test_a_probe_is_a_file_of_the_controller(play, tmp_path):
    play('conbool.smtp_relay.kerio_probe')
    path = tmp_path / 'kerio-probe-mx.json'
    found = json.loads(path.read_text(encoding='utf-8'))
    assert found['Server.getVersion']['version'] == '9.4.1' and path.stat().st_mode & 0o077 == 0
    assert found['a method that is none'] == {'refused': -32601}


def test_preflight_and_verify(play, tmp_path):
    plays = [
        {
            'name': 'Look',
            'hosts': 'conbool',
            'gather_facts': False,
            'vars': {'conbool_mta': 'kerio'},
            'tasks': list(steps()),
        }
    ]
    (tmp_path / 'play.yml').write_text(yaml.safe_dump(plays), encoding='utf-8')
    done, double = play('play.yml')
    ready, seen = re.findall('ROWS of [a-z]+: (.*)"', done.stdout)
    assert {'mta.ok', 'mta.account', 'mta.relay_host', 'inbound.direct'} <= set(ready.split())
    assert {'route.bypass', 'route.ok', 'queue.ok'} <= set(seen.split())
    assert not any('set' in call.partition('.')[2][:3] for call in double.state.journal.calls)


@pytest.mark.parametrize(
    'playbook', ['preflight', *(pytest.param(name, marks=pytest.mark.full) for name in ('site', 'gateway'))]
)
def test_what_is_red_is_said_once(play, playbook):
    options = ['-e', '{"outbound_hop_clients": ["192.0.2.9"]}'] if playbook == 'gateway' else []
    done, dummy = play(f'conbool.smtp_relay.{playbook}', options, 2)
    assert faults(done.stdout + done.stderr, 'preflight') == [], done.stdout + done.stderr


def test_a_red_verification_is_in_the_table_and_in_the_report(play, installed, tmp_path):
    """As it is before any change: its own relay rule leads mail past the gateway."""
    done, double = play('conbool.smtp_relay.verify', [], 2, installed)
    assert faults(done.stdout + done.stderr, 'verify') == [], done.stdout + done.stderr
    entry = json.loads((tmp_path / 'verify.json').read_text(encoding='utf-8'))['hosts']['mx']
    assert (entry['result'], entry['mta'], entry['state']) == ('failed', 'kerio', 'present')
    assert 'route.bypass' in entry['reason'] and not entry['verify']['green']
    red = {row['id'] for row in entry['verify']['rows'] if row['status'] == 'red'}
    green = {row['id'] for row in entry['verify']['rows'] if row['status'] == 'green'}
    assert 'route.bypass' in red and {'queue.ok', 'route.ok'} <= green
    assert not any('set' in call.partition('.')[2][:3] for call in double.state.journal.calls)
