# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a lab up and taking it down."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from ipaddress import IPv4Address

from . import access, certificates, images, inside, resolver
from .engine import ROOT, RUNTIME, LabError, podman, replace, run, systemd_options
from .layout import CONTAINERS, LABEL, MAIL_NODES, Layout, Node, check_name, fresh, load, numbers
from .mailnode import MailNode, defaults, server_arguments
from .progress import say

BOOT_SECONDS = 120
SSH_PORT = 22
STOP_SECONDS = 30


@contextmanager
def locked(name: str):
    """One change of a lab at a time."""
    check_name(name)
    if os.geteuid():
        raise LabError('the lab needs root: networks, and systemd in containers')
    locks = RUNTIME / 'locks'
    locks.mkdir(parents=True, exist_ok=True)
    with open(locks / f'lab-{name}', 'w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def up(name: str, wanted: dict[str, str], recreate: bool = False) -> Layout:
    """Everything that is named (host name -> kind) and missing is started; with recreate the named hosts begin anew."""
    kinds = images.kinds()
    for host, kind in wanted.items():
        check_name(host)
        if kind not in kinds:
            raise LabError(f'no host kind {kind!r} in lab/hosts.toml; there are {", ".join(kinds)}')
    with locked(name):
        images.ensure([images.INFRA, *(kinds[kind] for kind in wanted.values())])
        layout = load(name) or _new(name)
        _network(layout)
        for host, kind in wanted.items():
            known = layout.nodes.get(host)
            if known and known.kind != kind:
                raise LabError(f'lab {name} already has {host}, a {known.kind}')
            if not known:
                layout.add(host, kind)
        certificates.make(layout)
        access.make(layout)
        for node in layout.hosts:
            certificates.make_for_host(layout, node)
        for node in layout.hosts + [layout.nodes[mail_node] for mail_node in MAIL_NODES]:
            access.make_for_host(layout, node)
        access.describe(layout)
        layout.save()
        serial = resolver.render(layout)
        running = containers(name)
        with ThreadPoolExecutor() as pool:
            jobs = [pool.submit(_start_infra, layout, node, running) for node in CONTAINERS]
            jobs += [
                pool.submit(_start_host, layout, layout.nodes[host], kinds[kind], running, recreate)
                for host, kind in wanted.items()
            ]
            for job in jobs:
                job.result()
            # Only now: containers that start side by side can cost the bridge an address that it had.
            _reachable(layout)
            for job in [pool.submit(_booted, layout, host) for host in wanted]:
                job.result()
        if running.get(layout.nodes['resolver'].container) == 'running':
            resolver.reload(layout)
        else:
            resolver.wait(layout, serial)
        for mail_node in MAIL_NODES:
            MailNode(layout, mail_node).wait_until_ready()
        say(f'lab {name} is up: {layout.path / "lab.json"}')
    return layout


def down(name: str) -> None:
    """Removes what carries the lab's label, and its files."""
    with locked(name):
        names = _remove_all(name)
        if (RUNTIME / name).exists():
            shutil.rmtree(RUNTIME / name)
        say(f'lab {name} is down ({len(names)} containers removed)')


def _remove_all(name: str) -> list[str]:
    names = list(containers(name))
    if names:
        podman('rm', '--force', '--time', '0', *names)
    for network in podman('network', 'ls', '--quiet', '--filter', f'label={LABEL}={name}').stdout.split():
        podman('network', 'rm', network)
    return names


def remove(name: str, hosts: list[str]) -> None:
    """Takes single hosts out of a lab."""
    with locked(name):
        layout = load(name)
        if layout is None:
            raise LabError(f'lab {name} is not up')
        nodes = [layout.node(host) for host in hosts]
        for node in nodes:
            if node.kind == 'infra':
                raise LabError(f'{node.name} belongs to the lab itself; only hosts can be removed')
        present = containers(name)
        for node in nodes:
            if node.container in present:
                podman('rm', '--force', '--time', '0', node.container)
            del layout.nodes[node.name]
        access.describe(layout)
        layout.save()
        resolver.reload(layout)
        say(f'lab {name}: removed {", ".join(hosts)}')


def restart(layout: Layout, name: str) -> None:
    """Shut a host down as its systemd would, and boot it again."""
    node = layout.node(name)
    podman('restart', '--time', str(STOP_SECONDS), node.container, timeout=STOP_SECONDS * 2)
    _booted(layout, name)


def kill(layout: Layout, name: str) -> None:
    """Power off and on: SIGKILL to everything on a node, which is then started again."""
    node = layout.node(name)
    (layout.path / name / 'state.json').unlink(missing_ok=True)
    podman('restart', '--time', '0', node.container)
    _reachable(layout)
    if name in MAIL_NODES:
        MailNode(layout, name).wait_until_ready()
    else:
        _booted(layout, name)


def containers(name: str) -> dict[str, str]:
    """Container name -> state."""
    listing = podman('ps', '--all', '--filter', f'label={LABEL}={name}', '--format', 'json').stdout
    return {container['Names'][0]: container['State'] for container in json.loads(listing)}


def _new(name: str) -> Layout:
    """A lab with a network of its own: the first free number."""
    # What an `up` that was killed may have left.
    _remove_all(name)
    reason = ''
    for number in numbers(name):
        layout = fresh(name, number)
        if (done := _create_network(layout)).returncode == 0:
            layout.save()
            return layout
        reason = done.stderr.strip()
        if 'already used' not in reason:
            break
    raise LabError(f'no network for lab {name}: {reason}')


def _network(layout: Layout) -> None:
    if (
        podman('network', 'exists', layout.network, check=False).returncode
        and (done := _create_network(layout)).returncode
    ):
        raise LabError(
            f'the network of lab {layout.name} is gone and cannot be made again ({done.stderr.strip()}); take the lab'
            ' down first'
        )


def _create_network(layout: Layout):
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
        f'{LABEL}={layout.name}',
        layout.network,
        check=False,
    )


