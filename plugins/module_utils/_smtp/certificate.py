# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a certificate the ssl module does not tell: its public key, and what it may be used for.

Just enough of DER (X.690) for the fields of a certificate (RFC 5280 4.1): the managed host has the standard library
only.
"""

from __future__ import annotations

from collections.abc import Iterator

SEQUENCE, CONTEXT_0, CONTEXT_3, OBJECT_IDENTIFIER = 0x30, 0xA0, 0xA3, 0x06
# The fields of a TBSCertificate in front of the public key, its version excepted.
BEFORE_KEY = ('serialNumber', 'signature', 'issuer', 'validity', 'subject')
EXTENDED_KEY_USAGE = bytes.fromhex('551d25')  # 2.5.29.37
CLIENT_AUTH = bytes.fromhex('2b06010505070302')  # 1.3.6.1.5.5.7.3.2


def _elements(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield tag, content and the whole of each element; ValueError when the data ends within one."""
    place = 0
    while place < len(data):
        header, length = 2, data[place + 1] if place + 1 < len(data) else len(data)
        if length & 0x80:
            header += length & 0x7F
            length = int.from_bytes(data[place + 2 : place + header], 'big')
        end = place + header + length
        if end > len(data):
            raise ValueError('the certificate ends within a field')
        yield data[place], data[place + header : end], data[place:end]
        place = end


def _fields(certificate: bytes) -> list[tuple[int, bytes, bytes]]:
    """Return the fields of the TBSCertificate, without its version."""
    (tag, content, _whole), *rest = list(_elements(certificate)) or [(0, b'', b'')]
    inner = list(_elements(content)) if tag == SEQUENCE and not rest else []
    if not inner or inner[0][0] != SEQUENCE:
        raise ValueError('this is no certificate')
    return [field for field in _elements(inner[0][1]) if field[0] != CONTEXT_0]


def public_key(certificate: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo (DER) of a certificate (DER); ValueError when it cannot be read."""
    fields = _fields(certificate)
    if len(fields) <= len(BEFORE_KEY) or fields[len(BEFORE_KEY)][0] != SEQUENCE:
        raise ValueError('the certificate has no public key')
    return fields[len(BEFORE_KEY)][2]


def for_clients(certificate: bytes) -> bool:
    """Return whether OpenSSL, with which mail servers verify, takes a certificate (DER) for a TLS client's.

    It does when there is no extended key usage, or C(clientAuth) is among them; C(anyExtendedKeyUsage) is not enough.
    """
    for _tag, wrapped, _whole in (field for field in _fields(certificate) if field[0] == CONTEXT_3):
        for _tag, extensions, _whole in _elements(wrapped):
            for _tag, extension, _whole in _elements(extensions):
                parts = list(_elements(extension))
                if parts and parts[0][:2] == (OBJECT_IDENTIFIER, EXTENDED_KEY_USAGE):
                    return any(
                        usage[:2] == (OBJECT_IDENTIFIER, CLIENT_AUTH)
                        for _tag, usages, _whole in _elements(parts[-1][1])
                        for usage in _elements(usages)
                    )
    return True
