# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the Sendmail that runs knows its files, and what its maps and submit.cf lead past the gateway."""

from __future__ import annotations

import os
import time
import types

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import process
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import running

from tests.unit.fakes.mail_server import SETTINGS

CF = 'Fw-o %s/local-host-names %%[^\\#]\nO QueueDirectory=/q\n'


class Program:
    """A sendmail -bt that answers what it is told."""

    def __init__(self, pid_file):
        self.pid_file, self.answers, self.host, self.asked = pid_file, {}, '[127.0.0.1]', []

    def describe(self, cf_path):
        return {'pid_file': self.pid_file}

    def answer(self, cf_path, ruleset, **macros):
        self.asked.append((ruleset, macros))
        return self.answers.get(ruleset, 'OK')

    def routes(self, cf_path, addresses):
        return [self.host and {'mailer': 'relay', 'host': self.host, 'user': addresses[0]}]


@pytest.fixture(name='host')
def fixture_host(tmp_path, monkeypatch):
    (tmp_path / 'sendmail.cf').write_text(CF % tmp_path, encoding='ascii')
    (tmp_path / 'local-host-names').write_text('', encoding='ascii')
    host = types.SimpleNamespace(running=True, stray=[], started=time.time() + 60, folder=tmp_path)
    host.paths = types.SimpleNamespace(cf=str(tmp_path / 'sendmail.cf'), config_dir=str(tmp_path))
    host.program = Program(str(tmp_path / 'pid'))

    class Daemon:
        def __init__(self, run, pid_file, queue_directory):
            self.running, self.pid = host.running, 1

        def strangers(self):
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


@pytest.mark.parametrize('stray, identifier', [([], 'running.stopped'), ([42], 'running.pid_file')])
def test_stopped_or_without_its_pid_file(host, stray, identifier):
    host.running, host.stray = False, stray
    assert asked(host)['id'] == identifier


def maps(host, hop=False, **settings):
    rows = running.map_rows(host.program, host.paths, dict(SETTINGS, inbound=True, **settings), hop)
    return {row['id']: row['status'] for row in rows}


def test_maps_and_submit_cf_as_they_are_delivered(host):
    (host.folder / 'submit.cf').touch()
    assert maps(host) == {'submit.ok': 'green', 'access.tls': 'green', 'access.certificate': 'green'}
    assert host.program.asked == [
        ('try_tls', {'server_name': 'mail.conbool.com'}),
        ('srv_features', {'client_name': 'mail.conbool.com', 'client_addr': '192.0.2.0'}),
    ]
    assert maps(host, hop=True) == {'submit.ok': 'green', 'access.certificate': 'green'}


def test_no_tls_and_no_certificate(host):
    host.program.answers = {
        'try_tls': '$# error $@ 5 . 7 . 1 $: "550 do not try TLS with " mail . conbool . com',
        'srv_features': '$# V',
    }
    assert maps(host) == {'submit.ok': 'green', 'access.tls': 'red', 'access.certificate': 'red'}
    host.program.answers['srv_features'] = '$# v'
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
