# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands on the nodes of a lab. `podman exec` starts four processes for each and takes ten times as long as
nsenter(1)."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from .engine import environment, run
from .layout import Layout, Node

NAMESPACES = ('mount', 'uts', 'ipc', 'net', 'pid', 'cgroup')


def pid_file(layout: Layout, container: str) -> Path:
    """Where podman writes the number of a container's first process, whenever it starts it."""
    return layout.path / f'{container}.pid'


def first_process(layout: Layout, node: Node) -> int | None:
    """What this machine calls process 1 of a node; None while the node is down."""
    try:
        pid = int(pid_file(layout, node.container).read_text())
        status = Path(f'/proc/{pid}/status').read_text()
        addresses = Path(f'/proc/{pid}/net/fib_trie').read_text()
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return None
    # After the node went down, the number may be that of another process: of none that is a first one and has the
    # node's address.
    if not re.search(r'^NSpid:.*\t1$', status, re.MULTILINE) or f'|-- {node.ipv4}\n' not in addresses:
        return None
    return pid


def execute(layout: Layout, name: str, *argv, **options) -> subprocess.CompletedProcess:
    """Run a command on a node, as root; options: of engine.run()."""
    command, env = _command(layout, name, argv)
    return run(command, env=env, **options)


def start(layout: Layout, name: str, *argv, **options) -> subprocess.Popen:
    """Start a command on a node, as root; its standard input and output are pipes for text. options: of
    subprocess.Popen."""
    command, env = _command(layout, name, argv)
    return subprocess.Popen(command, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)


def _command(layout: Layout, name: str, argv):
    node = layout.node(name)
    pid = first_process(layout, node)
    if pid is None:
        # podman waits for a container that is just being started, and says what is wrong with one that is not.
        return ['podman', 'exec', '--interactive', node.container, *argv], environment()
    pairs = Path(f'/proc/{pid}/environ').read_bytes().split(b'\0')
    env = dict(os.fsdecode(pair).split('=', 1) for pair in pairs if pair)
    return ['nsenter', f'--target={pid}', *(f'--{namespace}' for namespace in NAMESPACES), '--', *argv], env
