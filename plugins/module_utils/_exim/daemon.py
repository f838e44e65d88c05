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
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.sockets import all_listening, inodes_of, may_hold
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import MAIL_SERVERS

PID_FILE = '/run/exim4/exim.pid'
NAMES = MAIL_SERVERS['exim'].processes
PORT = 25
# Seconds after which no further port is opened: Exim opens all of them in a row.
SETTLED = 1.0


def make(run_command: Callable[..., tuple[int, Any, Any]]) -> None:
    """Have the configuration made that Exim reads. Deliveries, which are processes of their own, go by it at once."""
    status, out, err = run_command([MAKER], environ_update={'LC_ALL': 'C'}, handle_exceptions=False)
    if status:
        raise EximError(f'update-exim4.conf: {words(err or out)}')


class Daemon:
    """The daemon that takes mail.

    Args:
        pid_file: where a configuration by hand has it, empty for the usual one.
    """

    def __init__(self, pid_file: str = '') -> None:
        self._pid_file = pid_file or PID_FILE
        self.pid = _read(self._pid_file)
        found = process.process(self.pid)
        self.running = bool(found) and found.name in NAMES

    def lost(self) -> str:
        """Return what there is to say of daemons that the pid file does not name; empty when there are none."""
        if self.running:
            return ''
        listening = {entry.inode for entry in all_listening()}
        # A delivery is init's as well, where a program on this host handed the message in.
        found = [
            str(one.pid)
            for one in process.processes()
            if one.name in NAMES and one.parent == 1 and may_hold(one.pid, listening)
        ]
        if not found:
            return ''
        who = ', '.join(found)
        return (
            f'it runs (process {who}), but its pid file {self._pid_file} does not name it, so that nothing reloads it'
        )

    def check(self) -> None:
        """Raise EximError when what runs would go on by what it has read before."""
        found = self.lost()
        if found:
            raise EximError(
                f'Exim cannot be reloaded: {found}. Restart it (systemctl restart exim4), and run this again'
            )

    def reload(self, timeout: float) -> None:
        """Have it start itself anew, which is what it does on SIGHUP, and wait until it takes mail again.

        Raises:
            EximError: it does not.
        """
        if not self.running:
            return
        before, end = self._sockets(), time.monotonic() + timeout
        os.kill(self.pid, signal.SIGHUP)
        # Its process and its pid file stay the same. What it listens on is new.
        now, since = before, time.monotonic()
        while not _renewed(before, now, time.monotonic() - since > SETTLED):
            if time.monotonic() > end or not process.alive(self.pid):
                raise EximError(f'Exim did not start anew within {timeout} seconds, and serve the ports that it served')
            time.sleep(process.PAUSE)
            seen, now = now, self._sockets()
            since = since if now == seen else time.monotonic()
        # It answers once all of them are open.
        for address, port in [place for place in now if place[1] == PORT][:1]:
            own = {'0.0.0.0': '127.0.0.1', '::': '::1'}.get(address, address)
            process.wait_for_banner(own, port, max(1.0, end - time.monotonic()))

    def _sockets(self) -> dict[tuple[str, int], int]:
        """Return the sockets that it listens on: address and port to what tells a new one from an old one.

        Others may listen beside it: a proxy, or the submission service of Dovecot. Where nobody can see whose a socket
        is, those at the port of mail are taken for its own.
        """
        held = inodes_of(self.pid)
        return {
            (entry.address, entry.port): entry.inode
            for entry in all_listening()
            if (entry.port == PORT if held is None else entry.inode in held)
        }


def _read(path: str) -> int | None:
    try:
        with open(path, encoding='ascii') as stream:
            return int(stream.read())
    except (OSError, ValueError):
        return None


def _renewed(before: Mapping[tuple[str, int], int], now: Mapping[tuple[str, int], int], settled: bool) -> bool:
    """Return whether all that was listened on is listened on again, by new sockets. Once that has settled, a port that
    is served no more is one that somebody has taken out of the configuration since it was read last."""
    if settled and now and not set(before.values()) & set(now.values()):
        return True
    return all(now.get(place, inode) != inode for place, inode in before.items())
