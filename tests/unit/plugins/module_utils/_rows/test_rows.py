# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules found, as rows."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows import rows as checks

SETTINGS = {
    'domains': ['example.com', 'sub.example.co.uk'],
    'loop_headers': ['X-Conbool-example-com', 'X-Conbool-sub-example-co-uk'],
    'scope': 'all',
    'scope_senders': [],
    'bypass_calendar': True,
}
FAILED = {'failed': True, 'msg': 'no such thing'}
SERVER = {
    'host': 'mail.conbool.com',
    'port': 25,
    'healthy': True,
    'status': 'SMTP reachable',
    'findings': [],
    'chain_verified': True,
    'tls_version': 'TLSv1.3',
    'matched_name': 'DNS:mail.conbool.com',
    'certificate': {'days_left': 20},
}
DNS = {
    'id': 'mx.ok',
    'domain': 'example.com',
    'status': 'green',
    'severity': 'info',
    'finding': 'all mail goes to the gateway',
    'hint': '',
    'seen': [],
    'expected': '',
}


def brief(rows):
    return [(entry['id'], entry['status']) for entry in rows]


def finding(identifier, severity='error'):
    return {'id': identifier, 'severity': severity, 'finding': 'it is so', 'seen': None, 'expected': None, 'hint': None}


def test_dns_rows_have_a_target():
    assert checks.dns_rows({'rows': [DNS]})[0]['target'] == 'example.com'
    assert 'domain' not in checks.dns_rows({'rows': [DNS]})[0]


@pytest.mark.parametrize(
    'rows',
    [
        checks.dns_rows,
        lambda result: checks.smtp_rows(result, 'gateway'),
    ],
)
def test_a_module_that_failed_or_was_not_reached_is_no_green(rows):
    assert [(entry['status'], entry['finding']) for entry in rows(FAILED)] == [('red', 'no such thing')]
    assert [entry['status'] for entry in rows({})] == ['unknown']
    assert [entry['status'] for entry in rows({'unreachable': True, 'msg': 'No route to host'})] == ['unknown']


def test_healthy_server():
    assert checks.smtp_rows({'servers': [SERVER]}, 'gateway', 14) == [
        checks.row(
            'gateway.ok', 'mail.conbool.com:25', 'green', 'SMTP reachable, TLSv1.3, DNS:mail.conbool.com, 20 days left'
        )
    ]
    assert brief(checks.smtp_rows({'servers': [SERVER]}, 'gateway', 21)) == [('gateway.expires', 'red')]


def test_server_in_clear_has_no_certificate():
    clear = dict(SERVER, chain_verified=None, certificate={}, tls_version=None, matched_name=None)
    assert [entry['finding'] for entry in checks.smtp_rows({'servers': [clear]}, 'hop', 14)] == ['SMTP reachable']


@pytest.mark.parametrize(
    'found, status',
    [(finding('name'), 'red'), (finding('common_name', 'warning'), 'green'), (finding('resolve'), 'unknown')],
)
def test_findings_of_a_server(found, status):
    rows = checks.smtp_rows({'servers': [dict(SERVER, healthy=False, findings=[found])]}, 'gateway')
    assert brief(rows) == [('gateway.' + found['id'], status)]


@pytest.mark.parametrize(
    'megabytes, inodes, outcome',
    [
        (1024, 4000, ('queue.ok', 'green')),
        (1024, None, ('queue.ok', 'green')),
        (1023, 4000, ('queue.space', 'red')),
        (2048, 1000, ('queue.inodes', 'red')),
    ],
)
def test_space_for_queues(megabytes, inodes, outcome):
    assert brief(
        checks.space_rows({'/var/spool/postfix': {'bytes': megabytes * 1024 * 1024, 'inodes': inodes}}, 1024)
    ) == [outcome]


def test_table_has_the_worst_first_and_says_what_to_do():
    rows = [
        checks.row('a', 'x', 'green', 'fine', 'never mind'),
        checks.row('b', 'y', 'unknown', 'who knows', 'Ask again.'),
        checks.row('c', 'z', 'red', 'bad', 'Mend it.'),
        checks.row('d', 'z', 'green', 'fair', 'Mind it.', 'low'),
    ]
    assert [line.text for line in checks.check_table(rows)] == [
        'status   check  target  finding',
        'red      c      z       bad. Mend it.',
        'unknown  b      y       who knows. Ask again.',
        'green    a      x       fine',
        'green    d      z       fair. Mind it.',
    ]


def test_complaint_names_what_is_not_green_only():
    rows = [
        checks.row('a', 'x', 'green', 'fine'),
        checks.row('b', 'y', 'unknown', 'who knows'),
        checks.row('c', 'z', 'red', 'bad'),
    ]
    assert checks.check_complaint(rows) == '2 of 3 checks are not green: c z, b y'
    assert checks.check_complaint(rows[:1]) == ''


def test_complaint_stays_a_line_however_much_is_red():
    rows = [checks.row(name, name.upper(), 'red', 'bad') for name in 'abcdefgg']
    assert checks.check_complaint(rows) == '8 of 8 checks are not green: a A, b B, c C, d D, e E, 2 others'
    assert checks.check_complaint(rows[6:]) == '2 of 2 checks are not green: g (2 times)'
