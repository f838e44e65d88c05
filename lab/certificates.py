# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's certificates: a CA that plays the public one, another that nobody under test knows, and what each node
shows."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .engine import replace
from .layout import FQDN, Layout, Node

WRONG_NAME = 'other.conbool.com'


def make(layout: Layout) -> None:
    """The CAs and the certificates of gateway and internet; once per lab."""
    tls = layout.path / 'tls'
    if (tls / 'ca.pem').exists():
        return
    tls.mkdir(parents=True, exist_ok=True)
    ca, unknown = trustme.CA(organization_name='Lab CA'), trustme.CA(organization_name='Unrelated CA')
    name = FQDN['gateway']
    yesterday = datetime.now(timezone.utc) - timedelta(days=1)
    gateway = tls / 'gateway'
    _pair(gateway, 'normal', ca.issue_cert(name, common_name=name))
    # What public authorities issue since 2026. The key is shown as a client, too.
    _server_only(gateway, 'server', ca, name)
    _server_only(gateway, 'renewed', ca, name)
    _pair(gateway, 'wrong_name', ca.issue_cert(WRONG_NAME, common_name=WRONG_NAME))
    _pair(gateway, 'no_common_name', ca.issue_cert(name))
    _pair(gateway, 'unknown_ca', unknown.issue_cert(name, common_name=name))
    _pair(
        gateway,
        'expired',
        ca.issue_cert(name, common_name=name, not_before=yesterday - timedelta(days=30), not_after=yesterday),
    )
    _self_signed(gateway, name)
    _pair(tls / 'internet', 'server', unknown.issue_cert(FQDN['internet'], common_name=FQDN['internet']))
    for folder in (gateway, tls / 'internet'):
        replace(folder / 'ca.pem', ca.cert_pem.bytes().decode())
        replace(folder / 'unknown-ca.pem', unknown.cert_pem.bytes().decode())
    replace(tls / 'ca.key', ca.private_key_pem.bytes().decode(), 0o600)
    replace(tls / 'ca.pem', ca.cert_pem.bytes().decode())


def fingerprint(path: Path) -> str:
    """Of the first certificate in a file, as Postfix writes it."""
    return x509.load_pem_x509_certificate(path.read_bytes()).fingerprint(hashes.SHA256()).hex(':').upper()


def host_folder(layout: Layout, node: Node) -> Path:
    return layout.path / 'tls/hosts' / node.name


def make_for_host(layout: Layout, node: Node) -> None:
    """What a mail server has of its own: a certificate for its name, another to show as a client."""
    folder = host_folder(layout, node)
    if not (folder / 'ca.pem').exists():
        tls = layout.path / 'tls'
        ca = trustme.CA.from_pem((tls / 'ca.pem').read_bytes(), (tls / 'ca.key').read_bytes())
        for use in ('server', 'client'):
            _pair(folder, use, ca.issue_cert(node.fqdn, common_name=node.fqdn))
        replace(folder / 'ca.pem', (tls / 'ca.pem').read_text())


def _pair(folder: Path, name: str, leaf) -> None:
    chain = ''.join(blob.bytes().decode() for blob in leaf.cert_chain_pems)
    _write(folder, name, chain, leaf.private_key_pem.bytes().decode())


def _write(folder: Path, name: str, chain: str, key: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    replace(folder / f'{name}.pem', chain)
    replace(folder / f'{name}.key', key, 0o600)


def _self_signed(folder: Path, name: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    _write_signed(
        folder, 'self_signed', key, _builder(key, name).issuer_name(_subject(name)).sign(key, hashes.SHA256())
    )


def _server_only(folder: Path, file: str, ca: trustme.CA, name: str) -> None:
    """A certificate that is not for clients."""
    key = ec.generate_private_key(ec.SECP256R1())
    authority = x509.load_pem_x509_certificate(ca.cert_pem.bytes())
    signer = serialization.load_pem_private_key(ca.private_key_pem.bytes(), None)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    builder = _builder(key, name).issuer_name(authority.subject).add_extension(usage, critical=False)
    _write_signed(folder, file, key, builder.sign(signer, hashes.SHA256()))


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(key: ec.EllipticCurvePrivateKey, name: str) -> x509.CertificateBuilder:
    now = datetime.now(timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(_subject(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    )


def _write_signed(folder: Path, file: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    _write(
        folder,
        file,
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
    )
