# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""preflight.yml: what it says of hosts, good and bad."""

from __future__ import annotations

import json
import re

import pytest

from tests.checks.conftest import BROKEN, KERIO, NO_KERIO, PLAIN

GREEN = ['mx.ok', 'spf.ok', 'dkim.ok', 'dmarc.ok'] * 2 + [
    # Over IPv4 and IPv6.
    *['gateway.ok'] * 2,
    'gateway.usage',
    'mta.ok',
    'inbound.listens',
    'hop.free',
    'tls.ok',
    'tls.server',
    'firewall.ok',
    'queue.ok',
    'queue.ok',
]


@pytest.fixture(name='inbound')
def fixture_inbound(lab):
    return {'conbool_inbound': True, 'conbool_networks': lab.addresses['gateway']}


@pytest.mark.parametrize(
    'options', [[], pytest.param(['--check', '--diff'], marks=pytest.mark.full)], ids=['real', 'check']
)
def test_a_good_host_is_green_and_nothing_changes(play, inbound, monkeypatch, tmp_path, options):
    monkeypatch.setenv('ANSIBLE_SHOW_CUSTOM_STATS', '1')
    # Inventories become root. The user of the controller, here one without su, does not have to.
    (tmp_path / 'su').write_text('#!/bin/sh\nexit 1\n')
    (tmp_path / 'su').chmod(0o755)
    monkeypatch.setenv('PATH', str(tmp_path), prepend=':')
    monkeypatch.setenv('ANSIBLE_BECOME_ALLOW_SAME_USER', 'true')
    report = play(
        'preflight.yml',
        {'good': inbound},
        '--become',
        '--become-method',
        'ansible.builtin.su',
        *options,
        '--extra-vars',
        json.dumps({'smtp_relay_report': {'ok': True, 'hosts': {}}}),
    )
    assert report.outcome.returncode == 0, report.output
    assert report.outcome.changed == [] and 'changed=0' in report.output
    assert [row['id'] for row in report.rows('good')] == GREEN
    assert (
        report.content['ok'] and report.host('good')['preflight']['green'] and report.host('good')['mta'] == 'postfix'
    )
    # What a workflow of AWX gets is what the file has; its next job gets it back as a variable.
    stats = report.output.partition('CUSTOM STATS: ')[2].partition('RUN: ')[2]
    assert json.loads(stats) == {'smtp_relay_report': report.content}
    table = [re.sub(' +', ' ', line.strip(' ",')) for line in report.output.splitlines()]
    assert 'status check target finding' in table
    for line in (
        'green mx.ok example.com all mail goes to the gateway',
        'green dmarc.ok sub.example.co.uk policy quarantine',
        'good postfix present done',
    ):
        assert line in table, report.output


@pytest.fixture(scope='module', name='other_nodes')
def fixture_other_nodes(lab):
    """`internet` looks as if it had Kerio Connect, `gateway` has no mail server that is known."""
    lab.run('internet', ['sh', '-c', KERIO])
    yield
    lab.run('internet', ['sh', '-c', NO_KERIO])


