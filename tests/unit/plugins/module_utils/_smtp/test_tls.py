# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the handshake's own messages say."""

from __future__ import annotations

import ssl

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.tls import (
    Handshake,
    chain_error,
    first_certificate,
    handshake_stopped,
)


def message(*certificates, context=b'', extensions=b''):
    entries = b''.join(len(der).to_bytes(3, 'big') + der + extensions for der in certificates)
    body = context + len(entries).to_bytes(3, 'big') + entries
    return b'\x0b' + len(body).to_bytes(3, 'big') + body


@pytest.mark.parametrize(
    'data, first',
    [
        (message(b'leaf', b'ca'), b'leaf'),
        (message(b'leaf', b'ca', context=b'\0', extensions=b'\0\0'), b'leaf'),
        (message(b'x' * 70000), b'x' * 70000),
        (message(b'x' * 70000, context=b'\0', extensions=b'\0\0'), b'x' * 70000),
        (message(), None),
        (message(context=b'\0'), None),
        (b'\x0b\0\0\0', None),
        (b'', None),
    ],
)
def test_first_certificate(data, first):
    assert first_certificate(data) == first


def verification_error(code, text='some reason'):
    error = ssl.SSLCertVerificationError(1, text)
    error.verify_code, error.verify_message = code, text
    return error


@pytest.mark.parametrize(
    'code, certificate, finding',
    [
        (10, {'not_after': 'yesterday', 'days_left': -1}, 'the certificate expired (yesterday)'),
        (
            10,
            {'not_after': 'tomorrow', 'days_left': 1},
            "a CA certificate of the chain expired, the server's own did not",
        ),
        (10, {}, 'the certificate expired (unknown)'),
        (20, {'issuer': 'CN={0}{x}'}, 'the certificate is from a CA that is not trusted: CN={0}{x}'),
        (66, {}, 'the certificate chain cannot be verified: EE {certificate} key too weak'),
    ],
)
def test_chain_error(code, certificate, finding):
    assert chain_error(verification_error(code, 'EE {certificate} key too weak'), certificate)[0] == finding


def test_handshake_error_without_a_reason_is_still_told():
    # As Python does for errors that are newer than its table of them.
    stop = handshake_stopped(ssl.SSLError(1, '[SSL] unknown error (_ssl.c:1000)'), Handshake)
    assert stop.finding.startswith('the TLS handshake failed: ') and 'unknown error' in stop.finding
