# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SPF check: does the published policy pass for every address of the gateway?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns import spf_check_host
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.client import UNKNOWN, shown
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.findings import finding
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.spf_record import is_policy

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.client import DnsClient
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.run import Expectations


async def check_spf(dns: DnsClient, domain: str, wanted: Expectations) -> list[dict[str, Any]]:
    """One row: the first address that the policy does not authorise decides."""
    addresses, reason = await gateway_addresses(dns, wanted)
    if not addresses:
        return [finding('spf.no_addresses', domain, reason=reason)]
    facts: dict[str, Any] = {'expected': 'pass for ' + ', '.join(addresses)}
    answer = await dns.query(domain, 'TXT')
    if answer.status == UNKNOWN:
        return [finding('spf.unknown', domain, reason=f'TXT of {domain}: {answer.reason}', **facts)]
    policies = [content for content in answer.texts() if is_policy(content)]
    facts['seen'] = [shown(content) for content in policies]
    if not policies:
        return [finding('spf.missing', domain, client=', '.join(addresses), **facts)]
    if len(policies) > 1:
        return [finding('spf.multiple', domain, count=len(policies), **facts)]
    open_to_all, unknown = False, None
    for address in addresses:
        verdict = await spf_check_host.check_network(
            dns, address, domain, 'postmaster@' + domain, wanted.relay_host or domain
        )
        if verdict.result == 'temperror':
            unknown = unknown or finding('spf.unknown', domain, reason=verdict.reason, **facts)
        elif verdict.result != 'pass':
            return [_refusal(domain, verdict, facts)]
        open_to_all = open_to_all or verdict.result == 'pass' and verdict.path[-1].lower() in ('all', '+all')
    return [unknown or finding('spf.pass_all' if open_to_all else 'spf.ok', domain, **facts)]


def _refusal(domain: str, verdict: spf_check_host.Verdict, facts: dict[str, Any]) -> dict[str, Any]:
    if verdict.result == 'permerror':
        return finding('spf.permerror', domain, reason=verdict.reason, **facts)
    client = verdict.client.network_address if verdict.client.num_addresses == 1 else verdict.client
    result = verdict.result + (' ({})'.format(' '.join(verdict.path)) if verdict.path else '')
    return finding('spf.not_authorised', domain, client=client, result=result, **facts)


async def gateway_addresses(dns: DnsClient, wanted: Expectations) -> tuple[list[str], str]:
    """The given addresses, else those of the relay host; with the reason when there are none."""
    if wanted.spf_addresses:
        return wanted.spf_addresses, ''
    answers = [await dns.query(wanted.relay_host, rdtype) for rdtype in ('A', 'AAAA')]
    reasons = [answer.reason for answer in answers if answer.status == UNKNOWN]
    if reasons:
        # Half of the addresses would prove nothing.
        return [], f'{wanted.relay_host}: {reasons[0]}'
    return [record.address for answer in answers for record in answer.records], f'{wanted.relay_host} has no address'
