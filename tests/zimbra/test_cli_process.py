# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The double's commands as processes: what the tests that run in one process play."""

from __future__ import annotations

import json
import os
import socketserver
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from lab.zimbra.cli import world as real

from .machine import HOST, Machine

ROOT = Path(__file__).resolve().parents[2]


def command(machine: Machine, *words: str, stdin: str = '', **environment: str) -> subprocess.CompletedProcess:
    places = {'ROOT': machine.home, 'STATE': machine.state, 'STORE': machine.store.path}
    return subprocess.run(
        [sys.executable, '-B', '-m', 'lab.zimbra.cli', *words],
        cwd=ROOT,
        env={**os.environ, **{f'ZIMBRA_DOUBLE_{name}': str(path) for name, path in places.items()}, **environment},
        input=stdin.encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_a_process(machine):
    """[double] Exit code, both streams, line breaks and characters as they are."""
    machine.world('root', '')
    batch = (
        'mcf zimbraMtaSmtpdClientRestrictions "für\\r\\nalle"\ngcf zimbraMtaSmtpdClientRestrictions\ngs nobody\nexit\n'
    )
    done = command(machine, 'zmprov', '-l', '-f', '/dev/stdin', stdin=batch, LC_ALL='C')
    assert done.returncode == 2
    assert done.stdout == 'prov> prov> zimbraMtaSmtpdClientRestrictions: für\r\nalle\nprov> prov> '.encode()
    assert done.stderr == b'ERROR: account.NO_SUCH_SERVER (no such server: nobody)\n'
    assert machine.starts('zmprov')[0]['arguments'] == ['-l', '-f', '/dev/stdin']


def test_bytes_on_the_command_line(machine):
    """[?] Under LC_ALL=C each byte that is no ASCII is lost."""
    machine.world('root', '')
    assert (
        command(machine, 'zmprov', '-l', 'mcf', 'zimbraMtaSmtpdClientRestrictions', 'für', LC_ALL='C').returncode == 0
    )
    assert machine.own('config', '', 'zimbraMtaSmtpdClientRestrictions') == ['f\ufffd\ufffdr']


def test_a_command_that_there_is_none(machine):
    """[double] It says what it is."""
    done = command(machine, 'zmnothing')
    assert done.returncode == 70
    assert done.stderr.startswith(b'a double of Zimbra, not Zimbra')


def test_a_hung_mailboxd_hangs_the_process(machine):
    """[src] Only a time limit around it helps."""
    machine.set('mailboxd', {HOST: 'hung'})
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(
            [sys.executable, '-m', 'lab.zimbra.cli', 'zmprov', 'gacf'],
            cwd=ROOT,
            env={
                **os.environ,
                'ZIMBRA_DOUBLE_STATE': str(machine.state),
                'ZIMBRA_DOUBLE_STORE': str(machine.store.path),
            },
            timeout=1,
            check=False,
        )


def test_many_write_at_once(machine):
    """[double] No write is lost."""
    machine.world('root', '')
    threads = [
        threading.Thread(target=command, args=(machine, 'zmprov', '-l', 'mcf', '+zimbraMtaRestriction', f'x{number}'))
        for number in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {f'x{number}' for number in range(6)} < set(machine.own('config', '', 'zimbraMtaRestriction'))
    assert len(machine.starts('zmprov')) == 6


class Answers(socketserver.StreamRequestHandler):
    def handle(self):
        line = self.rfile.readline().decode().strip()
        time.sleep(2 if line == 'SLOW' else 0)
        self.wfile.write(f'HEARD {line}\n'.encode())


def test_the_configuration_daemon_is_asked_as_by_nc():
    """[src] Connected, whatever is answered; nothing in time is no failure to connect."""
    with socketserver.ThreadingTCPServer(('127.0.0.1', 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        assert real.ask(port, 'STATUS\n', 5) == 'HEARD STATUS\n'
        assert real.ask(port, 'SLOW\n', 0.2) == ''
        server.shutdown()
    assert real.ask(port, 'STATUS\n', 5) is None


def test_a_program_that_leaves_a_daemon_behind_is_not_waited_for(machine):
    """[double] The daemon has its standard output."""
    world = machine.world('root', '')
    began = time.monotonic()
    assert real.run(['sh', '-c', 'sleep 5 & echo said; echo bad >&2; exit 3'], world) == 3
    assert time.monotonic() - began < 4
    assert (world.out.getvalue(), world.err.getvalue()) == ('said\n', 'bad\n')
    assert real.run(['/no/such/program'], world) == 127


def test_a_real_service_is_ended_by_its_number(machine):
    """[double] And is gone when that was said."""
    with subprocess.Popen(['sleep', '60']) as sleeper:
        pid_file = machine.state / 'sleeper'
        pid_file.write_text(str(sleeper.pid))
        table = {'opendkim': {'start': ['true'], 'pid': str(pid_file)}}
        (machine.state / 'services.json').write_text(json.dumps(table))
        assert machine('zmopendkimctl', 'status').out == f'zmopendkimctl is running with pid: {sleeper.pid}\n'
        reaper = threading.Thread(target=sleeper.wait)
        reaper.start()
        world = machine.world('zimbra', '')
        world.sleep = time.sleep
        machine.set('pauses', 0)
        assert world.services.stop('opendkim', 5)
        reaper.join(10)
        assert sleeper.returncode == -15
    assert machine('zmopendkimctl', 'status').code == 1
