# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import daemon as sendmail_daemon
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.commands import SendmailError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.daemon import Daemon

# Persistent queue runners are told by their user, not by their queue: side by side, one test would signal another's.
pytestmark = pytest.mark.xdist_group('sendmail_daemon')

# Beyond the largest process id that Linux gives. Not the test's parent: in a container the test is the first process,
# and has none.
STRANGER = 2**22 + 1
# Like Sendmail: on SIGHUP it writes its pid file anew and listens again; what it does on the second start is the
# argument.
SERVER = """
import os, signal, socket, sys, time
pid_file, port, after = sys.argv[1], int(sys.argv[2]), sys.argv[3]
again = os.path.exists(pid_file)
def restart(*dummy):
    os.execv(sys.executable, [sys.executable] + sys.argv)
signal.signal(signal.SIGHUP, restart)
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGHUP])
if again and after == 'dies':
    sys.exit(1)
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
if not (again and after == 'deaf'):
    listener.bind(('127.0.0.1', port))
    listener.listen(5)
with open(pid_file, 'w') as stream:
    stream.write('%d\\n/usr/sbin/sendmail -bd\\n' % os.getpid())
while True:
    if again and after == 'deaf':
        time.sleep(1)
        continue
    connection = listener.accept()[0]
    connection.sendall(b'421 not now\\r\\n' if again and after == 'refuses' else b'220 ready\\r\\n')
    connection.close()
"""


# What runs the queue beside it: says when it is ready, and on SIGHUP says so, or ends as one does that was started
# without its path.
RUNNER = """
trap 'echo signalled >>"{log}"; {then}' HUP
echo ready >>"{log}"
while :; do sleep 0.05; done
"""


@pytest.fixture(name='start')
def fixture_start(tmp_path, monkeypatch):
    started = []
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(sendmail_daemon, 'PORT', port)

    def start(after):
        pid_file = tmp_path / 'sendmail.pid'
        script = tmp_path / 'sendmail.py'
        script.write_text(SERVER, encoding='utf-8')
        started.append(subprocess.Popen([sys.executable, str(script), str(pid_file), str(port), after]))
        end = time.monotonic() + 10
        while (
            not (pid_file.exists() and pid_file.read_text(encoding='utf-8').endswith('-bd\n'))
            and time.monotonic() < end
        ):
            time.sleep(0.05)
        return Daemon(None, str(pid_file), str(tmp_path / 'mqueue')), port

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_daemon_starts_anew_and_serves_its_ports(start):
    daemon, port = start('serves')
    assert daemon.running
    daemon.check()
    daemon.reload(10)
    with socket.create_connection(('127.0.0.1', port), timeout=5) as connection:
        assert connection.recv(10).startswith(b'220')


@pytest.mark.parametrize(
    'after, words',
    [('deaf', 'does not serve 127.0.0.1 port'), ('refuses', '421 not now'), ('dies', 'did not start anew')],
)
def test_daemon_that_does_not_serve_any_more_is_an_error(start, after, words):
    daemon = start(after)[0]
    with pytest.raises(HostError, match=words):
        daemon.reload(2)


@pytest.fixture(name='runner')
def fixture_runner(tmp_path):
    started, opened = [], []

    def runner(title, locks=False, then=':'):
        log, script = tmp_path / (f'log{len(started)}'), tmp_path / (f'runner{len(started)}')
        script.write_text(RUNNER.format(log=log, then=then), encoding='utf-8')
        opened.extend([open(script, 'rb'), open(str(log) + '.pid', 'wb')])
        handle = opened[-1].fileno()

        def begin():
            # A shell cannot trap what was ignored when it began, as under nohup(1).
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
            if locks:
                fcntl.flock(handle, fcntl.LOCK_EX)

        started.append(
            subprocess.Popen([title], executable='/bin/sh', stdin=opened[-2], pass_fds=[handle], preexec_fn=begin)
        )
        end = time.monotonic() + 10
        while not log.exists() and time.monotonic() < end:
            time.sleep(0.02)
        return log

    yield runner
    for stream in opened:
        stream.close()
    for process in started:
        process.kill()
        process.wait()


def test_what_runs_the_daemons_queues_beside_it_starts_anew_too(start, runner, tmp_path):
    daemon = start('serves')[0]
    signalled = [
        runner('sendmail: MTA: Queue runner@00:10:00 for %s' % (tmp_path / 'mqueue')),
        runner('sendmail: MTA: Queue runner@00:10:00 for %s' % (tmp_path / 'mqueue/q*')),
        runner('sendmail: MTA: Queue control', locks=True),
        runner('sendmail: Queue control', locks=True),
    ]
    others = [
        runner('sendmail: MSP: Queue runner@00:10:00 for %s' % (tmp_path / 'mqueue-client')),
        runner('sendmail: MTA: Queue control'),
        runner('grep Queue control', locks=True),
    ]
    daemon.reload(10)
    time.sleep(0.3)
    assert [log.read_text(encoding='utf-8') for log in signalled] == ['ready\nsignalled\n'] * 4
    assert [log.read_text(encoding='utf-8') for log in others] == ['ready\n'] * 3


