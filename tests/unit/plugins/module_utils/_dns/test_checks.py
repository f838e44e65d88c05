# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every finding of the DNS checks, with the questions that lead to it."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns import dmarc
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.client import DnsClient
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.findings import CATALOGUE
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.run import CHECKS, Expectations
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import worst
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.dns.scripted import ScriptedDns

GATEWAY = {'gw.test': ['A 192.0.2.1', 'AAAA 2001:db8::1'], 'gw2.test': ['A 192.0.2.2']}
MX, A, AAAA, TXT = 'MX', 'A', 'AAAA', 'TXT'


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


ONE = [('d.test', MX)]
KEY = 's1._domainkey.d.test'
# check, zone, expectations, ids, questions
CASES = [
    ('mx', mx('10 gw.test.'), {}, ['mx.ok'], ONE + [('gw.test', A)]),
    ('mx', mx('10 GW.test.'), {'mx_targets': ['gw.test', 'gw2.test']}, ['mx.partial'], ONE + [('gw.test', A)]),
    (
        'mx',
        mx('10 gw.test.', '20 gw2.test.'),
        {'mx_targets': ['gw.test', 'gw2.test']},
        ['mx.ok'],
        ONE + [('gw.test', A), ('gw2.test', A)],
    ),
    ('mx', {'d.test': 'SERVFAIL'}, {}, ['mx.unknown'], ONE),
    ('mx', {'d.test': 'TIMEOUT'}, {}, ['mx.unknown'], ONE),
    ('mx', {'d.test': 'REFUSED'}, {}, ['mx.unknown'], ONE),
    (
        'mx',
        {**mx('10 gw.test.'), 'gw.test': 'SERVFAIL'},
        {},
        ['mx.target_unknown'],
        ONE + [('gw.test', A), ('gw.test', AAAA)],
    ),
    (
        'mx',
        {**mx('10 gw.test.'), 'gw.test': ['A TIMEOUT']},
        {},
        ['mx.target_unknown'],
        ONE + [('gw.test', A), ('gw.test', AAAA)],
    ),
    (
        'mx',
        {**mx('10 gw.test.'), 'gw.test': ['AAAA 2001:db8::1', 'TIMEOUT']},
        {},
        ['mx.ok'],
        ONE + [('gw.test', A), ('gw.test', AAAA)],
    ),
    (
        'mx',
        {**mx('10 gw.test.'), 'gw.test': ['AAAA 2001:db8::1']},
        {},
        ['mx.ok'],
        ONE + [('gw.test', A), ('gw.test', AAAA)],
    ),
    ('mx', {}, {}, ['mx.no_domain'], ONE),
    ('mx', {'d.test': ['A 203.0.113.1']}, {}, ['mx.missing'], ONE),
    ('mx', mx('0 .'), {}, ['mx.null'], ONE),
    ('mx', mx('0 .', '10 gw.test.'), {}, ['mx.null_mixed'], ONE + [('gw.test', A)]),
    ('mx', {**mx('10 old.test.'), 'old.test': ['A 203.0.113.1']}, {}, ['mx.elsewhere'], ONE + [('old.test', A)]),
    (
        'mx',
        {**mx('10 gw.test.', '20 old.test.'), 'old.test': ['A 203.0.113.1']},
        {},
        ['mx.bypass'],
        ONE + [('gw.test', A), ('old.test', A)],
    ),
    ('mx', {**mx('10 mx.d.test.'), 'mx.d.test': ['CNAME gw.test.']}, {}, ['mx.cname'], ONE + [('mx.d.test', A)]),
    ('mx', {**mx('10 gw.test.'), 'gw.test': []}, {}, ['mx.dangling'], ONE + [('gw.test', A), ('gw.test', AAAA)]),
    ('mx', mx('10 203.0.113.1.'), {}, ['mx.elsewhere', 'mx.address'], ONE),
    (
        'spf',
        {'d.test': txt('v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/64 -all')},
        {},
        ['spf.ok'],
        [('gw.test', A), ('gw.test', AAAA), ('d.test', TXT)],
    ),
    (
        'spf',
        {'d.test': txt('v=spf1 ip4:192.0.2.0/24 -all')},
        {'spf_addresses': ['192.0.2.0/28']},
        ['spf.ok'],
        [('d.test', TXT)],
    ),
    ('spf', {'d.test': txt('v=spf1 +all')}, {'spf_addresses': ['192.0.2.1']}, ['spf.pass_all'], [('d.test', TXT)]),
    ('spf', {'d.test': 'SERVFAIL'}, {'spf_addresses': ['192.0.2.1']}, ['spf.unknown'], [('d.test', TXT)]),
    (
        'spf',
        {'d.test': txt('v=spf1 include:x.test -all'), 'x.test': 'TIMEOUT'},
        {'spf_addresses': ['192.0.2.1']},
        ['spf.unknown'],
        [('d.test', TXT), ('x.test', TXT)],
    ),
    (
        'spf',
        {'d.test': txt('v=spf1 include:x.test -all'), 'x.test': 'REFUSED'},
        {'spf_addresses': ['192.0.2.1', '192.0.2.2']},
        ['spf.unknown'],
        [('d.test', TXT), ('x.test', TXT)],
    ),
    (
        'spf',
        {'gw.test': ['AAAA 2001:db8::1', 'TIMEOUT']},
        {},
        ['spf.no_addresses'],
        [('gw.test', A), ('gw.test', AAAA)],
    ),
    ('spf', {'gw.test': []}, {}, ['spf.no_addresses'], [('gw.test', A), ('gw.test', AAAA)]),
    ('spf', {'d.test': txt('other')}, {'spf_addresses': ['192.0.2.1']}, ['spf.missing'], [('d.test', TXT)]),
    (
        'spf',
        {'d.test': txt('v=spf1 -all', 'V=SPF1 +all')},
        {'spf_addresses': ['192.0.2.1']},
        ['spf.multiple'],
        [('d.test', TXT)],
    ),
    (
        'spf',
        {'d.test': txt('v=spf1 ipv4:192.0.2.1')},
        {'spf_addresses': ['192.0.2.1']},
        ['spf.permerror'],
        [('d.test', TXT)],
    ),
    (
        'spf',
        {'d.test': txt('v=spf1 ip4:192.0.2.1 ~all')},
        {'spf_addresses': ['192.0.2.1', '192.0.2.2']},
        ['spf.not_authorised'],
        [('d.test', TXT)],
    ),
    # One address refused for certain stands above another that could not be judged.
    (
        'spf',
        {'d.test': txt('v=spf1 -ip4:192.0.2.2 include:x.test -all'), 'x.test': 'TIMEOUT'},
        {'spf_addresses': ['192.0.2.1', '192.0.2.2']},
        ['spf.not_authorised'],
        [('d.test', TXT), ('x.test', TXT)],
    ),
    ('dkim', {KEY: txt('v=DKIM1; k=rsa; p=' + rsa(2048))}, {}, ['dkim.ok'], [(KEY, TXT)]),
    ('dkim', {KEY: txt('p=' + rsa(2048, PublicFormat.PKCS1))}, {}, ['dkim.ok'], [(KEY, TXT)]),
    (
        'dkim',
        {KEY: txt('v=DKIM1; k=ed25519; p=' + base64.b64encode(bytes(32)).decode())},
        {},
        ['dkim.ok'],
        [(KEY, TXT)],
    ),
    ('dkim', {KEY: txt('v=DKIM1 ; h=sha1 : sha256 ; s=email ; p=' + rsa(1024))}, {}, ['dkim.short'], [(KEY, TXT)]),
    ('dkim', {KEY: txt('v=DKIM1; t=s:y; p=' + rsa(2048))}, {}, ['dkim.testing'], [(KEY, TXT)]),
    ('dkim', {KEY: txt('v=DKIM1; p=' + rsa(1016))}, {}, ['dkim.weak'], [(KEY, TXT)]),
    ('dkim', {KEY: 'SERVFAIL'}, {}, ['dkim.unknown'], [(KEY, TXT)]),
    ('dkim', {}, {}, ['dkim.missing'], [(KEY, TXT)]),
    ('dkim', {KEY: ['CNAME s1.gw.test.']}, {}, ['dkim.dangling'], [(KEY, TXT)]),
    ('dkim', {KEY: ['CNAME s1.gw.test.'], 's1.gw.test': txt('p=' + rsa(2048))}, {}, ['dkim.ok'], [(KEY, TXT)]),
    ('dkim', {KEY: txt('p=' + rsa(2048), 'p=')}, {}, ['dkim.multiple'], [(KEY, TXT)]),
    ('dkim', {KEY: txt('v=DKIM1; p=')}, {}, ['dkim.revoked'], [(KEY, TXT)]),
    ('dkim', {KEY: txt('v=DKIM1; p=x')}, {}, ['dkim.unparsable'], [(KEY, TXT)]),
    (
        'dkim',
        {KEY: txt('p=' + rsa(2048)), 's2._domainkey.d.test': 'TIMEOUT'},
        {'dkim_selectors': ['s1', 's2']},
        ['dkim.ok', 'dkim.unknown'],
        [(KEY, TXT), ('s2._domainkey.d.test', TXT)],
    ),
    ('dmarc', {'_dmarc.d.test': txt('v=DMARC1; p=none')}, {}, ['dmarc.ok'], [('_dmarc.d.test', TXT)]),
    (
        'dmarc',
        {'_dmarc.d.test': txt('V = DMARC1 ; P = REJECT')},
        {'dmarc_minimum_policy': 'reject'},
        ['dmarc.ok'],
        [('_dmarc.d.test', TXT)],
    ),
    (
        'dmarc',
        {'_dmarc.test': txt('v=DMARC1; p=reject')},
        {},
        ['dmarc.inherited'],
        [('_dmarc.d.test', TXT), ('_dmarc.test', TXT)],
    ),
    # sp= counts for a domain that exists, np= for one that does not.
    (
        'dmarc',
        {'_dmarc.test': txt('v=DMARC1; p=reject; sp=none; np=reject'), **mx('10 gw.test.')},
        {'dmarc_minimum_policy': 'reject'},
        ['dmarc.weak'],
        [('_dmarc.d.test', TXT), ('_dmarc.test', TXT), ('d.test', MX)],
    ),
    (
        'dmarc',
        {'_dmarc.test': txt('v=DMARC1; p=none; sp=none; np=reject')},
        {'dmarc_minimum_policy': 'reject'},
        ['dmarc.inherited'],
        [('_dmarc.d.test', TXT), ('_dmarc.test', TXT), ('d.test', MX)],
    ),
    ('dmarc', {'_dmarc.d.test': txt('v=DMARC1; p=reject; pct=20')}, {}, ['dmarc.sampled'], [('_dmarc.d.test', TXT)]),
    ('dmarc', {'_dmarc.d.test': txt('v=DMARC1; p=reject; pct=100')}, {}, ['dmarc.ok'], [('_dmarc.d.test', TXT)]),
    ('dmarc', {'_dmarc.d.test': 'SERVFAIL'}, {}, ['dmarc.unknown'], [('_dmarc.d.test', TXT)]),
    ('dmarc', {'_dmarc.test': 'TIMEOUT'}, {}, ['dmarc.unknown'], [('_dmarc.d.test', TXT), ('_dmarc.test', TXT)]),
    (
        'dmarc',
        {'_dmarc.d.test': txt('v=dmarc1; p=reject', 'p=reject; v=DMARC1', 'v=DMARC10; p=reject')},
        {},
        ['dmarc.missing'],
        [('_dmarc.d.test', TXT), ('_dmarc.test', TXT)],
    ),
    ('dmarc', {}, {}, ['dmarc.missing'], [('_dmarc.d.test', TXT), ('_dmarc.test', TXT)]),
    (
        'dmarc',
        {'_dmarc.d.test': txt('v=DMARC1; p=none', 'v=DMARC1; p=reject')},
        {},
        ['dmarc.multiple'],
        [('_dmarc.d.test', TXT)],
    ),
    (
        'dmarc',
        {'_dmarc.test': txt('v=DMARC1; p=none', 'v=DMARC1; p=reject')},
        {},
        ['dmarc.missing'],
        [('_dmarc.d.test', TXT), ('_dmarc.test', TXT)],
    ),
    ('dmarc', {'_dmarc.d.test': txt('v=DMARC1; p=rejected')}, {}, ['dmarc.invalid'], [('_dmarc.d.test', TXT)]),
    (
        'dmarc',
        {'_dmarc.test': txt('v=DMARC1; p=reject; sp=x')},
        {},
        ['dmarc.invalid'],
        [('_dmarc.d.test', TXT), ('_dmarc.test', TXT)],
    ),
    (
        'dmarc',
        {'_dmarc.d.test': txt('v=DMARC1')},
        {'dmarc_minimum_policy': 'quarantine'},
        ['dmarc.weak'],
        [('_dmarc.d.test', TXT)],
    ),
    (
        'dmarc',
        {'_dmarc.d.test': txt('v=DMARC1; p=reject; t=y')},
        {'dmarc_minimum_policy': 'quarantine'},
        ['dmarc.ok'],
        [('_dmarc.d.test', TXT)],
    ),
    (
        'dmarc',
        {'_dmarc.d.test': txt('v=DMARC1; p=quarantine; t=y')},
        {'dmarc_minimum_policy': 'quarantine'},
        ['dmarc.testing'],
        [('_dmarc.d.test', TXT)],
    ),
    (
        'ownership',
        {'d.test': txt('x', 'conbool=1')},
        {'ownership': {'d.test': 'conbool=1'}},
        ['ownership.ok'],
        [('d.test', TXT)],
    ),
    (
        'ownership',
        {'d.test': txt('conbool=12')},
        {'ownership': {'d.test': 'conbool=1'}},
        ['ownership.missing'],
        [('d.test', TXT)],
    ),
    (
        'ownership',
        {'d.test': 'REFUSED'},
        {'ownership': {'d.test': 'conbool=1'}},
        ['ownership.unknown'],
        [('d.test', TXT)],
    ),
    ('ownership', {}, {'ownership': {'other.test': 'conbool=1'}}, [], []),
]


