# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts as they were at some time, kept as images: the same host begins anew from there in seconds."""

from __future__ import annotations

import json

from .engine import LabError, podman
from .layout import LABEL, Layout, Node, machine_name

PREFIX = 'saved:'
HOST_LABEL = 'conbool.host'
STOP_SECONDS = 30
COMMIT_SECONDS = 120


def tag_of(kind: str) -> str | None:
    """The tag in `saved:TAG`; None for a kind of hosts.toml."""
    return kind[len(PREFIX) :] if kind.startswith(PREFIX) else None


def image(layout: Layout, node: Node, tag: str) -> str:
    return f'localhost/conbool-lab/saved:{machine_name(layout.name)}-{node.name}-{tag}'


def known(layout: Layout, host: str, tag: str) -> Node:
    """The node whose saved state this is. Its name and addresses are in many of its files: no other can begin with
    them."""
    node = layout.node(host)
    if podman('image', 'exists', image(layout, node, tag), check=False).returncode:
        raise LabError(f'lab {layout.name}: nothing is saved of {host} as {tag!r}')
    return node


def commit(layout: Layout, node: Node, tag: str) -> None:
    """Shuts the host down first, so that its files are complete; it is down afterwards."""
    podman('stop', '--time', str(STOP_SECONDS), node.container, timeout=STOP_SECONDS * 2)
    labels = [f'--change=LABEL {name}={value}' for name, value in _labels(layout, node).items()]
    podman('commit', '--quiet', *labels, node.container, image(layout, node, tag), timeout=COMMIT_SECONDS)


def forget(name: str, host: str | None = None) -> None:
    """Removes what is saved of a lab, or of one of its hosts, of which no container may be left."""
    filters = [f'--filter=label={LABEL}={machine_name(name)}']
    if host is not None:
        filters.append(f'--filter=label={HOST_LABEL}={host}')
    found = [item['Id'] for item in json.loads(podman('images', *filters, '--format', 'json').stdout)]
    if found:
        podman('rmi', '--force', *found)


def _labels(layout: Layout, node: Node) -> dict[str, str]:
    return {LABEL: machine_name(layout.name), HOST_LABEL: node.name}
