# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks behind a DNS name, for firewalls: complete and sane, or an error.

A fault of the DNS must neither close a firewall (an empty or shorter list) nor open it (a network of half the
Internet).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

try:
    import netaddr
except ImportError:
    # The lookup plugin reports it from _values.IMPORT_ERRORS.
    pass

from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns import spf_record
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.client import UNKNOWN, dotless
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.spf_check_host import MAX_LOOKUPS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.client import Answer, DnsClient

# More than anybody publishes; each one is compared with all before it.
MAX_MECHANISMS = 300


class NetworksError(Exception):
    """The networks of a name cannot be told, or cannot be right."""


async def networks_of(dns: DnsClient, names: Sequence[str], record: str) -> list[str]:
    """Merged networks of all names, IPv4 first; record is spf or address."""
    found = netaddr.IPSet()
    for name in names:
        part = await _Policy(dns).networks(name) if record == 'spf' else await _addresses(dns, name)
        if not part:
            raise NetworksError(f'{name} names no network')
        found |= part
    networks = [str(network) for network in found.iter_cidrs()]
    for network in networks:
        try:
            readers.network(network)
        except ValueError as exc:
            raise NetworksError('{}: {} {}'.format(', '.join(names), network, exc)) from exc
    return sorted(networks, key=lambda network: (':' in network, netaddr.IPNetwork(network)))


async def _ask(dns: DnsClient, name: str, rdtype: str) -> Answer:
    answer = await dns.query(name, rdtype)
    if answer.status == UNKNOWN:
        raise NetworksError(f'{rdtype} of {name} could not be looked up: {answer.reason}')
    return answer


async def _addresses(dns: DnsClient, name: str, prefixes: tuple[int, int] = (32, 128)) -> netaddr.IPSet:
    """Networks of these prefix lengths around all addresses of a host."""
    networks = [
        netaddr.IPNetwork(f'{record.address}/{prefix}').cidr
        for rdtype, prefix in zip(('A', 'AAAA'), prefixes)
        for record in (await _ask(dns, name, rdtype)).records
    ]
    if not networks:
        raise NetworksError(f'{name} has no address')
    return netaddr.IPSet(networks)


class _Policy:
    """One SPF policy with everything that it includes."""

    def __init__(self, dns: DnsClient) -> None:
        self.dns = dns
        self.lookups = 0

    async def networks(self, domain: str) -> netaddr.IPSet:
        """All addresses for which the policy passes."""
        policies = [
            content for content in (await _ask(self.dns, domain, 'TXT')).texts() if spf_record.is_policy(content)
        ]
        if len(policies) != 1:
            raise NetworksError('{} has {} SPF record'.format(domain, 'more than one' if policies else 'no'))
        try:
            policy = spf_record.parse(policies[0])
        except spf_record.SpfSyntaxError as exc:
            raise NetworksError(f'SPF record of {domain}: {exc}') from exc
        if len(policy.mechanisms) > MAX_MECHANISMS:
            raise NetworksError(f'SPF record of {domain}: more than {MAX_MECHANISMS} mechanisms')
        passed, decided = netaddr.IPSet(), netaddr.IPSet()
        for mechanism in policy.mechanisms:
            if mechanism.name == 'all':
                if mechanism.result == 'pass':
                    raise NetworksError(f'SPF record of {domain}: {mechanism.text} authorises the whole Internet')
                return passed
            matched = await self._matched(mechanism, domain)
            # The first mechanism that matches an address decides about it.
            if mechanism.result == 'pass':
                passed |= matched - decided
            decided |= matched
        if policy.redirect is not None:
            self._count_lookup(domain)
            passed |= await self.networks(self._plain(policy.redirect, domain)) - decided
        return passed

    async def _matched(self, mechanism: spf_record.Mechanism, domain: str) -> netaddr.IPSet:
        if mechanism.network is not None:
            return netaddr.IPSet([str(mechanism.network)])
        if mechanism.name in ('ptr', 'exists'):
            raise NetworksError(
                f'SPF record of {domain}: the addresses that {mechanism.text} stands for cannot be listed'
            )
        self._count_lookup(domain)
        target = domain if mechanism.spec is None else self._plain(mechanism.spec, domain)
        if mechanism.name == 'include':
            return await self.networks(target)
        if mechanism.name == 'a':
            return await _addresses(self.dns, target, mechanism.prefixes)
        hosts = [dotless(record.exchange) for record in (await _ask(self.dns, target, 'MX')).records]
        if not hosts:
            raise NetworksError(f'SPF record of {domain}: {target} has no MX record')
        found = netaddr.IPSet()
        for host in hosts:
            found |= await _addresses(self.dns, host, mechanism.prefixes)
        return found

    def _plain(self, spec: str, domain: str) -> str:
        if '%' in spec:
            raise NetworksError(f'SPF record of {domain}: the addresses that {spec} stands for cannot be listed')
        return spec

    def _count_lookup(self, domain: str) -> None:
        self.lookups += 1
        if self.lookups > MAX_LOOKUPS:
            raise NetworksError(f'SPF record of {domain}: more than {MAX_LOOKUPS} DNS lookups')
