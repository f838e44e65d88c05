# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of servers that behave, with certificates of every kind."""

from __future__ import annotations

import re
import socket
import ssl
import time

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp import tls

from tests.smtp.check import check, check_all, ids
from tests.smtp.hostile import Certificates, HostileServer
from tests.unit.fakes.tls import VERSIONS


@pytest.mark.parametrize('version', VERSIONS)
def test_healthy_server(certificates, version):
    with HostileServer(certificates.context(version=version)) as server:
        result = check(server, ca_file=certificates.ca_file)
    assert result['status'] == 'SMTP reachable'
    assert result['healthy'] and result['findings'] == []
    for fact in ('reachable', 'starttls_offered', 'tls_negotiated', 'chain_verified', 'name_verified'):
        assert result[fact] is True, fact
    assert result['client_certificate_requested'] is False
    assert result['tls_version'] == version.name.replace('_', '.')
    assert result['matched_name'] == 'DNS:mail.conbool.com'
    assert result['banner'] == '220 mail.conbool.com ESMTP'
    assert result['extensions'] == ['SIZE 1000000']
    assert result['plaintext_injected'] is None
    assert set(result['timings']) == {
        'resolve',
        'connect',
        'banner',
        'ehlo',
        'starttls',
        'handshake',
        'ehlo_tls',
        'total',
    }
    assert server.commands == ['EHLO client.example.com', 'STARTTLS', 'EHLO client.example.com', 'QUIT']
    assert server.connections == 1


def test_tls_is_ended_in_good_order(certificates):
    ends = []

    def leave(peer):
        peer.send(b'221 bye\r\n')
        peer.sock.suppress_ragged_eofs = False
        ends.append(peer.sock.recv(10))

    with HostileServer(certificates.context(), {'QUIT': leave}) as server:
        check(server, ca_file=certificates.ca_file)
    assert ends == [b'']


def test_certificate_facts(certificates):
    with HostileServer(certificates.expiring(20)) as server:
        result = check(server, ca_file=certificates.ca_file)
    facts = result['certificate']
    assert facts['subject_alt_names'] == ['DNS:mail.conbool.com', 'IP:127.0.0.1']
    assert facts['issuer'].startswith('O=trustme') and 'OU=Testing CA' in facts['issuer']
    assert 'OU=Testing cert' in facts['subject']
    assert facts['days_left'] == 20
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ', facts['not_after'])
    assert re.fullmatch('[0-9a-f]{64}', facts['fingerprint_sha256'])


def unknown_ca(certificates, **options):
    return certificates.context(ca=certificates.other_ca, **options)


@pytest.mark.parametrize('version', VERSIONS)
def test_facts_of_an_unverified_certificate_are_those_of_the_verified_one(certificates, version):
    with HostileServer(certificates.context(version=version)) as server:
        good = check(server, ca_file=certificates.ca_file)
        bad = check(server)
        assert server.connections == 3
    assert (good['chain_verified'], bad['chain_verified']) == (True, False)
    for fact in (
        'certificate',
        'name_verified',
        'tls_negotiated',
        'tls_version',
        'cipher',
        'client_certificate_requested',
        'extensions',
    ):
        assert good[fact] == bad[fact], fact


@pytest.mark.parametrize(
    'kind, finding, name_verified',
    [
        (Certificates.expired, 'the certificate expired', True),
        (unknown_ca, 'the certificate is from a CA that is not trusted: O=trustme', True),
        (Certificates.self_signed, 'the certificate is self-signed', False),
        (
            lambda certificates: certificates.context(
                not_before=Certificates.later(), not_after=Certificates.later(30)
            ),
            'the certificate is not valid yet',
            True,
        ),
    ],
)
def test_bad_chains(certificates, kind, finding, name_verified):
    with HostileServer(kind(certificates)) as server:
        result = check(server, {'name_verified': False}, ca_file=certificates.ca_file)
    assert ids(result) == ['chain']
    assert result['status'].startswith(finding)
    assert (
        result['starttls_offered'],
        result['tls_negotiated'],
        result['chain_verified'],
        result['name_verified'],
    ) == (True, True, False, name_verified)
    assert result['certificate']['not_after']


def test_certificate_of_another_name(certificates):
    with HostileServer(certificates.context('mail.example.net')) as server:
        result = check(server, ca_file=certificates.ca_file)
        assert server.connections == 1
    assert ids(result) == ['name']
    assert (result['chain_verified'], result['name_verified']) == (True, False)
    assert result['findings'][0]['seen'] == 'DNS:mail.example.net'


def test_name_to_verify_is_the_host_without_tls_name(certificates):
    with HostileServer(certificates.context('127.0.0.1')) as server:
        assert check(server, ca_file=certificates.ca_file, tls_name=None)['matched_name'] == 'IP:127.0.0.1'
    with HostileServer(certificates.context('::1'), addresses=['::1']) as server:
        assert (
            check(server, ca_file=certificates.ca_file, tls_name=None, hosts=['::1'])['matched_name']
            == 'IP:0:0:0:0:0:0:0:1'
        )


def test_name_only_in_the_common_name_is_a_warning(certificates):
    with HostileServer(certificates.context('192.0.2.1', common_name='mail.conbool.com')) as server:
        result = check(server, ca_file=certificates.ca_file)
    assert [(row['id'], row['severity']) for row in result['findings']] == [('common_name', 'warning')]
    assert result['healthy'] and result['matched_name'] == 'CN:mail.conbool.com'


def test_server_name_is_indicated(certificates):
    asked = []
    context = certificates.context()
    context.sni_callback = lambda _connection, name, _context: asked.append(name)
    with HostileServer(context) as server:
        check(server, ca_file=certificates.ca_file)
        check(server, ca_file=certificates.ca_file, tls_name='127.0.0.1')
    assert asked == ['mail.conbool.com', None]


