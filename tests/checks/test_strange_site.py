# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Postfix with further doors, log-ins on odd ports, routes of its own for every sender, and checks that judge the
gateway: what preflight says of it is what strangers find, and the ways through that it names are ways through."""

from __future__ import annotations

import secrets

import pytest

from tests.checks.conftest import PLAIN
from tests.flow import snapshot

USERS = 'permit_mynetworks,permit_sasl_authenticated,reject'
# What a service of master.cf says, and whether preflight calls it a door.
SERVICES = {
    '2601': ({}, True),
    '2602': ({'smtpd_sasl_auth_enable': 'yes'}, True),
    '2603': ({'smtpd_client_restrictions': '$mua_client_restrictions'}, True),
    '2604': ({'smtpd_client_restrictions': USERS}, False),
    '2605': ({'smtpd_relay_restrictions': 'permit_sasl_authenticated,reject'}, False),
    '2606': ({'smtpd_sender_restrictions': 'permit_mynetworks,defer'}, False),
    '2607': ({'smtpd_client_restrictions': 'site_class', 'smtpd_restriction_classes': 'site_class'}, False),
    '2608': ({'smtpd_recipient_restrictions': 'permit_auth_destination,reject'}, True),
    '2609': ({'smtpd_client_restrictions': 'check_client_access,cidr:/etc/postfix/site_lan'}, False),
    '2610': ({'smtpd_client_restrictions': 'check_client_access,static:REJECT', 'smtpd_delay_reject': 'no'}, False),
    '2611': ({'smtpd_client_restrictions': 'warn_if_reject,reject'}, True),
    '2612': ({'smtpd_tls_security_level': 'encrypt', 'smtpd_tls_req_ccert': 'yes'}, False),
    '2613': ({'smtpd_data_restrictions': 'reject'}, False),
    '127.0.0.1:2614': ({}, False),
    '2615': (
        {
            'smtpd_sasl_auth_enable': 'yes',
            'smtpd_client_restrictions': USERS,
            'smtpd_client_message_rate_limit': '0',
        },
        False,
    ),
}
DOORS = [name for name, (options, is_door) in SERVICES.items() if is_door]
WITH_LOG_IN = '2615'
MAIN = """
sender_dependent_default_transport_maps = regexp:/etc/postfix/site_senders
transport_maps = texthash:/etc/postfix/site_transport
site_class = permit_sasl_authenticated,reject
smtpd_client_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_rhsbl_client bl.external.test
smtpd_sender_restrictions = check_sender_access inline:{external.test=REJECT}
smtpd_client_message_rate_limit = 1
smtpd_client_event_limit_exceptions = 127.0.0.0/8
"""
FILES = {
    'site_senders': '/./ smtp:[192.0.2.1]\n',
    'site_transport': 'example.com :\nsub.example.co.uk :\n* smtp:[192.0.2.1]\n',
    'site_lan': '10.255.0.0/16 OK\n0.0.0.0/0 REJECT\n::/0 REJECT\n',
}


def entry(name, options):
    said = ''.join(f'  -o {{ {option} = {value} }}\n' for option, value in options.items())
    return f'{name} inet n - n - - smtpd\n{said}'


@pytest.fixture(scope='module', name='site')
def fixture_site(lab):
    """The host with all that, as it was before any run."""
    before = snapshot.take(lab, PLAIN)
    saved = ['main.cf', 'master.cf']
    for name in saved:
        lab.run(PLAIN, ['cp', '-p', f'/etc/postfix/{name}', f'/root/{name}'])
    for name, text in FILES.items():
        lab.run(PLAIN, ['tee', f'/etc/postfix/{name}'], input=text)
    lab.run(PLAIN, ['tee', '-a', '/etc/postfix/main.cf'], input=MAIN)
    master = ''.join(entry(name, options) for name, (options, dummy) in SERVICES.items())
    lab.run(PLAIN, ['tee', '-a', '/etc/postfix/master.cf'], input=master)
    lab.run(PLAIN, ['postfix', 'reload'])
    yield snapshot.take(lab, PLAIN)
    for name in saved:
        lab.run(PLAIN, ['mv', f'/root/{name}', f'/etc/postfix/{name}'])
    lab.run(PLAIN, ['sh', '-c', 'cd /etc/postfix && rm ' + ' '.join(FILES)])
    lab.run(PLAIN, ['postfix', 'reload'])
    assert snapshot.differences(before, snapshot.take(lab, PLAIN)) == []


@pytest.fixture(scope='module', name='inbound')
def fixture_inbound(lab):
    return {
        'conbool_inbound': True,
        'conbool_networks': lab.addresses['gateway'],
        'inbound_firewall_state': 'absent',
        'verify_outside': 'gateway',
        'conbool_preflight': 'warn',
    }


def message(*headers):
    token = 'flow-' + secrets.token_hex(5)
    lines = ['From: x@external.test', 'To: x@external.test', f'Subject: {token}', *headers, '', token, '']
    return token, '\r\n'.join(lines).encode()


def stranger(lab, port, recipient='alice@example.com', **options):
    dummy, content = message('X-Conbool-Released: yes')
    return lab.internet.order(PLAIN, 'stranger@partner.test', recipient, content, port=int(port), **options)


def let_in(lab, ports):
    """Which of these ports take a stranger's mail, asked for real."""
    answers = lab.internet.send_all([stranger(lab, port) for port in ports])
    return [port for port, answer in zip(ports, answers) if answer['accepted']]


