# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the DNS checks: all domains at once, repeated until green when asked to wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

try:
    import idna
except ImportError:
    # The modules report it from _values.IMPORT_ERRORS.
    pass

from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.client import DnsClient
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.dkim import check_dkim
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.dmarc import check_dmarc
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.mx import check_mx, check_ownership
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.spf import check_spf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, UNKNOWN, WORST_FIRST, worst

CHECKS = {'mx': check_mx, 'spf': check_spf, 'dkim': check_dkim, 'dmarc': check_dmarc, 'ownership': check_ownership}
# Seconds between two rounds of waiting: a change often shows at once or after a time to live of minutes.
FIRST_PAUSE, LONGEST_PAUSE, PAUSE_GROWTH = 5.0, 60.0, 1.5


class Expectations:
    """What the domains' records must say."""

    def __init__(
        self,
        relay_host: str,
        mx_targets: Iterable[str] = (),
        spf_addresses: Iterable[str] = (),
        dkim_selectors: Iterable[str] = (),
        dmarc_minimum_policy: str = 'none',
        ownership: Mapping[str, str] | None = None,
    ) -> None:
        self.relay_host = relay_host
        self.mx_targets = list(mx_targets) or [relay_host]
        self.spf_addresses = list(spf_addresses)
        self.dkim_selectors = list(dkim_selectors)
        self.dmarc_minimum_policy = dmarc_minimum_policy
        self.ownership = dict(ownership or {})


async def run(
    domains: Iterable[str],
    checks: Sequence[str],
    wanted: Expectations,
    wait: bool = False,
    client: DnsClient | None = None,
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    **options: Any,
) -> dict[str, Any]:
    """Rows, a digest by domain and a summary; options go to the DnsClient."""
    client = client or DnsClient(**options)
    by_domain: dict[str, Sequence[dict[str, Any]]] = dict.fromkeys(domains, ())
    pause, rounds = FIRST_PAUSE, 0
    while True:
        rounds += 1
        pending = [domain for domain, rows in by_domain.items() if _status(rows) != GREEN]
        for domain, rows in zip(
            pending, await asyncio.gather(*(_check_domain(client, domain, checks, wanted) for domain in pending))
        ):
            # A round that the deadline cut short knows less than the one before it.
            if not by_domain[domain] or client.remaining > 0 or _status(rows) != UNKNOWN:
                by_domain[domain] = rows
        # One query's time is kept for the last round.
        seconds = min(pause, client.remaining - client.timeout)
        if not wait or seconds <= 0 or all(_status(rows) == GREEN for rows in by_domain.values()):
            break
        await sleep(seconds)
        pause = min(pause * PAUSE_GROWTH, LONGEST_PAUSE)
        client.forget()
    return report(by_domain, rounds, client.queries)


async def _check_domain(
    client: DnsClient, domain: str, checks: Sequence[str], wanted: Expectations
) -> list[dict[str, Any]]:
    results = await asyncio.gather(*(CHECKS[check](client, domain, wanted) for check in checks))
    return [row for rows in results for row in rows]


def _status(rows: Sequence[Mapping[str, Any]]) -> str:
    return worst({row['status'] for row in rows})


def unicode_name(name: str) -> str:
    """A name with its A-labels as people write them; what does not decode stays."""
    if 'xn--' not in name:
        return name
    try:
        return idna.decode(name)
    except idna.IDNAError:
        return name


def report(by_domain: Mapping[str, Sequence[dict[str, Any]]], rounds: int, queries: int) -> dict[str, Any]:
    """The module's return values from the rows of each domain."""
    domains: dict[str, dict[str, Any]] = {}
    for domain, rows in by_domain.items():
        statuses: dict[str, set[str]] = {}
        for row in rows:
            statuses.setdefault(row['id'].split('.')[0], set()).add(row['status'])
        domains[unicode_name(domain)] = {
            'ascii': domain,
            'status': _status(rows),
            'checks': {check: worst(found) for check, found in statuses.items()},
        }
    counts = {status: sum(digest['status'] == status for digest in domains.values()) for status in WORST_FIRST}
    return {
        'rows': [dict(row, domain=unicode_name(row['domain'])) for rows in by_domain.values() for row in rows],
        'domains': domains,
        'summary': dict(
            counts, status=worst({digest['status'] for digest in domains.values()}), rounds=rounds, queries=queries
        ),
    }


def message(result: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    """The failure in words: how many domains, then each row with what to do."""
    counts = ', '.join(
        '{} of {} domains {}'.format(result['summary'][status], len(result['domains']), status)
        for status in WORST_FIRST[:2]
        if result['summary'][status]
    )
    return '\n'.join(
        [counts + '.'] + ['{} {}: {}. {}'.format(row['domain'], row['id'], row['finding'], row['hint']) for row in rows]
    )
