# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a long report AWX gets."""

from __future__ import annotations

import json

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.excerpt import excerpt
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import check_table, row


def report(hosts, green, red):
    rows = [row('mx.ok', f'{number}.example', 'green', 'fine') for number in range(green)]
    rows += [row('mx.bypass', f'{number}.example', 'red', 'no') for number in range(red)]
    part = {'green': not red, 'rows': rows}
    return {'ok': not red, 'hosts': {f'mx{host}': {'result': 'done', 'preflight': part} for host in range(hosts)}}


def test_a_short_report_is_whole():
    assert excerpt(report(2, 20, 20)) == report(2, 20, 20)


@pytest.mark.parametrize(
    'hosts, green, red, rows, left_out', [(1, 4000, 10, 10, 4000), (1, 0, 4000, 1000, 3000), (25, 10, 400, 51, 359)]
)
def test_of_a_long_one_green_rows_go_first_and_what_is_missing_is_counted(hosts, green, red, rows, left_out):
    whole = report(hosts, green, red)
    short = excerpt(whole)
    assert len(json.dumps(short)) <= 200_000 < len(json.dumps(whole)) and list(short['hosts']) == list(whole['hosts'])
    part = short['hosts']['mx0']['preflight']
    assert (len(part['rows']), part['left_out'], part['green']) == (rows, left_out, False)
    assert {entry['status'] for entry in part['rows']} == {'red'} and short['hosts']['mx0']['result'] == 'done'


def test_hosts_are_named_when_there_is_room_for_nothing_else():
    assert excerpt(report(2, 5, 5), most=10)['hosts']['mx1']['preflight'] == {
        'green': False,
        'rows': [],
        'left_out': 10,
    }


def test_a_table_of_very_many_rows_ends_with_how_many_there_are():
    lines = check_table(report(1, 300, 20)['hosts']['mx0']['preflight']['rows'])
    assert len(lines) == 102 and lines[-1].text == '... and 220 more rows in the report, 0 of them not green'
