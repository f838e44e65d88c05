# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One DNS check of a zone that is made of text."""

from __future__ import annotations

import asyncio
import base64

from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.client import DnsClient
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.run import CHECKS, Expectations
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.dns.scripted import ScriptedDns

GATEWAY = {'gw.test': ['A 192.0.2.1', 'AAAA 2001:db8::1'], 'gw2.test': ['A 192.0.2.2']}


def rsa(bits, form=PublicFormat.SubjectPublicKeyInfo):
    numbers = RSAPublicNumbers(65537, (1 << (bits - 1)) | 1)
    return base64.b64encode(numbers.public_key().public_bytes(Encoding.DER, form)).decode()


def txt(*texts):
    return ['TXT ' + ' '.join(f'"{text[start:start + 250]}"' for start in range(0, len(text), 250)) for text in texts]


def rows_of(check, zone, **wanted):
    """(rows, questions) of one check of d.test."""
    script = ScriptedDns({**GATEWAY, **zone})

    async def run():
        client = DnsClient(['192.0.2.53'], retries=0, exchange=script.exchange)
        return await CHECKS[check](client, 'd.test', Expectations('gw.test', **wanted))

    return asyncio.run(run()), script.asked


def mx(*lines):
    return {'d.test': ['MX ' + line for line in lines]}


KEY = 's1._domainkey.d.test'
