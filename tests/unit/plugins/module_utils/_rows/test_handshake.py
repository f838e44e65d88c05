# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One handshake with the gateway, as rows."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows import handshake

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


def asked(monkeypatch, **more):
    seen = []
    monkeypatch.setattr(handshake, 'check', lambda params: seen.append(params) or [dict(SERVER, **more)])
    return handshake.gateway_rows(dict(SETTINGS, **TLS)), seen[0]


def test_it_is_made_as_the_client_would(monkeypatch):
    rows, params = asked(monkeypatch)
    assert [(row['id'], row['status']) for row in rows] == [('gateway.ok', 'green')]
    assert (params['hosts'], params['port'], params['tls_name']) == (['mail.conbool.com'], 25, 'mail.conbool.com')
    assert (params['ca_file'], params['client_cert'], params['client_key']) == ('/ca.pem', '/c.pem', '/c.key')


@pytest.mark.parametrize('identifier', ['connect', 'starttls_offered', 'chain', 'name'])
def test_whatever_keeps_mail_waiting_is_red_and_says_so(monkeypatch, identifier):
    found = {'id': identifier, 'severity': 'error', 'finding': 'no', 'seen': None, 'expected': None, 'hint': 'Do it.'}
    rows = asked(monkeypatch, healthy=False, findings=[found])[0]
    assert [(row['id'], row['status'], row['hint']) for row in rows] == [
        (f'gateway.{identifier}', 'red', 'Do it. Mail waits in the queue until then.')
    ]
