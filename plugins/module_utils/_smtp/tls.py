# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a TLS handshake tells about a server, also when it fails.

The ssl module gives a certificate only after it has been verified, and never says whether the server asked for ours.
Its message hook (SSLContext._msg_callback, in CPython since 3.8) shows the handshake's own messages, the certificate as
the server sent it among them.
"""

from __future__ import annotations

import hashlib
import math
import ssl
import tempfile
import time
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.wire import Stopped, reason

# RFC 8446 section 4 and RFC 5246 section 7.4.
HANDSHAKE = 22
SERVER_HELLO = 2
CERTIFICATE = 11
CERTIFICATE_REQUEST = 13

VERSIONS: dict[tuple[int, ...], str] = {(3, 0): 'SSLv3', (3, 1): 'TLSv1', (3, 2): 'TLSv1.1', (3, 3): 'TLSv1.2'}
MINIMUM = {'TLSv1.2': ssl.TLSVersion.TLSv1_2, 'TLSv1.3': ssl.TLSVersion.TLSv1_3}

SHORT_NAMES = {
    'commonName': 'CN',
    'organizationName': 'O',
    'organizationalUnitName': 'OU',
    'countryName': 'C',
    'localityName': 'L',
    'stateOrProvinceName': 'ST',
    'domainComponent': 'DC',
}

CLIENT_CERTIFICATE = 'The server asked for a client certificate: check client_cert, and what the server accepts.'
# X509_V_ERR_* of OpenSSL's x509_vfy.h: what a person should read, and what to do about it.
EXPIRED = 10
UNKNOWN_CA = 'Give the certificate of its CA in ca_file, or let the server send its intermediate certificates.'
CHAIN_ERRORS = {
    9: ('the certificate is not valid yet (from {not_before})', 'Compare the clocks of both hosts.'),
    EXPIRED: ('the certificate expired ({not_after})', 'The server needs a new certificate.'),
    18: ('the certificate is self-signed', 'Give it in ca_file if it is the right one.'),
    19: ('the certificate chain ends in a CA that is not trusted', UNKNOWN_CA),
    20: ('the certificate is from a CA that is not trusted: {issuer}', UNKNOWN_CA),
    21: ('the certificate is from a CA that is not trusted: {issuer}', UNKNOWN_CA),
}


class Handshake(ssl.SSLObject):
    """The handshake as seen on the wire; filled by note()."""

    shown_certificate: bytes | None = None
    client_certificate_requested = False
    hello_version: str | None = None


def note(
    connection: Handshake, direction: str, _version: Any, content_type: Any, message_type: Any, data: bytes
) -> None:
    """Message hook of the context: keep what the ssl module itself does not tell."""
    if direction != 'read' or content_type != HANDSHAKE:
        return
    if message_type == SERVER_HELLO:
        connection.hello_version = VERSIONS.get(tuple(data[4:6]))
    elif message_type == CERTIFICATE_REQUEST:
        connection.client_certificate_requested = True
    elif message_type == CERTIFICATE:
        connection.shown_certificate = first_certificate(data)


def first_certificate(message: bytes) -> bytes | None:
    """The server's own certificate (DER) in a Certificate message (RFC 5246 7.4.2, RFC 8446 4.4.2), or None if there is
    none."""
    # Header of four bytes; only TLS 1.3 has a context, which is empty in a handshake, in front of the list's length of
    # three bytes.
    for start in (4, 5):
        if int.from_bytes(message[start : start + 3], 'big') == len(message) - start - 3:
            size = int.from_bytes(message[start + 3 : start + 6], 'big')
            return bytes(message[start + 6 : start + 6 + size]) or None
    return None


def _context(settings: Mapping[str, Any], verify: bool) -> ssl.SSLContext:
    """A client context whose verdict is the same with every version of Python.

    ssl.create_default_context() is not: 3.13 made it strict about certificates (VERIFY_X509_STRICT) that mail servers
    accept. Raises ValueError for files that cannot be used.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # The name is a fact of its own: see _smtp_names.matching_name().
    made.check_hostname = False
    made.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    made.verify_flags = ssl.VERIFY_X509_TRUSTED_FIRST
    made.minimum_version = MINIMUM[settings['minimum_tls_version']]
    # Python 3.10 and later would narrow the list.
    made.set_ciphers('DEFAULT:@SECLEVEL=2')
    made.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    if verify and not settings['ca_file']:
        made.set_default_verify_paths()
    try:
        if verify and settings['ca_file']:
            wanted = 'ca_file: {} must be a file with CA certificates (PEM)'.format(settings['ca_file'])
            made.load_verify_locations(cafile=settings['ca_file'])
        if settings['client_cert']:
            cert, key = settings['client_cert'], settings['client_key']
            wanted = (
                f'client_cert: {cert}, client_key: {key} must be a certificate and its key '
                '(PEM, the key without a password)'
            )
            # Without a password of our own OpenSSL would ask for one on the terminal.
            made.load_cert_chain(settings['client_cert'], settings['client_key'], password='')
    except OSError as error:
        raise ValueError(f'{wanted}: {error.strerror}') from error
    made.sslobject_class = Handshake
    made._msg_callback = note
    return made


