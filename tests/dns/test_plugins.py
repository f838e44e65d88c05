# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module and the lookup as Ansible runs them, against the lab's resolver."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dns import corpus

ROOT = Path(__file__).resolve().parents[2]


def ansible(module, arguments, tmp_path, **variables):
    """(succeeded, result) of one task on the controller, in check mode: it must make no difference."""
    (tmp_path / 'ansible.cfg').touch()
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name('ansible')),
            'localhost',
            '--check',
            '-i',
            'localhost,',
            '-c',
            'local',
            '-m',
            module,
            '-a',
            json.dumps(arguments),
            '-e',
            json.dumps(variables),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={
            **os.environ,
            'ANSIBLE_COLLECTIONS_PATH': str(ROOT / 'collections'),
            'ANSIBLE_PYTHON_INTERPRETER': sys.executable,
            'ANSIBLE_CONFIG': 'ansible.cfg',
        },
    )
    assert 'Traceback' not in done.stdout + done.stderr
    _head, arrow, result = done.stdout.partition('=> ')
    assert arrow, done.stderr
    return done.returncode == 0, json.loads(result)


def check(tmp_path, nameserver, *variants, **options):
    domains = [f'{name}.{corpus.ORIGIN}' for name in variants]
    return ansible(
        'conbool.smtp_relay.dns_check',
        {'domains': domains, 'nameservers': [nameserver], **corpus.GATEWAY, **options},
        tmp_path,
    )


def test_green_domains_succeed(tmp_path, nameserver):
    succeeded, result = check(tmp_path, nameserver, 'all-green', 'dmarc-reject')
    assert succeeded and not result['changed']
    assert [row['id'] for row in result['rows']] == ['mx.ok', 'spf.ok', 'dkim.ok', 'dmarc.ok'] * 2
    # Four records of each domain, the gateway's address and its policy.
    assert result['summary'] == {'status': 'green', 'green': 2, 'red': 0, 'unknown': 0, 'rounds': 1, 'queries': 10}


def test_red_fails_with_everything_that_was_found(tmp_path, nameserver):
    succeeded, result = check(tmp_path, nameserver, 'all-green', 'mx-old-server-second')
    assert not succeeded and not result['changed']
    assert result['msg'].splitlines() == [
        '1 of 2 domains red.',
        (
            'mx-old-server-second.corpus.test mx.bypass: mail through mx-old-server-second.corpus.test bypasses the'
            ' gateway. Remove the MX records of mx-old-server-second.corpus.test. Senders of spam try the least'
            ' preferred ones first.'
        ),
    ]
    assert len(result['rows']) == 8
    assert result['domains']['all-green.corpus.test'] == {
        'ascii': 'all-green.corpus.test',
        'status': 'green',
        'checks': {'mx': 'green', 'spf': 'green', 'dkim': 'green', 'dmarc': 'green'},
    }


def lookup(tmp_path, name, nameserver, **options):
    call = "{{ query('conbool.smtp_relay.conbool_networks', name, **options) }}"
    return ansible(
        'ansible.builtin.debug', {'msg': call}, tmp_path, name=name, options={'nameservers': [nameserver], **options}
    )


def test_networks_of_a_policy(tmp_path, nameserver):
    succeeded, result = lookup(tmp_path, 'spf.gateway.test', nameserver)
    assert succeeded and result['msg'] == ['198.51.100.0/28', '2001:db8:25::/64']


def test_networks_of_a_host(tmp_path, nameserver):
    succeeded, result = lookup(tmp_path, 'mail.gateway.test', nameserver, record='address')
    assert succeeded and result['msg'] == ['198.51.100.1/32', '2001:db8:25::1/128']


@pytest.mark.parametrize(
    'name, options, message',
    [
        ('spf-pass-all.corpus.test', {}, 'authorises the whole Internet'),
        (
            'host.lame.corpus.test',
            {'timeout': 10, 'retries': 0},
            'TXT of host.lame.corpus.test could not be looked up: SERVFAIL',
        ),
    ],
)
def test_a_fault_is_an_error_and_never_an_empty_list(tmp_path, nameserver, name, options, message):
    succeeded, result = lookup(tmp_path, name, nameserver, **options)
    assert not succeeded
    assert message in result['msg']
