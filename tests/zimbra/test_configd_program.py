# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration daemon of the double as a program: files and commands below a root, the port it is asked at."""

from __future__ import annotations

import os
import socket
import stat
import threading
import time

import pytest

from lab.zimbra.configd import __main__ as program
from lab.zimbra.configd import listener, package
from lab.zimbra.configd.host import System
from lab.zimbra.configd.provider import Stored
from lab.zimbra.configd.services import RESTART, START, STOP, Services
from tests.zimbra.scene import running

PATIENCE = 10


class Played:
    """Control scripts that fail as often as they are told to."""

    def __init__(self, **failures):
        self.failures, self.calls, self.pauses = failures, [], 0

    def control(self, script, action):
        self.calls.append(f'{script.removeprefix("bin/")} {action}')
        left = self.failures.get(action, 0)
        self.failures[action] = left - 1
        return int(left > 0)

    def pause(self, seconds):
        self.pauses += seconds


def services(due, **failures):
    played = Played(**failures)
    found = Services(played, lambda message: None)
    found.due.update(due)
    return found, played


def test_services_are_called_in_their_order_and_bring_others_along():
    found, played = services({'mta': RESTART, 'amavis': STOP, 'antispam': RESTART})
    found.run(lambda service: ['opendkim'] if service == 'amavis' else [], 3)
    assert played.calls == ['zmantispamctl restart', 'zmamavisdctl stop', 'zmmtactl reload', 'zmopendkimctl restart']
    assert found.due == {}


def test_what_runs_already_is_not_started():
    found, played = services({'opendkim': START})
    found.run(lambda service: ['mta'], 3)
    assert played.calls == ['zmopendkimctl status', 'zmmtactl reload']
    assert found.running == {'opendkim': 'running'}


def test_what_does_not_run_is_started_and_tried_again():
    found, played = services({'opendkim': START}, status=9, start=2)
    found.run(lambda service: [], 3)
    assert played.calls.count('zmopendkimctl start') == 3
    assert (played.pauses, found.running) == (2, {'opendkim': 'running'})


def test_it_gives_up_after_so_many_failures():
    """Source."""
    found, played = services({'antivirus': RESTART}, restart=99)
    found.run(lambda service: [], 3)
    assert (len(played.calls), found.due) == (4, {})


def test_a_watched_service_that_ran_once_is_restarted():
    """Source."""
    found, played = services({})
    found.running.update(antivirus='running', mta='running')
    found.watch(['antivirus', 'antispam'], lambda service: True)
    assert found.due == {}
    played.failures['status'] = 99
    found.watch(['antivirus', 'antispam'], lambda service: True)
    assert found.due == {'antivirus': RESTART}


@pytest.fixture(name='root')
def fixture_root(tmp_path):
    package.write(tmp_path)
    (tmp_path / 'bin').mkdir()
    for name in ('postconf', 'zmmtactl'):
        path = tmp_path / 'bin' / name
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" {name} "$@" >>{tmp_path}/calls\nexit 3\n', encoding='utf-8')
        path.chmod(0o755)
    return tmp_path


def test_programs_are_run_below_the_root(root):
    system = System(root)
    assert system.postconf('-e', ["relayhost=a 'b' $c"]) == 3
    assert system.control('bin/zmmtactl', 'reload') == 3
    assert system.control('bin/missing', 'status') == 1
    assert (root / 'calls').read_text(encoding='utf-8').splitlines() == [
        *('postconf', '-e', "relayhost=a 'b' $c"),
        *('zmmtactl', 'reload', 'norewrite'),
    ]


def test_files_take_the_place_of_others_at_once(root):
    system = System(root)
    system.write('conf/mta_milter_options', 'x', 0o440)
    path = root / 'conf' / 'mta_milter_options'
    assert (system.read('conf/mta_milter_options'), stat.S_IMODE(path.stat().st_mode)) == ('x', 0o440)
    system.write('conf/mta_milter_options', '\xff', 0o600, 'latin-1')
    assert path.read_bytes() == b'\xff'
    assert [name for name in os.listdir(root / 'conf') if name.startswith('.')] == []
    system.remove('conf/mta_milter_options')
    assert not system.exists('conf/mta_milter_options')
    with pytest.raises(OSError, match='No such file'):
        system.write('missing/file', 'x', 0o440)


