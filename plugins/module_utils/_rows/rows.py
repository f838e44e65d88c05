# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns what the modules found out into rows of one form, for a person, a program and a decision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import all_visible
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import (
    GREEN,
    RED,
    UNKNOWN,
    WORST_FIRST,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.table import Line, table
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.judge import NOT_ASKED

MEGABYTE = 1024 * 1024
# Rows that a person reads in a terminal.
MOST_SHOWN = 100
# Kinds of findings that a complaint names.
MOST_SAID = 5
# What the rows of a preflight are about, in the order in which a person reads them. Those on DNS, of many names, come
# before.
SUBJECTS = ('gateway', 'mta', 'inbound', 'access', 'wash', 'hop', 'detour', 'tls', 'firewall', 'queue')


def row(
    identifier: str, target: str, status: str, finding: str, hint: str = '', severity: str | None = None, **more: Any
) -> dict[str, Any]:
    """Return one row, as M(conbool.smtp_relay.dns_check) has them, with C(target) instead of C(domain)."""
    severity = severity or {GREEN: 'info', UNKNOWN: 'medium', RED: 'critical'}[status]
    found = {
        'id': identifier,
        'target': target,
        'status': status,
        'severity': severity,
        'finding': finding,
        'hint': hint,
    }
    # Certificates, records, log lines and servers are heard in them, and a stranger can have written any of these.
    return all_visible(dict(found, **more))


def skipped(result: Mapping[str, Any]) -> bool:
    """Whether a module was left out because nobody asked for what it finds."""
    return bool(result.get('skipped'))


def unasked(result: Mapping[str, Any], identifier: str, target: str) -> list[dict[str, Any]]:
    """Return the row on a module that failed, whose host could not be reached, or that was left out because an earlier
    one had failed."""
    if result.get('unreachable'):
        return [
            row(
                identifier + '.unreachable',
                target,
                UNKNOWN,
                str(result.get('msg', 'the host that asks cannot be reached')),
            )
        ]
    if result.get('failed'):
        return [row(identifier + '.failed', target, RED, str(result.get('msg', 'failed without a word')))]
    return [row(identifier + '.unasked', target, UNKNOWN, 'not asked, since another question failed')]


def dns_rows(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of M(conbool.smtp_relay.dns_check)."""
    if 'rows' not in result:
        return unasked(result, 'dns', 'DNS')
    return [
        all_visible({name: value for name, value in dict(entry, target=entry['domain']).items() if name != 'domain'})
        for entry in result['rows']
    ]


def _healthy(server: Mapping[str, Any], identifier: str, target: str, days: int) -> dict[str, Any]:
    left = (server.get('certificate') or {}).get('days_left') if server.get('chain_verified') else None
    if left is not None and left < days:
        return row(
            identifier + '.expires',
            target,
            RED,
            f'the certificate has {left} days left',
            f'Have it renewed; {days} days are asked for.',
            'high',
        )
    words = [server['status']] + [server[name] for name in ('tls_version', 'matched_name') if server.get(name)]
    return row(identifier + '.ok', target, GREEN, ', '.join(words + ([] if left is None else [f'{left} days left'])))


def smtp_rows(result: Mapping[str, Any], identifier: str, days: int = 0) -> list[dict[str, Any]]:
    """Return the rows of M(conbool.smtp_relay.smtp_check).

    Args:
        result: what the module returned, whether or not it failed.
        identifier: what the server is for, the first part of the rows' C(id).
        days: how long a verified certificate has to be valid.
    """
    if 'servers' not in result:
        return unasked(result, identifier, identifier)
    rows = []
    for server in result['servers']:
        target = '{}:{}'.format(server['host'], server['port'])
        if server['healthy']:
            rows.append(_healthy(server, identifier, target, days))
        for found in server['findings']:
            status, severity = (
                (GREEN, 'low')
                if found['severity'] != 'error'
                else (UNKNOWN, None) if found['id'] in NOT_ASKED else (RED, None)
            )
            rows.append(
                row(
                    '{}.{}'.format(identifier, found['id']),
                    target,
                    status,
                    found['finding'],
                    found['hint'] or '',
                    severity,
                    seen=found['seen'],
                    expected=found['expected'],
                )
            )
    return rows


def space_rows(free: Mapping[str, Mapping[str, Any]], megabytes: int) -> list[dict[str, Any]]:
    """Return a row for the file system of each queue.

    Args:
        free: what is free by directory, C(bytes) and C(inodes), the latter None where there is no such count.
        megabytes: how much has to be free.
    """
    rows = []
    for directory, space in sorted(free.items()):
        found = '%s MiB free' % (space['bytes'] // MEGABYTE)
        if space['bytes'] < megabytes * MEGABYTE:
            rows.append(
                row(
                    'queue.space',
                    directory,
                    RED,
                    found,
                    f'Mail waits here while the gateway cannot be reached; make room for {megabytes} MiB.',
                )
            )
        elif space['inodes'] is not None and space['inodes'] < megabytes:
            # A queue file is seldom larger than a MiB; fewer files than that fill the file system before its bytes do.
            rows.append(
                row(
                    'queue.inodes',
                    directory,
                    RED,
                    '{} inodes free'.format(space['inodes']),
                    f'Every message needs one; make room for {megabytes}.',
                )
            )
        else:
            rows.append(row('queue.ok', directory, GREEN, found))
    return rows


def in_order(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of a preflight by subject, and otherwise as they are: several modules have a part in a
    subject."""

    def place(entry: Mapping[str, Any]) -> int:
        subject = entry['id'].partition('.')[0]
        return SUBJECTS.index(subject) if subject in SUBJECTS else -1

    return sorted(rows, key=place)


def check_table(rows: Sequence[Mapping[str, Any]]) -> list[Line]:
    """Return a text table of the rows, the worst first, with what to do about them; of very many the first ones."""
    cells = []
    worst_first = sorted(rows, key=lambda entry: WORST_FIRST.index(entry['status']))
    for entry in worst_first[:MOST_SHOWN]:
        advice = '' if entry['status'] == GREEN and entry['severity'] == 'info' else entry['hint']
        finding = '. '.join(filter(None, [entry['finding'], advice]))
        cells.append((entry['status'], [entry['status'], entry['id'], entry['target'], finding]))
    lines, left = table(['status', 'check', 'target', 'finding'], cells), worst_first[MOST_SHOWN:]
    if left:
        bad = sum(entry['status'] != GREEN for entry in left)
        lines.append(Line(f'... and {len(left)} more rows in the report, {bad} of them not green', left[0]['status']))
    return lines


def rows_said(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return in words how many rows are green."""
    bad = sum(entry['status'] != GREEN for entry in rows)
    return f'{bad} of {len(rows)} checks are not green' if bad else f'{len(rows)} checks, all green'


def check_complaint(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return one line on the rows that are not green, or an empty text. What was found stands in the table.

    Args:
        rows: all rows.
    """
    bad: dict[str, list[str]] = {}
    for status in WORST_FIRST:
        for entry in rows:
            if entry['status'] == status != GREEN:
                bad.setdefault(entry['id'], []).append(entry['target'])
    said = [
        f'{identifier} {targets[0]}' if len(targets) == 1 else f'{identifier} ({len(targets)} times)'
        for identifier, targets in bad.items()
    ]
    if len(said) > MOST_SAID:
        said[MOST_SAID:] = [f'{len(said) - MOST_SAID} others']
    return f'{rows_said(rows)}: {", ".join(said)}' if bad else ''
