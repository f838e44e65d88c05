# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Sendmail that runs: its processes, and letting them read a new configuration."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Callable
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import process, sockets
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.cf import queue_base
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.commands import SendmailError

# What runs the queue beside the daemon, all of it (-q10m) or by a process for each queue (-qp10m), which it calls
# itself then.
_RUNNER = re.compile(r'sendmail: (?:.*: )?Queue (?:runner@\S+ for (.+)|control)$')
PORT = 25
# Where Sendmail can be expected to listen, when it is not to be seen which process does.
PORTS = (PORT, 465, 587)


class Daemon:
    """The daemon that takes mail, and processes beside it that only run the queue.

    Args:
        run_command: AnsibleModule.run_command or a function like it, to start a daemon that ended.
        pid_file: where the daemon writes its process id and its command line.
        queue_directory: the directory below which all its queues are; Debian can run them by a process of its own.
    """

    def __init__(self, run_command: Callable[..., tuple[int, Any, Any]], pid_file: str, queue_directory: str) -> None:
        self._run_command, self._pid_file, self._queue = run_command, pid_file, queue_directory
        self.pid, self.command = _read_pid_file(pid_file)
        self.running = process.alive(self.pid) and 'sendmail' in _title(self.pid)
        self._user = _status(self.pid, b'Uid:') if self.running else None
        self._unit = process.systemd_unit(self.pid) if self.running else None
        self._listeners = _listeners(self.pid) if self.running else []

    def strangers(self) -> list[int]:
        """Return the processes that accept connections, and that the pid file does not name."""
        # A restart by Debian's init script can leave one behind, and the new one then cannot listen.
        return [
            pid
            for pid in _pids()
            if self.pid not in (pid, _parent(pid))
            and 'accepting connections' in _title(pid)
            and 'sendmail' in _title(pid)
        ]

    def left_behind(self) -> str:
        """Return what there is to say of strangers; empty when there are none."""
        processes = ', '.join(map(str, self.strangers()))
        return processes and (
            f'a Sendmail that is not the one of {self._pid_file} accepts connections (process {processes}): end it'
        )

    def check(self) -> None:
        """Raise SendmailError when a reload would not do."""
        found = self.left_behind()
        if found:
            raise SendmailError(found)
        if self.running and not self.command.startswith('/'):
            raise SendmailError(
                f'Sendmail was started as {self.command!r}, without its path, and cannot start itself anew on a'
                ' signal; restart it by its path first'
            )

    def reload(self, timeout: int) -> None:
        """Let the daemon start itself anew, which is what it does on SIGHUP, and wait until it serves its ports.

        Raises:
            SendmailError: it does not.
        """
        if not self.running:
            return
        before, runners = _written(self._pid_file), self._queue_runners()
        if not process.alive(self.pid):
            self._start()
        else:
            os.kill(self.pid, signal.SIGHUP)
        for pid in runners:
            # One may have ended in this moment, together with the daemon for example.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGHUP)
        end = time.monotonic() + timeout
        while _written(self._pid_file) == before or not process.alive(_read_pid_file(self._pid_file)[0]):
            if time.monotonic() > end:
                raise SendmailError(f'Sendmail did not start anew within {timeout} seconds')
            time.sleep(process.PAUSE)
        self.pid = _read_pid_file(self._pid_file)[0]
        while set(self._listeners) - set(_listeners(self.pid)):
            if time.monotonic() > end or not process.alive(self.pid):
                raise SendmailError(
                    'Sendmail does not serve {} any more'.format(
                        ', '.join(
                            '{} port {}'.format(*listener)
                            for listener in sorted(set(self._listeners) - set(_listeners(self.pid)))
                        )
                    )
                )
            time.sleep(process.PAUSE)
        while len(self._queue_runners()) < len(runners):
            if time.monotonic() > end:
                raise SendmailError(
                    'What ran the queue beside the daemon (process {}) did not start anew within {} seconds: start it'
                    ' again, by its path'.format(', '.join(str(pid) for pid in runners), timeout)
                )
            time.sleep(process.PAUSE)
        for address, port in [listener for listener in self._listeners if listener[1] == PORT][:1]:
            process.wait_for_banner(
                {'0.0.0.0': '127.0.0.1', '::': '::1'}.get(address, address), port, max(1, end - time.monotonic())
            )

    def _start(self) -> None:
        if not self._unit:
            raise SendmailError('Sendmail has ended, and no systemd unit is known to start it by')
        status, out, err = self._run_command(['systemctl', 'restart', self._unit])[:3]
        if status:
            raise SendmailError(f'systemctl restart {self._unit}: {err.strip()}')

    def _queue_runners(self) -> list[int]:
        """Return the processes beside the daemon that run its queue until they are ended.

        A single queue run (sendmail -q) calls itself Queue control as well, but locks no pid file, and a signal would
        break its deliveries off.
        """
        holders, found = _lock_holders(), []
        for pid in _pids():
            match = _RUNNER.match(_title(pid))
            if match and (
                queue_base(match[1]) == self._queue
                if match[1]
                else pid in holders and _status(pid, b'Uid:') == self._user
            ):
                found.append(pid)
        return found


def _pids() -> list[int]:
    """Return the processes of this host; those in containers on it are not among them."""
    # In how many nested namespaces a process has an id.
    own = len(_status('self', b'NSpid:'))
    return [int(name) for name in os.listdir('/proc') if name.isdigit() and len(_status(name, b'NSpid:')) == own]


def _status(name: int | str | None, field: bytes) -> list[bytes]:
    """Return the words of a line of what is known of a process (proc(5), /proc/pid/status); none for no such line or
    process."""
    try:
        with open(f'/proc/{name}/status', 'rb') as stream:
            return next((line.split()[1:] for line in stream if line.startswith(field)), [])
    except OSError:
        return []


def _lock_holders() -> set[int]:
    """Return the processes that hold a lock on a file (proc(5), /proc/locks); those that wait for one are marked by an
    arrow."""
    with open('/proc/locks', encoding='ascii') as stream:
        return {int(words[4]) for words in (line.split() for line in stream) if words[1] != '->'}


def _title(pid: int | None) -> str:
    """Return what a process calls itself, empty for none."""
    try:
        with open(f'/proc/{pid}/cmdline', 'rb') as stream:
            return stream.read().replace(b'\0', b' ').decode('utf-8', 'replace').strip()
    except OSError:
        return ''


def _parent(pid: int | None) -> int | None:
    found = process.process(pid)
    return found.parent if found else None


def _read_pid_file(path: str) -> tuple[int | None, str]:
    """Return the process id and the command line in it; None when there is none."""
    try:
        with open(path, 'rb') as stream:
            words = stream.read().decode('utf-8', 'replace').split('\n')
        return int(words[0]), words[1] if len(words) > 1 else ''
    except (OSError, ValueError):
        return None, ''


def _written(path: str) -> int | None:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return None


def _listeners(pid: int | None) -> list[tuple[str, int]]:
    """Return address and port of every TCP socket on which a process listens, or anybody on Sendmail's ports if that is
    not to be seen."""
    held = sockets.inodes_of(pid) if pid is not None else set()
    # None for root in a container without CAP_SYS_PTRACE.
    return sorted(
        (entry.address, entry.port)
        for entry in sockets.all_listening()
        if (entry.port in PORTS if held is None else entry.inode in held)
    )
