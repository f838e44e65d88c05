# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of the gateway: real ones, and what counts of one."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import Shown
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAME = 'mail.conbool.com'
KEYS = {
    'ec': lambda: ec.generate_private_key(ec.SECP256R1()),
    'rsa': lambda: rsa.generate_private_key(65537, 2048),
}
USAGES = {
    'none': None,
    'server': [ExtendedKeyUsageOID.SERVER_AUTH],
    'both': [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH],
    'client': [ExtendedKeyUsageOID.CLIENT_AUTH],
    'any': [ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE],
}


def certificate(usage='server', kind='ec', names=(NAME,)):
    """Return a certificate and its public key, both DER, the latter as cryptography writes it."""
    key, now = KEYS[kind](), datetime.now(timezone.utc)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names[:1]])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=90))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    )
    if USAGES[usage]:
        builder = builder.add_extension(x509.ExtendedKeyUsage(USAGES[usage]), critical=False)
    made = builder.sign(key, hashes.SHA256())
    return (
        made.public_bytes(serialization.Encoding.DER),
        key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
    )


def shown(number=1, common_name=NAME, dns_names=(NAME,), for_clients=False):
    """Return what counts of a certificate, whose bytes say nothing but which one it is."""
    return Shown(b'certificate %d' % number, b'key %d' % number, common_name, dns_names, for_clients)
