# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DMARC check: the policy that receivers find for the domain, by the tree walk of RFC 9989 (4.10).

RFC 9989 obsoletes RFC 7489 and its list of public suffixes. Where both would find different records (a domain three or
more labels below the organisational one, psd=) the new way decides; for a record at the domain itself both are the
same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.client import NXDOMAIN, UNKNOWN, shown
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.dmarc_record import (
    POLICIES,
    RECORD,
    bad_policies,
    counts_as_none,
    parse,
    remarks,
    repeated,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.findings import finding

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.client import DnsClient
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.run import Expectations

# A longer name is shortened to this after its own query, so that nobody has to ask more than 8 times.
LONGEST_PARENT = 7


class _Unknown(Exception):
    """A record on the way could not be looked up."""


async def check_dmarc(dns: DnsClient, domain: str, wanted: Expectations) -> list[dict[str, Any]]:
    """One row about the policy that applies to the domain."""
    facts: dict[str, Any] = {
        'expected': f'a policy of at least p={wanted.dmarc_minimum_policy}',
        'wanted': wanted.dmarc_minimum_policy,
    }
    try:
        records = await _records(dns, domain)
        if len(records) > 1:
            return [finding('dmarc.multiple', domain, seen=records, count=len(records), **facts)]
        source, record = (domain, records[0]) if records else await _inherited(dns, domain)
    except _Unknown as exc:
        return [finding('dmarc.unknown', domain, reason=exc, **facts)]
    if record is None:
        return [finding('dmarc.missing', domain, **facts)]
    facts.update(seen=[record], source=source, name='_dmarc.' + source)
    tags, missing_domain = parse(record), False
    broken = _broken(record, tags)
    if broken:
        identifier, reason = broken
        return [finding(identifier, domain, reason=reason, **facts)]
    if source != domain and 'np' in tags:
        missing_domain = (await dns.query(domain, 'MX')).status == NXDOMAIN
    rows = [_verdict(domain, wanted, tags, _policy(tags, source != domain, missing_domain), facts)]
    odd = remarks(tags)
    return rows + ([finding('dmarc.tags', domain, reason='; '.join(odd), **facts)] if odd else [])


def _broken(record: str, tags: dict[str, str]) -> tuple[str, str] | None:
    """(id, reason) of a record that does not say what its owner meant; None of any other."""
    twice = repeated(record)
    if twice:
        return 'dmarc.invalid', '{} is there more than once'.format(', '.join(f'{tag}=' for tag in twice))
    bad = bad_policies(tags)
    if bad:
        return 'dmarc.fallback' if counts_as_none(tags) else 'dmarc.invalid', ', '.join(bad) + ' is not a policy'
    return None


def _verdict(
    domain: str, wanted: Expectations, tags: dict[str, str], found: tuple[str, str], facts: dict[str, Any]
) -> dict[str, Any]:
    """The row about the policy that was found, a tag and its value."""
    tag, written = found
    policy = POLICIES[max(POLICIES.index(written) - 1, 0)] if tags.get('t', '').lower() == 'y' else written
    facts = dict(facts, tag=tag, written=written, policy=policy)
    if POLICIES.index(written) < POLICIES.index(wanted.dmarc_minimum_policy):
        return finding('dmarc.weak', domain, **facts)
    if POLICIES.index(policy) < POLICIES.index(wanted.dmarc_minimum_policy):
        return finding('dmarc.testing', domain, **facts)
    if written != 'none' and re.fullmatch('[0-9]{1,2}', tags.get('pct', ''), re.ASCII):
        return finding('dmarc.sampled', domain, percent=tags['pct'], **facts)
    return finding('dmarc.ok' if facts['source'] == domain else 'dmarc.inherited', domain, **facts)


async def _records(dns: DnsClient, name: str) -> list[str]:
    answer = await dns.query('_dmarc.' + name, 'TXT')
    if answer.status == UNKNOWN:
        raise _Unknown(f'TXT of _dmarc.{name}: {answer.reason}')
    return [text for text in map(shown, answer.texts()) if RECORD.fullmatch(text)]


async def _inherited(dns: DnsClient, domain: str) -> tuple[str, str | None]:
    """(name, record) of the organisational domain or of the public suffix above it, (domain, None) without one."""
    found = {}
    for name in parents(domain):
        records = await _records(dns, name)
        # Several records at one name count as none.
        if len(records) == 1:
            found[name] = records[0]
            psd = parse(records[0]).get('psd', '').lower()
            if psd == 'n':
                return name, records[0]
            if psd == 'y':
                # The organisational domain is the one below the suffix; without a record of its own the suffix's holds.
                below = _one_label_below(name, domain)
                return (below, found[below]) if below in found else (name, records[0])
    # The organisational domain is the one with the fewest labels.
    return list(found.items())[-1] if found else (domain, None)


def parents(domain: str) -> list[str]:
    """The names that the tree walk asks after the domain itself."""
    labels = domain.split('.')
    return ['.'.join(labels[-count:]) for count in range(min(len(labels) - 1, LONGEST_PARENT), 0, -1)]


def _one_label_below(suffix: str, domain: str) -> str:
    labels = domain.split('.')
    return '.'.join(labels[-(suffix.count('.') + 2) :])


def _policy(tags: dict[str, str], inherited: bool, missing_domain: bool) -> tuple[str, str]:
    """(tag, policy) that applies to the domain."""
    candidates = ('np', 'sp') if missing_domain else ('sp',) if inherited else ()
    tag = next((tag for tag in candidates if tag in tags), 'p')
    return tag, tags.get(tag, 'none').lower()