def test_what_is_wrong_is_in_one_table_and_hosts_do_not_hinder_each_other(play, lab, inbound, other_nodes):
    no_files = {'conbool_tls_client_cert': '', 'conbool_tls_client_key': ''}
    missing = '/etc/ssl/lab/missing.pem'
    report = play(
        'preflight.yml',
        {
            # The first one has no settings from which to learn where the report goes.
            'a-typing-error': {'conbool_domains': ['exa mple.com']},
            'good': {},
            'several': {'conbool_domains': ['example.com', BROKEN], 'conbool_tls_client_cert': missing},
            'other-name': {'conbool_tls_name': 'other.conbool.com'},
            'other-ca': {'conbool_tls_ca_file': '/etc/ssl/lab/server.pem'},
            'foreign-key': {'conbool_tls_client_key': '/etc/ssl/lab/server.key', 'preflight_queue_megabytes': 10**9},
            'other-firewall': {**inbound, 'inbound_firewall_backend': 'firewalld'},
            'no-mta': {'node': 'gateway', **no_files},
            'kerio': {'node': 'internet', **no_files},
            'nobody': {'node': None, 'ansible_host': lab.addresses['gateway'][0].rpartition('.')[0] + '.253'},
        },
        '--forks',
        '6',
    )
    assert report.outcome.returncode != 0 and not report.content['ok'] and report.outcome.changed == []
    results = {name: entry['result'] for name, entry in report.content['hosts'].items()}
    failed = ('a-typing-error', 'several', 'other-name', 'other-ca', 'foreign-key', 'other-firewall', 'no-mta', 'kerio')
    assert results == {**dict.fromkeys(failed, 'failed'), 'good': 'done', 'nobody': 'not done'}
    assert report.bad('good') == {}
    assert (
        'conbool_domains' in report.host('a-typing-error')['reason']
        and 'exa mple.com' in report.host('a-typing-error')['reason']
    )
    assert report.bad('several') == dict.fromkeys(
        ['mx.bypass', 'spf.missing', 'dkim.missing', 'dmarc.missing', 'gateway.failed', 'mta.failed', 'tls.unusable'],
        'red',
    )
    assert 'mx.external.test' in report.finding('several', 'mx.bypass')
    assert 'not responsible for ' + BROKEN in report.finding('several', 'mta.failed')
    assert missing in report.finding('several', 'tls.unusable') and 'conbool_tls_client_cert' in report.finding(
        'several', 'tls.unusable'
    )
    assert f'mx.bypass {BROKEN}' in report.host('several')['reason']
    assert report.bad('other-name') == {'gateway.name': 'red'} and report.bad('other-ca') == {'gateway.chain': 'red'}
    assert 'not for other.conbool.com' in report.finding('other-name', 'gateway.name')
    assert 'CA that is not trusted' in report.finding('other-ca', 'gateway.chain')
    assert report.bad('foreign-key') == {'gateway.failed': 'red', 'tls.unusable': 'red', 'queue.space': 'red'}
    assert 'the key does not belong' in report.finding('foreign-key', 'tls.unusable')
    assert '/var/spool/conbool-hop: ' in report.finding('foreign-key', 'queue.space')
    assert report.bad('other-firewall') == {'firewall.failed': 'red'} and 'firewalld' in report.finding(
        'other-firewall', 'firewall.failed'
    )
    assert 'no mail server found' in report.finding('no-mta', 'mta.failed')
    assert report.bad('kerio') == {'mta.failed': 'red'}
    assert 'kerio_smarthost_password is empty' in report.finding('kerio', 'mta.failed')
    assert 'No route to host' in report.host('nobody')['reason']


def test_a_run_that_reaches_no_host_leaves_a_report_too(play, lab):
    report = play(
        'preflight.yml',
        {'nobody': {'node': None, 'ansible_host': lab.addresses['gateway'][0].rpartition('.')[0] + '.253'}},
    )
    assert report.outcome.returncode != 0
    assert report.content['ok'] is False and report.host('nobody')['result'] == 'not done'


@pytest.fixture(name='stopped_with_a_second_mta')
def fixture_stopped_with_a_second_mta(lab):
    lab.run(PLAIN, ['sh', '-c', 'systemctl stop postfix && ' + KERIO])
    yield
    lab.run(PLAIN, ['sh', '-c', NO_KERIO + ' && systemctl start postfix'])


def test_mail_server_stopped_a_second_one_and_gateways_to_which_no_mail_must_go(
    play, lab, gateway, stopped_with_a_second_mta
):
    gateway.set('expired')
    lab.internet.set('no_starttls')
    report = play(
        'preflight.yml',
        {'stopped': {'conbool_mta': 'postfix'}, 'two': {}, 'clear': {'conbool_relay_host': 'mx.external.test'}},
    )
    lab.internet.set()
    assert report.bad('stopped') == report.bad('two') == {'gateway.chain': 'red', 'mta.failed': 'red'}
    assert 'expired' in report.finding('stopped', 'gateway.chain')
    assert 'does it run?' in report.finding('stopped', 'mta.failed')
    assert 'postfix' in report.finding('two', 'mta.failed') and 'kerio' in report.finding('two', 'mta.failed')
    assert report.bad('clear')['gateway.starttls_offered'] == 'red'