def contexts(settings: Mapping[str, Any]) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The context that verifies and the one that does not. Raises ValueError for files that cannot be used."""
    return _context(settings, verify=True), _context(settings, verify=False)


def decoded(der: bytes) -> dict[str, Any]:
    """The certificate as SSLSocket.getpeercert() returns verified ones; ValueError or OSError when it cannot be
    read."""
    with tempfile.NamedTemporaryFile('w', suffix='.pem') as pem:
        pem.write(ssl.DER_cert_to_PEM_cert(der))
        pem.flush()
        return ssl._ssl._test_decode_cert(pem.name)


def _distinguished_name(rdns: Iterable[Iterable[tuple[str, str]]]) -> str:
    return ', '.join(f'{SHORT_NAMES.get(kind, kind)}={value}' for rdn in rdns for kind, value in rdn)


def _time(text: str) -> str:
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(ssl.cert_time_to_seconds(text)))


def certificate_facts(der: bytes, certificate: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a certificate for the result.

    Args:
        der: the certificate itself.
        certificate: what decoded() made of it.
    """
    return {
        'subject': _distinguished_name(certificate['subject']),
        'issuer': _distinguished_name(certificate['issuer']),
        'subject_alt_names': [
            '{}:{}'.format('IP' if kind == 'IP Address' else kind, name.strip())
            for kind, name in certificate.get('subjectAltName', ())
            if isinstance(name, str)
        ],
        'serial_number': certificate['serialNumber'],
        'not_before': _time(certificate['notBefore']),
        'not_after': _time(certificate['notAfter']),
        'days_left': math.floor((ssl.cert_time_to_seconds(certificate['notAfter']) - time.time()) / 86400),
        'fingerprint_sha256': hashlib.sha256(der).hexdigest(),
    }


def chain_error(error: ssl.SSLCertVerificationError, certificate: Mapping[str, Any]) -> tuple[str, str | None]:
    """Finding and hint for a ssl.SSLCertVerificationError.

    Args:
        error: the exception.
        certificate: certificate_facts() of the certificate shown, or {}.
    """
    if error.verify_code == EXPIRED and certificate.get('days_left', -1) >= 0:
        return (
            'a CA certificate of the chain expired, the server\'s own did not',
            'The server, or ca_file, needs the new CA certificate.',
        )
    if error.verify_code not in CHAIN_ERRORS:
        return 'the certificate chain cannot be verified: ' + error.verify_message, None
    finding, hint = CHAIN_ERRORS[error.verify_code]
    known = {'not_before': 'unknown', 'not_after': 'unknown', 'issuer': 'unknown'}
    return finding.format(**dict(known, **certificate)), hint


def handshake_stopped(error: ssl.SSLError, handshake: Handshake) -> Stopped:
    """What any other ssl.SSLError of the handshake means, as Stopped."""
    why = getattr(error, 'reason', None)
    if why in ('UNSUPPORTED_PROTOCOL', 'WRONG_SSL_VERSION', 'TLSV1_ALERT_PROTOCOL_VERSION'):
        return Stopped(
            'handshake',
            'the server offers no TLS version that is new enough',
            handshake.hello_version,
            'tls_version',
            'Let the server offer TLS 1.2 and TLS 1.3.',
        )
    hint = CLIENT_CERTIFICATE if handshake.client_certificate_requested else None
    return Stopped('handshake', 'the TLS handshake failed: ' + reason(error), hint=hint)
