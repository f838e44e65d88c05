# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When Exim has read a new configuration."""

from __future__ import annotations

import os
import signal
import socket
from types import SimpleNamespace

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim import daemon
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import EximError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.daemon import Daemon, _renewed
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import sockets
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.sockets import Socket

SERVED = {('0.0.0.0', 25): 1, ('::', 25): 2}


@pytest.mark.parametrize('settled', [False, True])
@pytest.mark.parametrize(
    'now, renewed',
    [
        (SERVED, False),
        ({}, False),
        ({('0.0.0.0', 25): 3, ('::', 25): 2}, False),
        ({('0.0.0.0', 25): 3, ('::', 25): 4}, True),
        ({('0.0.0.0', 25): 3, ('::', 25): 4, ('::', 587): 5}, True),
    ],
)
def test_exim_has_started_anew_when_all_its_sockets_are_others(now, renewed, settled):
    assert _renewed(SERVED, now, settled) is renewed


def test_a_port_that_is_served_no_more_is_not_waited_for():
    assert not _renewed(SERVED, {('::', 25): 4}, settled=False)
    assert _renewed(SERVED, {('::', 25): 4}, settled=True)


class Played(Daemon):
    """One that has what is listed, a look at a time, the last of it from then on."""

    def __init__(self, looks):
        super().__init__()
        self.running, self.pid, self._looks = True, os.getpid(), list(looks)

    def _sockets(self):
        return self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]


@pytest.mark.parametrize('closed', [('0.0.0.0', 587), ('0.0.0.0', 25)])
def test_a_reload_ends_though_somebody_has_closed_a_port_before(monkeypatch, closed):
    """The run waited for it for as long as it could, and put everything back."""
    before = {('0.0.0.0', 25): 1, ('0.0.0.0', 587): 2}
    after = {place: inode + 10 for place, inode in before.items() if place != closed}
    signals, asked = [], []
    monkeypatch.setattr(daemon.os, 'kill', lambda pid, number: signals.append(number) if number else None)
    monkeypatch.setattr(daemon.process, 'wait_for_banner', lambda address, port, seconds: asked.append(port))
    monkeypatch.setattr(daemon, 'SETTLED', 0.01)
    Played([before, before, {}, after]).reload(5)
    assert signals == [signal.SIGHUP]
    assert asked == [port for dummy, port in after if port == 25]


def test_a_reload_that_opens_nothing_is_a_failure(monkeypatch):
    monkeypatch.setattr(daemon.os, 'kill', lambda pid, number: None)
    monkeypatch.setattr(daemon, 'SETTLED', 0.01)
    with pytest.raises(EximError, match='did not start anew'):
        Played([{('0.0.0.0', 25): 1}, {}]).reload(0.2)


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
