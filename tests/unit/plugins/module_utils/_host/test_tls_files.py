# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a mail server would find wrong with its TLS files."""

from __future__ import annotations

import datetime
import os
import ssl

import pytest
import trustme
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import tls_files
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption, PrivateFormat

NOON = datetime.datetime(2026, 6, 1, 12, 0, 0)
BEFORE = NOON - datetime.timedelta(days=20)


@pytest.fixture(scope='module')
def authority():
    return trustme.CA(organization_name='Test CA', organization_unit_name='Lab')


@pytest.fixture
def files(tmp_path, authority):
    """A client certificate that ends at NOON, its key, and the authority."""
    issued = authority.issue_cert(
        'relay.example.com',
        common_name='relay.example.com',
        organization_name='Example',
        organization_unit_name='Mail',
        not_before=NOON - datetime.timedelta(days=90),
        not_after=NOON,
    )
    paths = {name: str(tmp_path / name) for name in ('relay.pem', 'relay.key', 'ca.pem')}
    with open(paths['relay.pem'], 'wb') as certificate:
        certificate.writelines(blob.bytes() for blob in issued.cert_chain_pems)
    issued.private_key_pem.write_to_path(paths['relay.key'])
    os.chmod(paths['relay.key'], 0o640)
    authority.cert_pem.write_to_path(paths['ca.pem'])
    return paths


def look(files, now, **more):
    return tls_files.look(
        files['relay.pem'],
        files['relay.key'],
        files['ca.pem'],
        now=now.replace(tzinfo=datetime.timezone.utc).timestamp(),
        **more,
    )


def write(path, content):
    with open(path, 'wb') as file:
        file.write(content)


def rewrite_key(path, form, encryption):
    with open(path, 'rb') as file:
        key = serialization.load_pem_private_key(file.read(), None)
    write(path, key.private_bytes(serialization.Encoding.PEM, form, encryption))


def only(report):
    """The single problem; nothing else may be reported."""
    (problem,) = report['problems']
    assert report['warnings'] == []
    return problem


def test_usable_files(files):
    assert look(files, NOON - datetime.timedelta(days=20)) == {
        'problems': [],
        'warnings': [],
        'ca_certificates': 1,
        'certificate': {
            'subject': 'organizationName=Example, organizationalUnitName=Mail, commonName=relay.example.com',
            'issuer': 'organizationName=Test CA, organizationalUnitName=Lab',
            'dns_names': ['relay.example.com'],
            'not_before': '2026-03-03T12:00:00Z',
            'not_after': '2026-06-01T12:00:00Z',
            'days_left': 20,
        },
    }


def test_certificate_authorities_alone(files):
    report = tls_files.look(ca_file=files['ca.pem'])
    assert report == {'problems': [], 'warnings': [], 'certificate': None, 'ca_certificates': 1}


@pytest.mark.parametrize(
    'before_end, days_left, warned',
    [
        (datetime.timedelta(days=14), 14, False),
        (datetime.timedelta(days=14, seconds=-1), 13, True),
        (datetime.timedelta(seconds=1), 0, True),
    ],
)
def test_certificate_that_ends_soon_gives_a_warning(files, before_end, days_left, warned):
    report = look(files, NOON - before_end)
    assert report['problems'] == []
    assert report['certificate']['days_left'] == days_left
    text = '{}: the certificate expires in {} days, at 2026-06-01T12:00:00Z'.format(files['relay.pem'], days_left)
    assert report['warnings'] == ([text] if warned else [])


def test_warning_days_can_be_set(files):
    assert look(files, NOON - datetime.timedelta(days=20), warn_days=21)['warnings']
    assert not look(files, NOON - datetime.timedelta(days=1), warn_days=0)['warnings']


def test_expired_certificate(files):
    report = look(files, NOON)
    assert only(report) == files['relay.pem'] + ': the certificate expired at 2026-06-01T12:00:00Z'
    assert look(files, NOON + datetime.timedelta(seconds=1))['certificate']['days_left'] == -1


def test_certificate_of_the_future(files):
    assert (
        only(look(files, NOON - datetime.timedelta(days=91)))
        == files['relay.pem'] + ': the certificate is not valid before 2026-03-03T12:00:00Z'
    )


@pytest.mark.parametrize('key_type', [trustme.KeyType.ECDSA, trustme.KeyType.RSA])
def test_key_of_another_certificate(files, authority, key_type):
    authority.issue_cert('other.example.com', key_type=key_type).private_key_pem.write_to_path(files['relay.key'])
    assert only(look(files, BEFORE)) == '{}: the key does not belong to the certificate in {}'.format(
        files['relay.key'], files['relay.pem']
    )


