# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What facts mean, given what is expected."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.judge import summary

from tests.smtp.check import check, check_all, ids
from tests.smtp.hostile import HostileServer, Peer


def test_every_finding_has_the_same_fields(certificates):
    with HostileServer(certificates.expired(), {'RCPT': b'450 later\r\n'}) as server:
        result = check(
            server,
            {'accepts': ['a@example.com'], 'client_certificate_requested': True, 'min_days_left': 1},
            tls_name='other.example',
        )
    assert ids(result) == ['chain', 'name', 'client_certificate_requested', 'recipient']
    for row in result['findings']:
        assert set(row) == {'id', 'severity', 'finding', 'seen', 'expected', 'hint'} and row['finding']
    assert result['findings'][3]['hint'] == 'A greylisting server accepts a later try.'


def test_relaxed_expectations(certificates):
    with HostileServer(certificates.self_signed()) as server:
        assert ids(check(server, {'name_verified': False})) == ['chain']
        assert ids(check(server, {'chain_verified': False})) == ['name']
        relaxed = check(server, {'name_verified': False, 'chain_verified': False})
    assert relaxed['status'] == 'SMTP reachable' and relaxed['healthy']
    assert (relaxed['chain_verified'], relaxed['name_verified']) == (False, False)


@pytest.mark.parametrize(
    'left, wanted, found', [(20, 20, []), (20, 21, ['days_left']), (20, None, []), (-3, 1, ['chain'])]
)
def test_days_left(certificates, left, wanted, found):
    with HostileServer(certificates.expiring(left)) as server:
        assert ids(check(server, {'min_days_left': wanted}, ca_file=certificates.ca_file)) == found


def test_days_left_of_an_expired_certificate_whose_chain_is_not_judged(certificates):
    with HostileServer(certificates.expired()) as server:
        assert ids(check(server, {'min_days_left': 0, 'chain_verified': False})) == ['days_left']


def test_what_needs_a_certificate_needs_starttls():
    with HostileServer() as server:
        assert check(server, {'starttls': False})['healthy']
        assert ids(check(server, {'starttls': False, 'min_days_left': 1})) == ['starttls_offered']
        assert ids(check(server, {'starttls': False, 'client_certificate_requested': True})) == ['starttls_offered']


def test_recipient_that_should_be_refused(certificates):
    with HostileServer(certificates.context(), {'RCPT': b'250 anything\r\n'}) as server:
        result = check(server, {'refuses': ['x@external.test']}, ca_file=certificates.ca_file)
    assert ids(result) == ['recipient']
    assert result['status'] == 'recipient x@external.test is accepted'


def test_recipient_that_is_put_off_is_not_accepted_but_worth_a_word(certificates):
    with HostileServer(certificates.context(), {'RCPT': b'454 4.7.1 Relay access denied\r\n'}) as server:
        refuses = check(server, {'refuses': ['x@external.test']}, ca_file=certificates.ca_file)
        accepts = check(server, {'accepts': ['x@external.test']}, ca_file=certificates.ca_file)
    assert refuses['healthy'] and [(row['id'], row['severity']) for row in refuses['findings']] == [
        ('recipient', 'warning')
    ]
    assert not accepts['healthy']


def test_refused_sender_proves_nothing_about_recipients(certificates):
    with HostileServer(certificates.context(), {'MAIL': b'550 no\r\n'}) as server:
        result = check(server, {'refuses': ['x@external.test']}, ca_file=certificates.ca_file)
    assert result['status'] == 'the sender was refused, so nothing is known about recipient x@external.test'


@pytest.mark.parametrize(
    'at',
    [{'banner': b'554 not you\r\n'}, {'banner': Peer.hang_up}, {'banner': Peer.silence}, {'EHLO': b'554 not you\r\n'}],
)
def test_server_that_must_not_be_reachable(certificates, at):
    with HostileServer(certificates.context(), at) as server:
        result = check(server, {'reachable': False})
    assert result['healthy'] and result['status'] == 'SMTP not reachable' and result['findings'] == []


def test_nothing_listens_where_nothing_should():
    with HostileServer() as server:
        pass
    assert check(server, {'reachable': False})['status'] == 'SMTP not reachable'


def test_server_that_is_reachable_although_it_must_not_be(certificates):
    with HostileServer(certificates.self_signed()) as server:
        assert ids(check(server, {'reachable': False})) == ['reachable']


@pytest.mark.parametrize(
    'options, found',
    [
        ({'hosts': ['no-such-host.invalid']}, 'resolve'),
        ({'source_address': '192.0.2.77'}, 'source_address'),
        ({'timeout': 5, 'deadline': 0.1}, 'deadline'),
    ],
)
def test_not_asked_is_not_the_same_as_not_reachable(options, found, monkeypatch):
    monkeypatch.setattr('socket.getaddrinfo', _only_addresses)
    with HostileServer(at={'banner': Peer.silence}) as server:
        assert ids(check(server, {'reachable': False}, **options)) == [found]


def _only_addresses(name, port, _family, kind, *_rest):
    if name != '127.0.0.1':
        raise socket.gaierror(socket.EAI_NONAME, 'Name or service not known')
    return [(socket.AF_INET, kind, 6, '', (name, port))]


def test_summary_names_servers_and_what_was_seen():
    hosts = [f'127.0.0.{number}' for number in range(1, 9)]
    with HostileServer(addresses=hosts[:1], at={'banner': b'554 not you\r\n'}) as server:
        results = check_all(hosts=hosts, port=server.port)
    line = summary(results)
    assert line.startswith(
        f'127.0.0.1 port {server.port}: the server refuses service (seen: 554 not you). 127.0.0.2 port'
    )
    assert line.endswith('127.0.0.5: Connection refused). 3 more servers are not as expected')
