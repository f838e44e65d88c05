# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as a page for somebody who does not know Ansible: what it shows of each host (runs on the controller)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.run_report import PARTS, rows_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED, UNKNOWN, worst

# The steps of the vendor's page, in its order.
STEPS = ('prerequisite', 'outbound', 'inbound', 'loops', 'release', 'scope', 'reachable')
# The step that a row belongs to, by the beginning of its id; the longest one counts.
STEP_OF = {
    **dict.fromkeys(('dkim', 'dmarc', 'dns', 'mx', 'ownership', 'spf'), 'prerequisite'),
    **dict.fromkeys(('inbound', 'firewall', 'wash'), 'inbound'),
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


def step_of(row: Mapping[str, Any]) -> str:
    """Return the step of the vendor's page that a row belongs to."""
    if row['id'].startswith('header') and row['target'].lower().startswith(RELEASED):
        return 'release'
    found = [beginning for beginning in STEP_OF if row['id'].startswith(beginning)]
    return STEP_OF[max(found, key=len)] if found else OTHERS


def page(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page shows.

    Args:
        report: what run_report() returned.

    Returns:
        C(hosts), each with C(light), C(steps), C(routes), C(certificates) and C(dns); C(lights), how many hosts have
        which; and what the report says of the run.
    """
    hosts = [_host(name, entry) for name, entry in report['hosts'].items()]
    lights = {light: sum(host['light'] == light for host in hosts) for light in (GREEN, UNKNOWN, RED)}
    return {**{name: value for name, value in report.items() if name != 'hosts'}, 'hosts': hosts, 'lights': lights}


def _host(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    rows = [row for dummy, row in rows_of(entry)]
    steps = [_step(step, [row for row in rows if step_of(row) == step]) for step in STEPS]
    if entry['result'] == 'failed':
        light = RED
    else:
        light = UNKNOWN if entry['result'] != 'done' else worst([row['status'] for row in rows] or [GREEN])
    return {
        **{key: value for key, value in entry.items() if key not in PARTS},
        'name': name,
        'light': light,
        'steps': [step for step in steps if step['rows'] or step['name'] != 'scope'],
        'routes': [row for row in rows if row['id'].startswith('route.')],
        'ways': _ways(rows),
        'certificates': certificates(rows),
        'dns': dns(rows),
    }


def _ways(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the lights of the ways that mail takes: through the gateway to the outside, from it, and past it."""

    def of(*beginnings: str) -> str:
        return worst([row['status'] for row in rows if row['id'].startswith(beginnings)])

    return {
        'outbound': of('route.', 'gateway.'),
        'inbound': of('inbound.'),
        'direct': of('header.'),
    }


def _step(name: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    order = (RED, UNKNOWN, GREEN)
    return {
        'name': name,
        'light': worst([row['status'] for row in rows]) if rows else UNKNOWN,
        'proven': bool(rows),
        'rows': sorted(rows, key=lambda row: order.index(row['status'])),
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
    """Return the DNS records of each domain, as they were seen and as they are wanted."""
    domains: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        kind = row['id'].partition('.')[0]
        if kind in DNS:
            seen, wanted = row.get('seen') or [], row.get('expected') or []
            domains.setdefault(row['target'], []).append(
                {
                    'kind': kind,
                    'status': row['status'],
                    'seen': [seen] if isinstance(seen, str) else list(map(str, seen)),
                    'wanted': [wanted] if isinstance(wanted, str) else list(map(str, wanted)),
                    'finding': row['finding'],
                    'hint': row['hint'],
                }
            )
    return [{'name': name, 'records': records} for name, records in domains.items()]
