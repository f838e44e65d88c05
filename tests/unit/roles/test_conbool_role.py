# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role conbool in real plays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PLAY = """
- name: Role conbool
  hosts: all
  gather_facts: false
  roles: [conbool.smtp_relay.conbool]
  post_tasks:
    - name: Settings are written
      ansible.builtin.copy:
        content: "{{ conbool_settings | to_json }}"
        dest: "{{ result_file }}"
        mode: "0600"
      check_mode: false
      delegate_to: localhost
"""
# A run that tries to reach this host fails.
UNREACHABLE = {'ansible_connection': 'ssh', 'ansible_host': '127.0.0.1', 'ansible_port': 1}
GOOD = {'conbool_domains': ['example.com'], 'conbool_networks': ['192.0.2.0/24']}


@pytest.fixture
def play(tmp_path):
    def run(host, variables, *arguments):
        (tmp_path / 'play.yml').write_text(PLAY, encoding='utf-8')
        (tmp_path / 'hosts.yml').write_text(
            json.dumps({'all': {'hosts': {'mail.example.com': host}}}), encoding='utf-8'
        )
        result = tmp_path / 'settings.json'
        process = subprocess.run(
            [
                Path(sys.executable).with_name('ansible-playbook'),
                '-i',
                tmp_path / 'hosts.yml',
                tmp_path / 'play.yml',
                *arguments,
                '-e',
                json.dumps({**variables, 'result_file': str(result)}),
            ],
            cwd=ROOT,
            env={
                **os.environ,
                'ANSIBLE_CONFIG': str(ROOT / 'ansible.cfg'),
                'ANSIBLE_NOCOLOR': '1',
                'ANSIBLE_LOCAL_TEMP': str(tmp_path),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return process, json.loads(result.read_text(encoding='utf-8')) if result.exists() else None

    return run


@pytest.mark.parametrize('mode', [[], ['--check', '--diff']])
def test_the_host_is_not_contacted(play, mode):
    process, settings = play(UNREACHABLE, {**GOOD, 'conbool_tls_ca_file': '/no/such/file'}, *mode)
    assert process.returncode == 0, process.stdout + process.stderr
    assert settings['domains'] == ['example.com']
    assert settings['tls_ca_file'] == '/no/such/file'
    assert '[WARNING]' not in process.stderr + process.stdout


def test_unanswered_questions_of_awx_give_the_defaults(play):
    unanswered = dict.fromkeys(
        (
            'conbool_relay_host',
            'conbool_relay_port',
            'conbool_tls_name',
            'conbool_tls_ca_file',
            'conbool_tls_client_cert',
            'conbool_tls_client_key',
            'conbool_scope',
            'conbool_scope_senders',
            'conbool_inbound',
            'conbool_inbound_require_certificate',
            'conbool_inbound_certificate_fingerprints',
            'conbool_smtp_allowed_networks',
            'conbool_bypass_calendar',
            'conbool_bypass_null_sender',
            'conbool_spam_delivery',
            'conbool_mta',
            'conbool_state',
            'conbool_dns_mx_targets',
            'conbool_dns_dkim_selectors',
            'conbool_dns_ownership_txt',
            'conbool_dns_dmarc_minimum_policy',
            'conbool_dns_spf_addresses',
            'conbool_dns_servers',
        ),
        '',
    )
    process, settings = play(
        UNREACHABLE,
        {**unanswered, 'conbool_domains': 'example.com\nbücher.example\n', 'conbool_networks': '192.0.2.0/24'},
    )
    assert process.returncode == 0, process.stdout + process.stderr
    assert settings['domains'] == ['example.com', 'xn--bcher-kva.example']
    assert (settings['relay_destination'], settings['inbound'], settings['state']) == (
        '[mail.conbool.com]:25',
        True,
        'present',
    )


def test_bad_settings_stop_the_play_with_every_name_and_value(play):
    process, settings = play(
        UNREACHABLE,
        {'conbool_domains': ['example.com\nx = y'], 'conbool_networks': ['192.0.2.7/24'], 'conbool_relay_prot': 25},
    )
    assert process.returncode == 2
    assert settings is None
    for text in (
        r"conbool_domains: 'example.com\nx = y' contains a line break",
        "conbool_networks: '192.0.2.7/24' has host bits set",
        'did you mean conbool_relay_port?',
    ):
        assert text in process.stdout + process.stderr


@pytest.mark.parametrize('inject', ['true', 'false'])
def test_the_settings_are_known_to_roles_however_facts_are_kept(play, monkeypatch, inject):
    monkeypatch.setenv('ANSIBLE_INJECT_FACT_VARS', inject)
    process, settings = play(UNREACHABLE, {**GOOD, 'outbound_hop_port': '20027'})
    assert process.returncode == 0, process.stdout + process.stderr
    assert settings['roles']['outbound_hop']['port'] == 20027
    # Of a host, as the gateway knows it.
    assert settings['roles']['verify']['inbound_host'] == UNREACHABLE['ansible_host']


def test_undo_needs_no_domains(play):
    process, settings = play(UNREACHABLE, {'conbool_state': 'absent'})
    assert process.returncode == 0, process.stdout + process.stderr
    assert settings['state'] == 'absent'
