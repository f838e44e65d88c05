# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Postfix instance on this host: its commands, its master process, its log."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import process
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_entry import Service

# A configuration that the master process cannot work with ends it within moments after the reload.
SETTLE = 0.4
# Where the programs are that were made for the outbound hop (C(_hop/package.py)).
HOP_SBIN = '/usr/lib/conbool-hop/usr/sbin'
LOG_FILES = ('/var/log/mail.log', '/var/log/maillog', '/var/log/mail')
LONGEST_LOG = 65536
# Seconds that a question to a table may take.
LONGEST = 30


class PostfixError(HostError):
    """Postfix said no, in its own words."""


def complaints(text: str) -> list[tuple[str, str]]:
    """Return (severity, text) of the warnings and errors that a Postfix command wrote, each once."""
    found = []
    for match in re.finditer(r'^[^\n]*?(warning|error|fatal|panic): ([^\n]*)', text, re.MULTILINE):
        if match.groups() not in found:
            found.append(match.groups())
    return found


def words(text: str) -> str:
    """Return a command's complaints as one line, or all that it wrote when there are none."""
    found = ['{}: {}'.format(*pair) for pair in complaints(text) if pair[0] != 'warning'] or [
        '{}: {}'.format(*pair) for pair in complaints(text)
    ]
    return '; '.join(found) or ' '.join(text.split()) or 'no message'


def command(find_binary: Callable[..., str | None], name: str) -> str | None:
    """Return the path of one of Postfix's commands: the host's, or else the one of the hop's own programs; None when
    there is none."""
    own = os.path.join(HOP_SBIN, name)
    return find_binary(name) or (own if os.access(own, os.X_OK) else None)


class Instance:
    """The commands of one instance.

    Args:
        run_command: AnsibleModule.run_command or a function like it.
        find_binary: takes a name; returns the path of a command in PATH, None for none.
    """

    def __init__(
        self,
        run_command: Callable[..., tuple[int, Any, Any]],
        find_binary: Callable[..., str | None],
        config_dir: str,
        sbin_dir: str | None = None,
    ) -> None:
        self._run_command = run_command
        self._find_binary = find_binary
        self.config_dir = config_dir
        self.sbin_dir = sbin_dir

    def binary(self, name: str) -> str:
        path = os.path.join(self.sbin_dir, name) if self.sbin_dir else command(self._find_binary, name)
        if not path or not os.access(path, os.X_OK):
            raise PostfixError(
                '{}: there is no command {}; is Postfix installed?'.format(
                    path or 'PATH and the usual directories', name
                )
                if not self.sbin_dir
                else f'sbin_dir: {self.sbin_dir!r} has no executable command {name}'
            )
        return path

    def there(self) -> bool:
        """Return whether there is a Postfix."""
        return self.sbin_dir is not None or command(self._find_binary, 'postconf') is not None

    def run(self, name: str, *arguments: str) -> tuple[int, bytes, bytes]:
        """Run one Postfix command. Returns exit status, standard output and standard error.

        Raises:
            PostfixError: a table had no answer in time.
        """
        # A table may ask others (LDAP, SQL, proxymap), which wait for an hour.
        longest = LONGEST if name == 'postmap' and '-q' in arguments else None
        done = process.run(self._run_command, [self.binary(name), *arguments], longest)
        if done is None:
            raise PostfixError(
                f'{name} {" ".join(arguments)}: no answer within {LONGEST} seconds, mostly since a server that it asks'
                ' (LDAP, SQL) is away'
            )
        return done

    def text(self, name: str, *arguments: str) -> tuple[str, str]:
        """Run one Postfix command that has to succeed.

        Returns:
            Standard output and standard error as text.
        """
        status, out, err = self.run(name, *arguments)
        if status:
            raise PostfixError('{} {}: {}'.format(name, ' '.join(arguments), words(decode(err or out))))
        return decode(out), decode(err)

    def parameters(
        self, config_dir: str, names: Iterable[str], expand: bool = True
    ) -> tuple[dict[str, str], list[str]]:
        """Return effective values from postconf(1), of all parameters when no name is given.

        Returns:
            Name to value, without names that this Postfix does not know; and its warnings.
        """
        out, err = self.text('postconf', '-c', config_dir, *((['-x'] if expand else []) + list(names)))
        values = {}
        for line in out.split('\n'):
            name, equals, value = line.partition('=')
            if equals:
                values[name.strip()] = value.strip(' ')
        return values, [text for severity, text in complaints(err)]

    def default_database_type(self) -> str:
        exists = os.path.exists(os.path.join(self.config_dir, 'main.cf'))
        return self.text(
            'postconf', *((['-c', self.config_dir] if exists else ['-d']) + ['-h', 'default_database_type'])
        )[0].strip()

    def mail_owner(self) -> str:
        """Return the owner of the mail system that this Postfix was built with."""
        return self.text('postconf', '-d', '-h', 'mail_owner')[0].strip()

    def lookup_types(self) -> list[str]:
        return sorted(self.text('postconf', '-c', self.config_dir, '-m')[0].split())

    def running(self) -> bool:
        return self.run('postfix', '-c', self.config_dir, 'status')[0] == 0

    def reload(self) -> None:
        status, out, err = self.run('postfix', '-c', self.config_dir, 'reload')
        if status:
            raise PostfixError(f'postfix reload failed: {words(decode(err or out))}')

    def start(self, unit: str | None) -> None:
        """Start an instance whose master process died, by its systemd unit where it has one."""
        if unit:
            status, out, err = self._run_command(
                [self._find_binary('systemctl'), 'restart', unit], encoding=None, handle_exceptions=False
            )[:3]
        else:
            status, out, err = self.run('postfix', '-c', self.config_dir, 'start')
        if status:
            raise PostfixError(f'Postfix could not be started again: {words(decode(err or out))}')