@pytest.mark.parametrize(
    'check, zone, wanted, ids, questions',
    CASES,
    ids=lambda value: ' '.join(value) if isinstance(value, list) and value and isinstance(value[0], str) else None,
)
def test_finding(check, zone, wanted, ids, questions):
    if check == 'dkim':
        wanted = {'dkim_selectors': ['s1'], **wanted}
    rows, asked = rows_of(check, zone, **wanted)
    assert [row['id'] for row in rows] == ids
    assert asked == questions
    for row in rows:
        assert (row['domain'], row['status'], row['severity']) == ('d.test',) + CATALOGUE[row['id']][:2]
        assert row['finding'] and (row['hint'] or row['severity'] == 'info')


def test_every_finding_has_a_case():
    assert {identifier for case in CASES for identifier in case[3]} == set(CATALOGUE)


def test_a_row_says_what_to_do():
    rows, _asked = rows_of('mx', {**mx('10 gw.test.', '20 old.test.'), 'old.test': ['A 203.0.113.1']})
    assert rows == [
        {
            'id': 'mx.bypass',
            'domain': 'd.test',
            'status': 'red',
            'severity': 'critical',
            'finding': 'mail through old.test bypasses the gateway',
            'seen': ['10 gw.test', '20 old.test'],
            'expected': 'only gw.test',
            'hint': 'Remove the MX records of old.test. Senders of spam try the least preferred ones first.',
        }
    ]


