# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a host is up, and how it comes up again."""

from __future__ import annotations

import socket
import time

from . import inside
from .engine import LabError
from .layout import Layout, Node
from .progress import say

BOOT_SECONDS = 120
SSH_PORT = 22


def booted(layout: Layout, name: str) -> None:
    """Up means: systemd has started everything, and sshd answers."""
    node = layout.node(name)
    deadline = time.monotonic() + BOOT_SECONDS
    while (state := _system_state(layout, name)) not in ('running', 'degraded'):
        if time.monotonic() > deadline:
            jobs = inside.execute(layout, name, 'systemctl', 'list-jobs', '--no-pager', check=False).stdout
            raise LabError(f'{node.name} is {state or "not answering"} after {BOOT_SECONDS} s:\n{jobs}')
        time.sleep(0.2)
    if state == 'degraded':
        failed = inside.execute(layout, name, 'systemctl', '--failed', '--no-legend', '--plain', check=False).stdout
        say(f'{node.name}: degraded, failed units:\n{failed.rstrip()}')
    while not _ssh_answers(node):
        if time.monotonic() > deadline:
            raise LabError(f'{node.name}: no SSH banner from {node.ipv4} after {BOOT_SECONDS} s')
        time.sleep(0.1)
    say(f'{node.name} has booted: {state}')


def _system_state(layout: Layout, name: str) -> str:
    # Before systemd listens this fails at once, afterwards it waits for the end of the boot.
    return inside.execute(
        layout, name, 'systemctl', 'is-system-running', '--wait', check=False, timeout=BOOT_SECONDS
    ).stdout.strip()


def _ssh_answers(node: Node) -> bool:
    try:
        with socket.create_connection((node.ipv4, SSH_PORT), timeout=1) as connection:
            return connection.recv(4) == b'SSH-'
    except OSError:
        return False
