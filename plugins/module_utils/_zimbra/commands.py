# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Zimbra's own programs, run as Zimbra's user, none of them for ever. Private to this collection."""

from __future__ import annotations

import os
import pwd
import shlex
import socket
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode, printable

# Zimbra cannot be installed elsewhere.
PREFIX = '/opt/zimbra'
USER = 'zimbra'
# How timeout(1) ends when the time was up, and when the command had to be killed.
LATE = (124, 137)
# Between being asked to end and being killed.
GRACE = 10


class ZimbraError(HostError):
    """Zimbra said no, or nothing; the text is for a person."""


def config_dir() -> str:
    """Return the configuration directory of Zimbra's Postfix."""
    return os.path.join(PREFIX, 'common/conf')


class Programs:
    """Zimbra's programs on this host.

    Args:
        run_command: AnsibleModule.run_command or a function like it.
        find_binary: takes a name; returns the path of a command in PATH, None for none.
        timeout: seconds that one program may take.
    """

    def __init__(
        self,
        run_command: Callable[..., tuple[int, Any, Any]],
        find_binary: Callable[..., str | None],
        timeout: int = 120,
    ) -> None:
        self._run_command, self._find_binary, self.timeout = run_command, find_binary, timeout

    def run(self, name: str, *arguments: str, data: str | None = None, timeout: int = 0) -> tuple[int, str, str]:
        """Run one program in the login environment of user zimbra, which some of them insist on.

        Args:
            name: path below /opt/zimbra.
            data: what it reads on standard input, None for nothing.
            timeout: seconds that it may take, 0 for those of all programs.

        Returns:
            Exit status, standard output and standard error.

        Raises:
            ZimbraError: it is not there, or did not end in time.
        """
        path, seconds = os.path.join(PREFIX, name), timeout or self.timeout
        if not os.access(path, os.X_OK):
            raise ZimbraError(f'There is no program {path}; is Zimbra installed?')
        line = shlex.join(['timeout', '-k', str(GRACE), str(seconds), path, *arguments])
        # The pipe of whoever runs this is root's, and cannot be opened as /dev/stdin by another user.
        line = f'cat | {line}' if data is not None else f'exec {line} </dev/null'
        status, out, err = self._run_command(
            [*self._login(), line],
            data=None if data is None else encode(data),
            binary_data=True,
            encoding=None,
            handle_exceptions=False,
        )[:3]
        if status in LATE:
            raise ZimbraError(f'{path} did not end within {seconds} seconds')
        return status, decode(out), decode(err)

    def _login(self) -> list[str]:
        """Return the command of which the next word is a line for the login shell of user zimbra."""
        try:
            user = pwd.getpwnam(USER)
        except KeyError as exc:
            raise ZimbraError(f'There is no user {USER}; is Zimbra installed?') from exc
        if user.pw_uid == os.geteuid():
            return ['/bin/bash', '-l', '-c']
        # runuser(1) asks nobody for a password; old systems have su(1) only.
        runuser = self._find_binary('runuser')
        return [runuser, '-l', USER, '-c'] if runuser else ['su', '-', USER, '-c']

    def said(self, name: str, *arguments: str, timeout: int = 0) -> str:
        """Return what a program that has to succeed writes.

        Raises:
            ZimbraError: it failed; with its own words.
        """
        status, out, err = self.run(name, *arguments, timeout=timeout)
        if status:
            words = ' '.join(printable(err or out).split())
            raise ZimbraError('{} ended with {}: {}'.format(' '.join([name, *arguments]), status, words))
        return out


def local_configuration() -> dict[str, str]:
    """Return what localconfig.xml sets, raw. Nothing has to be started for that.

    Raises:
        ZimbraError: it is not as Zimbra writes it.
        OSError: it cannot be read.
    """
    path = os.path.join(PREFIX, 'conf/localconfig.xml')
    try:
        keys = ElementTree.parse(path).getroot().iter('key')
    except ElementTree.ParseError as exc:
        raise ZimbraError(f'{path} cannot be read: {exc}') from exc
    return {key.get('name', ''): (key.findtext('value') or '').strip() for key in keys}


def server_name() -> str:
    """Return the name of this host's entry in Zimbra's directory, as zmhostname(1) does.

    Raises:
        ZimbraError: localconfig.xml does not say.
    """
    name = local_configuration().get('zimbra_server_hostname', '')
    if not name:
        raise ZimbraError(f'{PREFIX}/conf/localconfig.xml has no zimbra_server_hostname')
    return name


def daemon_answer(words: str, timeout: float = 10) -> str:
    """Return the answer of Zimbra's configuration daemon, empty when it does not listen or does not answer in time.

    Args:
        words: C(STATUS).
    """
    port = local_configuration().get('zmconfigd_listen_port', '7171')
    try:
        with socket.create_connection(('localhost', int(port)), timeout=timeout) as connection:
            connection.sendall(words.encode('ascii') + b'\n')
            return connection.recv(4096).decode('utf-8', 'replace').strip()
    except (OSError, ValueError):
        return ''


def daemon_alive() -> bool:
    """Return whether Zimbra's configuration daemon is at work."""
    return daemon_answer('STATUS').startswith('SUCCESS')
