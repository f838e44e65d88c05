# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as a page for somebody who does not know Ansible: what it shows of each host (runs on the controller)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.run_report import PARTS, rows_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import (
    GREEN,
    RED,
    UNKNOWN,
    WORST_FIRST,
    worst,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import OUTSIDE

# The steps of the vendor's page, in its order.
STEPS = ('prerequisite', 'outbound', 'inbound', 'loops', 'release', 'scope', 'reachable')
# The step that a row belongs to, by the beginning of its id; the longest one counts.
STEP_OF = {
    **dict.fromkeys(('dkim', 'dmarc', 'dns', 'mx', 'ownership', 'spf'), 'prerequisite'),
    # The hop hands the gateway's mail to a mail server that cannot ask for its certificate.
    **dict.fromkeys(('inbound', 'firewall', 'wash', 'hop.mailboxes'), 'inbound'),
    **dict.fromkeys(
        (
            'inbound.banner',
            'inbound.connect',
            'inbound.failed',
            'inbound.observer',
            'inbound.ok',
            'inbound.recipient',
            'inbound.starttls',
            'inbound.tls',
            'inbound.unreachable',
        ),
        'reachable',
    ),
    'header': 'loops',
}
OTHERS = 'outbound'
RELEASED = 'x-conbool-released:'
DNS = ('mx', 'spf', 'dkim', 'dmarc', 'ownership')
DAYS = re.compile(r'(-?\d+) days left')
ENOUGH_DAYS = 30
# A bar is full at this many days, as long as public authorities issue certificates for.
LONGEST_DAYS = 90
# Changed lines on the whole page, in characters: it is read on telephones as well. All are in the file beside it.
MOST_DIFF = 20_000


def step_of(row: Mapping[str, Any], scope: str | None = None) -> str:
    """Return the step of the vendor's page that a row belongs to.

    Args:
        row: the row.
        scope: whose mail uses the gateway; where it is not everybody's, the ways of mail to the outside show that.
    """
    if scope == 'senders' and row['id'].startswith('route.') and row['target'].endswith(f'@{OUTSIDE}>'):
        return 'scope'
    if row['id'].startswith('header') and row['target'].lower().startswith(RELEASED):
        return 'release'
    found = [beginning for beginning in STEP_OF if row['id'].startswith(beginning)]
    return STEP_OF[max(found, key=len)] if found else OTHERS


def page(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page shows.

    Args:
        report: what run_report() returned.

    Returns:
        C(hosts), each with C(light), C(steps), C(routes), C(diff) and C(certificates); C(lights), how many hosts have
        which; C(dns), the records of all domains; and what the report says of the run.
    """
    share = MOST_DIFF // max(1, len(report['hosts']))
    hosts = [_host(name, entry, share) for name, entry in report['hosts'].items()]
    rows = [row for entry in report['hosts'].values() for dummy, row in rows_of(entry)]
    lights = {light: sum(host['light'] == light for host in hosts) for light in (GREEN, UNKNOWN, RED)}
    known = {name: value for name, value in report.items() if name != 'hosts'}
    return {**known, 'hosts': hosts, 'lights': lights, 'dns': dns(rows)}


def _host(name: str, entry: Mapping[str, Any], share: int) -> dict[str, Any]:
    rows = [row for dummy, row in rows_of(entry)]
    scope = entry.get('scope')
    steps = [_step(step, [row for row in rows if step_of(row, scope) == step]) for step in STEPS]
    if scope == 'all':
        # Proven by the ways of mail to the outside, which are those of everybody.
        ways = [row['status'] for row in rows if step_of(row, 'senders') == 'scope']
        steps[STEPS.index('scope')].update(light=worst(ways), proven=bool(ways))
    if entry['result'] == 'failed':
        light = RED
    else:
        light = UNKNOWN if entry['result'] != 'done' else worst([row['status'] for row in rows] or [GREEN])
    return {
        **{key: value for key, value in entry.items() if key not in PARTS},
        'name': name,
        'light': light,
        'steps': steps,
        'scope': scope,
        'diff': _within(entry.get('diff') or [], share),
        'routes': routes(rows),
        'ways': _ways(rows),
        'certificates': certificates(rows),
    }


def _within(files: Iterable[Mapping[str, Any]], share: int) -> list[dict[str, Any]]:
    """Return as many of the changed lines as a host has room for, each file with how many are C(left_out)."""
    found = []
    for file in files:
        kept = []
        for line in file['lines']:
            share -= len(line) + len('<ins></ins>')
            if share < 0:
                break
            kept.append(line)
        found.append({**file, 'lines': kept, 'left_out': file['left_out'] + len(file['lines']) - len(kept)})
    return found


def routes(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the ways that mail takes: C(finding), C(status), and C(targets), the messages that take it."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row['id'].startswith('route.'):
            found.setdefault((row['finding'], row['status']), []).append(row['target'])
    return [{'finding': way, 'status': status, 'targets': targets} for (way, status), targets in found.items()]


def _ways(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the lights of the ways that mail takes: through the gateway to the outside, from it, and past it."""

    def of(*beginnings: str) -> str:
        return worst([row['status'] for row in rows if row['id'].startswith(beginnings)])

    return {
        'outbound': of('route.', 'gateway.'),
        'inbound': of('inbound.', 'firewall.redirect', 'firewall.shut', 'hop.mailboxes'),
        'direct': of('header.'),
    }


def _of(status: str, rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [row for row in rows if row['status'] == status]


def _step(name: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        'name': name,
        'light': worst([row['status'] for row in rows]) if rows else UNKNOWN,
        'proven': bool(rows),
        'rows': rows,
        'groups': [(status, same) for status in WORST_FIRST for same in [_of(status, rows)] if same],
    }


def certificates(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the certificates whose remaining days a row tells.

    Returns:
        For each C(target), C(days), C(share), how much of a bar that is, and C(light).
    """
    found = []
    for row in rows:
        match = DAYS.search(row['finding'])
        if match:
            days = int(match[1])
            light = RED if row['status'] == RED or days < 0 else UNKNOWN if days < ENOUGH_DAYS else GREEN
            share = max(0, min(100, round(100 * days / LONGEST_DAYS)))
            found.append({'target': row['target'], 'days': days, 'share': share, 'light': light})
    return found


def dns(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the DNS records of each domain, as they were seen and as they are wanted; once, however many hosts ask."""
    domains: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        kind = row['id'].partition('.')[0]
        if kind in DNS:
            seen, wanted = row.get('seen') or [], row.get('expected') or []
            record = {
                'kind': kind,
                'status': row['status'],
                'seen': [seen] if isinstance(seen, str) else list(map(str, seen)),
                'wanted': [wanted] if isinstance(wanted, str) else list(map(str, wanted)),
                'finding': row['finding'],
                'hint': row['hint'],
            }
            known = domains.setdefault(row['target'], [])
            if record not in known:
                known.append(record)
    return [{'name': name, 'records': records} for name, records in domains.items()]
