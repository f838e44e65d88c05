# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a lab up and taking it down."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from ipaddress import IPv4Address

from . import access, boot, certificates, images, inside, network, resolver, saved
from .engine import ROOT, RUNTIME, LabError, podman, replace, systemd_options
from .layout import CONTAINERS, LABEL, MAIL_NODES, Layout, Node, check_name, fresh, load, machine_name, numbers
from .mailnode import MailNode, defaults, server_arguments
from .progress import say


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
    """Everything that is named (host name -> kind) and missing is started; with recreate the named hosts begin anew.

    The kind `saved:TAG` is a host of this name as it was when `save` was called: it always begins anew.
    """
    kinds = images.kinds()
    for host, kind in wanted.items():
        check_name(host)
        if kind not in kinds and not saved.tag_of(kind):
            raise LabError(f'no host kind {kind!r} in lab/hosts.toml; there are {", ".join(kinds)}')
    with locked(name):
        images.ensure([images.INFRA, *(kinds[kind] for kind in wanted.values() if kind in kinds)])
        layout = load(name) or _new(name)
        network.ensure(layout)
        begin = {host: _image(layout, host, kind) for host, kind in wanted.items()}
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
                pool.submit(
                    _start_host, layout, layout.nodes[host], begin[host], running, recreate or saved.tag_of(kind)
                )
                for host, kind in wanted.items()
            ]
            for job in jobs:
                job.result()
            # Only now: containers that start side by side can cost the bridge an address that it had.
            network.reachable(layout)
            for job in [pool.submit(boot.booted, layout, host) for host in wanted]:
                job.result()
        if running.get(layout.nodes['resolver'].container) == 'running':
            resolver.reload(layout)
        else:
            resolver.wait(layout, serial)
        for mail_node in MAIL_NODES:
            MailNode(layout, mail_node).wait_until_ready()
        say(f'lab {name} is up: {layout.path / "lab.json"}')
    return layout


def _image(layout: Layout, host: str, kind: str) -> str:
    """From what a host begins; it gets its place in the lab."""
    tag = saved.tag_of(kind)
    if tag:
        return saved.image(layout, saved.known(layout, host, tag), tag)
    known = layout.nodes.get(host)
    if known and known.kind != kind:
        raise LabError(f'lab {layout.name} already has {host}, a {known.kind}')
    if not known:
        layout.add(host, kind)
    return images.tag(images.kinds()[kind])


def save(name: str, host: str, tag: str) -> None:
    """Keeps a host as it is after a shutdown, for `up` with the kind `saved:TAG`; returns when it is up again.

    What is saved goes when the host goes.
    """
    check_name(tag)
    with locked(name):
        layout = load(name)
        if layout is None:
            raise LabError(f'lab {name} is not up')
        node = layout.node(host)
        saved.commit(layout, node, tag)
        podman('start', node.container)
        network.reachable(layout)
        boot.booted(layout, host)
        say(f'lab {name}: saved {host} as {tag}')


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
    saved.forget(name)
    mine = f'label={LABEL}={machine_name(name)}'
    for each in podman('network', 'ls', '--quiet', '--filter', mine).stdout.split():
        podman('network', 'rm', each)
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
            saved.forget(name, node.name)
            del layout.nodes[node.name]
        access.describe(layout)
        layout.save()
        resolver.reload(layout)
        say(f'lab {name}: removed {", ".join(hosts)}')


def restart(layout: Layout, name: str) -> None:
    """Shut a host down as its systemd would, and boot it again."""
    node = layout.node(name)
    podman('restart', '--time', str(saved.STOP_SECONDS), node.container, timeout=saved.STOP_SECONDS * 2)
    boot.booted(layout, name)


def kill(layout: Layout, name: str) -> None:
    """Power off and on: SIGKILL to everything on a node, which is then started again."""
    node = layout.node(name)
    (layout.path / name / 'state.json').unlink(missing_ok=True)
    podman('restart', '--time', '0', node.container)
    network.reachable(layout)
    if name in MAIL_NODES:
        MailNode(layout, name).wait_until_ready()
    else:
        boot.booted(layout, name)


def containers(name: str) -> dict[str, str]:
    """Container name -> state."""
    listing = podman('ps', '--all', '--filter', f'label={LABEL}={machine_name(name)}', '--format', 'json').stdout
    return {container['Names'][0]: container['State'] for container in json.loads(listing)}


def _new(name: str) -> Layout:
    """A lab with a network of its own: the first free number."""
    # What an `up` that was killed may have left.
    _remove_all(name)
    reason = ''
    for number in numbers(name):
        layout = fresh(name, number)
        if (done := network.create(layout)).returncode == 0:
            layout.save()
            return layout
        reason = done.stderr.strip()
        if 'already used' not in reason:
            break
    raise LabError(f'no network for lab {name}: {reason}')


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


def _start_host(layout: Layout, node: Node, image: str, running: dict[str, str], recreate: bool) -> None:
    if running.get(node.container) != 'running' or recreate:
        # NET_ADMIN for the host's own firewall, AUDIT_WRITE because sshd insists, SYS_PTRACE to see who holds a socket.
        options = [
            *systemd_options(),
            '--cap-add',
            'NET_ADMIN,AUDIT_WRITE,SYS_PTRACE',
            '--dns',
            layout.nodes['resolver'].ipv4,
            '--volume',
            f'{certificates.host_folder(layout, node)}:/etc/ssl/lab:ro',
            '--volume',
            f'{access.host_folder(layout, node)}:/etc/ssh/lab:ro',
            *_mounts(layout, images.kinds()[node.kind]),
        ]
        _run(layout, node, image, options, [], running)


def _mounts(layout: Layout, recipe: dict) -> list[str]:
    """Folders of this clone that such hosts read, and one that all of them in a lab write."""
    volumes = [f'{ROOT / folder}:{place}:ro' for folder, place in recipe.get('reads', {}).items()]
    if 'shares' in recipe:
        (shared := layout.path / 'shared' / recipe['image']).mkdir(parents=True, exist_ok=True)
        volumes.append(f'{shared}:{recipe["shares"]}')
    return [word for volume in volumes for word in ('--volume', volume)]


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
        f'{LABEL}={machine_name(layout.name)}',
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