@pytest.mark.parametrize('form', [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_key_with_passphrase(files, form):
    rewrite_key(files['relay.key'], form, BestAvailableEncryption(b'secret'))
    assert (
        only(look(files, BEFORE))
        == files['relay.key'] + ': the key is protected by a passphrase, which a mail server cannot enter'
    )


def test_key_in_the_traditional_format(files):
    rewrite_key(files['relay.key'], PrivateFormat.TraditionalOpenSSL, NoEncryption())
    assert look(files, BEFORE)['problems'] == []


def test_key_and_certificate_in_one_file(files):
    with open(files['relay.pem'], 'ab') as both, open(files['relay.key'], 'rb') as key:
        both.write(key.read())
    os.chmod(files['relay.pem'], 0o600)
    files['relay.key'] = files['relay.pem']
    report = look(files, BEFORE)
    assert report['problems'] == [] and report['warnings'] == []


@pytest.mark.parametrize(
    'content',
    [b'', b'nonsense', b'-----BEGIN PRIVATE KEY-----\nSECRETKEYMATERIAL\n-----END PRIVATE KEY-----\n', b'\0' * 5000],
)
def test_damaged_key(files, content):
    write(files['relay.key'], content)
    problem = only(look(files, BEFORE))
    assert problem.startswith(
        '{} with {}: OpenSSL cannot use the key or the certificate chain: '.format(
            files['relay.key'], files['relay.pem']
        )
    )
    assert 'SECRETKEYMATERIAL' not in problem


@pytest.mark.parametrize(
    'content', [b'', b'nonsense', b'-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n']
)
def test_damaged_certificate(files, content):
    write(files['relay.pem'], content)
    report = look(files, BEFORE)
    assert only(report) == files['relay.pem'] + ': does not begin with a PEM certificate'
    assert report['certificate'] is None


def test_binary_certificate(files):
    with open(files['relay.pem']) as certificate:
        write(
            files['relay.pem'],
            ssl.PEM_cert_to_DER_cert(
                certificate.read().partition('-----END CERTIFICATE-----')[0] + '-----END CERTIFICATE-----'
            ),
        )
    assert only(look(files, BEFORE)) == files['relay.pem'] + ': does not begin with a PEM certificate'


@pytest.mark.parametrize(
    'content', [b'', b'nonsense', b'-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n']
)
def test_file_without_authorities(files, content):
    write(files['ca.pem'], content)
    report = look(files, BEFORE)
    assert only(report).startswith(files['ca.pem'] + ': holds no certificate that OpenSSL can load: ')
    assert report['ca_certificates'] is None


def test_file_with_a_revocation_list_only(files, authority):
    key = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes()).subject
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer)
        .last_update(NOON)
        .next_update(NOON + datetime.timedelta(days=1))
    )
    crl = builder.sign(key, hashes.SHA256())
    write(files['ca.pem'], crl.public_bytes(serialization.Encoding.PEM))
    assert only(look(files, BEFORE)) == files['ca.pem'] + ': holds no certificate'


def test_expired_authorities(files):
    report = tls_files.look(ca_file=files['ca.pem'], now=datetime.datetime(3001, 1, 1).timestamp())
    assert only(report).startswith(files['ca.pem'] + ': every certificate authority in it has expired, the last at ')


@pytest.mark.parametrize('mode, warned', [(0o600, False), (0o640, False), (0o660, False), (0o644, True), (0o602, True)])
def test_key_that_everybody_can_access_gives_a_warning(files, mode, warned):
    os.chmod(files['relay.key'], mode)
    report = look(files, BEFORE)
    assert report['problems'] == []
    expected = files['relay.key'] + ': every user of the host can read or change the private key; chmod o-rw'
    assert report['warnings'] == ([expected] if warned else [])


def test_missing_files_are_all_named(files):
    for path in files.values():
        os.unlink(path)
    assert look(files, BEFORE)['problems'] == [
        f'{files[name]}: cannot be read: No such file or directory' for name in ('relay.pem', 'relay.key', 'ca.pem')
    ]


def test_directory_and_pipe_are_not_opened(files, monkeypatch):
    for path in files.values():
        os.unlink(path)
    os.mkdir(files['relay.pem'])
    os.mkfifo(files['relay.key'])
    os.mkfifo(files['ca.pem'])
    monkeypatch.setattr(tls_files, 'open', lambda path, mode: pytest.fail(f'{path} was opened'), raising=False)
    assert look(files, BEFORE)['problems'] == [
        f'{files[name]}: is not a regular file' for name in ('relay.pem', 'relay.key', 'ca.pem')
    ]


def test_nothing_is_changed(files):
    def state():
        return {
            path: (open(path, 'rb').read(), os.stat(path).st_mtime_ns, os.stat(path).st_mode) for path in files.values()
        }

    before = state()
    look(files, BEFORE)
    assert state() == before
