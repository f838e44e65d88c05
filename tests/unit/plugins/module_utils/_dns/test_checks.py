# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every finding of the DNS checks, with the questions that lead to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.findings import CATALOGUE
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import worst

from tests.unit.fakes.dns_cases import CASES
from tests.unit.fakes.dns_zones import mx, rows_of, txt


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
    'statuses, status',
    [({'green'}, 'green'), ({'green', 'unknown'}, 'unknown'), ({'green', 'unknown', 'red'}, 'red'), (set(), 'unknown')],
)
def test_the_worst_status_counts(statuses, status):
    assert worst(statuses) == status


def test_every_finding_is_documented():
    document = (Path(__file__).resolve().parents[5] / 'docs' / 'dns_check.md').read_text(encoding='utf-8')
    rows = ['| `%s` | %s | %s | %s |' % ((identifier,) + entry[:3]) for identifier, entry in CATALOGUE.items()]
    assert document.endswith('\n'.join(rows) + '\n')