def pid_file(queue_directory: str) -> str:
    """Return where an instance's master process writes its process id when it starts, and holds a lock."""
    return os.path.join(queue_directory, 'pid', 'master.pid')


def master_pid(queue_directory: str) -> int | None:
    """Return the process id of a running instance's master process, or None."""
    try:
        with open(pid_file(queue_directory), 'rb') as stream:
            return int(stream.read().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def master(queue_directory: str) -> tuple[int | None, bool]:
    """Return the master process of an instance, whose sockets those of its services are; None when it does not run. And
    whether its pid file names it: what that says may be lost, or left behind, and the number be anybody's by now."""
    pid = process.of_root(master_pid(queue_directory))
    if pid:
        return pid, True
    for found in process.processes('master'):
        try:
            # Anybody can call a program so, and be there. One in a container is at the same path, and elsewhere.
            if process.of_root(found.pid) and os.path.samefile(f'/proc/{found.pid}/cwd', queue_directory):
                return found.pid, False
        except OSError:
            continue
    return None, False


def sockets_of(queue_directory: str, services: Iterable[Service]) -> dict[str, tuple[int, int] | None]:
    """Return the sockets that the master process makes for new services, and what is there now: {path: identity or
    None}."""
    paths = [
        os.path.join(queue_directory, 'public' if service.fields[0] == 'n' else 'private', service.name)
        for service in services
        if service.kind not in ('inet', 'fifo')
    ]
    return {path: _identity(path) for path in paths}


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_ctime_ns


def wait_until_served(pid: int | None, sockets: Mapping[str, tuple[int, int] | None], timeout: float) -> None:
    """Wait until the master process has read its configuration and has made its sockets.

    Args:
        sockets: result of sockets_of() before the reload. Postfix leaves the sockets of removed services behind, so
            that only one that is newer is proof.

    Raises:
        PostfixError: the master process ended, or the time is up.
    """
    begin = time.monotonic()
    while True:
        waited = time.monotonic() - begin
        if not process.alive(pid):
            raise PostfixError('the Postfix master process ended while it read its configuration')
        missing = [path for path, before in sockets.items() if _identity(path) in (None, before)]
        if not missing and waited >= SETTLE:
            return
        if waited > timeout:
            raise PostfixError('Postfix does not serve {} within {} seconds'.format(', '.join(missing), timeout))
        time.sleep(process.PAUSE)


class MailLog:
    """What Postfix logs from now on: its own log file, the system's, or the journal."""

    def __init__(
        self,
        run_command: Callable[..., tuple[int, Any, Any]],
        find_binary: Callable[..., str | None],
        maillog_file: str | None,
    ) -> None:
        self._run_command = run_command
        self._journalctl = find_binary('journalctl')
        self._since = time.time()
        self._path = next((path for path in (maillog_file,) + LOG_FILES if path and os.path.isfile(path)), None)
        self._offset = os.path.getsize(self._path) if self._path else 0

    def complaints(self) -> list[str]:
        """Return the last lines in which Postfix reported trouble; none when the log cannot be read."""
        try:
            text = self._from_file() if self._path else self._from_journal()
        except OSError:
            return []
        found = [line for line in text.split('\n') if re.search(r'/[\w-]+\[\d+\]: (fatal|panic|error|warning): ', line)]
        return found[-10:]

    def _from_file(self) -> str:
        with open(self._path, 'rb') as stream:
            stream.seek(max(self._offset, os.path.getsize(self._path) - LONGEST_LOG))
            return decode(stream.read(LONGEST_LOG))

    def _from_journal(self) -> str:
        if not self._journalctl:
            return ''
        # 2 is the syslog facility "mail".
        return decode(
            self._run_command(
                [
                    self._journalctl,
                    '--quiet',
                    '--no-pager',
                    '--output=short',
                    '--lines=200',
                    f'--since=@{int(self._since)}',
                    'SYSLOG_FACILITY=2',
                ],
                encoding=None,
                handle_exceptions=False,
            )[1]
        )
