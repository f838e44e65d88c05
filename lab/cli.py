# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import argparse
import json
import sys

from . import api, images, lifecycle
from .engine import LabError
from .layout import MAIL_NODES, load
from .progress import say


def main() -> int:
    parser = argparse.ArgumentParser(
        prog='scripts/lab', description='A network of containers in which mail goes the ways it goes in the world.'
    )
    parser.add_argument('--name', default=api.default_name(), help='which lab (default: $CONBOOL_LAB or conbool)')
    commands = parser.add_subparsers(dest='command', required=True)
    up = commands.add_parser('up', help='start what is named and missing; without hosts the infrastructure only')
    up.add_argument('--fresh', action='store_true', help='make the named hosts anew from their images')
    up.add_argument('hosts', nargs='*', metavar='HOST', help=f'NAME=KIND or KIND; kinds: {", ".join(images.kinds())}')
    down = commands.add_parser(
        'down', help='remove all that carries the label of this lab, and its files; with hosts only those'
    )
    down.add_argument('hosts', nargs='*', metavar='HOST')
    commands.add_parser('status', help='what there is and whether it runs')
    commands.add_parser('inventory', help='print the Ansible inventory')
    shell = commands.add_parser('shell', help='a root shell on a node')
    shell.add_argument('node')
    arguments = parser.parse_args()
    try:
        return globals()[f'_{arguments.command}'](arguments)
    except LabError as error:
        say(f'error: {error}')
        return 1


def _up(arguments) -> int:
    lifecycle.up(arguments.name, api.wanted(arguments.hosts), arguments.fresh)
    return 0


def _down(arguments) -> int:
    if arguments.hosts:
        lifecycle.remove(arguments.name, arguments.hosts)
    else:
        lifecycle.down(arguments.name)
    return 0


def _status(arguments) -> int:
    layout = load(arguments.name)
    running = lifecycle.containers(arguments.name)
    if layout is None and not running:
        print(f'lab {arguments.name} is not up')
        return 1
    nodes = layout.nodes.values() if layout else ()
    for node in nodes:
        print(
            f'{node.name:20} {node.fqdn:32} {node.ipv4:16} {node.ipv6:22} {running.get(node.container, "missing"):10}'
            f' {node.container}'
        )
    for name in running.keys() - {node.container for node in nodes}:
        print(f'{name}: carries the label of this lab, which knows nothing of it')
    for node in nodes:
        if node.name in MAIL_NODES:
            print(f'{node.name}: {json.loads((layout.path / node.name / "control.json").read_text())}')
    return 0 if all(running.get(node.container) == 'running' for node in nodes) else 1


def _inventory(arguments) -> int:
    sys.stdout.write(api.Lab(arguments.name).inventory.read_text())
    return 0


def _shell(arguments) -> int:
    api.Lab(arguments.name).shell(arguments.node)
    return 0


if __name__ == '__main__':
    sys.exit(main())
