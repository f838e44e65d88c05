# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a person or Ansible gets into the hosts: SSH keys, known hosts, inventory."""

from __future__ import annotations

import shlex
from pathlib import Path

import yaml

from . import certificates
from .engine import replace, run
from .layout import MAIL_NODES, Layout, Node


def make(layout: Layout) -> None:
    """The key that opens every host of this lab."""
    _key(layout.path / 'ssh/id_ed25519', f'lab {layout.name}')


def host_folder(layout: Layout, node: Node) -> Path:
    return layout.path / 'ssh/hosts' / node.name


def make_for_host(layout: Layout, node: Node) -> None:
    """The host's own key is made here, so that it is known before the first connection."""
    folder = host_folder(layout, node)
    _key(folder / 'ssh_host_ed25519_key', node.fqdn)
    replace(folder / 'authorized_keys', (layout.path / 'ssh/id_ed25519.pub').read_text())


def describe(layout: Layout) -> None:
    """known_hosts and inventory.yml of all hosts."""
    known, hosts, outside = '', {}, {}
    for node in layout.hosts + [layout.nodes[name] for name in MAIL_NODES]:
        key = (host_folder(layout, node) / 'ssh_host_ed25519_key.pub').read_text().split()[:2]
        known += f'{node.name},{node.fqdn},{node.ipv4},{node.ipv6} {" ".join(key)}\n'
        (outside if node.name in MAIL_NODES else hosts)[node.name] = {'ansible_host': node.ipv4}
    known_hosts = layout.path / 'ssh/known_hosts'
    replace(known_hosts, known)
    options = [
        f'UserKnownHostsFile={shlex.quote(str(known_hosts))}',
        'StrictHostKeyChecking=yes',
        'IdentitiesOnly=yes',
        'ConnectTimeout=10',
    ]
    login = {
        'ansible_user': 'root',
        'ansible_ssh_private_key_file': str(layout.path / 'ssh/id_ed25519'),
        'ansible_ssh_common_args': ' '.join(f'-o {option}' for option in options),
        # For variables such as conbool_dns_servers.
        'lab_resolver': layout.nodes['resolver'].ipv4,
        'lab_gateway': [layout.nodes['gateway'].ipv4, layout.nodes['gateway'].ipv6],
        # Of what the gateway shows as a client, with and without the usage.
        'lab_gateway_fingerprints': [
            certificates.fingerprint(layout.path / f'tls/gateway/{name}.pem') for name in ('normal', 'server')
        ],
        'lab_lan': [layout.nodes['lan'].ipv4, layout.nodes['lan'].ipv6],
    }
    # From where others look at the mail servers.
    inventory = {'all': {'vars': login, 'children': {'conbool': {'hosts': hosts}, 'outside': {'hosts': outside}}}}
    replace(layout.path / 'inventory.yml', yaml.safe_dump(inventory, sort_keys=False))


def _key(path: Path, comment: str) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', path])
