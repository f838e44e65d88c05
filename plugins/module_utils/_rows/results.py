# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows out of what tasks registered, whether or not these failed (runs on the controller)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.observer import CONTROLLER
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import (
    dns_rows,
    in_order,
    row,
    skipped,
    smtp_rows,
    unasked,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import UNKNOWN

OBSERVER = (
    'verify_outside names it. A slice of a job has only its part of the hosts: run the playbook verify without slices,'
    ' or leave the variable unset where there are slices.'
)
AWAY = 'verify_outside names it. Mend its connection, or leave the variable unset.'
AWAY_HERE = (
    'It is the controller, which needs no connection: let localhost have ansible_connection=local in the inventory, and'
    ' give no ansible_connection with -e.'
)
# What a task was asked about, where that is not what it is registered as.
TARGETS = {'mta': 'mail server'}


def result_rows(name: str, result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of one registered result.

    Args:
        name: C(dns) of M(conbool.smtp_relay.dns_check), C(outside) of M(conbool.smtp_relay.smtp_check) from another
            host, or anything else of a module that returns C(rows), or of whose failure there is to be a row.
        result: what was registered; empty when the task had no turn.
    """
    if skipped(result):
        return []
    if name == 'dns':
        return dns_rows(result)
    if result.get('missing'):
        return [row('inbound.observer', result['missing'], UNKNOWN, 'it is not in the inventory of this run', OBSERVER)]
    if name == 'outside':
        return smtp_rows(result, 'inbound') if 'servers' in result else [_not_seen(result)]
    rows = list(result.get('rows', []))
    if not result or result.get('failed') or result.get('unreachable'):
        rows += unasked(result, name, TARGETS.get(name, name))
    return rows


def _not_seen(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row on an observer that did not look."""
    (found,) = unasked(result, 'inbound', result.get('observer', 'observer'))
    hint = AWAY_HERE if result.get('observer') == CONTROLLER else AWAY
    return dict(found, hint=hint) if result.get('unreachable') else found


def part_rows(
    part: str, rows: Iterable[dict[str, Any] | list[dict[str, Any]]], results: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return all rows of a part of a run.

    Args:
        part: C(preflight) or C(verify).
        rows: rows and lists of them.
        results: registered results by name, for result_rows().
    """
    found = []
    for entry in rows:
        found += entry if isinstance(entry, list) else [entry]
    for name, result in results.items():
        found += result_rows(name, result)
    if not found:
        return [row(part + '.unasked', part, UNKNOWN, 'nothing was asked')]
    return in_order(found) if part == 'preflight' else found
