# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the Sendmail that runs knows its files, and what its maps and submit.cf lead past the gateway."""

from __future__ import annotations

import functools
import os
import socket
import time
import types

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import names, process
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import running

from tests.unit.fakes.mail_server import SETTINGS

CF = 'Fw-o %s/local-host-names %%[^\\#]\nO QueueDirectory=/q\n'


class Program:
    """A sendmail -bt that answers what it is told."""

    def __init__(self, pid_file):
        self.pid_file, self.said, self.host, self.asked = pid_file, {}, '[127.0.0.1]', []

    def describe(self, cf_path):
        return {'pid_file': self.pid_file}

    def answer(self, cf_path, ruleset, **macros):
        self.asked.append((ruleset, macros))
        return self.said.get(ruleset, 'OK')

    def canonical(self, cf_path, name):
        return name

    def answers(self, cf_path, ruleset, questions):
        return [self.answer(cf_path, ruleset, **macros) for dummy, macros in questions]

    def routes(self, cf_path, addresses):
        return [self.host and {'mailer': 'relay', 'host': self.host, 'user': addresses[0]}]


@pytest.fixture(name='host')
def fixture_host(tmp_path, monkeypatch):
    (tmp_path / 'sendmail.cf').write_text(CF % tmp_path, encoding='ascii')
    (tmp_path / 'local-host-names').write_text('', encoding='ascii')
    host = types.SimpleNamespace(running=True, stray='', started=time.time() + 60, folder=tmp_path)
    host.command = '/bin/sh -Am -L sm-mta -bd -q10m'
    host.paths = types.SimpleNamespace(cf=str(tmp_path / 'sendmail.cf'), config_dir=str(tmp_path))
    host.program = Program(str(tmp_path / 'pid'))

    class Daemon:
        def __init__(self, run, pid_file, queue_directory):
            self.running, self.pid, self.command = host.running, 1, host.command

        def left_behind(self):
            return host.stray

    monkeypatch.setattr(running, 'Daemon', Daemon)
    monkeypatch.setattr(process, 'process', lambda pid: host)
    return host


def asked(host):
    return running.running_rows(None, host.program, host.paths)[0]


def test_daemon_that_knows_its_files(host):
    assert asked(host)['id'] == 'running.ok'


@pytest.mark.parametrize('name', ['sendmail.cf', 'local-host-names'])
def test_daemon_that_is_older_than_a_file(host, name):
    host.started = time.time() - 60
    os.utime(host.folder / name, (1, 1))
    row = asked(host)
    assert (row['id'], row['status']) == ('running.old', 'red') and name in row['finding']


def test_daemon_that_has_started_itself_anew(host):
    host.started = time.time() - 60
    (host.folder / 'pid').touch()
    assert asked(host)['id'] == 'running.ok'


@pytest.mark.parametrize(
    'runs, stray, identifier',
    [(False, '', 'running.stopped'), (False, 'one more', 'running.pid_file'), (True, 'one more', 'running.pid_file')],
)
def test_stopped_without_its_pid_file_or_beside_another(host, runs, stray, identifier):
    host.running, host.stray = runs, stray
    row = asked(host)
    assert row['id'] == identifier and stray in row['finding']


@pytest.mark.parametrize(
    'options, other',
    [
        ('-Am -C{0}/other.cf', '{0}/other.cf'),
        ('-C {0}/other.cf -bd', '{0}/other.cf'),
        ('-Ac -bd', '{0}/submit.cf'),
        ('-C{0}/sendmail.cf', ''),
        ('-C{0}/link.cf', ''),
        ('-Am', ''),
    ],
)
def test_daemon_of_another_file(host, options, other):
    (host.folder / 'link.cf').symlink_to('sendmail.cf')
    host.command = '/bin/sh ' + options.format(host.folder)
    row = asked(host)
    assert row['id'] == ('running.other' if other else 'running.ok')
    assert other.format(host.folder) in row['finding'] and bool(row['hint']) == bool(other)


def test_daemon_whose_program_is_gone_or_cannot_be_run(host):
    program = host.folder / 'sendmail'
    host.command = f'{program} -bd'
    assert asked(host)['id'] == 'running.program'
    program.touch(0o644)
    assert asked(host)['id'] == 'running.program' and str(program) in asked(host)['finding'] and asked(host)['hint']
    program.chmod(0o755)
    assert asked(host)['id'] == 'running.ok'


def maps(host, addresses=('192.0.2.99',), **settings):
    rows = running.map_rows(host.program, host.paths, dict(SETTINGS, inbound=True, **settings), addresses)
    return {row['id']: row['status'] for row in rows}


def test_maps_and_submit_cf_as_they_are_delivered(host):
    (host.folder / 'submit.cf').touch()
    assert maps(host) == {'submit.ok': 'green', 'access.tls': 'green', 'access.certificate': 'green'}
    assert [ruleset for ruleset, dummy in host.program.asked] == ['try_tls', 'tls_server', 'srv_features']
    assert host.program.asked[-1][1] == {'client_name': 'mail.conbool.com', 'client_addr': '192.0.2.0'}
    assert maps(host, addresses=None) == {'submit.ok': 'green', 'access.certificate': 'green'}


def test_no_tls_and_no_certificate(host):
    host.program.said = {
        'try_tls': '$# error $@ 5 . 7 . 1 $: "550 do not try TLS with " mail . conbool . com',
        'srv_features': '$# V',
    }
    assert maps(host) == {'submit.ok': 'green', 'access.tls': 'red', 'access.certificate': 'red'}
    host.program.said['srv_features'] = '$# v'
    assert maps(host)['access.certificate'] == 'green'
    assert 'access.certificate' not in maps(host, inbound_require_certificate=False)


@pytest.mark.parametrize('to', ['[192.0.2.7]', 'mail.conbool.invalid', None])
def test_programs_hand_in_mail_elsewhere(host, to):
    (host.folder / 'submit.cf').touch()
    host.program.host = to
    assert maps(host)['submit.elsewhere'] == 'red'


@pytest.mark.parametrize('to, identifier', [('[127.0.0.1]', 'submit.ok'), ('[192.0.2.7]', 'submit.elsewhere')])
def test_programs_hand_in_mail_where_msp_says_whatever_dns_says(host, to, identifier):
    (host.folder / 'submit.cf').write_text(f'DnMAILER-DAEMON\nD{{MTAHost}}{to}\n', encoding='ascii')
    # A name that cannot be looked up is parsed without the rules of msp.
    host.program.host = 'conbool-verify.invalid'
    assert identifier in maps(host)


def test_a_name_that_nobody_can_tell_is_not_waited_for(host, monkeypatch):
    (host.folder / 'submit.cf').touch()
    host.program.host = 'mailhost.example.com'
    monkeypatch.setattr(names.Names, '__init__', functools.partialmethod(names.Names.__init__, 0.1))
    monkeypatch.setattr(socket, 'getaddrinfo', lambda *dummy, **options: time.sleep(1) or [])
    begin = time.monotonic()
    found = running.map_rows(host.program, host.paths, dict(SETTINGS, inbound=False), None)
    assert time.monotonic() - begin < 0.9
    assert [row['id'] for row in found] == ['submit.elsewhere'] and 'cannot be told' in found[0]['finding']
