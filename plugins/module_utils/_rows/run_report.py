# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run did, for people and for programs (runs on the controller)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def table(columns: list[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """Return a left-aligned text table as a list of lines.

    Args:
        columns: headings.
        rows: lists of cells, each as long as columns.
    """
    cells = [[str(cell) for cell in row] for row in [columns] + list(rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    return ['  '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in cells]


def _result(known: Mapping[str, Any]) -> tuple[str, str]:
    answer = known.get('__conbool_answer') or {}
    if answer.get('unreachable'):
        return 'not done', str(answer.get('msg', 'unreachable'))
    if known.get('__conbool_failure'):
        return 'failed', str(known['__conbool_failure'])
    if known.get('__conbool_done'):
        return 'done', ''
    return 'not done', 'its connection broke, or its tasks were left out by --tags'


def settings_of(known: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of a host by its variables; empty where they are refused, or were not asked for."""
    return (known.get('conbool_checked') or {}).get('settings') or {}


def _mta(known: Mapping[str, Any]) -> str | None:
    # Whichever play or role has found out.
    found = [known.get(name) or {} for name in ('preflight_found', '__conbool_asked', '__verify_asked')]
    return next((result['mta'] for result in found if result.get('mta')), None)


def _rows(known: Mapping[str, Any], part: str) -> list[dict[str, Any]] | None:
    """Return the rows of preflight or verification, None where none were made."""
    registered = known.get(part + '_report') or {}
    if 'rows' in registered:
        return registered['rows']
    # Of a task that failed Ansible keeps for others only what it shows; for a rescue it keeps all.
    given = ((known.get('ansible_failed_result') or {}).get('invocation') or {}).get('module_args') or {}
    return given.get('rows') if given.get('part') == part else None


def run_report(hostvars: Mapping[str, Mapping[str, Any]], hosts: Iterable[str]) -> dict[str, Any]:
    """Return what became of each host, for programs.

    Args:
        hostvars: variables by host name, with what the playbooks keep of each host.
        hosts: the hosts that the run was to do, in order.

    Returns:
        C(hosts), by name C(mta) and C(state) (null when it did not come to that), C(result) (done, failed, not
        done), C(reason), and C(preflight) and C(verify) with their rows where these were made; and C(ok), whether
        all are done.
    """
    report = {}
    for host in hosts:
        known = hostvars[host]
        result, reason = _result(known)
        report[host] = {
            'mta': _mta(known),
            'state': settings_of(known).get('state'),
            'result': result,
            'reason': reason,
        }
        for part in ('preflight', 'verify'):
            rows = _rows(known, part)
            if rows is not None:
                report[host][part] = {'green': all(row['status'] == 'green' for row in rows), 'rows': rows}
    return {'ok': all(entry['result'] == 'done' for entry in report.values()), 'hosts': report}


def run_summary(report: Mapping[str, Any]) -> list[str]:
    """Return what run_report() returned as a table for people: a line for each host."""
    rows = []
    for host, entry in report['hosts'].items():
        result = '{}: {}'.format(entry['result'].upper(), entry['reason']) if entry['reason'] else entry['result']
        doubts = [part for part in ('preflight', 'verify') if not entry.get(part, {'green': True})['green']]
        if doubts and not entry['reason']:
            result += ', but not everything is green: ' + ', '.join(doubts)
        rows.append([host, entry['mta'] or '?', entry['state'] or '?', result])
    return table(['host', 'mta', 'state', 'result'], rows)
