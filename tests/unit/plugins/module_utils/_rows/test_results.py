# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows out of what tasks registered."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows import results, rows

GREEN, RED = rows.row('queue.ok', '/var', 'green', 'fine'), rows.row('gateway.name', 'gw', 'red', 'other')
FAILED = {'failed': True, 'msg': 'no such thing'}
UNREACHABLE = {'unreachable': True, 'msg': 'No route to host'}
DNS = {name: value for name, value in dict(GREEN, id='mx.ok', domain='example.com').items() if name != 'target'}
SERVER = {'host': 'mx', 'port': 25, 'healthy': True, 'status': 'SMTP reachable', 'findings': []}


def brief(found):
    return [(entry['id'], entry['target'], entry['status']) for entry in found]


@pytest.mark.parametrize(
    'name, result, outcome',
    [
        ('dns', {'rows': [DNS]}, [('mx.ok', 'example.com', 'green')]),
        ('dns', FAILED, [('dns.failed', 'DNS', 'red')]),
        ('dns', {}, [('dns.unasked', 'DNS', 'unknown')]),
        ('outside', {'servers': [SERVER]}, [('inbound.ok', 'mx:25', 'green')]),
        ('outside', {'skipped': True}, []),
        ('outside', dict(UNREACHABLE, observer='mon'), [('inbound.unreachable', 'mon', 'unknown')]),
        ('outside', dict(FAILED, observer='mon'), [('inbound.failed', 'mon', 'red')]),
        ('mta', {'rows': [GREEN]}, [('queue.ok', '/var', 'green')]),
        ('mta', {'skipped': True}, []),
        ('mta', FAILED, [('mta.failed', 'mail server', 'red')]),
        ('mta', UNREACHABLE, [('mta.unreachable', 'mail server', 'unknown')]),
        ('mta', {}, [('mta.unasked', 'mail server', 'unknown')]),
        ('preflight', FAILED, [('preflight.failed', 'preflight', 'red')]),
        # What it found before it failed counts, and so does that it failed.
        ('x', dict(FAILED, rows=[GREEN]), [('queue.ok', '/var', 'green'), ('x.failed', 'x', 'red')]),
        ('x', {'changed': False}, []),
    ],
)
def test_rows_of_a_result(name, result, outcome):
    assert brief(results.result_rows(name, result)) == outcome


def test_rows_lists_and_results_are_one_list():
    found = results.part_rows('verify', [GREEN, [RED, GREEN], []], {'mta': {'rows': [RED]}})
    assert found == [GREEN, RED, GREEN, RED]


def test_a_preflight_is_ordered_by_subject():
    found = results.part_rows('preflight', [GREEN, RED], {'dns': {'rows': [DNS]}})
    assert [entry['id'] for entry in found] == ['mx.ok', 'gateway.name', 'queue.ok']


def test_nothing_asked_is_nothing_known():
    assert brief(results.part_rows('verify', [], {'mta': {'skipped': True}})) == [
        ('verify.unasked', 'verify', 'unknown')
    ]