@pytest.mark.filterwarnings('ignore:ssl.TLSVersion')
@pytest.mark.parametrize(
    'version, minimum',
    [
        (ssl.TLSVersion.TLSv1, 'TLSv1.2'),
        (ssl.TLSVersion.TLSv1_1, 'TLSv1.2'),
        (ssl.TLSVersion.TLSv1_2, 'TLSv1.3'),
    ],
)
def test_server_with_old_tls_only(certificates, version, minimum):
    with HostileServer(certificates.context(version=version)) as server:
        result = check(server, ca_file=certificates.ca_file, minimum_tls_version=minimum)
    assert ids(result) == ['tls_version']
    assert (result['starttls_offered'], result['tls_negotiated'], result['chain_verified']) == (True, False, None)


def test_old_tls_version_is_named_when_the_server_answers_with_it(certificates):
    body = b'\x03\x01' + b'R' * 32 + b'\0' + b'\x00\x2f' + b'\0'
    hello = b'\x02' + len(body).to_bytes(3, 'big') + body

    def answer(peer):
        peer.sock.recv(4096)
        peer.send(b'\x16\x03\x01' + len(hello).to_bytes(2, 'big') + hello)

    with HostileServer(certificates.context(), {'tls': answer}) as server:
        assert check(server)['findings'][0]['seen'] == 'TLSv1'


def test_certificate_hidden_from_the_message_hook_comes_from_the_second_connection(certificates, monkeypatch):
    # As with compressed certificates (RFC 8879).
    monkeypatch.setattr(tls, 'first_certificate', lambda message: None)
    with HostileServer(certificates.context()) as server:
        result = check(server)
    assert result['name_verified'] is True and result['certificate']['days_left'] > 0


def test_unreadable_certificate_is_a_finding(certificates, monkeypatch):
    def certificate_facts(_der, _certificate):
        raise UnicodeDecodeError('utf-8', b'\xff', 0, 1, 'invalid start byte')

    monkeypatch.setattr(
        'ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.probe.certificate_facts', certificate_facts
    )
    with HostileServer(certificates.context()) as server:
        result = check(server, ca_file=certificates.ca_file)
    assert ids(result) == ['certificate'] and result['name_verified'] is None


def test_recipients_are_asked_one_transaction_each_and_nothing_is_sent(certificates):
    with HostileServer(certificates.context()) as server:
        result = check(
            server,
            {'accepts': ['alice@example.com', 'bob@example.com'], 'refuses': ['x@external.test']},
            ca_file=certificates.ca_file,
            mail_from='probe@example.org',
        )
    assert result['healthy']
    assert [(row['recipient'], row['verdict'], row['code']) for row in result['recipients']] == [
        ('alice@example.com', 'accepted', 250),
        ('bob@example.com', 'accepted', 250),
        ('x@external.test', 'refused', 554),
    ]
    assert server.commands[3:] == [
        'MAIL FROM:<probe@example.org>',
        'RCPT TO:<alice@example.com>',
        'RSET',
        'MAIL FROM:<probe@example.org>',
        'RCPT TO:<bob@example.com>',
        'RSET',
        'MAIL FROM:<probe@example.org>',
        'RCPT TO:<x@external.test>',
        'RSET',
        'QUIT',
    ]


def test_null_sender_is_the_default(certificates):
    with HostileServer(certificates.context()) as server:
        check(server, {'accepts': ['alice@example.com']}, ca_file=certificates.ca_file)
    assert 'MAIL FROM:<>' in server.commands


def test_server_without_starttls(certificates):
    with HostileServer() as server:
        result = check(server, {'accepts': ['alice@example.com']})
        assert check(server, {'starttls': False, 'accepts': ['alice@example.com']})['status'] == 'SMTP reachable'
    assert ids(result) == ['starttls_offered']
    assert (result['reachable'], result['starttls_offered'], result['tls_negotiated'], result['chain_verified']) == (
        True,
        False,
        None,
        None,
    )
    assert result['recipients'][0]['verdict'] == 'accepted'


def test_address_literal_is_the_name_of_a_host_without_full_name(monkeypatch):
    monkeypatch.setattr(socket, 'gethostname', lambda: 'host')
    with HostileServer(addresses=['127.0.0.1', '::1']) as server:
        check(server, helo_name=None)
        check(server, helo_name=None, hosts=['::1'])
        monkeypatch.setattr(socket, 'gethostname', lambda: 'host.example.com')
        check(server, helo_name=None)
    assert [command for command in server.commands if command != 'QUIT'] == [
        'EHLO [127.0.0.1]',
        'EHLO [IPv6:::1]',
        'EHLO host.example.com',
    ]


def test_many_servers_side_by_side(certificates):
    hosts = [f'127.0.1.{number}' for number in range(1, 21)]
    slow = {'banner': lambda peer: (time.sleep(0.3), peer.send(b'220 slow\r\n'))}
    with HostileServer(certificates.context(), slow, addresses=hosts) as server:
        started = time.monotonic()
        results = check_all(hosts=hosts, port=server.port, ca_file=certificates.ca_file, timeout=5)
        assert time.monotonic() - started < 3
    assert [result['host'] for result in results] == hosts
    assert all(result['healthy'] for result in results)


def test_context_is_the_same_with_every_python(certificates):
    context, unverified = tls.contexts(
        {'ca_file': certificates.ca_file, 'client_cert': None, 'minimum_tls_version': 'TLSv1.2'}
    )
    assert context.verify_flags == ssl.VERIFY_X509_TRUSTED_FIRST
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert (context.verify_mode, unverified.verify_mode) == (ssl.CERT_REQUIRED, ssl.CERT_NONE)
