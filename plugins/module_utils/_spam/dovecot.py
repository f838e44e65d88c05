# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's Dovecot: what its configuration says, asked of its own tools."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import ChangeError

PAUSE = 0.2
TIMEOUT = 10
DELIVERY_COMMANDS = ('dovecot-lda', 'deliver')
LOOPBACK = ('localhost', 'ip6-localhost')
ENTRY = re.compile(r'(?P<key>\S+) = ?(?P<value>.*)|(?P<open>[^=]*[^=\s])\s*\{')


def parse(text: str) -> list[tuple[str, Any]]:
    """Return what doveconf(1) printed as a list of (name, value), where a section has such a list as its value."""
    stack: list[list[tuple[str, Any]]] = [[]]
    for line in text.splitlines():
        line = line.strip()
        found = ENTRY.fullmatch(line)
        if line == '}' and len(stack) > 1:
            stack.pop()
        elif found and found.group('open'):
            stack[-1].append((found.group('open'), []))
            stack.append(stack[-1][-1][1])
        elif found:
            stack[-1].append((found.group('key'), found.group('value')))
    return stack[0]


def sections(entries: Iterable[tuple[str, Any]], kind: str) -> list[tuple[str, list[tuple[str, Any]]]]:
    """Return the sections of a kind as (name, entries); the name is empty where there is none."""
    return [
        (unquoted(name[len(kind) :].strip()), value)
        for name, value in entries
        if isinstance(value, list) and (name == kind or name.startswith(kind + ' '))
    ]


