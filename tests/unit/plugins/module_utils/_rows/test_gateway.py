# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateway shows, asked of a real server on loopback, and the rows on it."""

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows import gateway

from tests.smtp.hostile import Certificates, HostileServer
from tests.unit.fakes.gateway import NAME, certificate, shown
from tests.unit.fakes.mail_server import SETTINGS

INBOUND = dict(SETTINGS, inbound=True)


@pytest.fixture(scope='module', name='certificates')
def fixture_certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp('certificates'))


@pytest.mark.parametrize('more, seen', [({}, 1), ({'tls_name': 'other.example.com'}, 0), ({'tls_ca_file': None}, 0)])
def test_only_a_verified_certificate_is_learnt(certificates, more, seen):
    with HostileServer(certificates.context(NAME)) as server:
        asked = {
            'relay_host': '127.0.0.1',
            'relay_port': server.port,
            'tls_ca_file': certificates.ca_file,
            **more,
        }
        found = gateway.shown_by_gateway(dict(INBOUND, **asked))
    assert len(found) == seen
    if seen:
        (only,) = found
        assert NAME in only.dns_names and only.for_clients
        assert only.public_key in only.certificate


def test_a_gateway_that_is_away_shows_nothing():
    assert gateway.shown_by_gateway(dict(INBOUND, relay_host='127.0.0.1', relay_port=9)) == []
    assert gateway.shown_by_gateway(dict(INBOUND, tls_ca_file='/no/such.pem')) == []


def test_addresses_are_those_that_the_host_has_a_way_to(monkeypatch):
    found = [(None, None, None, '', (item, 25)) for item in ('192.0.2.2', '2001:db8::1', '192.0.2.1', '192.0.2.2')]
    monkeypatch.setattr(gateway, 'resolve', lambda *dummy: found)
    monkeypatch.setattr(gateway, '_has_way', lambda item: ':' not in item)
    assert gateway.addresses(SETTINGS) == ['192.0.2.1', '192.0.2.2']
    # With no way at all, it is said of each.
    monkeypatch.setattr(gateway, '_has_way', lambda item: False)
    assert gateway.addresses(SETTINGS) == ['192.0.2.1', '192.0.2.2', '2001:db8::1']
    monkeypatch.undo()
    assert gateway.addresses(dict(SETTINGS, relay_host='127.0.0.1')) == ['127.0.0.1']


def test_a_hosts_file_that_the_client_does_not_read_does_not_count(monkeypatch):
    said = []

    def run(words, **dummy):
        said.append(words)
        return subprocess.CompletedProcess(
            words, 0, '192.0.2.1       STREAM mail.conbool.com\n192.0.2.1       DGRAM  \n', ''
        )

    monkeypatch.setattr(gateway, '_has_way', lambda item: True)
    monkeypatch.setattr(gateway, 'resolve', lambda *dummy: [(None, None, None, '', ('127.0.0.1', 25))])
    monkeypatch.setattr(subprocess, 'run', run)
    assert gateway.addresses(SETTINGS, dns_only=True) == ['192.0.2.1']
    assert said == [['getent', '-s', 'dns', 'ahosts', 'mail.conbool.com']]
    assert gateway.addresses(SETTINGS) == ['127.0.0.1'] and len(said) == 1


def test_what_counts_of_a_certificate():
    made, key = certificate('server', names=('mail.conbool.com', 'mx.conbool.com'))
    found = gateway.shown(made)
    assert found == (made, key, 'mail.conbool.com', ('mail.conbool.com', 'mx.conbool.com'), False)


def test_a_certificate_that_cannot_be_read_is_left_out():
    made = certificate()[0]
    assert gateway.readable([b'nothing', made, made]) == [gateway.shown(made)]
    assert gateway.usage_rows(INBOUND, 'x', [b'nothing']) == []


def brief(rows):
    return [(row['status'], row['severity']) for row in rows]


def test_a_gateway_that_is_not_known_is_red():
    for by in ('key', 'name'):
        assert brief(gateway.known_rows(INBOUND, [shown()], lambda dummy, by=by: by)) == [('green', 'info')]
    (row,) = gateway.known_rows(INBOUND, [shown()], lambda dummy: '')
    assert (row['status'], row['hint']) == ('red', 'Run site.yml: it learns the key.')
    explicit = dict(INBOUND, inbound_certificate_fingerprints=['AB'])
    (row,) = gateway.known_rows(explicit, [shown()], lambda dummy: '')
    assert 'conbool_inbound_certificate_fingerprints' in row['hint']
    assert brief(gateway.known_rows(INBOUND, [], lambda dummy: '')) == [('green', 'low')]
    assert gateway.known_rows(SETTINGS, [shown()], lambda dummy: '') == []
    assert gateway.known_rows(dict(INBOUND, inbound_require_certificate=False), [shown()], lambda dummy: '') == []
