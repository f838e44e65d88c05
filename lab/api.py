# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running lab, for tests."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from . import inside, lifecycle, network, resolver
from .engine import LabError, environment
from .layout import Layout, load
from .mailnode import MailNode

__all__ = ['Lab', 'LabError', 'default_name', 'down', 'remove', 'save', 'up']


def default_name() -> str:
    return os.environ.get('CONBOOL_LAB', 'conbool')


def up(name: str, *hosts: str, fresh: bool = False) -> Lab:
    """Starts what is missing. A host is the name of its kind, or NAME=KIND; or NAME=saved:TAG, as it was saved."""
    lifecycle.up(name, wanted(hosts), fresh)
    return Lab(name)


def save(name: str, host: str, tag: str) -> None:
    """Keeps a host, shut down for it and booted again, for `up` with NAME=saved:TAG."""
    lifecycle.save(name, host, tag)


def down(name: str) -> None:
    lifecycle.down(name)


def remove(name: str, *hosts: str) -> None:
    lifecycle.remove(name, list(hosts))


def wanted(hosts) -> dict[str, str]:
    """NAME=KIND or KIND -> {name: kind}"""
    return {name: kind or name for name, dummy, kind in (host.partition('=') for host in hosts)}


class Lab:
    """Attaches to a lab that is up."""

    def __init__(self, name: str | None = None):
        self.name = name or default_name()
        layout = load(self.name)
        if layout is None:
            raise LabError(f'lab {self.name} is not up; scripts/lab --name {self.name} up')
        self._layout = layout
        self.gateway = MailNode(layout, 'gateway')
        self.internet = MailNode(layout, 'internet')

    @property
    def layout(self) -> Layout:
        return self._layout

    @property
    def nodes(self):
        """name -> Node (fqdn, ipv4, ipv6, kind, container)"""
        return self._layout.nodes

    @property
    def addresses(self) -> dict[str, list[str]]:
        """name -> [IPv4 address, IPv6 address]"""
        return {name: [node.ipv4, node.ipv6] for name, node in self._layout.nodes.items()}

    @property
    def hosts(self) -> list[str]:
        return [node.name for node in self._layout.hosts]

    @property
    def path(self) -> Path:
        return self._layout.path

    @property
    def interface(self) -> str:
        """The bridge on this machine over which the nodes talk to each other."""
        return network.interface(self._layout)

    @property
    def inventory(self) -> Path:
        return self.path / 'inventory.yml'

    def run(self, node: str, argv, input=None, check=True, timeout=60) -> subprocess.CompletedProcess:
        """Run a command on a node, as root. input and output are bytes if input is bytes, otherwise text."""
        return inside.execute(
            self._layout, node, *argv, input=input, check=check, timeout=timeout, text=not isinstance(input, bytes)
        )

    def start(self, node: str, argv, **options) -> subprocess.Popen:
        """Start a command on a node, as root; its standard input and output are pipes for text. options: of
        subprocess.Popen."""
        return inside.start(self._layout, node, *argv, **options)

    def log(self, node: str, since: float | None = None) -> str:
        """The journal of a host, since a time in seconds since 1970."""
        options = ['--since', f'@{int(since)}'] if since is not None else []
        return self.run(node, ['journalctl', '--no-pager', '--output', 'short-iso', *options]).stdout

    def restart(self, host: str) -> None:
        """Reboot a host; returns when it is up again."""
        lifecycle.restart(self._layout, host)

    def kill(self, node: str) -> None:
        """SIGKILL to everything on a host, or on gateway or internet, which is then started again; returns when it is
        up."""
        lifecycle.kill(self._layout, node)

    def add_zone(self, name: str, text: str) -> None:
        """Serve one more zone: records only (SOA and NS are added), placeholders such as {internet4} are filled in."""
        resolver.add(self._layout, name, text)

    def shell(self, node: str) -> None:
        """Become an interactive shell on a node."""
        os.execvpe(
            'podman',
            ['podman', 'exec', '--interactive', '--tty', self._layout.node(node).container, 'sh', '-l'],
            environment(),
        )