def unquoted(value: str) -> str:
    """Return a value as it is meant; Dovecot 2.4 quotes and escapes what it prints, 2.3 quotes names with blanks."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r'\\(.)', r'\1', value[1:-1])
    return value


class Dovecot:
    """Commands and configuration of the host's Dovecot.

    Args:
        run: takes an argument list; returns exit status, stdout and stderr.
        find: returns the path of a command, None without one.
        directory: that of dovecot.conf.
    """

    def __init__(
        self, run: Callable[[list[str]], tuple[int, str, str]], find: Callable[[str], str | None], directory: str
    ) -> None:
        self._run, self._find = run, find
        self.directory = directory
        self.config = os.path.join(directory, 'dovecot.conf')
        self.there = bool(find('doveconf') and find('dovecot') and os.path.isfile(self.config))

    def text(self, command: str, *arguments: str) -> str:
        """Return what a command prints.

        Raises:
            ChangeError: it is missing, or failed, with its own words.
        """
        path = self._find(command)
        if not path:
            raise ChangeError(f'there is no command {command} here')
        status, out, err = self._run([path] + list(arguments))
        if status != 0:
            raise ChangeError(
                '{}: {}'.format(
                    ' '.join((command,) + arguments), (err.strip() or out.strip() or f'exit status {status}')[:2000]
                )
            )
        return out

    def present(self, content: bytes | None) -> bytes:
        """Return what was read of dovecot.conf.

        Raises:
            ChangeError: it is gone, which it was not when somebody looked for it. Another would be made of our lines
                alone.
        """
        if content is None:
            raise ChangeError(f'{self.config} is gone since it was looked at. Bring it back, and run this again')
        return content

    def version(self) -> tuple[int, ...]:
        """Return the first two numbers of the version."""
        return tuple(int(number) for number in re.findall(r'\d+', self.text('dovecot', '--version'))[:2])

    def settings(self, config: str, protocol: str, *names: str) -> list[tuple[str, Any]]:
        """Return settings as they are in force for one protocol (delivery by lmtp or lda)."""
        return parse(self.text('doveconf', '-c', config, '-f', 'protocol=' + protocol, *names))

    def has_sieve(self, config: str, protocol: str) -> bool:
        entries = self.settings(config, protocol, 'mail_plugins')
        plugins = dict(entries).get('mail_plugins', '')
        if isinstance(plugins, list):
            return dict(plugins).get('sieve') == 'yes'
        return 'sieve' in re.split(r'[\s,]+', unquoted(plugins))

    def listeners(self, config: str) -> list[str]:
        """Return the sockets of the LMTP service: paths, and ports as text."""
        found, base = [], dict(parse(self.text('doveconf', '-c', config, 'base_dir'))).get('base_dir', '')
        for name, entries in sections(parse(self.text('doveconf', '-c', config, 'service')), 'service'):
            if name == 'lmtp':
                found += [
                    os.path.join(unquoted(base), dict(listener).get('path') or path)
                    for path, listener in sections(entries, 'unix_listener')
                ]
                found += [dict(listener).get('port', '') for dummy, listener in sections(entries, 'inet_listener')]
        return found

    def protocol_of(self, delivery: Mapping[str, str], config: str) -> str | None:
        """Return the protocol, C(lmtp) or C(lda), by which mail gets here, or None.

        Args:
            delivery: C(agent) and C(target), see postfix_delivery.deliveries().
        """
        target = delivery['target']
        if delivery['agent'] == 'command' and os.path.basename(target) in DELIVERY_COMMANDS:
            return 'lda'
        if delivery['agent'] == 'lmtp' and target.startswith('/'):
            return (
                'lmtp'
                if os.path.realpath(target)
                in [os.path.realpath(path) for path in self.listeners(config) if path.startswith('/')]
                else None
            )
        host, dummy, port = target.rpartition(':')
        local = host in LOOPBACK or host.startswith('127.') or host == '::1'
        return 'lmtp' if delivery['agent'] == 'lmtp' and local and port in self.listeners(config) else None

    def junk(self, config: str, protocol: str, name: str) -> str:
        """Return the full name of the mailbox with the special use Junk, or of this name where there is none."""
        for dummy, entries in sections(self.settings(config, protocol, 'namespace'), 'namespace'):
            values = dict(entries)
            if values.get('inbox') == 'yes':
                prefix = unquoted(values.get('prefix', ''))
                for mailbox, options in sections(entries, 'mailbox'):
                    if '\\Junk' in unquoted(dict(options).get('special_use', '')).split():
                        return prefix + unquoted(dict(options).get('name', mailbox))
                return prefix + name
        return name

    @contextlib.contextmanager
    def staged(self, content: bytes) -> Iterator[str]:
        """Yield the path of a dovecot.conf with this content beside which everything is as it is beside the real
        one."""
        folder = tempfile.mkdtemp(prefix='conbool-dovecot.')
        try:
            for name in os.listdir(self.directory):
                os.symlink(os.path.join(self.directory, name), os.path.join(folder, name))
            path = os.path.join(folder, 'dovecot.conf')
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            with open(path, 'wb') as stream:
                stream.write(content)
            yield path
        finally:
            shutil.rmtree(folder)

    def compile(self, config: str, source: str, *binary: str) -> None:
        """Compile a Sieve script; only beside it, where it is put by default, do others than root get to read the
        outcome."""
        self.text('sievec', '-c', config, source, *binary)

    def running(self) -> bool:
        """Return whether the master process is alive."""
        base = unquoted(dict(parse(self.text('doveconf', '-c', self.config, 'base_dir'))).get('base_dir', ''))
        try:
            with open(os.path.join(base, 'master.pid'), encoding='ascii') as stream:
                os.kill(int(stream.read()), 0)
            return True
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return False

    def reload(self) -> None:
        """Have a running Dovecot read its configuration, and see that it still takes mail."""
        if not self.running():
            return
        self.text('doveadm', '-c', self.config, 'reload')
        for path in self.listeners(self.config):
            if path.startswith('/'):
                self._greeted(path)

    def _greeted(self, path: str) -> None:
        end = time.monotonic() + TIMEOUT
        while True:
            try:
                with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                    connection.settimeout(TIMEOUT)
                    connection.connect(path)
                    greeting = connection.recv(512)
                    if greeting.startswith(b'220'):
                        return
                    problem = greeting.decode('utf-8', 'backslashreplace')
            except OSError as exc:
                problem = str(exc)
            if time.monotonic() > end:
                raise ChangeError(f'Dovecot does not take mail at {path}: {problem}')
            time.sleep(PAUSE)
