# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one state that the interface changes and mail goes by."""

from __future__ import annotations

import ipaddress
import secrets
import threading
from dataclasses import dataclass, field
from pathlib import Path

from . import configuration, defaults, groups
from .control import Control
from .journal import Journal
from .schema import Schema

UNITS = {'Minutes': 1, 'Hours': 60, 'Days': 1440, 'Weeks': 10080}
BYTES = {'Bytes': 1, 'KiloBytes': 2**10, 'MegaBytes': 2**20, 'GigaBytes': 2**30}


@dataclass
class World:
    """What is outside of the server and cannot be had on loopback: names, and how long a minute is."""

    # Domain -> (address, port) of its mail exchanger; other domains are asked of the DNS, if `dns`.
    exchangers: dict = field(default_factory=dict)
    # Host -> address, for relay rules; (host, port) -> (address, port) too.
    hosts: dict = field(default_factory=dict)
    # Domain -> networks that may send for it (SPF); Caller ID says the same.
    senders: dict = field(default_factory=dict)
    # Addresses that have a name in the DNS.
    named: list = field(default_factory=list)
    # Networks that DNS blacklists have; each of them has this address, for tests.
    listed: list = field(default_factory=lambda: ['127.0.0.2'])
    # Addresses that the double's own anti-spam engine has heard of.
    infamous: list = field(default_factory=list)
    dns: bool = False
    # Seconds of one of the server's minutes, and of the repellent's seconds.
    minute: float = 60.0
    second: float = 1.0
    # Where listeners are: real ports, or any that are free.
    address: str = '127.0.0.1'
    real_ports: bool = False
    # Ports that other programs hold.
    taken_ports: list = field(default_factory=list)
    # Addresses of the machine beside loopback.
    own: list = field(default_factory=list)
    os: str = 'Linux'


class State:
    """Raises ValueError when the configuration file cannot be read."""

    def __init__(self, profile, folder: Path, world: World | None = None):
        self.profile = profile
        self.folder = folder
        self.world = world or World()
        self.control = Control(folder / 'control.json')
        self.journal = Journal(folder)
        self.lock = threading.RLock()
        self.changed: list = []  # functions that are told which part was set
        # What somebody but the client under test has put there, and what may not get lost: part -> identities.
        self.entrusted: dict[str, list] = {'relay_rules': [], 'custom_rules': []}
        self.file = folder / 'mailserver.cfg'
        self.load()

    # --- the configuration file

    def load(self) -> None:
        """At start: the file as it is, or a fresh state where there is none."""
        stored = configuration.read(self.file) if self.file.exists() else None
        self.data = stored or defaults.fresh(self.profile)
        self.data.setdefault('marker', secrets.token_hex(4))
        self.schema = Schema(self.profile, self.data['marker'])

    def save(self) -> None:
        """At stop. Whoever edited the file in between has edited it in vain."""
        configuration.write(self.file, self.data)

    # --- IP address groups

    @property
    def own_addresses(self) -> tuple[str, ...]:
        return ('127.0.0.1', '::1', *self.world.own)

    def in_group(self, group: str, address: str, entries=None) -> bool:
        return bool(group) and groups.contains(
            group,
            plain(address),
            self.data['ip_entries'] if entries is None else entries,
            self.own_addresses,
            self.profile.this_machine == 'net',
        )

    def excepted(self, entity: dict, address: str) -> bool:
        """Whether an OptionalEntity is on and its group has the address."""
        return entity['enabled'] and self.in_group(entity['id'], address)

    def group_names(self) -> dict[str, str]:
        return groups.names(self.data['ip_entries'])

    # --- readings of settings

    def seconds(self, limit: dict) -> float:
        # A unit of a later version is an hour.
        return limit['value'] * UNITS.get(limit['units'], 60) * self.world.minute

    @staticmethod
    def bytes(size: dict) -> int:
        return size['limit']['value'] * BYTES.get(size['limit']['units'], 1) if size['isActive'] else 0

    def service(self, name: str) -> dict:
        return next(service for service in self.data['services'] if service['name'] == name)

    def tell(self, part: str) -> None:
        for function in list(self.changed):
            function(part)

    def remote_allowed(self, address: str, entries=None) -> bool:
        remote = self.data['remote']
        if not remote['isEnabled']:
            return False
        return not remote['isLimited'] or self.in_group(remote['groupId'], address, entries)

    # --- domains and people

    def domain(self, name: str) -> dict | None:
        name = name.lower()
        return next((one for one in self.data['domains'] if name in (one['name'], *one['aliasList'])), None)

    def user(self, domain: dict, local_part: str) -> dict | None:
        wanted = local_part.lower()
        return next(
            (
                user
                for user in self.data['users']
                if user['domainId'] == domain['id'] and wanted in (user['loginName'], *user['emailAddresses'])
            ),
            None,
        )

    def named(self, part: str, domain: dict, name: str) -> dict | None:
        """An alias or a mailing list by its name."""
        return next(
            (one for one in self.data[part] if one['domainId'] == domain['id'] and one['name'] == name.lower()), None
        )

    def primary(self) -> dict | None:
        return next((domain for domain in self.data['domains'] if domain['isPrimary']), None)

    def address(self, user: dict) -> str:
        domain = next(domain for domain in self.data['domains'] if domain['id'] == user['domainId'])
        return f'{user["loginName"]}@{domain["name"]}'


def plain(address: str) -> str:
    """An IPv4 address as such, though it came by a socket of both kinds."""
    parsed = ipaddress.ip_address(address.partition('%')[0])
    return str(getattr(parsed, 'ipv4_mapped', None) or parsed)
