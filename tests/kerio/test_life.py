# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start and stop: the configuration file, and what may stand in it and nowhere else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import relay
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import Client
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.https import Server

from lab.kerio import company, configuration
from lab.kerio.double import PASSWORD, Double
from lab.kerio.profiles import profile
from lab.kerio.state import World

from .rpc import Rpc

PARTNER = {'Partner': 'partner-secret'}
ROOT = Path(__file__).resolve().parents[2]


def test_the_file_is_written_at_stop_and_read_at_start(tmp_path):
    double = Double(tmp_path, profile())
    company.found(double.state)
    company.settle(double.state)
    file = tmp_path / 'mailserver.cfg'
    with double:
        assert not file.exists()
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_text()
    assert 'not Kerio Connect' in text and '<variable name="InternetHostname">mail.example.com</variable>' in text
    again = Double(tmp_path, profile())
    assert [rule['description'] for rule in again.state.data['relay_rules']] == ['Partner', 'Old smart host']
    assert again.state.data['relay_rules'][0]['authentication']['password'] == 'partner-secret'
    before, after = double.state.data, again.state.data
    assert before['domains'] == after['domains'] and before['services'] == after['services']
    # Ids of rules are not for keeping.
    assert before['relay_rules'][0]['id'] != after['relay_rules'][0]['id']


def test_groups_are_still_used_after_their_ids_have_changed(tmp_path):
    double = Double(tmp_path, profile())
    group = company.group(double.state, 'Own', {'type': 'Host', 'host': '127.0.0.1'})
    double.state.data['smtp']['relayControl']['ipAddressGroupId'] = group
    with double:
        pass
    state = Double(tmp_path, profile()).state
    assert group not in state.group_names()
    assert state.in_group(state.data['smtp']['relayControl']['ipAddressGroupId'], '127.0.0.1')


def test_who_edits_the_file_under_a_running_server_has_lost_it(tmp_path):
    file = tmp_path / 'mailserver.cfg'
    with Double(tmp_path, profile()):
        pass
    double = Double(tmp_path, profile())
    with double:
        file.write_text(file.read_text().replace('mail.example.com', 'edited.example.com'))
    assert 'edited' not in file.read_text()
    # With the server stopped it counts.
    file.write_text(file.read_text().replace('>mail.example.com<', '>edited.example.com<'))
    assert Double(tmp_path, profile()).state.data['hostname'] == 'edited.example.com'


@pytest.mark.parametrize('text', ['', '<config/>', '<config><table name="LabDouble"><variable name="State">{'])
def test_a_broken_file_is_said_to_be_one(tmp_path, text):
    (tmp_path / 'mailserver.cfg').write_text(text)
    with pytest.raises(ValueError, match=r'mailserver\.cfg cannot be read'):
        Double(tmp_path, profile())


def test_new_ids_are_the_same_wherever_they_stand():
    group, service = (f'keriodb://{kind}/11111111-1111-1111-1111-111111111111' for kind in ('ipgroup', 'service'))
    first, second, third = json.loads(configuration.renewed(json.dumps([group, group, service])))
    assert first == second != group and third == service


def test_secrets_are_known_by_name_to_whoever_looks_for_them(make, admin):
    double = make(prepare=company.settle)
    client = admin(double)
    assert {PASSWORD, company.PASSWORD, 'partner-secret', client.token} <= set(double.secrets())
    said = ''.join(path.read_text() for path in double.folder.glob('*.jsonl'))
    said += ''.join(path.read_text() for path in (double.folder / 'store/logs').glob('*.log'))
    assert 'Session.login' in said and [secret for secret in double.secrets() if secret in said] == []


def test_the_double_runs_as_a_program_until_it_is_told_to_stop(tmp_path):
    wanted = {'profile': {'version': '9.4.1'}, 'world': {'address': '127.0.0.1', 'real_ports': False}}
    program = [sys.executable, '-m', 'lab.kerio', str(tmp_path / 'kerio'), json.dumps(wanted)]
    with subprocess.Popen(program, cwd=ROOT, env={**os.environ, 'PYTHONDONTWRITEBYTECODE': '1'}) as process:
        ports = tmp_path / 'kerio/ports.json'
        for dummy in range(500):
            if ports.exists():
                break
            time.sleep(0.02)
        place = json.loads(ports.read_text())
        (tmp_path / 'kerio/control.json').write_text('{"forbid_sets": "check mode", "hang": ["Services.get"]}')
        authority = str(tmp_path / 'kerio/sslcert/ca.pem')
        with Client(Server('127.0.0.1', place['administration'], authority), 'Admin', PASSWORD) as kerio:
            assert kerio.attempt('Services.get', timeout=0.3) is None
            relay.converge(kerio, relay.Wanted(rules=[], switched_off=['Old smart host'], passwords=PARTNER), False)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert place.keys() == {'administration', 'SMTP', 'Secure SMTP', 'SMTP Submission'}
    state = Double(tmp_path / 'kerio', profile('9.4.1'), World()).state
    assert [rule['isEnabled'] for rule in state.data['relay_rules']] == [True, False]
    complaints = json.loads((tmp_path / 'kerio/complaints.json').read_text())
    assert complaints == ['Smtp.setRelayDeliveryRuleList in check mode']


def test_a_stopped_double_answers_nobody(make):
    double = make()
    port = double.web.port
    double.restart()
    assert double.web.port == port
    Rpc(double).log_in().log_out()
