# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what runs is what the files say: processes are real, what they are called is played."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import listeners as hop_listeners
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import process
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import questions, running
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.detours import Detours
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import server as zimbra

GREEN = [('running.ok', 'green')]
MASTER = 'smtp inet n - n - - smtpd\nrewrite unix - - n - - trivial-rewrite\ncleanup unix n - n - 0 cleanup\n'


class Instance:
    def __init__(self, folder):
        self.disabled = ''
        self.config_dir, self.queue = str(folder / 'etc'), folder / 'queue'
        for name in ('etc', 'queue/pid', 'queue/public', 'queue/private'):
            (folder / name).mkdir(parents=True)
        (folder / 'etc/main.cf').write_text('', encoding='ascii')
        (folder / 'etc/master.cf').write_text(MASTER, encoding='ascii')
        (self.queue / 'pid/master.pid').write_text(f'{os.getpid()}\n', encoding='ascii')
        for name in ('private/rewrite', 'public/cleanup'):
            (self.queue / name).touch()

    def parameters(self, config_dir, names):
        known = {'queue_directory': str(self.queue), 'master_service_disable': self.disabled}
        return dict(known, daemon_directory=str(self.queue)), []


@pytest.fixture(name='instance')
def fixture_instance(tmp_path, monkeypatch):
    """One whose queue manager was started well after its files were written."""
    made = Instance(tmp_path)
    made.manager = SimpleNamespace(name='qmgr', pid=os.getpid() + 1, started=time.time() + 60)
    made.processes = {os.getpid(): [made.manager], 'master': []}
    monkeypatch.setattr(process, 'processes', lambda name='', parent=None: made.processes[name or parent])
    # Who it is that wrote the pid file, is played, too.
    monkeypatch.setattr(process, 'process', lambda pid: None)
    # And that we are root.
    monkeypatch.setattr(process, 'of_root', lambda pid: pid if process.alive(pid) else None)
    # How it was started, too: a worker of pytest-xdist has an option -c.
    words = running._words
    monkeypatch.setattr(running, '_words', lambda pid, what: [] if pid == os.getpid() else words(pid, what))
    monkeypatch.setattr(running, 'PATIENCE', 0.3)
    return made


def asked(instance):
    rows = running.running_rows('hop', instance, 'conbool-hop.service')
    return [(row['id'], row['status']) for row in rows]


def test_what_runs_with_what_its_files_say(instance):
    assert asked(instance) == [('running.ok', 'green')]


@pytest.mark.parametrize('name', ['main.cf', 'master.cf'])
def test_files_that_nobody_has_read(instance, name):
    instance.manager.started = time.time() - 60
    row = running.running_rows('hop', instance, 'conbool-hop.service')[0]
    assert (row['id'], row['status']) == ('running.old', 'red') and name in row['finding']
    assert row['hint'] == 'systemctl reload conbool-hop.service'


def test_a_file_that_is_gone_was_read_before(instance):
    os.unlink(os.path.join(instance.config_dir, 'master.cf'))
    assert [os.path.basename(path) for path in running.unread(instance.config_dir, os.getpid(), instance.queue)[0]] == [
        'master.cf'
    ]


def test_a_file_that_was_put_back_with_its_old_time_is_new(instance):
    instance.manager.started = time.time() - 60
    for name in running.FILES:
        os.utime(os.path.join(instance.config_dir, name), (1, 1))
    assert asked(instance) == [('running.old', 'red')]


