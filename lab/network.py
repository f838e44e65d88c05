# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of a lab, and the address that this machine has on it."""

from __future__ import annotations

import json

from .engine import LabError, podman, run
from .layout import LABEL, Layout, machine_name


def ensure(layout: Layout) -> None:
    if podman('network', 'exists', layout.network, check=False).returncode and (done := create(layout)).returncode:
        raise LabError(
            f'the network of lab {layout.name} is gone and cannot be made again ({done.stderr.strip()}); take the lab'
            ' down first'
        )


def create(layout: Layout):
    return podman(
        'network',
        'create',
        '--internal',
        '--disable-dns',
        '--ipv6',
        '--subnet',
        layout.subnet4,
        '--subnet',
        layout.subnet6,
        '--label',
        f'{LABEL}={machine_name(layout.name)}',
        layout.network,
        check=False,
    )


def reachable(layout: Layout) -> None:
    """An internal network has no address on this machine; Ansible needs one. It leads nowhere else: there is no route
    beyond."""
    bridge = interface(layout)
    for subnet, *options in ((layout.subnet4,), (layout.subnet6, 'nodad')):
        run(['ip', 'address', 'replace', f'{subnet[1]}/{subnet.prefixlen}', 'dev', bridge, *options])


def interface(layout: Layout) -> str:
    """The bridge on this machine over which the lab's nodes talk to each other."""
    return json.loads(podman('network', 'inspect', layout.network).stdout)[0]['network_interface']
