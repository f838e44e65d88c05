# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_host() of RFC 7208 for an address or a whole network of senders.

Why not pyspf: it passes the same test vectors, but asks synchronously through one global resolver of its own, so
neither name servers, time limits nor answers could be shared with the other checks, and it cannot judge a network. The
explanation (exp=, 6.2) is checked for syntax and not fetched: it is the text of a rejection and never changes a result.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Union

from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns import spf_record as record
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.client import UNKNOWN, dotless

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.client import Answer, DnsClient

MAX_LOOKUPS, MAX_VOIDS, MAX_NAMES = 10, 2, 10
# A network is split until each part has one answer; more parts than this are not worth the queries.
MAX_PARTS = 600
LABEL = re.compile(r'[^.]{1,63}')
Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


class Verdict:
    """Result of check_host with what led to it."""

    __slots__ = ('result', 'reason', 'path', 'lookups', 'client')

    def __init__(
        self, result: str, reason: str = '', path: Sequence[str] = (), lookups: int = 0, *, client: Network
    ) -> None:
        self.result = result
        # Why it is a permerror, a temperror or none.
        self.reason = reason
        # The terms that matched, outermost first.
        self.path = path
        self.lookups = lookups
        # The network that this holds for.
        self.client = client


class _Stop(Exception):
    """permerror and temperror end the evaluation at once."""

    def __init__(self, result: str, reason: str) -> None:
        super().__init__(reason)
        self.result = result
        self.reason = reason


class _Split(Exception):
    """A term treats some addresses of the network differently."""


def sender_network(text: str) -> Network:
    """The network of an address or a CIDR; IPv4 mapped into IPv6 is IPv4 (5)."""
    network = ipaddress.ip_network(text)
    mapped = network.network_address.ipv4_mapped if network.version == 6 and network.prefixlen >= 96 else None
    return ipaddress.ip_network(f'{mapped}/{network.prefixlen - 96}') if mapped else network


async def check_network(dns: DnsClient, network: str, domain: str, sender: str, helo: str) -> Verdict:
    """Verdict for all addresses of a network: the first part that does not pass, else a pass."""
    pending, verdict = [sender_network(network)], None
    for _part in range(MAX_PARTS):
        part = pending.pop()
        try:
            verdict = await _Evaluation(dns, part, sender, helo).run(domain)
        except _Split:
            pending.extend(reversed(list(part.subnets())))
            continue
        if verdict.result != 'pass' or not pending:
            return verdict
    return Verdict(
        'temperror', f'the policy depends on single addresses and {network} has too many of them', client=pending[-1]
    )


def _is_within(name: str, domain: str) -> bool:
    return name == domain or name.endswith('.' + domain)