def test_the_address_that_spf_refuses_is_named():
    rows, _asked = rows_of('spf', {'d.test': txt('v=spf1 ip4:192.0.2.0/25 ~all')}, spf_addresses=['192.0.2.0/24'])
    assert rows[0]['finding'] == 'the policy answers softfail (~all) for 192.0.2.128/25'
    assert rows[0]['seen'] == ['v=spf1 ip4:192.0.2.0/25 ~all']


@pytest.mark.parametrize(
    'record, reason',
    [
        ('v=DKIM1; k=rsa', 'p= is missing'),
        ('v=DKIM2; p=x', 'v= must come first'),
        ('p=x; v=DKIM1', 'v= must come first'),
        ('hello', '"hello" is not a tag'),
        ('k=dsa; p=x', 'k=dsa'),
        ('p=x; p=y', 'p occurs twice'),
        ('h=sha1; p=x', 'h=sha1'),
        ('s=web; p=x', 's=web'),
        ('p=a', 'base64'),
        ('p=?!', 'base64'),
        ('p=AAAA', 'not an RSA key'),
        ('p=' + rsa(2048)[:200], 'its end is missing'),
        ('p=' + base64.b64encode(base64.b64decode(rsa(1024)) + b'x').decode(), 'something behind'),
        ('k=ed25519; p=AAAA', '3 bytes'),
    ],
)
def test_why_a_key_is_unusable(record, reason):
    rows, _asked = rows_of('dkim', {KEY: txt(record)}, dkim_selectors=['s1'])
    assert rows[0]['id'] == 'dkim.unparsable' and reason in rows[0]['finding']