@pytest.mark.parametrize(
    'manager, step, now, outcome',
    [
        # Read after the change, in the time of then; the clock is an hour behind now, and ahead.
        (-3590, -3600, -3580, 'running.ok'),
        (3610, 3600, 3620, 'running.ok'),
        # Changed after it was read.
        (-3660, -3600, -3580, 'running.old'),
        (-60, 3600, 3620, 'running.old'),
        # Changed before the clock was set, or after it?
        (1800, 3600, 3620, 'running.clock'),
        (-1800, -3600, 20, 'running.clock'),
        # The file is from the future, and master of now.
        (-3590, 0, -3580, 'running.clock'),
    ],
)
def test_a_clock_that_was_set(instance, monkeypatch, manager, step, now, outcome):
    """All is counted from the files' change, in seconds."""
    changed = os.stat(os.path.join(instance.config_dir, 'main.cf')).st_ctime
    pid_file = instance.queue / 'pid/master.pid'
    os.utime(pid_file, (changed, changed))
    instance.manager.started = changed + manager
    monkeypatch.setattr(process, 'process', lambda pid: SimpleNamespace(started=changed + step))
    monkeypatch.setattr(process.time, 'time', lambda: changed + now)
    found = running.running_rows('hop', instance, 'conbool-hop.service')[0]
    assert (found['id'], found['status']) == (outcome, 'red' if outcome == 'running.old' else 'green')
    assert outcome != 'running.clock' or ('main.cf' in found['finding'] and 'restart conbool-hop' in found['hint'])


@pytest.mark.parametrize('name', ['private/rewrite', 'public/cleanup'])
def test_service_without_its_socket(instance, name):
    (instance.queue / name).unlink()
    row = running.running_rows('hop', instance, 'x')[0]
    assert row['id'] == 'running.socket' and name in row['finding']


def test_no_queue_manager(instance):
    instance.processes[os.getpid()] = []
    assert asked(instance) == [('running.queue', 'red')]


def test_a_queue_manager_that_is_just_being_started_is_waited_for(instance, monkeypatch):
    monkeypatch.setattr(running, 'PATIENCE', 5)
    later = [[], [], [instance.manager]]
    monkeypatch.setattr(process, 'processes', lambda **asked: later.pop(0) if len(later) > 1 else later[0])
    assert asked(instance) == [('running.ok', 'green')]


def test_stopped(instance):
    (instance.queue / 'pid/master.pid').unlink()
    assert asked(instance) == [('running.stopped', 'red')]
    assert running.lost_pid_file(str(instance.queue)) == ''


def test_a_lost_pid_file_is_not_called_stopped(instance):
    (instance.queue / 'pid/master.pid').unlink()
    with subprocess.Popen(['sleep', '60'], cwd=instance.queue) as child:
        try:
            instance.processes['master'] = [SimpleNamespace(pid=child.pid)]
            row = running.running_rows('hop', instance, 'conbool-hop.service')[0]
        finally:
            child.kill()
    assert row['id'] == 'running.pid_file' and f'it runs (process {child.pid})' in row['finding']


def test_whose_pid_file_is_lost_holds_its_sockets_all_the_same(instance, monkeypatch):
    """Or else a verification calls the mail server somebody who listens in its place."""
    (instance.queue / 'pid/master.pid').unlink()
    queue, settings = str(instance.queue), {'roles': {'inbound_firewall': {'port': 25}}}
    asked = SimpleNamespace(
        settings=settings, _parameter=lambda name: queue, _instance=lambda: instance, _is_behind_proxy=None
    )
    for module in (questions, zimbra):
        monkeypatch.setattr(module, 'arrival_rows', lambda port, pid, *dummy: pid)
    detour = {'name': '127.0.0.1:326', 'type': 'inet', 'options': {'cleanup_service_name': 'conbool-wash-cleanup'}}
    hop = {'queue_directory': queue, 'config_dir': instance.config_dir}
    with subprocess.Popen(['sleep', '60'], cwd=instance.queue) as child:
        try:
            instance.processes['master'] = [SimpleNamespace(pid=child.pid)]
            found = [
                questions.PostfixQuestions.arrivals(asked),
                zimbra.ZimbraServer.arrivals(asked),
                hop_listeners.master(hop),
                *(listener.pid for listener in Detours(None, {'queue_directory': queue}).listeners([detour])),
            ]
        finally:
            child.kill()
    assert found == [child.pid] * 4


