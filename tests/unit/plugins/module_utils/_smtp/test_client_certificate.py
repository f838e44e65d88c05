# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client certificate: asked for, shown, not trusted, unusable."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from tests.smtp.check import check, check_all, ids
from tests.smtp.hostile import HostileServer
from tests.unit.fakes.tls import VERSIONS


@pytest.mark.parametrize('version', VERSIONS)
@pytest.mark.parametrize('trusted', [True, False])
def test_client_certificate_request_is_seen(certificates, version, trusted):
    with HostileServer(certificates.context(version=version, client_certificate=ssl.CERT_OPTIONAL)) as server:
        result = check(
            server, {'client_certificate_requested': True}, ca_file=certificates.ca_file if trusted else None
        )
    assert result['client_certificate_requested'] is True
    assert ids(result) == ([] if trusted else ['chain'])


@pytest.mark.parametrize('version', VERSIONS)
def test_client_certificate_is_shown(certificates, version):
    cert, key = certificates.client()
    with HostileServer(certificates.context(version=version, client_certificate=ssl.CERT_REQUIRED)) as server:
        assert check(server, ca_file=certificates.ca_file, client_cert=cert, client_key=key)['healthy']
        refused = check(server, ca_file=certificates.ca_file)
    assert refused['tls_negotiated'] is False
    assert ids(refused) == ['handshake' if version == ssl.TLSVersion.TLSv1_2 else 'tls']
    assert 'client certificate' in refused['findings'][0]['hint']


def test_client_certificate_that_the_server_does_not_trust(certificates):
    cert, key = certificates.client(certificates.other_ca)
    with HostileServer(certificates.context(client_certificate=ssl.CERT_OPTIONAL)) as server:
        result = check(server, ca_file=certificates.ca_file, client_cert=cert, client_key=key)
    assert ids(result) == ['tls'] and 'unknown ca' in result['status']


@pytest.mark.parametrize('option, value', [('ca_file', '/nonexistent/ca.pem'), ('client_key', None)])
def test_unusable_files_are_named(certificates, option, value):
    cert, key = certificates.client()
    options = {'client_cert': cert, 'client_key': key, option: value or certificates.ca_file}
    with pytest.raises(ValueError, match=f'{option}: {value or certificates.ca_file}'):
        check_all(**options)


def test_key_with_a_password_is_refused_without_asking(certificates, tmp_path):
    cert, key = certificates.client()
    locked = tmp_path / 'locked.key'
    private_key = serialization.load_pem_private_key(Path(key).read_bytes(), None)
    locked.write_bytes(
        private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b'secret'),
        )
    )
    with pytest.raises(ValueError, match=f'client_key: {locked} must be .* without a password'):
        check_all(client_cert=cert, client_key=str(locked))
