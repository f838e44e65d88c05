# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands, log and sockets of an instance, as far as whole runs do not show them."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
import types
from types import SimpleNamespace

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import process
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import instance as postfix
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import (
    Instance,
    MailLog,
    PostfixError,
)


def scripted(*answers):
    """A run_command that gives each answer once and keeps what it was asked."""
    asked, left = [], list(answers)

    def run(argv, **dummy):
        asked.append(argv)
        return left.pop(0)

    return run, asked


def found(name):
    return '/bin/true' if name != 'missing' else None


def test_complaints_are_taken_apart_and_said_once():
    text = 'postconf: warning: a: b\npostconf: warning: a: b\n/usr/sbin/postconf: fatal: c\nnothing\n'
    assert postfix.complaints(text) == [('warning', 'a: b'), ('fatal', 'c')]


@pytest.mark.parametrize(
    'text, said',
    [
        ('postmap: warning: a\npostmap: fatal: b\n', 'fatal: b'),
        ('postmap: warning: a\n', 'warning: a'),
        (' just\n words ', 'just words'),
        ('', 'no message'),
    ],
)
def test_the_gravest_words_are_passed_on(text, said):
    assert postfix.words(text) == said


def test_parameters_are_read_from_one_call():
    run, asked = scripted((0, b'a = 1\nb =\nc = x = y\n', b'postconf: warning: no_such: unknown parameter\n'))
    assert Instance(run, found, '/etc/postfix').parameters('/etc/postfix', ['a', 'b', 'c', 'no_such']) == (
        {'a': '1', 'b': '', 'c': 'x = y'},
        ['no_such: unknown parameter'],
    )
    assert asked == [['/bin/true', '-c', '/etc/postfix', '-x', 'a', 'b', 'c', 'no_such']]


def test_a_failing_command_is_named_with_its_words():
    run = scripted((1, b'', b'postconf: fatal: open /etc/postfix/main.cf: Permission denied\n'))[0]
    with pytest.raises(PostfixError, match='postconf -c /etc/postfix -m: fatal: open .*Permission denied'):
        Instance(run, found, '/etc/postfix').lookup_types()


def test_a_directory_without_commands_is_named():
    with pytest.raises(PostfixError, match="sbin_dir: '/no/such' has no executable command postfix"):
        Instance(None, found, '/etc/postfix', '/no/such').running()


def test_the_built_in_table_type_is_asked_when_there_is_no_main_cf(tmp_path):
    run, asked = scripted((0, b'lmdb\n', b''), (0, b'hash\n', b''))
    instance = Instance(run, found, str(tmp_path))
    assert instance.default_database_type() == 'lmdb'
    (tmp_path / 'main.cf').touch()
    assert instance.default_database_type() == 'hash'
    assert [argv[1:] for argv in asked] == [
        ['-d', '-h', 'default_database_type'],
        ['-c', str(tmp_path), '-h', 'default_database_type'],
    ]


def test_the_master_process_is_found_by_its_pid_file(tmp_path):
    assert postfix.master_pid(str(tmp_path)) is None
    (tmp_path / 'pid').mkdir()
    (tmp_path / 'pid' / 'master.pid').write_text(f'           {os.getpid()}\n')
    assert postfix.master_pid(str(tmp_path)) == os.getpid()
    assert process.alive(os.getpid())
    assert not process.alive(None) and not process.alive(2**30)


def test_only_a_process_of_root_in_its_queue_is_the_master(tmp_path, monkeypatch):
    (tmp_path / 'pid').mkdir()
    here, roots = os.getpid(), set()
    monkeypatch.setattr(process, 'of_root', lambda pid: pid if pid in roots else None)
    monkeypatch.setattr(process, 'processes', lambda name: [SimpleNamespace(pid=here)])
    with monkeypatch.context() as patch:
        patch.chdir(tmp_path)
        assert postfix.master(str(tmp_path)) == (None, False)
        roots.add(here)
        assert postfix.master(str(tmp_path)) == (here, False)
        (tmp_path / 'pid' / 'master.pid').write_text(str(here))
        assert postfix.master(str(tmp_path)) == (here, True)
        roots.clear()
        assert postfix.master(str(tmp_path)) == (None, False)
    (tmp_path / 'pid' / 'master.pid').unlink()
    roots.add(here)
    assert postfix.master(str(tmp_path)) == (None, False)


@pytest.mark.parametrize(
    'text, unit',
    [
        (b'0::/system.slice/system-postfix.slice/postfix@-.service\n', 'postfix@-.service'),
        (b'9:cpu:/\n1:name=systemd:/machine/system.slice/postfix.service\n', 'postfix.service'),
        (b'0::/user.slice/user-0.slice/session-3.scope\n', None),
        (b'', None),
    ],
)
def test_the_unit_is_read_from_the_control_group(text, unit, monkeypatch, tmp_path):
    (tmp_path / 'cgroup').write_bytes(text)
    monkeypatch.setattr(process, 'open', lambda path, mode: open(tmp_path / 'cgroup', mode), raising=False)
    assert process.systemd_unit(1) == unit


