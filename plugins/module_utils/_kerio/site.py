# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All of a Kerio Connect that the gateway's mail depends on, as it was read in one session."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import FAULTS, reason
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import relay, spam_rule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import Client, KerioError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.ip_group import MACHINE, contains, told
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.options import EVERYTHING
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.networks import Network

LINUX = 'Linux'


@dataclass
class Site:
    """Structures as the interface has them; what the server does not tell is None, or empty."""

    version: str
    role: str
    os: str
    hostname: str
    smtp: dict[str, Any]
    antispam: dict[str, Any]
    sender_policy: dict[str, Any]
    services: list[dict[str, Any]]
    entries: list[dict[str, Any]]
    rules: list[dict[str, Any]]
    domains: list[dict[str, Any]]
    spam_rules: list[dict[str, Any]] = field(default_factory=list)
    filters: list[dict[str, Any]] = field(default_factory=list)
    certificates: list[dict[str, Any]] = field(default_factory=list)
    remote: dict[str, Any] | None = None
    security: dict[str, Any] | None = None
    statistics: dict[str, Any] | None = None
    # Names of the relay rules that we made, by our record.
    made: list[str] = field(default_factory=list)

    @property
    def groups(self) -> dict[str, str]:
        """The groups of IP addresses: name -> id."""
        return {entry['groupName']: entry['groupId'] for entry in self.entries}

    def group_name(self, identity: str) -> str:
        """The name of a group; empty for none of these."""
        return next((name for name, known in self.groups.items() if known == identity), '')

    def service(self, name: str) -> dict[str, Any]:
        """Raises KerioError when there is none of that name."""
        found = [service for service in self.services if service['name'] == name]
        if len(found) != 1:
            raise KerioError(f'Kerio Connect has no service {name!r}')
        return found[0]

    def hosted(self) -> list[str]:
        """The domains whose mail it takes, in lower case."""
        return sorted({name.lower() for domain in self.domains for name in (domain['name'], *domain['aliasList'])})

    def domain(self, name: str) -> dict[str, Any] | None:
        """The domain of that name or alias."""
        for found in self.domains:
            if name.lower() in (found['name'].lower(), *(alias.lower() for alias in found['aliasList'])):
                return found
        return None

    def to_compare(self) -> dict[str, Any]:
        """What a change may touch, by its name: groups by theirs, since ids may be others after a change."""
        groups = {identity: name for name, identity in self.groups.items()}
        held = [[entry['groupName'], told(entry), entry['enabled']] for entry in self.entries]
        return {
            'groups of IP addresses': sorted(held),
            'relay rules': relay.shown(self.rules),
            'rules of the spam filter': spam_rule.shown(self.spam_rules),
            'services': _named(self.services, groups),
            'SMTP server': _named(self.smtp, groups),
            'spam filter': _named(self.antispam, groups),
            'sender policy': _named(self.sender_policy, groups),
        }

    def within(self, identity: str, address: str) -> bool:
        """Whether an address is in a group, as far as that can be seen."""
        return bool(identity) and contains(self.entries, identity, address)

    def all_entries(self, identity: str, above: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        """The entries of a group that are in force, with those of its parts in place of these."""
        found: list[dict[str, Any]] = []
        for entry in self.entries:
            if entry['groupId'] != identity or not entry['enabled']:
                continue
            child = entry['childGroupId']
            if entry['type'] != 'ChildGroup':
                found.append(entry)
            elif child not in above:
                found += self.all_entries(child, (*above, identity))
        return found

    def networks(self, identity: str) -> list[Network]:
        """The networks in a group; of names nobody here knows whose they are: untold() has them."""
        return self._divided(identity)[0]

    def untold(self, identity: str) -> list[str]:
        """What else is in it, such as names of hosts; this machine is no stranger to anybody."""
        return self._divided(identity)[1]

    def _divided(self, identity: str) -> tuple[list[Network], list[str]]:
        networks: list[Network] = []
        others: list[str] = []
        for entry in self.all_entries(identity):
            try:
                networks += _networks(told(entry))
            except ValueError:
                others += [entry['host'] or told(entry)] if told(entry) != MACHINE else []
        return networks, others


def _named(value: Any, groups: dict[str, str]) -> Any:
    """A structure in which groups stand with their names instead of their ids."""
    if isinstance(value, dict):
        return {name: _named(inner, groups) for name, inner in value.items()}
    if isinstance(value, list):
        return [_named(inner, groups) for inner in value]
    return groups.get(value, value) if isinstance(value, str) else value


def _networks(entry: str) -> list[Network]:
    """Raises ValueError when it is none."""
    if '-' in entry:
        first, last = (ipaddress.ip_address(part) for part in entry.split('-'))
        return list(ipaddress.summarize_address_range(first, last))
    return [ipaddress.ip_network(entry)]


def read(client: Client, made: list[str]) -> Site:
    """Everything, in the session of the client.

    Args:
        made: names of the relay rules that we made, by our record.

    Raises:
        KerioError: it is too old, or does not tell what is needed.
    """
    try:
        return replace(_read(client), made=made)
    except FAULTS as exc:
        raise KerioError(f'Kerio Connect answers in another form than is known here: {reason(exc)}') from exc


def _read(client: Client) -> Site:
    version = client.call('Server.getVersion')
    details = client.call('Session.whoAmI')['userDetails']
    # An older one has no list of rules, and says so better than by what else it lacks.
    rules = relay.read(client)
    info = client.attempt('Server.getProductInfo')
    filters = [client.attempt(f'Smtp.get{way}RuleList') for way in ('Incoming', 'Outgoing')]
    return Site(
        version='.'.join(str(version[name]) for name in ('major', 'minor', 'revision') if name in version),
        role=details['effectiveRole']['userRole'],
        os=info['info']['os'] if info else '',
        hostname=client.call('Domains.getSettings')['setting']['hostname'],
        smtp=client.call('Smtp.get')['server'],
        antispam=client.call('Content.getAntiSpamSetting')['setting'],
        sender_policy=client.call('SenderPolicy.get')['options'],
        services=client.call('Services.get')['services'],
        entries=client.call('IpAddressGroups.get', query=EVERYTHING)['list'],
        rules=rules,
        domains=client.call('Domains.get', query=EVERYTHING)['list'],
        spam_rules=spam_rule.read(client),
        filters=[rule for answer in filters if answer for rule in answer['list']],
        certificates=(client.attempt('ConnectCertificate.get') or {}).get('certificates', []),
        remote=(client.attempt('Server.getRemoteAdministration') or {}).get('setting'),
        security=(client.attempt('SecurityPolicy.get') or {}).get('options'),
        statistics=(client.attempt('Statistics.get') or {}).get('statistics'),
    )
