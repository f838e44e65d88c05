# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Exim that runs: its process, and letting it read a new configuration."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import EximError, words
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.debian import MAKER
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import process
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.sockets import TABLES, parse
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode

PID_FILE = '/run/exim4/exim.pid'
NAMES = ('exim4', 'exim')
PORT = 25
PORTS = (PORT, 465, 587)


def make(run_command: Callable[..., tuple[int, Any, Any]]) -> None:
    """Have the configuration made that Exim reads. Deliveries, which are processes of their own, go by it at once."""
    status, out, err = run_command([MAKER], environ_update={'LC_ALL': 'C'}, handle_exceptions=False)
    if status:
        raise EximError(f'update-exim4.conf: {words(err or out)}')


class Daemon:
    """The daemon that takes mail."""

    def __init__(self) -> None:
        self.pid = _read(PID_FILE)
        found = process.process(self.pid)
        self.running = bool(found) and found.name in NAMES

    def strangers(self) -> list[int]:
        """Return the daemons that the pid file does not name."""
        if self.running:
            return []
        return [one.pid for one in process.processes() if one.name in NAMES and one.parent == 1]

    def reload(self, timeout: float) -> None:
        """Have it start itself anew, which is what it does on SIGHUP, and wait until it takes mail again.

        Raises:
            EximError: it does not.
        """
        if not self.running:
            return
        before, end = _sockets(), time.monotonic() + timeout
        os.kill(self.pid, signal.SIGHUP)
        # Its process and its pid file stay the same. What it listens on is new.
        while not _renewed(before, _sockets()):
            if time.monotonic() > end or not process.alive(self.pid):
                raise EximError(f'Exim did not start anew within {timeout} seconds, and serve the ports that it served')
            time.sleep(process.PAUSE)
        for address, port in [place for place in before if place[1] == PORT][:1]:
            own = {'0.0.0.0': '127.0.0.1', '::': '::1'}.get(address, address)
            process.wait_for_banner(own, port, max(1.0, end - time.monotonic()))


def _read(path: str) -> int | None:
    try:
        with open(path, encoding='ascii') as stream:
            return int(stream.read())
    except (OSError, ValueError):
        return None


def _renewed(before: Mapping[tuple[str, int], int], now: Mapping[tuple[str, int], int]) -> bool:
    """Return whether all that was listened on is listened on again, by new sockets."""
    return all(now.get(place, inode) != inode for place, inode in before.items())


def _sockets() -> dict[tuple[str, int], int]:
    """Return the sockets at Exim's usual ports: address and port to what tells a new one from an old one."""
    found = [entry for path, family in TABLES.items() for entry in parse(decode(read_file(path).data or b''), family)]
    return {(entry.address, entry.port): entry.inode for entry in found if entry.port in PORTS}