def test_a_process_that_is_gone_has_no_unit():
    assert process.systemd_unit(2**30) is None
    assert process.systemd_unit(None) is None


def test_sockets_of_new_services(tmp_path):
    (tmp_path / 'private').mkdir()
    (tmp_path / 'private' / 'old').touch()
    services = [
        types.SimpleNamespace(name=name, kind=kind, fields=[private])
        for name, kind, private in (
            ('old', 'unix', '-'),
            ('new', 'unix', 'n'),
            ('25', 'inet', 'n'),
            ('pipe', 'fifo', 'n'),
            ('log', 'unix-dgram', 'y'),
        )
    ]
    sockets = postfix.sockets_of(str(tmp_path), services)
    assert {os.path.relpath(path, tmp_path): identity is not None for path, identity in sockets.items()} == {
        'private/old': True,
        'public/new': False,
        'private/log': False,
    }


class Greeter:
    """Greets each caller with the next of the given lines; None closes the connection at once."""

    def __init__(self, *lines):
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        self.lines = lines
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        for line in self.lines:
            connection = self.socket.accept()[0]
            with connection:
                for part in [line[:3], line[3:]] if line else []:
                    connection.sendall(part)
        self.socket.close()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(process, 'PAUSE', 0.01)


def test_a_listener_is_waited_for():
    greeter = Greeter(None, b'421 not yet\r\n', b'220 mx.example.com ESMTP\r\n')
    process.wait_for_banner('127.0.0.1', greeter.port, 5)
    greeter.thread.join(5)
    assert not greeter.thread.is_alive()


def test_a_listener_with_another_greeting_is_reported_with_it():
    greeter = Greeter(*[b'554 no\r\n'] * 1000)
    with pytest.raises(
        HostError, match=f'127.0.0.1 port {greeter.port} does not greet with 220 within 1 seconds: 554 no'
    ):
        process.wait_for_banner('127.0.0.1', greeter.port, 1)


def test_an_address_in_use_is_found_and_a_free_one_is_not():
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        assert 'in use' in process.refused_address(f'127.0.0.1:{port}')
    assert process.refused_address(f'127.0.0.1:{port}') is None
    assert 'assign' in process.refused_address('203.0.113.77:2525')


@pytest.mark.parametrize('name', ['smtp', '25', 'localhost:25', '[no such]:25', '127.0.0.1:smtp'])
def test_names_are_left_to_postfix(name):
    assert process.refused_address(name) is None


LINES = (
    'Nov 22 09:02:12 mx postfix/smtpd[782]: warning: connect #1 to subsystem private/proxymap: No such file or'
    ' directory\nNov 22 09:02:12 mx conbool-hop/master[1]: fatal: bind: Address already in use\nNov 22 09:02:12 mx'
    ' postfix/qmgr[1]: 4FE: from=<warning: x@example.com>\n'
)


def test_trouble_is_read_from_the_log_file_from_now_on(tmp_path):
    log_file = tmp_path / 'maillog'
    log_file.write_text('Nov 21 mx postfix/master[1]: fatal: old\n')
    log = MailLog(None, lambda name: None, str(log_file))
    with log_file.open('a') as stream:
        stream.write(LINES)
    assert log.complaints() == LINES.split('\n')[:2]


def test_trouble_is_read_from_the_journal_when_there_is_no_file(monkeypatch):
    monkeypatch.setattr(postfix, 'LOG_FILES', ())
    run, asked = scripted((0, LINES.encode(), b''))
    assert MailLog(run, found, None).complaints() == LINES.split('\n')[:2]
    assert asked[0][-1] == 'SYSLOG_FACILITY=2'


def test_without_a_log_there_is_nothing_to_say(monkeypatch):
    monkeypatch.setattr(postfix, 'LOG_FILES', ())
    assert MailLog(None, lambda name: None, None).complaints() == []


def test_a_table_whose_server_is_away_is_not_waited_for(tmp_path, monkeypatch):
    for name in ('postmap', 'postconf'):
        (tmp_path / name).write_text(f'#!/bin/sh\n[ {name} = postconf ] && sleep 1 || exec sleep 5\n', encoding='ascii')
        (tmp_path / name).chmod(0o755)

    def run(words, **dummy):
        done = subprocess.run(words, capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr

    monkeypatch.setattr(postfix, 'LONGEST', 0.3)
    asked, begin = Instance(run, found, '/etc/postfix', str(tmp_path)), time.monotonic()
    with pytest.raises(PostfixError, match='postmap -c /etc/postfix -q key ldap:/x: no answer within 0.3 seconds'):
        asked.run('postmap', '-c', '/etc/postfix', '-q', 'key', 'ldap:/x')
    assert time.monotonic() - begin < 3
    # Whatever else it takes time for is nothing that may be cut off.
    assert asked.run('postconf', '-c', '/etc/postfix')[0] == 0
