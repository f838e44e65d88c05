# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""verify.yml on a host that has the gateway: green, and what it finds when somebody spoils it."""

from __future__ import annotations

import pytest

from tests.checks import runs
from tests.checks.conftest import BROKEN, RELAYED

HOP = '/etc/conbool-hop'
# What a host gets and loses again in these tests.
ORIGINALS = f'cp -p /etc/postfix/main.cf /root/main.cf && cp -pr {HOP} /root/hop'
BACK = f'cp -p /root/main.cf /etc/postfix/main.cf && cp -p /root/hop/* {HOP}/ && systemctl restart postfix conbool-hop'
# A bounded stream of messages for the hop, one at a time.
STREAM = """
import smtplib, sys, time
with smtplib.SMTP('127.0.0.1', 325) as hop:
    for number in range(120):
        hop.sendmail('alice@example.com', ['someone@external.test'], 'Subject: %d\\r\\n\\r\\nhello\\r\\n' % number)
        if not number:
            print('flows', flush=True)
        time.sleep(0.5)
"""


@pytest.fixture(scope='module', name='main_cf')
def fixture_main_cf(lab):
    """The company hosts the domain with the broken zone too."""
    hosted = lab.run(RELAYED, ['postconf', '-h', 'mydestination']).stdout.strip()
    lab.run(
        RELAYED, ['sh', '-c', 'postconf -e "mydestination = $0" && systemctl reload postfix', f'{hosted}, {BROKEN}']
    )
    return lab.run(RELAYED, ['cat', '/etc/postfix/main.cf']).stdout


@pytest.fixture(scope='module', name='inventory')
def fixture_inventory(variables):
    return {
        **variables,
        'node': RELAYED,
        'conbool_domains': variables['conbool_domains'] + [BROKEN],
        'verify_outside': 'gateway',
    }


@pytest.fixture(scope='module', name='applied')
def fixture_applied(lab, main_cf, inventory, tmp_path_factory):
    report = runs.play(
        lab, 'site.yml', {'relayed': {**inventory, 'conbool_preflight': 'warn'}}, tmp_path_factory.mktemp('site')
    )
    lab.run(RELAYED, ['sh', '-c', ORIGINALS])
    return report


@pytest.fixture(name='spoil')
def fixture_spoil(lab, applied):
    """Runs a command by which a person spoils the host; afterwards it is as it was."""
    yield lambda command: lab.run(RELAYED, ['sh', '-c', command])
    lab.run(RELAYED, ['sh', '-c', BACK])
    lab.run(RELAYED, ['postsuper', '-c', HOP, '-d', 'ALL'])


def test_warn_applies_and_says_that_not_all_is_green(applied):
    assert applied.outcome.returncode == 0, applied.output
    assert applied.host('relayed')['result'] == 'done' and applied.outcome.changed != []
    assert 'mx.bypass' in applied.bad('relayed') and 'done, but not everything is green: preflight' in applied.output
    # The vendor's own test, in its words, from where the vendor makes it.
    assert applied.bad('relayed', 'verify') == {}
    assert 'SMTP reachable' in applied.finding('relayed', 'inbound.ok', 'verify')


def test_verify_is_green_and_changes_nothing(play, applied, inventory):
    report = play('verify.yml', {'relayed': inventory})
    assert report.outcome.returncode == 0, report.output
    assert report.outcome.changed == [] and report.bad('relayed', 'verify') == {}
    ids = [row['id'] for row in report.rows('relayed', 'verify')]
    # Three domains: a route in and one out for each, a stranger's and a bounce's; a header for each, released,
    # calendar, three look-alikes.
    # Plain senders, and the way back; what runs is the hop and the mail server.
    assert ids == ['route.ok'] * 8 + ['header.ok'] * 8 + [
        'hop.ok',
        'hop.owner',
        'hop.users',
        'hop.return',
        *['hop.client'] * 2,
        *['hop.route'] * 5,
        *['running.ok'] * 2,
        'running.boot',
        'local.command',
        # Over IPv4 and IPv6.
        *['gateway.ok'] * 2,
        'drift.ok',
        'queue.ok',
        'queue.ok',
        'inbound.ok',
        'inbound.recipient',
    ], report.output


