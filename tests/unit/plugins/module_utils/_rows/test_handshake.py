# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A handshake with each address of the gateway, as rows."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows import handshake

from tests.unit.fakes.gateway import certificate
from tests.unit.fakes.mail_server import SETTINGS

SERVER = {
    'host': 'mail.conbool.com',
    'port': 25,
    'healthy': True,
    'status': 'SMTP reachable',
    'findings': [],
    'chain_verified': True,
    'tls_version': 'TLSv1.3',
    'matched_name': 'DNS:mail.conbool.com',
    'certificate': {'days_left': 90},
}
TLS = {'tls_ca_file': '/ca.pem', 'tls_client_cert': '/c.pem', 'tls_client_key': '/c.key'}


CERTIFICATE = certificate()[0]
ADDRESSES = ['192.0.2.1', '2001:db8::1']


def asked(monkeypatch, *servers, addresses=('192.0.2.1',)):
    seen = []
    monkeypatch.setattr(handshake, 'addresses', lambda settings, dns_only: list(addresses) * (dns_only is not None))
    monkeypatch.setattr(
        handshake,
        'examined',
        lambda params: seen.append(params) or [(dict(SERVER, **more), CERTIFICATE) for more in servers],
    )
    gateway = handshake.Gateway(dict(SETTINGS, **TLS))
    assert [found.certificate for found in gateway.shown()] == [CERTIFICATE] * bool(servers)
    rows = gateway.rows()
    # Who wants both, asks once.
    assert len(seen) == 1
    return rows, seen[0]


def bad(identifier, **more):
    found = {'id': identifier, 'severity': 'error', 'finding': 'no', 'seen': None, 'expected': None, 'hint': 'Do it.'}
    return dict(more, healthy=False, findings=[found])


def test_it_is_made_as_the_client_would(monkeypatch):
    rows, params = asked(monkeypatch, {})
    assert [(row['id'], row['status']) for row in rows] == [('gateway.ok', 'green')]
    assert (params['hosts'], params['port'], params['tls_name']) == (['192.0.2.1'], 25, 'mail.conbool.com')
    assert (params['ca_file'], params['client_cert'], params['client_key']) == ('/ca.pem', '/c.pem', '/c.key')


def test_every_address_gets_one_and_a_name_without_any_is_asked_for(monkeypatch):
    assert asked(monkeypatch, {}, addresses=ADDRESSES)[1]['hosts'] == ADDRESSES
    assert asked(monkeypatch, {}, addresses=())[1]['hosts'] == ['mail.conbool.com']


def test_one_address_with_another_certificate_is_red_by_its_address(monkeypatch):
    rows = asked(monkeypatch, {'host': '192.0.2.1'}, bad('name', host='2001:db8::1'), addresses=ADDRESSES)[0]
    assert [(row['target'], row['status']) for row in rows] == [('192.0.2.1:25', 'green'), ('2001:db8::1:25', 'red')]


def test_one_address_that_cannot_be_reached_keeps_nothing_waiting(monkeypatch):
    rows = asked(monkeypatch, {}, bad('connect', host='2001:db8::1'), addresses=ADDRESSES)[0]
    assert [(row['id'], row['status'], row['severity']) for row in rows] == [
        ('gateway.ok', 'green', 'info'),
        ('gateway.connect', 'green', 'medium'),
    ]


@pytest.mark.parametrize('identifier', ['connect', 'starttls_offered', 'chain', 'name'])
def test_whatever_keeps_mail_waiting_is_red_and_says_so(monkeypatch, identifier):
    rows = asked(monkeypatch, bad(identifier))[0]
    assert [(row['id'], row['status'], row['hint']) for row in rows] == [
        (f'gateway.{identifier}', 'red', 'Do it. Mail waits in the queue until then.')
    ]


def test_a_file_that_cannot_be_used_is_said_by_the_rows(monkeypatch):
    def unusable(params):
        raise ValueError('client_cert: no such file')

    monkeypatch.setattr(handshake, 'addresses', lambda settings, dns_only: ['192.0.2.1'])
    monkeypatch.setattr(handshake, 'examined', unusable)
    gateway = handshake.Gateway(dict(SETTINGS, **TLS))
    assert gateway.shown() == []
    with pytest.raises(ValueError, match='no such file'):
        gateway.rows()