class _Evaluation:
    """One check_host call: the sender's network and the counters of 4.6.4."""

    def __init__(self, dns: DnsClient, client: Network, sender: str, helo: str) -> None:
        self.dns = dns
        self.client = client
        self.address = client.network_address
        self.sender = sender if sender.rpartition('@')[0] else 'postmaster@' + sender.rpartition('@')[2]
        self.helo = helo
        self.lookups = 0
        self.voids = 0

    async def run(self, domain: str) -> Verdict:
        """The Verdict for a domain."""
        try:
            result, path, reason = await self._check(domain)
        except _Stop as stop:
            result, path, reason = stop.result, (), stop.reason
        return Verdict(result, reason, path, self.lookups, client=self.client)

    async def _check(self, domain: str) -> tuple[str, tuple[str, ...], str]:
        labels = domain.rstrip('.').split('.')
        if len(labels) < 2 or len(domain) > record.LONGEST_NAME or not all(LABEL.fullmatch(label) for label in labels):
            return 'none', (), f'{domain} is not a domain name'
        answer = await self.dns.query(domain, 'TXT')
        if answer.status == UNKNOWN:
            raise _Stop('temperror', f'TXT of {domain}: {answer.reason}')
        policies = [content for content in answer.texts() if record.is_policy(content)]
        if not policies:
            return 'none', (), f'{domain} has no SPF record'
        if len(policies) > 1:
            raise _Stop('permerror', f'{domain} has {len(policies)} SPF records')
        try:
            policy = record.parse(policies[0])
        except record.SpfSyntaxError as exc:
            raise _Stop('permerror', f'{domain}: {exc}') from exc
        for mechanism in policy.mechanisms:
            path = await self._match(mechanism, domain)
            if path is not None:
                return mechanism.result, (mechanism.text,) + path, ''
        if policy.redirect is None:
            return 'neutral', (), ''
        self._count_lookup()
        target = await self._target(policy.redirect, domain)
        result, path, reason = await self._check(target)
        if result == 'none':
            raise _Stop('permerror', 'redirect: ' + reason)
        return result, ('redirect=' + target,) + path, reason

    async def _match(self, mechanism: record.Mechanism, domain: str) -> tuple[str, ...] | None:
        """The terms that matched below this mechanism, None when it does not match."""
        if mechanism.name == 'all':
            return ()
        if mechanism.network is not None:
            return () if self._within(mechanism.network) else None
        self._count_lookup()
        target = domain if mechanism.spec is None else await self._target(mechanism.spec, domain)
        if mechanism.name == 'include':
            result, path, reason = await self._check(target)
            if result == 'none':
                raise _Stop('permerror', 'include: ' + reason)
            return path if result == 'pass' else None
        if mechanism.name == 'exists':
            matched = bool((await self._ask(target, 'A')).records)
        elif mechanism.name == 'ptr':
            matched = any(_is_within(name, target.lower()) for name in await self._validated_names(target.lower()))
        elif mechanism.name == 'mx':
            matched = await self._match_mx(target, mechanism.prefixes)
        else:
            matched = await self._match_addresses(target, mechanism.prefixes)
        return () if matched else None

    async def _match_mx(self, target: str, prefixes: tuple[int, int]) -> bool:
        hosts = [
            dotless(mx.exchange) for mx in sorted((await self._ask(target, 'MX')).records, key=lambda mx: mx.preference)
        ]
        if len(hosts) > MAX_NAMES:
            raise _Stop('permerror', f'{target} has more than {MAX_NAMES} MX records')
        for host in hosts:
            if await self._match_addresses(host, prefixes):
                return True
        return False

    async def _match_addresses(self, name: str, prefixes: tuple[int, int]) -> bool:
        rdtype, prefix = ('A', prefixes[0]) if self.client.version == 4 else ('AAAA', prefixes[1])
        addresses = (await self._ask(name, rdtype)).records
        return any(
            self._within(ipaddress.ip_network(f'{address.address}/{prefix}', strict=False)) for address in addresses
        )

    def _within(self, network: Network) -> bool:
        if network.version != self.client.version:
            return False
        if self.client.subnet_of(network):
            return True
        if network.subnet_of(self.client):
            raise _Split
        return False

    async def _ask(self, name: str, rdtype: str) -> Answer:
        answer = await self.dns.query(name, rdtype)
        if answer.status == UNKNOWN:
            raise _Stop('temperror', f'{rdtype} of {name}: {answer.reason}')
        if answer.void:
            self.voids += 1
            if self.voids > MAX_VOIDS:
                raise _Stop(
                    'permerror',
                    f'more than {MAX_VOIDS} lookups found nothing, the last one was {rdtype} of {name}',
                )
        return answer

    def _count_lookup(self) -> None:
        self.lookups += 1
        if self.lookups > MAX_LOOKUPS:
            raise _Stop('permerror', f'the policy needs more than {MAX_LOOKUPS} DNS lookups')

    def _single_address(self) -> None:
        """From here on the result depends on the one address."""
        if self.client.num_addresses > 1:
            raise _Split

    async def _target(self, spec: str, domain: str) -> str:
        if '%' not in spec:
            return spec.rstrip('.')
        if record.uses(spec, 'ip'):
            self._single_address()
        local, _at_sign, sender_domain = self.sender.rpartition('@')
        values = {
            's': self.sender,
            'l': local,
            'o': sender_domain,
            'd': domain,
            'h': self.helo,
            'v': 'in-addr' if self.client.version == 4 else 'ip6',
            'i': self._dotted_address(),
        }
        if record.uses(spec, 'p'):
            values['p'] = await self._validated_name(domain.lower())
        return record.expand(spec, values)

    def _dotted_address(self) -> str:
        if self.client.version == 4:
            return str(self.address)
        return '.'.join(self.address.exploded.replace(':', ''))

    async def _validated_names(self, target: str) -> list[str]:
        """Names of the address whose addresses contain it (5.5); those within target first, as 7.3 prefers them."""
        self._single_address()
        # A PTR lookup that fails is no match, never an error (5.5).
        answer = await self.dns.query(self.address.reverse_pointer, 'PTR')
        names = [dotless(pointer.target) for pointer in answer.records][:MAX_NAMES]
        validated = []
        for name in names:
            addresses = await self.dns.query(name, 'A' if self.client.version == 4 else 'AAAA')
            if any(ipaddress.ip_address(address.address) == self.address for address in addresses.records):
                validated.append(name)
        return sorted(validated, key=lambda name: (name != target, not _is_within(name, target)))

    async def _validated_name(self, domain: str) -> str:
        names = await self._validated_names(domain)
        return names[0] if names else 'unknown'