def test_everything_that_leads_mail_astray_is_found_at_once(play, lab, gateway, spoil, inventory):
    gateway.set('down')
    spoil(
        'postconf -e "transport_maps = inline:{{*=smtp:[trap.external.test]}}" "mynetworks = 0.0.0.0/0 [::]/0" &&'
        f' systemctl reload postfix && postconf -c {HOP} -e header_checks= && systemctl reload conbool-hop'
    )
    spoil(f"timeout 90 python3 -c \"$(cat <<'END'\n{STREAM}\nEND\n)\" > /run/stream 2>&1 &")
    report = play('verify.yml', {'relayed': inventory})
    assert lab.run(RELAYED, ['cat', '/run/stream']).stdout == 'flows\n'
    assert report.outcome.returncode != 0
    assert report.bad('relayed', 'verify') == dict.fromkeys(
        ['route.bypass', 'header.wrong', 'gateway.connect', 'drift.refused', 'queue.grows', 'inbound.recipient'], 'red'
    )
    assert 'trap.external.test' in report.finding('relayed', 'route.bypass', 'verify')
    assert 'X-Conbool-Released: yes' in report.finding('relayed', 'header.wrong', 'verify')
    assert report.finding('relayed', 'queue.grows', 'verify').startswith('hop: ')
    assert '@conbool-verify.invalid is accepted' in report.finding('relayed', 'inbound.recipient', 'verify')


def test_stopped_hop_closed_port_and_an_observer_who_is_away(play, lab, spoil, inventory):
    nobody = lab.addresses['gateway'][0].rpartition('.')[0] + '.253'
    spoil('systemctl stop conbool-hop && postconf -e inet_interfaces=loopback-only && systemctl restart postfix')
    report = play(
        'verify.yml',
        {
            'relayed': inventory,
            'unseen': {**inventory, 'verify_outside': 'nobody'},
            'nobody': {'node': None, 'ansible_host': nobody},
        },
    )
    assert report.outcome.returncode != 0
    stopped = dict.fromkeys(['hop.connect', 'hop.route.failed', 'running.stopped', 'drift.hop'], 'red')
    assert report.bad('relayed', 'verify') == {**stopped, 'inbound.connect': 'red'}
    assert report.bad('unseen', 'verify') == {**stopped, 'inbound.unreachable': 'unknown'}
    assert report.host('nobody')['result'] == 'not done'


def test_scope_senders(play, applied, inventory):
    report = play(
        'site.yml',
        {
            'relayed': {
                **inventory,
                'conbool_preflight': 'skip',
                'conbool_scope': 'senders',
                'conbool_scope_senders': ['@example.com', 'listed@sub.example.co.uk'],
            }
        },
    )
    assert report.outcome.returncode == 0 and report.bad('relayed', 'verify') == {}, report.output
    routes = {row['target']: row['finding'] for row in report.rows('relayed', 'verify') if row['id'] == 'route.ok'}
    outside = {
        target.partition(' ')[0]: way.partition(':')[0]
        for target, way in routes.items()
        if target.endswith('<someone@conbool-verify.invalid>')
    }
    assert outside == {
        '<conbool-verify@example.com>': 'conbool-hop',
        '<listed@sub.example.co.uk>': 'conbool-hop',
        '<conbool-verify@sub.example.co.uk>': 'smtp',
        f'<conbool-verify@{BROKEN}>': 'smtp',
        '<conbool-verify@conbool-verify.invalid>': 'smtp',
    }


@pytest.mark.full
def test_a_restriction_that_port_25_has_an_old_copy_of_is_found(lab, play, spoil, inventory):
    outbound = {**inventory, 'conbool_preflight': 'skip'}
    limited = {**outbound, 'conbool_inbound': True, 'conbool_networks': lab.addresses['gateway']}
    assert play('site.yml', {'relayed': limited}).outcome.returncode == 0
    try:
        spoil(
            'postconf -e "smtpd_recipient_restrictions = reject_unknown_recipient_domain" && systemctl reload postfix'
        )
        report = play('verify.yml', {'relayed': limited})
        assert report.outcome.returncode != 0 and report.bad('relayed', 'verify') == dict.fromkeys(
            ['inbound.copy', 'drift.postfix_smarthost_inbound'], 'red'
        )
        assert 'smtp/inet' in report.finding('relayed', 'inbound.copy', 'verify')
        assert play('site.yml', {'relayed': limited}).outcome.returncode == 0
        assert play('verify.yml', {'relayed': limited}).bad('relayed', 'verify') == {}
    finally:
        assert play('site.yml', {'relayed': outbound}).outcome.returncode == 0


def test_rollback_needs_neither_dns_nor_gateway(play, lab, gateway, silent, applied, main_cf, inventory):
    gateway.set('down')
    # Last of this module: the host is as it was.
    report = play('rollback.yml', {'relayed': {**inventory, 'conbool_dns_servers': [silent.address]}})
    assert report.outcome.returncode == 0, report.output
    assert silent.asked() == 0
    assert lab.run(RELAYED, ['test', '-e', HOP], check=False).returncode == 1
    assert lab.run(RELAYED, ['cat', '/etc/postfix/main.cf']).stdout == main_cf
