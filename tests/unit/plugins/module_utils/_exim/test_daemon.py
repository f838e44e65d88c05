# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When Exim has read a new configuration."""

from __future__ import annotations

import os
import socket
from types import SimpleNamespace

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim import daemon
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.daemon import Daemon, _renewed
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import sockets
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.sockets import Socket


def test_exim_has_started_anew_when_all_its_sockets_are_others():
    before = {('0.0.0.0', 25): 1, ('::', 25): 2}
    assert not _renewed(before, before) and not _renewed(before, {}) and not _renewed(before, {('0.0.0.0', 25): 3})
    assert not _renewed(before, {('0.0.0.0', 25): 3, ('::', 25): 2})
    assert _renewed(before, {('0.0.0.0', 25): 3, ('::', 25): 4})


@pytest.mark.parametrize(
    'seen, waited_for', [({1, 2, 9}, {('0.0.0.0', 25): 1, ('0.0.0.0', 2525): 2}), (None, {('0.0.0.0', 25): 1})]
)
def test_only_its_own_sockets_are_waited_for(monkeypatch, seen, waited_for):
    """Another program's were never new: with Dovecot's submission service on the host, each change and undo failed."""
    listening = [Socket('0.0.0.0', port, 0, inode) for port, inode in ((25, 1), (2525, 2), (587, 3))]
    monkeypatch.setattr(daemon, 'all_listening', lambda: listening)
    monkeypatch.setattr(daemon, 'inodes_of', lambda pid: seen)
    assert Daemon()._sockets() == waited_for


def test_sockets_of_a_process_are_told_from_others():
    with socket.create_server(('127.0.0.1', 0)) as server:
        own = Daemon()
        own.pid = os.getpid()
        place = server.getsockname()
        assert place in own._sockets()
        own.pid = os.getppid()
        assert place not in own._sockets()


@pytest.mark.parametrize('held, named', [({11}, True), ({11, 5}, True), ({5}, False), (set(), False), (None, True)])
def test_a_daemon_that_no_pid_file_names_is_told_from_a_delivery(monkeypatch, held, named):
    """Both are init's children: whoever handed in a message at the command line does not wait for its delivery."""
    monkeypatch.setattr(daemon, 'PID_FILE', '/nonexistent/exim.pid')
    monkeypatch.setattr(daemon, 'all_listening', lambda: [Socket('0.0.0.0', 25, 0, 11)])
    monkeypatch.setattr(sockets, 'inodes_of', lambda pid: held)
    seen = [SimpleNamespace(name='exim4', parent=1, pid=7), SimpleNamespace(name='exim4', parent=7, pid=8)]
    monkeypatch.setattr(daemon.process, 'processes', lambda: seen)
    assert ('process 7)' in Daemon().lost()) is named and bool(Daemon().lost()) is named