def test_persistent_queue_runner_of_another_user_is_not_the_daemons(start, runner, monkeypatch):
    log = runner('sendmail: MSP: Queue control', locks=True)
    daemon = start('serves')[0]
    daemon._user = [b'102'] * 4
    daemon.reload(10)
    time.sleep(0.3)
    assert log.read_text(encoding='utf-8') == 'ready\n'


def test_queue_runner_that_does_not_come_back_is_an_error(start, runner, tmp_path):
    daemon = start('serves')[0]
    runner('sendmail: MTA: Queue runner@00:10:00 for %s' % (tmp_path / 'mqueue'), then='exit 0')
    with pytest.raises(SendmailError, match='ran the queue .* did not start anew'):
        daemon.reload(2)


def test_no_daemon_is_left_alone(tmp_path):
    daemon = Daemon(None, str(tmp_path / 'none.pid'), '/var/spool/mqueue')
    assert not daemon.running
    daemon.check()
    daemon.reload(1)


def test_daemon_without_a_path_cannot_start_itself_anew(tmp_path, monkeypatch):
    (tmp_path / 'pid').write_text(f'{os.getpid()}\nsendmail -bd\n', encoding='utf-8')
    monkeypatch.setattr(
        sendmail_daemon, '_title', lambda pid: 'sendmail: accepting connections' if pid == os.getpid() else ''
    )
    monkeypatch.setattr(os, 'kill', lambda *dummy: pytest.fail('it was signalled'))
    daemon = Daemon(None, str(tmp_path / 'pid'), '/var/spool/mqueue')
    with pytest.raises(SendmailError, match="started as 'sendmail -bd', without its path"):
        daemon.check()


def test_second_daemon_on_the_ports_is_named(tmp_path, monkeypatch):
    (tmp_path / 'pid').write_text(f'{os.getpid()}\n/usr/sbin/sendmail -bd\n', encoding='utf-8')
    monkeypatch.setattr(sendmail_daemon, '_title', lambda pid: 'sendmail: accepting connections')
    monkeypatch.setattr(sendmail_daemon, '_pids', lambda: [os.getpid(), STRANGER])
    monkeypatch.setattr(sendmail_daemon, '_listeners', lambda pid: [('0.0.0.0', 25)])
    monkeypatch.setattr(sendmail_daemon, '_parent', lambda pid: 0)
    with pytest.raises(SendmailError, match=f'process {STRANGER}'):
        Daemon(None, str(tmp_path / 'pid'), '/var/spool/mqueue').check()


def test_daemon_that_was_left_behind_without_a_pid_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(sendmail_daemon, '_title', lambda pid: 'sendmail: accepting connections')
    monkeypatch.setattr(sendmail_daemon, '_pids', lambda: [STRANGER])
    monkeypatch.setattr(sendmail_daemon, '_parent', lambda pid: 0)
    with pytest.raises(SendmailError, match=f'process {STRANGER}'):
        Daemon(None, str(tmp_path / 'none'), '/var/spool/mqueue').check()


def test_own_processes_of_the_daemon_are_no_strangers(tmp_path, monkeypatch):
    (tmp_path / 'pid').write_text(f'{os.getpid()}\n/usr/sbin/sendmail -bd\n', encoding='utf-8')
    monkeypatch.setattr(sendmail_daemon, '_title', lambda pid: 'sendmail: accepting connections')
    monkeypatch.setattr(sendmail_daemon, '_pids', lambda: [os.getpid(), STRANGER])
    monkeypatch.setattr(sendmail_daemon, '_parent', {STRANGER: os.getpid()}.get)
    Daemon(None, str(tmp_path / 'pid'), '/var/spool/mqueue').check()


def test_listeners_of_a_process_that_is_not_to_be_seen_are_those_on_its_ports(start, monkeypatch):
    daemon, port = start('serves')

    def forbidden(path):
        raise PermissionError(path)

    monkeypatch.setattr(os, 'listdir', forbidden)
    monkeypatch.setattr(sendmail_daemon, 'PORTS', (port,))
    assert sendmail_daemon._listeners(daemon.pid) == [('127.0.0.1', port)]