def ports():
    return [name for name in SERVICES if ':' not in name]


def test_preflight_names_the_doors_that_strangers_find(lab, site, play, inbound):
    report = play('preflight.yml', {'keep': inbound, 'override': {**inbound, 'conbool_site_routes': 'override'}})
    assert let_in(lab, ports()) == DOORS
    named = [row['target'] for row in report.rows('keep') if row['id'] == 'inbound.door']
    assert named == [f'{name}/inet' for name in DOORS]
    # Both routes that win are named with map and key, and each is a reason not to begin.
    found = report.finding('keep', 'mta.refused')
    assert 'regexp:/etc/postfix/site_senders' in found and 'texthash:/etc/postfix/site_transport' in found
    assert report.bad('keep') == {'inbound.door': 'red', 'mta.refused': 'red'}
    assert report.bad('override') == {'inbound.door': 'red'}
    judged = [row['target'] for row in report.rows('keep') if row['id'] == 'inbound.judged']
    assert judged == [
        'smtpd_client_restrictions: reject_rhsbl_client bl.external.test',
        'smtpd_client_message_rate_limit = 1',
    ]


def test_without_a_choice_nothing_is_changed(lab, site, play, inbound):
    report = play('site.yml', {'keep': inbound})
    assert report.outcome.returncode != 0 and report.outcome.changed == []
    assert 'conbool_site_routes' in report.output
    assert snapshot.differences(site, snapshot.take(lab, PLAIN)) == []


@pytest.fixture(scope='module', name='wanted')
def fixture_wanted(inbound):
    return {
        **inbound,
        'conbool_site_routes': 'override',
        'conbool_inbound_trust': True,
        'postfix_smarthost_inbound_services': DOORS,
    }


def test_the_ways_through_that_it_names(lab, site, play, wanted):
    report = play('site.yml', {'relayed': wanted})
    assert report.outcome.returncode == 0, report.output
    assert report.bad('relayed', 'verify') == {}
    assert play('site.yml', {'relayed': wanted}).outcome.changed == []
    # Every door is closed to strangers.
    assert let_in(lab, ports()) == []
    # A user's mail goes to the gateway, and what he forged is gone, whatever port he used.
    token, content = message('X-Conbool-Released: yes')
    answer = lab.internet.send(
        PLAIN,
        'alice@example.com',
        'x@external.test',
        content,
        port=int(WITH_LOG_IN),
        user='alice',
        password='lab-password',
    )
    assert answer['accepted'], answer
    (seen,) = lab.gateway.wait_for(token)
    assert b'X-Conbool-Released' not in seen['content']
    # The gateway is not judged, more often than any client may come, and has to be what it says all the same.
    assert [
        lab.gateway.send(PLAIN, 'x@external.test', 'alice@example.com', message()[1])['accepted'] for dummy in '123'
    ] == [True] * 3
    for recipient, options, codes in (
        ('nobody-here@example.com', {}, [550]),
        ('x@external.test', {}, [550, 454]),
        ('alice@example.com', {'client_cert': 'wrong_name'}, [450]),
        ('alice@example.com', {'tls': False, 'client_cert': 'none'}, [450]),
    ):
        answer = lab.gateway.send(PLAIN, 'x@external.test', recipient, message()[1], **options)
        assert not answer['accepted'] and answer['code'] in codes, (recipient, options, answer)


def test_a_door_that_is_made_later_is_red(lab, site, play, wanted):
    late = 'cp -p /etc/postfix/master.cf /root/late && printf "2699 inet n - n - - smtpd\\n" >>/etc/postfix/master.cf'
    lab.run(PLAIN, ['sh', '-c', late + ' && postfix reload'])
    report = play('verify.yml', {'relayed': wanted})
    lab.run(PLAIN, ['sh', '-c', 'mv /root/late /etc/postfix/master.cf && postfix reload'])
    assert report.bad('relayed', 'verify')['inbound.door'] == 'red'
    assert '2699/inet' in report.finding('relayed', 'inbound.door', 'verify')


def test_all_of_it_can_be_undone(lab, site, play, wanted):
    report = play('rollback.yml', {'relayed': wanted})
    assert report.outcome.returncode == 0, report.output
    assert snapshot.differences(site, snapshot.take(lab, PLAIN)) == []