def test_the_tree_walk_asks_at_most_eight_names():
    assert dmarc.parents('1.2.3.4.5.6.7.8.9.test') == [
        '4.5.6.7.8.9.test',
        '5.6.7.8.9.test',
        '6.7.8.9.test',
        '7.8.9.test',
        '8.9.test',
        '9.test',
        'test',
    ]
    assert dmarc.parents('a.test') == ['test']


@pytest.mark.parametrize(
    'zone, source',
    [
        ({'_dmarc.b.test': 'p=reject', '_dmarc.test': 'p=none'}, 'test'),
        ({'_dmarc.b.test': 'p=reject; psd=n', '_dmarc.test': 'p=none'}, 'b.test'),
        ({'_dmarc.b.test': 'p=reject', '_dmarc.test': 'p=none; psd=y'}, 'b.test'),
        ({'_dmarc.a.b.test': 'p=reject', '_dmarc.test': 'p=none; psd=y'}, 'test'),
        ({'_dmarc.a.b.test': 'p=reject', '_dmarc.b.test': 'p=none; psd=u'}, 'b.test'),
    ],
)
def test_the_organisational_domain(zone, source):
    script = ScriptedDns({name: txt('v=DMARC1; ' + tags) for name, tags in zone.items()})

    async def run():
        return await CHECKS['dmarc'](
            DnsClient(['192.0.2.53'], exchange=script.exchange), 'x.a.b.test', Expectations('gw.test')
        )

    rows = asyncio.run(run())
    assert rows[0]['finding'].endswith('inherited from ' + source)


@pytest.mark.parametrize(
    'statuses, status',
    [({'green'}, 'green'), ({'green', 'unknown'}, 'unknown'), ({'green', 'unknown', 'red'}, 'red'), (set(), 'unknown')],
)
def test_the_worst_status_counts(statuses, status):
    assert worst(statuses) == status


def test_every_finding_is_documented():
    document = (Path(__file__).resolve().parents[5] / 'docs' / 'dns_check.md').read_text(encoding='utf-8')
    rows = ['| `%s` | %s | %s | %s |' % ((identifier,) + entry[:3]) for identifier, entry in CATALOGUE.items()]
    assert document.endswith('\n'.join(rows) + '\n')


@pytest.mark.parametrize(
    'record, finding',
    [
        ('p=' + rsa(2048), 'selector s1 has a 2048 bit RSA key'),
        ('k=ed25519; p=' + base64.b64encode(bytes(32)).decode(), 'selector s1 has a 256 bit Ed25519 key'),
    ],
)
def test_a_key_is_described(record, finding):
    assert rows_of('dkim', {KEY: txt(record)}, dkim_selectors=['s1'])[0][0]['finding'] == finding
