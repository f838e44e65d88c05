# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way mail has left a Kerio Connect, as that counts it. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN

HINT = (
    'What left before site.yml was run counts as well. If the second number grows, mail leaves past the relay rules:'
    ' look for domains that forward what they do not know, and for mailing lists.'
)


def rows(counted: Mapping[str, Any] | None, scope: str) -> list[dict[str, Any]]:
    """Return the row on what left by relay rules, and what without; none where the server does not tell.

    It is never red: nobody knows which of it left before the rules were there.

    Args:
        counted: what C(Statistics.get) tells.
        scope: whether all senders use the gateway.
    """
    counted = counted or {}
    by_rule, alone = (_count(counted.get(way)) for way in ('relay', 'mx'))
    if not (by_rule.isdigit() and alone.isdigit()):
        return []
    found = f'{_since(counted.get("uptime"))}, {by_rule} messages left by relay rules, {alone} without'
    past = scope == 'all' and int(alone) > 0
    return [row('route.counted', 'mail server', GREEN, found, HINT if past else '', 'low' if past else None)]


def _count(value: Any) -> str:
    return str(value.get('count', '')) if isinstance(value, Mapping) else ''


def _since(uptime: Any) -> str:
    told = uptime if isinstance(uptime, Mapping) else {}
    for unit in ('days', 'hours', 'minutes'):
        if told.get(unit):
            return f'in the last {told[unit]} {unit}'
    return 'since it started'
