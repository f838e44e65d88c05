# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test vectors of openspf.org for RFC 7208 (tests/dns/data, licence beside them)."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns import spf_check_host

from tests.dns.scripted import ScriptedDns, ask

VECTORS = Path(__file__).resolve().parents[4] / 'dns' / 'data' / 'rfc7208-tests.yml.txt'


def zone_of(zonedata):
    """The suite's notation: records of type SPF stand for TXT unless the name has TXT records of its own."""
    zone = {}
    for name, entries in zonedata.items():
        records = [(rdtype, value) for entry in entries if entry != 'TIMEOUT' for rdtype, value in entry.items()]
        if not any(rdtype == 'TXT' for rdtype, _value in records):
            records = [('TXT' if rdtype == 'SPF' else rdtype, value) for rdtype, value in records]
        lines = [line(rdtype, value) for rdtype, value in records if rdtype != 'SPF' and value != 'NONE']
        zone[name] = lines + (['TIMEOUT'] if 'TIMEOUT' in entries else [])
    return zone


def line(rdtype, value):
    """One record as master file text."""
    if rdtype == 'TXT':
        strings = value or [''] if isinstance(value, list) else [value]
        return 'TXT ' + ' '.join(f'"{escaped(string)}"' for string in strings)
    if rdtype == 'MX':
        return 'MX {} {}'.format(value[0], (value[1].rstrip('.') or '') + '.')
    return '{} {}'.format(rdtype, value.rstrip('.') + '.' if rdtype in ('PTR', 'CNAME') else value)


def escaped(string):
    """Bytes that a TXT string in a master file needs escaped."""
    return ''.join(
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else '\\%03d' % byte for byte in string.encode()
    )


def cases():
    with VECTORS.open(encoding='utf-8') as stream:
        for scenario in yaml.safe_load_all(stream):
            for name, test in scenario['tests'].items():
                yield pytest.param(scenario['zonedata'], test, id='{}: {}'.format(scenario['description'], name))


def test_the_suite_is_complete():
    assert len(list(cases())) == 203


@pytest.mark.parametrize('zonedata, test', cases())
def test_vector(zonedata, test):
    sender = test['mailfrom'] or 'postmaster@' + test['helo']

    async def check(client):
        return await spf_check_host.check_network(client, test['host'], sender.rpartition('@')[2], sender, test['helo'])

    verdict = ask(ScriptedDns(zone_of(zonedata)), check)
    wanted = test['result'] if isinstance(test['result'], list) else [test['result']]
    assert verdict.result in wanted, verdict.reason
