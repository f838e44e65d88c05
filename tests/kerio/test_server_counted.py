# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verification says of the counters of a server."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import statistics

pytest_plugins = ['tests.kerio.adapter']


@pytest.mark.parametrize(
    'relay, mx, scope, severity',
    [(0, 0, 'all', 'info'), (812, 0, 'all', 'info'), (812, 3, 'all', 'low'), (812, 3, 'senders', 'info')],
)
def test_which_way_mail_has_left(host, relay, mx, scope, severity):
    kerio = host(settings={'scope': scope})
    kerio.double.state.journal.counters.update(relay=relay, mx=mx)
    server = kerio.server()
    assert server.running() == []
    server.routes([{'sender': 'alice@example.com', 'recipient': 'x@external.test'}])
    (row,) = server.running()
    assert (row['id'], row['status'], row['severity']) == ('route.counted', 'green', severity)
    assert row['finding'] == f'since it started, {relay} messages left by relay rules, {mx} without'
    assert bool(row['hint']) == (severity == 'low')


@pytest.mark.parametrize(
    'told, since',
    [
        (None, None),
        ({}, None),
        ({'relay': {'count': '1'}}, None),
        ({'relay': {'count': '1'}, 'mx': '2'}, None),
        ({'relay': {'count': 'many'}, 'mx': {'count': '2'}}, None),
        ({'relay': {'count': '1'}, 'mx': {'count': '2'}}, 'since it started'),
        ({'relay': {'count': '1'}, 'mx': {'count': '2'}, 'uptime': {'days': 0, 'hours': 5}}, 'in the last 5 hours'),
        ({'relay': {'count': '1'}, 'mx': {'count': '2'}, 'uptime': {'days': 12, 'hours': 5}}, 'in the last 12 days'),
    ],
)
def test_what_a_server_does_not_tell_is_no_row(told, since):
    rows = statistics.rows(told, 'all')
    assert [row['finding'] for row in rows] == (
        [f'{since}, 1 messages left by relay rules, 2 without'] if since else []
    )
