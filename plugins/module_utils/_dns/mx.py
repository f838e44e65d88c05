# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MX and ownership checks."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.client import (
    NXDOMAIN,
    OK,
    UNKNOWN,
    dotless,
    shown,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.findings import finding

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.client import DnsClient
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.run import Expectations


async def check_mx(dns: DnsClient, domain: str, wanted: Expectations) -> list[dict[str, Any]]:
    """Every MX target is one of the wanted ones, is a host of its own and has an address."""
    answer = await dns.query(domain, 'MX')
    if answer.status == UNKNOWN:
        return [finding('mx.unknown', domain, reason=answer.reason)]
    records = sorted((record.preference, dotless(record.exchange)) for record in answer.records)
    facts: dict[str, Any] = {
        'seen': ['{} {}'.format(*record) for record in records],
        'expected': 'only ' + ', '.join(wanted.mx_targets),
        'wanted': ' or '.join(wanted.mx_targets),
    }
    if not records:
        return [finding('mx.no_domain' if answer.status == NXDOMAIN else 'mx.missing', domain, **facts)]
    targets = list(dict.fromkeys(name for _preference, name in records))
    if targets == ['.']:
        return [finding('mx.null', domain, **facts)]
    rows = []
    if '.' in targets:
        rows.append(finding('mx.null_mixed', domain, **facts))
        targets.remove('.')
    others, used = [], set()
    for target in targets:
        problems, real = await _check_target(dns, domain, target, facts)
        rows.extend(problems)
        # An alias of the gateway leads to the gateway: that it is an alias is what is wrong with it.
        used.update({target, real}.intersection(wanted.mx_targets))
        if target not in wanted.mx_targets and real not in wanted.mx_targets:
            others.append(target)
    if others:
        rows.insert(0, finding('mx.bypass' if used else 'mx.elsewhere', domain, others=', '.join(others), **facts))
    missing = [target for target in wanted.mx_targets if target not in used]
    return rows or [finding('mx.partial' if missing else 'mx.ok', domain, missing=', '.join(missing), **facts)]


async def _check_target(
    dns: DnsClient, domain: str, target: str, facts: dict[str, Any]
) -> tuple[list[dict[str, Any]], str]:
    """Rows about one target, and the name of the host behind it."""
    if _is_address(target):
        return [finding('mx.address', domain, target=target, **facts)], target
    answer = await dns.query(target, 'A')
    if answer.status != OK:
        ipv6 = await dns.query(target, 'AAAA')
        # Without an IPv4 answer only an IPv6 address settles the question.
        if ipv6.status == OK or answer.status != UNKNOWN:
            answer = ipv6
    real = answer.aliases[-1] if answer.aliases else target
    rows = [finding('mx.cname', domain, target=target, real=real, **facts)] if answer.aliases else []
    if answer.status == UNKNOWN:
        rows.append(finding('mx.target_unknown', domain, target=target, reason=answer.reason, **facts))
    elif answer.status != OK:
        rows.append(finding('mx.dangling', domain, target=target, **facts))
    return rows, real


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def check_ownership(dns: DnsClient, domain: str, wanted: Expectations) -> list[dict[str, Any]]:
    """The TXT records of the domain contain the vendor's value."""
    value = wanted.ownership.get(domain)
    if value is None:
        return []
    answer = await dns.query(domain, 'TXT')
    if answer.status == UNKNOWN:
        return [finding('ownership.unknown', domain, expected=value, reason=answer.reason)]
    texts = [shown(content).strip() for content in answer.texts()]
    return [finding('ownership.ok' if value in texts else 'ownership.missing', domain, seen=texts, expected=value)]
