# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules found, as rows."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows import rows as checks
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows import verify

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
LIST = 'smtpd_recipient_restrictions'
PORT_25 = {
    'config_dir': '/etc/postfix',
    'services': [
        {
            'name': 'smtp',
            'type': 'inet',
            'command': 'smtpd',
            'options': {'conbool_main_restrictions': 'reject_unknown_recipient_domain,  permit'},
        },
        {'name': 'submission', 'type': 'inet', 'command': 'smtpd', 'options': {LIST: 'permit_sasl_authenticated'}},
    ],
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
        lambda result: verify.route_rows(result, []),
        lambda result: verify.header_rows(result, []),
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
    assert checks.check_table(rows) == [
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
    assert checks.check_complaint(rows) == '2 of 3 checks are not green. c z: bad; b y: who knows'
    assert checks.check_complaint(rows[:1]) == ''


def answers(samples, transport, next_hop='[127.0.0.1]:10027'):
    return {
        'routes': [
            {'transport': transport(sample), 'next_hop': next_hop, 'address_class': 'default'} for sample in samples
        ]
    }


def test_every_sender_goes_through_the_hop():
    samples = verify.certain_routes(SETTINGS)
    assert [
        (sample['sender'], sample['hop'])
        for sample in samples
        if sample['recipient'] == 'someone@conbool-verify.invalid'
    ] == [
        ('postmaster@example.com', True),
        ('postmaster@sub.example.co.uk', True),
        ('forwarded@conbool-verify.invalid', True),
        ('', True),
    ]
    assert [sample['recipient'] for sample in samples if not sample['hop']] == [
        'postmaster@example.com',
        'postmaster@sub.example.co.uk',
    ]
    assert {
        entry['status']
        for entry in verify.route_rows(
            answers(samples, lambda sample: 'conbool-hop' if sample['hop'] else 'local'), samples
        )
    } == {'green'}


def test_mail_past_the_hop_and_mail_that_is_caught_are_red():
    samples = verify.certain_routes(SETTINGS)
    assert {
        entry['id']
        for entry in verify.route_rows(
            answers(samples, lambda sample: 'smtp' if sample['hop'] else 'conbool-hop'), samples
        )
    } == {'route.bypass', 'route.captured'}


@pytest.mark.parametrize('next_hop', ['[gw.partner.example]', '[192.0.2.1]:25', 'external.test', ''])
def test_the_hop_s_client_on_its_way_to_another_host_is_red(next_hop):
    samples = [sample for sample in verify.certain_routes(SETTINGS) if sample['hop']]
    rows = verify.route_rows(answers(samples, lambda sample: 'conbool-hop', next_hop), samples)
    assert {(entry['id'], entry['status']) for entry in rows} == {('route.bypass', 'red')}


def test_only_listed_senders_go_through_the_hop():
    samples = verify.certain_routes(
        dict(SETTINGS, scope='senders', scope_senders=['alice@example.com', '@sub.example.co.uk'])
    )
    assert {sample['sender']: sample['hop'] for sample in samples if sample['recipient'].endswith('.invalid')} == {
        'alice@example.com': True,
        'conbool-verify@sub.example.co.uk': True,
        'conbool-verify@example.com': False,
        'conbool-verify@conbool-verify.invalid': False,
    }


@pytest.mark.parametrize('calendar', [True, False])
def test_marked_mail_goes_direct(calendar):
    samples = verify.certain_headers(dict(SETTINGS, bypass_calendar=calendar))
    assert [sample['header'] for sample in samples if sample['direct']] == [
        'X-Conbool-example-com: true',
        'X-Conbool-sub-example-co-uk: true',
        'X-Conbool-Released: yes',
    ] + ['Content-Type: text/calendar; method=REQUEST'] * calendar
    right = {'headers': [{'action': 'FILTER direct:' if sample['direct'] else ''} for sample in samples]}
    wrong = {'headers': [{'action': '' if sample['direct'] else 'FILTER direct:'} for sample in samples]}
    assert {entry['status'] for entry in verify.header_rows(right, samples)} == {'green'}
    assert {entry['id'] for entry in verify.header_rows(wrong, samples)} == {'header.wrong'}


@pytest.mark.parametrize(
    'result, outcome',
    [
        ({'count': 0, 'messages': [], 'put_off': []}, ('queue.ok', 'green')),
        ({'count': 1, 'messages': ['one'], 'put_off': []}, ('queue.waiting', 'green')),
        ({'count': 2, 'messages': ['one', 'two'], 'put_off': ['two']}, ('queue.grows', 'red')),
        (FAILED, ('queue.unasked', 'unknown')),
    ],
)
def test_queues(result, outcome):
    assert brief(verify.queue_rows(result, 'hop')) == [outcome]


@pytest.mark.parametrize(
    'inbound, more',
    [
        ({'skipped': True}, []),
        ({'servers': [SERVER]}, [('inbound.ok', 'green')]),
        (FAILED, [('inbound.failed', 'red')]),
    ],
)
def test_verification_is_all_of_it(inbound, more):
    routes = answers(verify.certain_routes(SETTINGS), lambda sample: 'conbool-hop' if sample['hop'] else 'local')
    headers = {
        'headers': [
            {'action': 'FILTER direct:' if sample['direct'] else ''} for sample in verify.certain_headers(SETTINGS)
        ]
    }
    queue = {'count': 0, 'messages': [], 'put_off': []}
    rows = brief(
        verify.postfix_rows(
            {
                'mta': {**routes, **queue},
                'hop': {**headers, **queue},
                'listener': {'servers': [dict(SERVER, chain_verified=None)]},
                'configuration': {'skipped': True},
                'inbound': inbound,
            },
            SETTINGS,
        )
    )
    assert (
        rows
        == [('route.ok', 'green')] * 6
        + [('header.ok', 'green')] * 7
        + [('hop.ok', 'green'), ('queue.ok', 'green'), ('queue.ok', 'green')]
        + more
    )


@pytest.mark.parametrize(
    'result, outcome',
    [
        ({'skipped': True}, []),
        ({'failed': True, 'msg': 'no such thing'}, [('inbound.copy.failed', 'red')]),
        (dict(PORT_25, parameters={LIST: 'reject_unknown_recipient_domain, permit'}), [('inbound.copy', 'green')]),
        (dict(PORT_25, parameters={LIST: 'permit'}), [('inbound.copy', 'red')]),
        (dict(PORT_25, parameters={}), [('inbound.copy', 'red')]),
        ({'config_dir': '/etc/postfix', 'services': [], 'parameters': {}}, []),
    ],
)
def test_copies_of_what_main_cf_says(result, outcome):
    assert brief(verify.copy_rows(result)) == outcome


def test_what_is_asked_is_what_is_judged():
    assert verify.sample_routes(SETTINGS)[0] == {
        'sender': 'someone@conbool-verify.invalid',
        'recipient': 'postmaster@example.com',
    }
    assert len(verify.sample_headers(SETTINGS)) == len(verify.certain_headers(SETTINGS))
