# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exim as the house asks it: what is wanted of it, which way messages go, and what is said of it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim import daemon, server
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import EximError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.server import EximServer
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Facts

from tests.unit.fakes.exim import FakeExim
from tests.unit.fakes.exim_facts import SETTINGS, hand, info

OUTSIDE = {'sender': 'alice@example.com', 'recipient': 'x@external.test', 'hop': True}


@pytest.fixture(name='exim')
def fixture_exim(tmp_path, monkeypatch):
    fake = FakeExim(tmp_path, monkeypatch)
    for name, value in (('CONFIG_DIR', fake.etc), ('MADE', fake.made)):
        monkeypatch.setattr(server, name, str(value))
    return fake


def served(exim, **changes):
    return EximServer(exim.module(), dict(SETTINGS, state='present', **changes))


def facts(**about):
    return Facts('4.96', True, '/q', [], [], '', '', native=info(**about))


def test_a_change_is_one_part_and_verified_by_what_exim_says(exim):
    asked = served(exim)
    wanted = asked.wanted(facts(), False)
    assert wanted.problems == [] and [part.name for part in wanted.parts] == ['exim']
    assert wanted.parts[0].converge(exim.module())[0]['changed']
    assert asked.stale()[0]['status'] == 'green'
    assert [verdict.direct for verdict in asked.headers(['X-Conbool-Released: yes', 'Subject: x'])] == [True, False]
    assert asked.routes([OUTSIDE])[0].through
    exim.made.write_text('edited')
    assert [(row['id'], row['status']) for row in asked.stale()] == [('inbound.copy', 'red')]


def test_an_option_that_the_site_sets_itself_keeps_ours_from_counting(exim):
    """Debian's lines name macros, and so do ours. One that somebody has written over names none: -bV is content."""
    before, part = exim.files(), served(exim).wanted(facts(), False).parts[0]
    exim.direct = {'acl_smtp_rcpt': 'acl_mine'}
    with pytest.raises(EximError, match="acl_smtp_rcpt is 'acl_mine'.*acl_smtp_rcpt = MAIN_ACL_CHECK_RCPT"):
        part.converge(exim.module())
    assert exim.files() == before
    exim.direct = {}
    part.converge(exim.module())
    exim.direct = {'acl_smtp_data': 'acl_mine'}
    rows = served(exim).stale()
    assert [(row['id'], row['status']) for row in rows] == [('inbound.option', 'red')]
    assert 'MAIN_ACL_CHECK_DATA' in rows[0]['finding']


@pytest.mark.parametrize('layout', [{}, {'hand': hand()}], ids=['debian', 'hand'])
@pytest.mark.parametrize(
    'changes, macros, words',
    [({}, ['PART'], 'PART (in CONBOOL_PART)'), ({'tls_ca_file': '/etc/a b.pem'}, [], "conbool_tls_ca_file: '/etc/a b")],
)
def test_what_cannot_be_written_is_red_before_a_change(exim, layout, changes, macros, words):
    about = facts(macros=macros, **layout)
    wanted = served(exim, **changes).wanted(about, False)
    assert wanted.parts == [] and words in wanted.problems[0]
    assert [words in row['finding'] for row in served(exim, **changes).obstacles(about)] == [True]


@pytest.mark.parametrize(
    'way',
    [
        '  router = conbool_gateway, transport = conbool_smtp\n  host elsewhere [192.0.2.1]\n',
        '  router = a, transport = b\n',
    ],
)
def test_another_host_or_transport_is_not_the_way_to_the_gateway(exim, way):
    exim.way = way
    assert not served(exim).routes([OUTSIDE])[0].through


def test_an_alias_of_the_gateway_s_name_is_the_way_to_it(exim):
    """Exim names the host that the alias stands for."""
    exim.way = '  router = conbool_gateway, transport = conbool_smtp\n  host mx7.conbool.com [192.0.2.1]\n'
    exim.route_list = '* mail.conbool.com::25 byname'
    assert served(exim).routes([OUTSIDE])[0].through
    exim.route_list = '* mail.conbool.com.elsewhere.test::25 byname'
    assert not served(exim).routes([OUTSIDE])[0].through