@pytest.mark.parametrize('disabled', ['inet', 'smtp/inet', 'uucp/unix', 'uucp.unix', '!rewrite/unix, unix'])
def test_services_that_are_switched_off_have_no_socket_and_the_others_do(instance, disabled):
    instance.disabled = disabled
    with open(os.path.join(instance.config_dir, 'master.cf'), 'w', encoding='ascii') as stream:
        stream.write('smtp inet n - n - - smtpd\nrewrite unix - - n - - trivial-rewrite\nuucp unix - n n - - pipe\n')
    found = asked(instance)
    assert found == ([('running.socket', 'red')] if 'uucp' not in disabled and 'unix' not in disabled else GREEN)
    (instance.queue / 'private/rewrite').unlink()
    assert asked(instance) == [('running.socket', 'red')]


@pytest.mark.parametrize(
    'disabled, named',
    [
        ('unix', 'cleanup/unix, conbool-hop/unix, rewrite/unix'),
        ('Rewrite/Unix', 'rewrite/unix'),
        ('cleanup.unix', 'cleanup/unix'),
        ('inet', '127.0.0.1:329/inet'),
        ('conbool-hop/unix', 'conbool-hop/unix'),
    ],
)
def test_what_no_message_gets_on_without_must_not_be_switched_off(instance, disabled, named):
    ours = '127.0.0.1:329 inet n - n - - smtpd -o syslog_name=postfix/conbool-return\nconbool-hop unix - - n - - smtp\n'
    with open(os.path.join(instance.config_dir, 'master.cf'), 'a', encoding='ascii') as stream:
        stream.write(ours)
    # What is switched off leaves its socket behind.
    (instance.queue / 'private/conbool-hop').touch()
    assert asked(instance) == GREEN
    instance.disabled = disabled
    found = running.running_rows('hop', instance, 'conbool-hop.service')[0]
    assert (found['id'], found['status']) == ('running.disabled', 'red') and named in found['finding']


@pytest.mark.parametrize(
    'option, variable, other',
    [
        ('', '', ''),
        ('', '{own}', ''),
        ('', '{own}/../etc/', ''),
        ('', '/etc/other', '/etc/other'),
        ('/etc/other', '{own}', '/etc/other'),
        ('{own}', '/etc/other', ''),
    ],
)
def test_a_master_with_the_configuration_of_another_directory(instance, option, variable, other):
    option, variable = (text.format(own=instance.config_dir) for text in (option, variable))
    # It waits for a program on standard input.
    command = [sys.executable, '-', *(['-c', option] if option else [])]
    known = {name: value for name, value in os.environ.items() if name != 'MAIL_CONFIG'}
    environment = dict(known, **({'MAIL_CONFIG': variable} if variable else {}))
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE) as child:
        # Its arguments are to be seen a moment after it has begun.
        while not Path(f'/proc/{child.pid}/environ').read_bytes():
            time.sleep(0.01)
        (instance.queue / 'pid/master.pid').write_text(str(child.pid), encoding='ascii')
        instance.processes[child.pid] = [instance.manager]
        found = running.running_rows('hop', instance, 'conbool-hop.service')[0]
        child.kill()
    assert found['id'] == ('running.elsewhere' if other else 'running.ok')
    assert other in found['finding'] and (not other or f'postfix -c {other} stop' in found['hint'])


def test_a_program_that_only_the_mail_server_needs(instance, tmp_path):
    for name in ('master', 'smtpd', 'trivial-rewrite', 'cleanup'):
        (tmp_path / 'queue' / name).touch(0o755)
    asked = SimpleNamespace(_instance=lambda: instance, NAME='postfix')
    assert [row['id'] for row in questions.PostfixQuestions.running(asked)] == ['running.ok']
    (tmp_path / 'queue/trivial-rewrite').unlink()
    rows = questions.PostfixQuestions.running(asked)
    assert [(row['id'], row['status']) for row in rows] == [('running.ok', 'green'), ('running.program', 'red')]
    assert 'the mail server' in rows[1]['finding'] and rows[1]['target'].endswith('/trivial-rewrite')
