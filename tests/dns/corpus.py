# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""corpus.yml as zones to serve and verdicts to expect."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ORIGIN = 'corpus.test'
SELECTOR = 's1'
CHECKS = ('mx', 'spf', 'dkim', 'dmarc')
GREEN = {check: [check + '.ok'] for check in CHECKS}
# The gateway that the domains are meant to use.
GATEWAY = {
    'relay_host': 'mail.gateway.test',
    'spf_addresses': ['198.51.100.0/29', '2001:db8:25::1'],
    'dkim_selectors': [SELECTOR],
    'dmarc_minimum_policy': 'quarantine',
}
# Braces are placeholders of the lab's zones.
LAME = 'lame NS ns.lame\nns.lame A {gateway4}\n'


@dataclass
class Variant:
    name: str
    domain: str
    expect: dict
    differs: dict
    lines: list


def rsa_key(bits):
    """A key of this size; nobody signs with it, so its modulus need not be a product of primes."""
    numbers = RSAPublicNumbers(65537, (1 << (bits - 1)) | 1)
    return base64.b64encode(numbers.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def filled(text, domain):
    """Text with its placeholders replaced."""
    text = text.replace('<self>', domain).replace('<ed25519>', base64.b64encode(bytes(32)).decode())
    text = re.sub(r'<rsa(\d+)>', lambda found: rsa_key(int(found.group(1))), text)
    return re.sub(r'<(\d+)\*(.)>', lambda found: found.group(2) * int(found.group(1)), text)


def txt(content, domain):
    """TXT rdata; what exceeds 255 bytes becomes several strings."""
    strings = [filled(content, domain)] if isinstance(content, str) else content
    pieces = [string[start : start + 250] for string in strings for start in range(0, len(string), 250)]
    return 'TXT ' + ' '.join(f'"{piece}"' for piece in pieces)


def load():
    """(variants, zones): zones maps names to text for Lab.add_zone."""
    with (Path(__file__).parent / 'corpus.yml').open(encoding='utf-8') as stream:
        corpus = yaml.safe_load(stream)
    variants = [_variant(name, {**corpus['green'], **entry}) for name, entry in corpus['variants'].items()]
    zones = {name: '\n'.join(filled(line, name) for line in lines) + '\n' for name, lines in corpus['zones'].items()}
    zones[ORIGIN] = '\n'.join(line for variant in variants for line in variant.lines) + '\n'
    zones = {name: text.replace('{', '{{').replace('}', '}}') for name, text in zones.items()}
    zones[ORIGIN] += LAME
    return variants, zones


def _variant(name, entry):
    relative = '.'.join(part for part in (entry.get('below'), name) if part)
    domain = f'{relative}.{ORIGIN}'
    owners = [(relative, 'MX ' + _target(rdata, relative)) for rdata in entry['mx']]
    owners += [(relative, txt(content, domain)) for content in entry['spf']]
    owners += [(f'{SELECTOR}._domainkey.{relative}', txt(content, domain)) for content in entry['dkim']]
    owners += [('_dmarc.' + relative, txt(content, domain)) for content in entry['dmarc']]
    for line in entry.get('records', []):
        owner, _blank, rdata = filled(line, domain).partition(' ')
        owners.append(
            (name if owner == '@' else f'{owner}.{name}', _target(rdata, name) if ' CNAME ' in line else rdata)
        )
    return Variant(
        name,
        domain,
        {**GREEN, **entry.get('expect', {})},
        entry.get('differs', {}),
        ['{} {}'.format(*owner) for owner in owners],
    )


def _target(rdata, relative):
    """Relative targets are relative to the variant, not to the zone."""
    first, _blank, target = rdata.rpartition(' ')
    if not target.endswith('.'):
        target = relative if target == '@' else f'{target}.{relative}'
    return ' '.join(part for part in (first, target) if part)
