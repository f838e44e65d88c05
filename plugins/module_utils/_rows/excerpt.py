# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a long report is kept where it has to be short. Private to this collection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.run_report import PARTS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN

# AWX keeps nothing of an event with more than 700 kB, and an artifact is in two of them.
MOST_BYTES = 200_000
# A result of which an event would be longer is kept for the tasks that need it, and shown to nobody.
MOST_SHOWN_BYTES = 60_000


def excerpt(report: Mapping[str, Any], most: int = MOST_BYTES) -> dict[str, Any]:
    """Return a report that takes no more than this many bytes as JSON.

    Of one that is longer the green rows go first, then as many of the others as it takes. C(left_out) of a part says
    how many of its rows are missing. What became of each host is always there.

    Args:
        report: what run_report() returned.
        most: bytes.
    """
    # Changed lines have been shown, and are in the files of the report.
    hosts = {
        host: {name: value for name, value in entry.items() if name != 'diff'}
        for host, entry in report['hosts'].items()
    }
    report = dict(report, hosts=hosts)
    found, kept = dict(report), max([0] + [len(rows) for rows in _all_rows(report)])
    while _size(found) > most and kept >= 0:
        found = dict(report, hosts={host: _short(entry, kept) for host, entry in report['hosts'].items()})
        kept = kept // 2 if kept else -1
    return found


def quiet(result: Mapping[str, Any], most: int = MOST_SHOWN_BYTES) -> dict[str, Any]:
    """Return the result of an action, one that is longer than so many bytes with the mark by which it gets into no
    event. Of one that failed, or has a warning, it would keep that as well."""
    long = len(json.dumps(result, default=str)) > most
    return dict(result, _ansible_no_log=True) if long and not said(result) else dict(result)


def said(result: Mapping[str, Any]) -> bool:
    """Whether a result has something to say to whoever looks on."""
    return bool(result.get('failed') or result.get('warnings'))


def _all_rows(report: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    return [entry[part]['rows'] for entry in report['hosts'].values() for part in PARTS if part in entry]


def _short(entry: Mapping[str, Any], kept: int) -> dict[str, Any]:
    short = dict(entry)
    for part in PARTS:
        if part in entry:
            rows = entry[part]['rows']
            bad = [row for row in rows if row['status'] != GREEN][:kept]
            short[part] = {'green': entry[part]['green'], 'rows': bad, 'left_out': len(rows) - len(bad)}
    return short


def _size(report: Mapping[str, Any]) -> int:
    return len(json.dumps(report))
