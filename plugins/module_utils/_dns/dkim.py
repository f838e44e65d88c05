# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DKIM check: each selector resolves to one usable key (RFC 6376, 3.6; RFC 8301; RFC 8463)."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.client import UNKNOWN, shown
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.findings import finding

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.client import DnsClient
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.run import Expectations

SEQUENCE, INTEGER, BIT_STRING = 0x30, 0x02, 0x03
# Key types (RFC 6376, RFC 8463) as people write them.
KINDS = {'rsa': 'RSA', 'ed25519': 'Ed25519'}
SHORTEST_RSA, RECOMMENDED_RSA = 1024, 2048
ED25519_BYTES = 32


async def check_dkim(dns: DnsClient, domain: str, wanted: Expectations) -> list[dict[str, Any]]:
    """One row per selector."""
    return [await _check_selector(dns, domain, selector) for selector in wanted.dkim_selectors]


async def _check_selector(dns: DnsClient, domain: str, selector: str) -> dict[str, Any]:
    name = f'{selector}._domainkey.{domain}'
    answer = await dns.query(name, 'TXT')
    facts: dict[str, Any] = {'selector': selector, 'name': name, 'expected': 'a key at ' + name}
    if answer.status == UNKNOWN:
        return finding('dkim.unknown', domain, reason=answer.reason, **facts)
    texts = [shown(content) for content in answer.texts()]
    facts['seen'] = ['CNAME ' + target for target in answer.aliases] + texts
    if not texts:
        return finding(
            'dkim.dangling' if answer.aliases else 'dkim.missing', domain, target=(answer.aliases or [''])[-1], **facts
        )
    if len(texts) > 1:
        return finding('dkim.multiple', domain, count=len(texts), **facts)
    try:
        tags = parse_tags(texts[0])
        if tags.get('p') == '':
            return finding('dkim.revoked', domain, **facts)
        kind, bits = read_key(tags)
    except ValueError as exc:
        return finding('dkim.unparsable', domain, reason=exc, **facts)
    facts['key'] = f'{bits} bit {KINDS[kind]}'
    if kind == 'rsa' and bits < SHORTEST_RSA:
        return finding('dkim.weak', domain, **facts)
    if 'y' in tags.get('t', '').replace(' ', '').split(':'):
        return finding('dkim.testing', domain, **facts)
    return finding('dkim.short' if kind == 'rsa' and bits < RECOMMENDED_RSA else 'dkim.ok', domain, **facts)


def parse_tags(text: str) -> dict[str, str]:
    """A tag list (RFC 6376, 3.2) as a dictionary."""
    tags = {}
    parts = text.split(';')
    if not parts[-1].strip():
        parts.pop()
    for position, part in enumerate(parts):
        name, equals, value = (piece.strip() for piece in part.partition('='))
        if not equals or not name:
            raise ValueError(f'"{part.strip()[:60]}" is not a tag')
        if name in tags:
            raise ValueError(f'tag {name} occurs twice')
        if name == 'v' and (position > 0 or value != 'DKIM1'):
            raise ValueError('v= must come first and be DKIM1')
        tags[name] = value
    return tags


def read_key(tags: dict[str, str]) -> tuple[str, int]:
    """(kind, bits) of the key in a record; ValueError says why a verifier cannot use it."""
    if 'p' not in tags:
        raise ValueError('p= is missing')
    kind = tags.get('k', 'rsa').lower()
    if kind not in KINDS:
        raise ValueError(f'key type k={kind} is not known')
    if 'sha256' not in _words(tags.get('h', 'sha256')):
        raise ValueError('h={} does not allow sha256'.format(tags['h']))
    if not {'*', 'email'}.intersection(_words(tags.get('s', '*'))):
        raise ValueError('s={} is not for e-mail'.format(tags['s']))
    try:
        der = base64.b64decode(''.join(tags['p'].split()), validate=True)
    except binascii.Error as exc:
        raise ValueError('p= is not base64') from exc
    if kind == 'rsa':
        return kind, _rsa_bits(der)
    if len(der) != ED25519_BYTES:
        raise ValueError(f'p= has {len(der)} bytes, an Ed25519 key has {ED25519_BYTES}')
    return kind, 8 * ED25519_BYTES


def _words(value: str) -> list[str]:
    return [word.strip().lower() for word in value.split(':')]


def _rsa_bits(der: bytes) -> int:
    """Size of the modulus in a SubjectPublicKeyInfo, which everybody publishes, or in the bare RSAPublicKey of RFC
    6376."""
    content = _only_element(der, SEQUENCE)
    if content[:1] == bytes([SEQUENCE]):
        _algorithm, rest = _element(content, SEQUENCE)
        # A bit string starts with the number of its unused bits, which is 0.
        content = _only_element(_only_element(rest, BIT_STRING)[1:], SEQUENCE)
    modulus, _exponent = _element(content, INTEGER)
    return int.from_bytes(modulus, 'big').bit_length()


def _only_element(data: bytes, tag: int) -> bytes:
    content, rest = _element(data, tag)
    if rest:
        raise ValueError('p= is not an RSA key: there is something behind it')
    return content


def _element(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """(content, rest) of the first DER element."""
    if len(data) < 2 or data[0] != tag:
        raise ValueError('p= is not an RSA key')
    length, start = data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], 'big')
    if len(data) < start + length:
        raise ValueError('p= is not an RSA key: its end is missing')
    return data[start : start + length], data[start + length :]
