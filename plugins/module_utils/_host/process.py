# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes, units and listeners as they are seen from the host itself."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode

PAUSE = 0.1
# Ends what takes longer, and the statuses by which that is to be seen.
TIMEOUT, _ENDED = '/usr/bin/timeout', (124, 137, -9)
# Seconds by which a file has to be newer than what has read it: clocks are compared, and both happen in one run.
LATER = 1.0


def alive(pid: int | None) -> bool:
    return pid is not None and os.path.exists(f'/proc/{pid}')


def runnable(path: str) -> bool:
    """Return whether there is a program at a path that can be run."""
    return os.path.isfile(path) and os.access(path, os.X_OK)


def run(
    run_command: Callable[..., tuple[int, Any, Any]], words: list[str], longest: float | None = None, **options: Any
) -> tuple[int, bytes, bytes] | None:
    """Run a command of a mail server. Returns exit status, standard output and standard error; None when it took too
    long, which nobody sees on a host without timeout(1).

    Args:
        run_command: AnsibleModule.run_command or a function like it, which gets the options.
        longest: seconds within which it has to end, since it asks others; None for one that asks nobody.
    """
    limit = [TIMEOUT, '-s', 'KILL', str(longest)] if longest and runnable(TIMEOUT) else []
    status, out, err = run_command(
        [*limit, *words], environ_update={'LC_ALL': 'C'}, encoding=None, handle_exceptions=False, **options
    )[:3]
    return None if limit and status in _ENDED else (status, out, err)


def replaced(pid: int | None) -> bool:
    """Return whether the file of a process's program was replaced since it was started, as upgrades do."""
    try:
        return os.readlink(f'/proc/{pid}/exe').endswith(' (deleted)')
    except OSError:
        return False


def of_root(pid: int | None) -> int | None:
    """Return the process if it runs and is root's; a number of a file that was left behind can be anybody's by now."""
    try:
        return pid if os.stat(f'/proc/{pid}').st_uid == 0 else None
    except OSError:
        return None


def ticks() -> int:
    """Return the time since boot as Process has it."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf('SC_CLK_TCK'))


class Process(NamedTuple):
    """A process: its name (15 bytes at most), its parent, and when it was started, in ticks since boot (proc(5))."""

    pid: int
    name: str
    parent: int
    ticks: int

    @property
    def started(self) -> float:
        """When it was started, in seconds as time.time() has them."""
        return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + self.ticks / os.sysconf('SC_CLK_TCK')


def process(pid: int | str | None) -> Process | None:
    """Return what is known of a process, None for none."""
    try:
        with open(f'/proc/{pid}/stat', 'rb') as stream:
            # The name in brackets may hold blanks and brackets.
            front, dummy, rest = stream.read().rpartition(b')')
        number, dummy, name = front.partition(b' (')
        words = rest.split()
        return Process(int(number), decode(name), int(words[1]), int(words[19]))
    except (OSError, ValueError, IndexError):
        return None


def processes(name: str = '', parent: int | None = None) -> list[Process]:
    """Return the processes of this name, or the children of this process, or those that are both, the oldest first."""
    found = [process(pid) for pid in os.listdir('/proc') if pid.isdigit()]
    return sorted(
        (one for one in found if one and name in ('', one.name) and parent in (None, one.parent)),
        key=lambda one: (one.ticks, one.pid),
    )


def changed_since(paths: Iterable[str], since: float, step: float = 0.0) -> tuple[list[str], list[str]]:
    """Return those of the files that were changed after this time, in whatever way, and those of which nobody can tell,
    since the clock was set; a file that was put back is as new as its change.

    Args:
        since: as Process.started.
        step: by how many seconds the clock was put forward meanwhile. A file may be from before that or from after it.
    """
    sure, unsure, now = [], [], time.time()
    for path in paths:
        try:
            seen = os.stat(path).st_ctime
        except OSError:
            continue
        # Nothing was changed in the future.
        possible = [moment for moment in (seen, seen + step) if moment <= now + LATER]
        later = [moment > since + LATER for moment in possible]
        if later and all(later):
            sure.append(path)
        elif any(later) or not later:
            unsure.append(path)
    return sure, unsure


def newer(paths: Iterable[str], since: float) -> list[str]:
    """Return those of the files that may have been changed after this time, see changed_since()."""
    return [path for found in changed_since(paths, since) for path in found]


def systemd_unit(pid: int | None) -> str | None:
    """Return the unit that a process belongs to, or None when no service manager started it."""
    try:
        with open(f'/proc/{pid}/cgroup', 'rb') as stream:
            names = [os.path.basename(line) for line in decode(stream.read()).split('\n')]
    except (OSError, TypeError):
        return None
    return next((name for name in names if name.endswith('.service')), None)


def banner(address: str, port: int, timeout: float) -> str:
    """Return the first line that an SMTP server says, or raise OSError."""
    with socket.create_connection((address, port), timeout=timeout) as connection:
        connection.settimeout(timeout)
        received = b''
        while b'\n' not in received and len(received) < 4096:
            data = connection.recv(4096)
            if not data:
                break
            received += data
    return received.split(b'\n', 1)[0].decode('ascii', 'replace').strip()


def comes_to_be(so: Callable[[], bool], timeout: float) -> bool:
    """Return whether something is so, now or within some seconds."""
    end = time.monotonic() + timeout
    while not so():
        if time.monotonic() > end:
            return False
        time.sleep(PAUSE)
    return True


def wait_for_banner(address: str, port: int, timeout: float) -> None:
    """Wait until a listener greets with 220.

    Raises:
        HostError: it did not within the time.
    """
    begin, seen = time.monotonic(), 'nothing'
    while True:
        left = timeout - (time.monotonic() - begin)
        if left <= 0:
            raise HostError(
                f'The listener {address} port {port} does not greet with 220 within {timeout} seconds: {seen}'
            )
        try:
            seen = banner(address, port, left)
            if seen.startswith('220'):
                return
        except OSError as exc:
            seen = str(exc)
        time.sleep(PAUSE)


def refused_address(name: str) -> str | None:
    """Return why an inet service could not listen on its host:port, or None; services without a numeric host are not
    tried."""
    host, dummy, port = name.rpartition(':')
    host = host.strip('[]')
    if not host or not port.isdigit():
        return None
    try:
        family, kind, protocol, dummy, address = socket.getaddrinfo(
            host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )[0]
    except (socket.gaierror, OverflowError):
        return None
    try:
        with socket.socket(family, kind, protocol) as probe:
            # As Postfix does; otherwise connections that are just ending would count as taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except (OSError, OverflowError) as exc:
        return str(exc)
    return None


def spend(
    seconds: float,
    work: Callable[[], Any],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Any] = time.sleep,
) -> Any:
    """Do the C(work), wait until so many seconds have gone since it was begun, and return what it did."""
    end = clock() + seconds
    done = work()
    sleep(max(0.0, end - clock()))
    return done