def _reachable(layout: Layout) -> None:
    """An internal network has no address on this machine; Ansible needs one. It leads nowhere else: there is no route
    beyond."""
    bridge = interface(layout)
    for subnet, *options in ((layout.subnet4,), (layout.subnet6, 'nodad')):
        run(['ip', 'address', 'replace', f'{subnet[1]}/{subnet.prefixlen}', 'dev', bridge, *options])


def interface(layout: Layout) -> str:
    """The bridge on this machine over which the lab's nodes talk to each other."""
    return json.loads(podman('network', 'inspect', layout.network).stdout)[0]['network_interface']


def _start_infra(layout: Layout, name: str, running: dict[str, str]) -> None:
    node = layout.nodes[name]
    if running.get(node.container) == 'running':
        return
    options, command = _resolver(layout) if name == 'resolver' else _mail_node(layout, name)
    _run(layout, node, images.tag(images.INFRA), options, command, running)


def _resolver(layout: Layout):
    return ['--volume', f'{layout.path / "zones"}:/etc/bind/lab:ro'], [
        'named',
        '-g',
        '-u',
        'bind',
        '-c',
        '/etc/bind/lab/named.conf',
    ]


def _mail_node(layout: Layout, name: str):
    work = layout.path / name
    work.mkdir(exist_ok=True)
    (work / 'state.json').unlink(missing_ok=True)
    if not (work / 'control.json').exists():
        replace(work / 'control.json', json.dumps(defaults(name)) + '\n')
    options = [
        '--cap-add',
        'NET_ADMIN,AUDIT_WRITE',
        '--dns',
        layout.nodes['resolver'].ipv4,
        '--volume',
        f'{ROOT / "lab/mail"}:/opt/lab:ro',
        '--volume',
        f'{work}:/var/lab',
        '--volume',
        f'{layout.path / "tls" / name}:/etc/ssl/lab:ro',
        '--volume',
        f'{access.host_folder(layout, layout.nodes[name])}:/etc/ssh/lab:ro',
    ]
    return options, ['lab-mail', server_arguments(layout, name)]


def _start_host(layout: Layout, node: Node, kind: dict, running: dict[str, str], recreate: bool) -> None:
    if running.get(node.container) != 'running' or recreate:
        # NET_ADMIN for the host's own firewall, AUDIT_WRITE because sshd insists.
        options = [
            *systemd_options(),
            '--cap-add',
            'NET_ADMIN,AUDIT_WRITE',
            '--dns',
            layout.nodes['resolver'].ipv4,
            '--volume',
            f'{certificates.host_folder(layout, node)}:/etc/ssl/lab:ro',
            '--volume',
            f'{access.host_folder(layout, node)}:/etc/ssh/lab:ro',
        ]
        _run(layout, node, images.tag(kind), options, [], running)


def _run(layout: Layout, node: Node, image: str, options: list, command: list, running: dict[str, str]) -> None:
    if node.container in running:
        podman('rm', '--force', '--time', '0', node.container)
    podman(
        'run',
        '--detach',
        '--pull=never',
        '--name',
        node.container,
        '--pidfile',
        inside.pid_file(layout, node.container),
        '--label',
        f'{LABEL}={layout.name}',
        '--hostname',
        node.fqdn,
        '--network',
        layout.network,
        '--ip',
        node.ipv4,
        '--ip6',
        node.ipv6,
        '--mac-address',
        _mac(node),
        *options,
        image,
        *command,
    )
    say(f'started {node.name} ({node.ipv4})')


def _mac(node: Node) -> str:
    """The same for a host made anew: its neighbours remember the old one for many seconds."""
    return '02:00:' + IPv4Address(node.ipv4).packed.hex(':')


def _booted(layout: Layout, name: str) -> None:
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