def test_an_upgrade_puts_package_files_back(root):
    (root / package.MAIN_CF).write_text('relayhost = mine\n', encoding='utf-8')
    master = root / 'common/conf/master.cf.in'
    master.chmod(0o640)
    master.write_text('', encoding='utf-8')
    os.link(master, root / 'kept')
    assert package.write(root, [package.MAIN_CF]) == [package.MAIN_CF]
    assert (root / package.MAIN_CF).read_text(encoding='utf-8') == package.files()[package.MAIN_CF][0]
    assert master.read_text(encoding='utf-8') == ''
    assert 'common/conf/master.cf.in' in package.write(root)
    assert stat.S_IMODE(master.stat().st_mode) == 0o440
    # They are other files then, as those of a package are.
    assert (root / 'kept').read_text(encoding='utf-8') == ''
    with pytest.raises(KeyError):
        package.write(root, ['conf/none'])


def test_no_package_file_speaks_of_what_postfix_3_6_does_not_know():
    assert (
        set(package.main_cf())
        & {'smtpd_forbid_bare_newline_exclusions', 'tls_config_file', 'smtpd_hide_client_session'}
        == set()
    )


def ask(port, line):
    with socket.create_connection(('127.0.0.1', port), timeout=PATIENCE) as connection:
        connection.sendall(f'{line}\n'.encode())
        return connection.recv(100).decode()


def free_port():
    with socket.socket() as bound:
        bound.bind(('127.0.0.1', 0))
        return bound.getsockname()[1]


def test_it_is_asked_at_its_port_and_answers_when_it_is_written():
    scene = running()
    port = free_port()
    scene.local['zmconfigd_listen_port'] = str(port)
    sleep, ended = program.Sleep(), threading.Event()
    scene.poll()

    def life():
        while not ended.is_set():
            sleep.sleep(PATIENCE)
            if not ended.is_set():
                # An answer that does not wait is there before.
                time.sleep(0.3)
                scene.poll()

    listener.listen(scene.daemon, sleep.wake)
    thread = threading.Thread(target=life)
    thread.start()
    try:
        assert ask(port, 'STATUS') == 'SUCCESS ACTIVE'
        scene.server['zimbraMtaRelayHost'] = ['[192.0.2.25]:25']
        assert ask(port, 'REWRITE mta') == 'SUCCESS REWRITES COMPLETE'
        assert scene.main_cf['relayhost'] == '[192.0.2.25]:25'
        assert listener.ask(('127.0.0.1', port), ['mta'])
    finally:
        ended.set()
        sleep.wake()
        thread.join(PATIENCE)
    assert not listener.ask(('127.0.0.1', free_port()), ['mta'])


def test_whoever_wakes_it_while_it_is_awake_waits_for_the_next_poll():
    sleep = program.Sleep()
    sleep.wake()
    begun = time.monotonic()
    sleep.sleep(0.2)
    assert time.monotonic() - begun >= 0.2


def test_it_refuses_root(monkeypatch, capsys):
    monkeypatch.setattr(os, 'geteuid', lambda: 0)
    assert program.main([]) == 1
    assert 'root' in capsys.readouterr().err


def test_there_is_one_of_it(tmp_path):
    pid_file = tmp_path / 'pid'
    assert not program._runs(pid_file)
    pid_file.write_text(f'{os.getpid()}\n', encoding='utf-8')
    assert program._runs(pid_file)
    pid_file.write_text('4194304\n', encoding='utf-8')
    assert not program._runs(pid_file)


class Store:
    def read(self):
        return {
            'config': {'zimbraMtaAuthPort': ['7073'], 'zimbraMtaAuthTarget': ['FALSE']},
            'servers': {'a.example.com': {'zimbraMtaAuthTarget': ['TRUE']}, 'b.example.com': {}},
        }


class LocalConfig:
    name = 'a.example.com'

    def values(self):
        return {'zimbra_server_hostname': self.name}


def test_it_reads_the_server_that_it_is_on_and_all_others(monkeypatch):
    provider = Stored(Store(), LocalConfig)
    assert provider.server() == {'zimbraMtaAuthTarget': ['TRUE']}
    assert [server['zimbraMtaAuthTarget'] for server in provider.servers()] == [['TRUE'], ['FALSE']]
    # Read anew each time.
    monkeypatch.setattr(LocalConfig, 'name', 'c.example.com')
    assert provider.server() == {}
