# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = ROOT / '.lab'
# Tells the labs of this clone from those of another on the same machine.
CLONE = hashlib.sha256(str(ROOT).encode()).hexdigest()[:6]
CAP_SYS_RESOURCE = 24
CGROUP_V2 = Path('/sys/fs/cgroup/cgroup.controllers')
CGROUP_V2_BESIDE_V1 = Path('/sys/fs/cgroup/unified')


class LabError(Exception):
    """What went wrong, in words for the person at the terminal."""


def _may_raise_limits() -> bool:
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith('CapEff:'):
            return bool(int(line.split()[1], 16) >> CAP_SYS_RESOURCE & 1)
    return False


def containers_conf(cgroup_v2: bool, may_raise_limits: bool, has_runc: bool) -> str:
    """The containers.conf this machine needs; empty where podman's own defaults work."""
    text = ''
    if not cgroup_v2 and has_runc:
        # crun refuses hybrid cgroups, runc does not.
        text += '[engine]\nruntime = "runc"\n'
    if not may_raise_limits:
        # podman's default limits lie above the ones we have; an explicit empty list means "those that we have".
        text += '[containers]\ndefault_ulimits = []\n'
    return text


def systemd_options() -> list[str]:
    """How podman has to run a container whose first process is systemd."""
    if CGROUP_V2.exists() or not CGROUP_V2_BESIDE_V1.is_dir():
        return ['--systemd', 'always']
    # In a container on version 1, systemd is not told when the last process of a service has ended: now and then a stop
    # waits its 90 s out. On a hybrid machine it can have version 2; the rest is what `--systemd always` does.
    return [
        '--systemd',
        'false',
        '--env',
        'container=podman',
        '--tmpfs',
        '/run',
        '--tmpfs',
        '/run/lock',
        '--tmpfs',
        '/tmp',
        '--volume',
        f'{CGROUP_V2_BESIDE_V1}:/sys/fs/cgroup',
        '--stop-signal',
        'SIGRTMIN+3',
    ]


def environment() -> dict[str, str]:
    env = dict(os.environ)
    if 'CONTAINERS_CONF' in env:
        return env
    text = containers_conf(CGROUP_V2.exists(), _may_raise_limits(), bool(shutil.which('runc')))
    if text:
        path = RUNTIME / 'containers.conf'
        if not path.exists() or path.read_text() != text:
            RUNTIME.mkdir(exist_ok=True)
            replace(path, text)
        env['CONTAINERS_CONF'] = str(path)
    return env


def replace(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file so that a reader sees the old or the new one, never half."""
    temporary = path.with_name(f'.{path.name}.{os.getpid()}')
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), 'w', encoding='utf-8') as file:
        file.write(text)
    temporary.replace(path)


def run(argv, *, input=None, check=True, timeout=60, text=True, env=None) -> subprocess.CompletedProcess:
    """Run a command; on failure say what it said."""
    try:
        done = subprocess.run(
            [str(arg) for arg in argv],
            input=input,
            capture_output=True,
            text=text,
            timeout=timeout,
            env=env,
            check=False,
            stdin=subprocess.DEVNULL if input is None else None,
        )
    except FileNotFoundError:
        raise LabError(f'{argv[0]} is not installed (lab/packages.txt lists what the lab needs)') from None
    except subprocess.TimeoutExpired as error:
        raise LabError(
            f'no end after {timeout} s: {" ".join(map(str, argv))}\n{_tail(error.stdout)}{_tail(error.stderr)}'
        ) from None
    if check and done.returncode:
        raise LabError(
            f'exit status {done.returncode}: {" ".join(map(str, argv))}\n{_tail(done.stdout)}{_tail(done.stderr)}'
        )
    return done


def podman(*args, **options) -> subprocess.CompletedProcess:
    return run(['podman', *args], env=environment(), **options)


def _tail(output) -> str:
    if isinstance(output, bytes):
        output = output.decode('utf-8', 'replace')
    return (output or '')[-3000:]