def test_what_stands_against_it_is_red_before_a_change(exim):
    about = facts(kind='satellite')
    assert served(exim).wanted(about, False).parts == []
    assert [(row['id'], row['status']) for row in served(exim).obstacles(about)] == [('mta.refused', 'red')]
    assert served(exim).obstacles(facts()) == []


def test_the_gateway_s_key_is_copied_for_exim_s_user(exim, tmp_path):
    (tmp_path / 'c').write_text('certificate')
    (tmp_path / 'k').write_text('key')
    asked = served(exim, tls_client_cert=str(tmp_path / 'c'), tls_client_key=str(tmp_path / 'k'))
    asked.wanted(facts(), False).parts[0].converge(exim.module())
    copies = {name: exim.etc / name for name in ('conbool-client.crt', 'conbool-client.key')}
    assert [path.read_text() for path in copies.values()] == ['certificate', 'key']
    assert {path.stat().st_mode & 0o777 for path in copies.values()} == {0o640}
    assert (
        f'  tls_privatekey = {copies["conbool-client.key"]}\n' in (exim.etc / 'conf.d/transport/90_conbool').read_text()
    )
    # A renewal is a change.
    (tmp_path / 'c').write_text('renewed')
    (tmp_path / 'k').write_text('renewed')
    assert asked.wanted(facts(), False).parts[0].converge(exim.module(check=True))[0]['changed']
    asked.undo()[0].converge(exim.module())
    assert not any(path.exists() for path in copies.values())


def test_by_hand_texts_go_where_they_belong_and_nothing_is_made(exim):
    site = 'begin acl\nacl_check_rcpt:\nacl_check_data:\nbegin routers\nothers:\nbegin transports\nt:\nbegin retry\n'
    (exim.etc / 'exim4.conf').write_text(site)
    asked, about = served(exim), facts(hand=hand())
    assert asked.obstacles(about) == [] and str(exim.etc / 'exim4.conf') in asked.places()
    part = asked.wanted(about, False).parts[0]
    assert part.converge(exim.module())[0]['changed'] and part.converge(exim.module())[0]['changed'] is False
    assert (exim.etc / 'exim4.conf').read_text().count('/conbool/') == 7
    exim.made.write_text('edited')
    assert [(row['id'], row['status'], row['target']) for row in asked.stale()] == [
        ('inbound.copy', 'green', str(exim.etc / 'exim4.conf'))
    ]
    asked.undo()[0].converge(exim.module())
    assert (exim.etc / 'exim4.conf').read_text() == site


@pytest.mark.parametrize('value, through', [(True, False), ('server', False), (False, True)])
def test_messages_without_a_sender_go_where_the_settings_say(exim, value, through):
    assert served(exim, bypass_null_sender=value).null_sender_through() is through


@pytest.mark.parametrize(
    'running, lost, identifier',
    [(True, '', 'running.ok'), (False, '', 'running.stopped'), (False, 'process 7', 'running.pid_file')],
)
def test_whether_it_runs_is_a_row(exim, monkeypatch, running, lost, identifier):
    known = SimpleNamespace(running=running, pid=7, lost=lambda: lost)
    monkeypatch.setattr(server, 'Daemon', lambda dummy: known)
    monkeypatch.setattr(server, 'unread', lambda *dummy: '')
    rows = served(exim).running()
    assert [row['id'] for row in rows] == [identifier] and (rows[0]['status'] == 'green') is running


def test_a_daemon_is_known_by_its_pid_file_and_its_name(tmp_path, monkeypatch):
    path = tmp_path / 'pid'
    monkeypatch.setattr(daemon, 'PID_FILE', str(path))
    assert not daemon.Daemon().running
    path.write_text('1\n')
    # That is init.
    assert not daemon.Daemon().running
    monkeypatch.setattr(daemon.process, 'process', lambda pid: SimpleNamespace(name='exim4', pid=pid))
    assert daemon.Daemon().running and daemon.Daemon().lost() == ''
