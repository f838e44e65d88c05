# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is where in a lab: names, addresses, files. Kept in .lab/NAME/lab.json."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import asdict, dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from .engine import CLONE, RUNTIME, LabError, replace

LABEL = 'conbool.lab'
NAME = re.compile(r'[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?')
NUMBERS = 512  # /24s in 198.18.0.0/15, the range set aside for test networks
FIRST_HOST = 10
# Last number of each fixed address. `trap` and `lan` are further addresses of the internet node.
INFRA = {'resolver': 2, 'gateway': 3, 'internet': 4, 'trap': 5, 'lan': 6}
FQDN = {
    'resolver': 'ns.lab.test',
    'gateway': 'mail.conbool.com',
    'internet': 'mx.external.test',
    'trap': 'trap.external.test',
    'lan': 'printer.example.com',
}
MAIL_NODES = ('gateway', 'internet')
CONTAINERS = ('resolver',) + MAIL_NODES


@dataclass
class Node:
    name: str
    fqdn: str
    ipv4: str
    ipv6: str
    kind: str  # entry of hosts.toml, or infra
    container: str  # where it lives


@dataclass
class Layout:
    name: str
    number: int
    nodes: dict[str, Node]

    @property
    def path(self) -> Path:
        return RUNTIME / self.name

    @property
    def network(self) -> str:
        return f'{machine_name(self.name)}-lab'

    @property
    def subnet4(self) -> IPv4Network:
        return IPv4Network((int(IPv4Network('198.18.0.0/15').network_address) + self.number * 256, 24))

    @property
    def subnet6(self) -> IPv6Network:
        return IPv6Network((int(IPv6Network('2001:db8::/32').network_address) + ((self.number + 1) << 64), 64))

    @property
    def hosts(self) -> list[Node]:
        return [node for node in self.nodes.values() if node.kind != 'infra']

    def node(self, name: str) -> Node:
        if name not in self.nodes:
            raise LabError(f'lab {self.name} has no {name}; it has {", ".join(self.nodes)}')
        return self.nodes[name]

    def add(self, name: str, kind: str, last: int | None = None) -> Node:
        if last is None:
            used = {node.ipv4 for node in self.nodes.values()}
            last = next(n for n in range(FIRST_HOST, 255) if str(self.subnet4[n]) not in used)
        infra = kind == 'infra'
        container = name if not infra or name in CONTAINERS else 'internet'
        self.nodes[name] = Node(
            name,
            FQDN[name] if infra else f'{name}.example.com',
            str(self.subnet4[last]),
            str(self.subnet6[last]),
            kind,
            f'{machine_name(self.name)}-{container}',
        )
        return self.nodes[name]

    def save(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        data = {
            'name': self.name,
            'number': self.number,
            'network': self.network,
            'subnet4': str(self.subnet4),
            'subnet6': str(self.subnet6),
            'nodes': {name: asdict(node) for name, node in self.nodes.items()},
            'paths': {
                'inventory': str(self.path / 'inventory.yml'),
                'ca': str(self.path / 'tls/ca.pem'),
                'ssh_key': str(self.path / 'ssh/id_ed25519'),
                'known_hosts': str(self.path / 'ssh/known_hosts'),
                'gateway': str(self.path / 'gateway'),
                'internet': str(self.path / 'internet'),
                'zones': str(self.path / 'zones'),
            },
        }
        replace(self.path / 'lab.json', json.dumps(data, indent=1) + '\n')


def fresh(name: str, number: int) -> Layout:
    layout = Layout(name, number, {})
    for node, last in INFRA.items():
        layout.add(node, 'infra', last)
    return layout


def load(name: str) -> Layout | None:
    check_name(name)
    path = RUNTIME / name / 'lab.json'
    if not path.exists():
        return None
    data = json.loads(path.read_text())
    return Layout(data['name'], data['number'], {key: Node(**node) for key, node in data['nodes'].items()})


def check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise LabError(f'{name!r} is no name: lower-case letters, digits and inner hyphens, at most 32')


def machine_name(name: str) -> str:
    """What this machine calls a lab, in labels and in the names of containers and networks: two clones may each have a
    lab of this name."""
    return f'{name}-{CLONE}'


def numbers(name: str):
    """All numbers, beginning at one that differs from lab to lab: labs started side by side seldom meet."""
    first = zlib.crc32(machine_name(name).encode())
    return ((first + n) % NUMBERS for n in range(NUMBERS))
