# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the adapter of role kerio_smarthost asks a running server: its other ports, and its queue."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
import warnings

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import hop, names, server

from lab.kerio import company

from . import adapter

pytest_plugins = ['tests.kerio.adapter']


@pytest.mark.parametrize('ways, doors', [({}, ['Secure SMTP, port 465']), ({'open_465': False}, [])])
def test_doors(host, ways, doors):
    kerio = host(**ways)
    assert [(row['status'], row['target']) for row in kerio.server().doors()] == [('red', door) for door in doors]
    kerio.options['accept_doors'] = True
    assert {row['status'] for row in kerio.server().doors()} <= {'green'}
    kerio.settings['inbound'] = False
    assert kerio.server().doors() == []


ME = {'type': 'Host', 'host': '127.0.0.1'}


def users(*entries):
    """The service on port 465 is for a group with these entries alone."""

    def prepare(state):
        group = company.group(state, 'Users', *entries)
        state.service('Secure SMTP')['group'].update(isUsed=True, ipGroup={'id': group, 'name': 'Users'})

    return prepare


def network(first):
    return {'type': 'Network', 'addr1': first, 'addr2': '255.255.255.0'}


def doors(kerio):
    return [row for row in kerio.server().doors() if row['id'] == 'inbound.door']


@pytest.mark.parametrize('first, door', [('10.3.0.0', False), ('198.18.0.0', False), ('203.0.114.0', True)])
def test_a_door_for_users_in_the_house_is_none(host, first, door):
    assert bool(doors(host(prepare=users(network(first), ME)))) is door


NAME = {'type': 'Host', 'host': 'vpn.example.com'}
INTERNET = {'type': 'Range', 'addr1': '1.0.0.0', 'addr2': '126.255.255.255'}


@pytest.mark.parametrize(
    'group_refusal, entries, words',
    [
        (
            'close',
            [NAME],
            'is for vpn.example.com; whether it takes mail for hosted domains without a log-in cannot be told',
        ),
        ('421', [network('10.3.0.0'), NAME], 'is for vpn.example.com; '),
        ('close', [NAME, ME], 'takes mail for hosted domains from vpn.example.com, who have not logged in'),
        # All of the internet, but not this host.
        ('554', [INTERNET], 'is for 1.0.0.0/8, 2.0.0.0/7, 4.0.0.0/6 and '),
        ('close', [{**ME, 'enabled': False}], 'is for a group in which nothing is in force; '),
    ],
)
def test_a_door_that_cannot_be_asked_from_here_is_no_shut_one(host, group_refusal, entries, words):
    kerio = host(prepare=users(*entries), group_refusal=group_refusal)
    (row,) = doors(kerio)
    assert (row['status'], row['target']) == ('red', 'Secure SMTP, port 465') and row['hint']
    assert row['finding'].startswith(words)
    kerio.options['accept_doors'] = True
    assert doors(kerio)[0]['status'] == 'green'


@pytest.mark.parametrize(
    'said, finding',
    [
        ({'MAIL': '250 ok', 'RCPT': '250 ok'}, 'takes mail for hosted domains from anybody who has not logged in'),
        ({'MAIL': '250 ok', 'RCPT': '550 5.1.1 no such mailbox'}, 'takes mail for hosted domains from anybody'),
        ({'MAIL': '250 ok', 'RCPT': '550 Authentication required'}, ''),
        ({'MAIL': '530 5.7.0 log in'}, ''),
        ({'MAIL': '250 ok', 'RCPT': '421 4.3.2 too busy'}, 'cannot be told: it says 421 4.3.2 too busy'),
        ({'MAIL': '250 ok', 'RCPT': '451 4.7.1 Greylisted'}, 'cannot be told: it says 451 4.7.1 Greylisted'),
        ({'MAIL': '501 5.5.4 what'}, 'cannot be told: it says 501 5.5.4 what'),
        ({'MAIL': ''}, 'cannot be told: from this host, '),
        ({'EHLO': None}, 'cannot be told: from this host, '),
    ],
)
def test_what_a_door_says(host, talker, monkeypatch, said, finding):
    monkeypatch.setattr(adapter.doors, 'PATIENCE', 0.5)
    kerio = host(open_465=False)
    monkeypatch.setattr(adapter.doors, '_place', lambda listener: talker(said) if listener['port'] == 587 else None)
    found = [row['finding'] for row in doors(kerio)]
    assert len(found) == bool(finding) and all(finding in each for each in found)


def test_a_door_at_which_nobody_listens_is_shut(host, monkeypatch):
    kerio = host()
    with socket.create_server(('127.0.0.1', 0)) as gone:
        place = gone.getsockname()
    monkeypatch.setattr(adapter.doors, '_place', lambda listener: place)
    assert doors(kerio) == []


def test_a_door_with_old_tls_is_asked(host):
    kerio = host()
    # Of the double's own context, which the port goes by for each connection.
    kerio.double.mail.tls.set_ciphers('ALL:@SECLEVEL=0')
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', DeprecationWarning)
        kerio.double.mail.tls.minimum_version = ssl.TLSVersion.TLSv1
        kerio.double.mail.tls.maximum_version = ssl.TLSVersion.TLSv1_1
    assert [row['finding'][:5] for row in doors(kerio)] == ['takes']


@pytest.fixture(name='talker')
def fixture_talker():
    """talker(ANSWERS) -> where somebody gives these answers, by command; None for no answer, '' for an end."""
    open_ones = []

    def begin(said):
        listening = socket.create_server(('127.0.0.1', 0))
        open_ones.append(listening)
        threading.Thread(
            target=_talk, args=(listening, {'EHLO': '250 me', 'QUIT': '221 bye', **said}), daemon=True
        ).start()
        return listening.getsockname()

    yield begin
    for each in open_ones:
        each.close()


def _talk(listening, said):
    connection = listening.accept()[0]
    with connection, connection.makefile('rb') as lines:
        connection.sendall(b'220 me\r\n')
        for line in lines:
            answer = said.get(line[:4].decode().upper(), '500 what')
            if answer == '':
                return
            if answer:
                connection.sendall(answer.encode() + b'\r\n')


def unrestricted(double):
    double.state.data['smtp']['relayControl'].update(isRestricted=False)


def ours_relays(double):
    group = next(one['groupId'] for one in double.state.data['ip_entries'] if one['groupName'] == names.GATEWAY)
    double.state.data['smtp']['relayControl'].update(ipAddressGroupId=group)


@pytest.mark.parametrize(
    'change, words', [(unrestricted, 'anybody may send to anybody'), (ours_relays, 'has the gateway in it')]
)
def test_who_may_relay_is_asked_after_the_change_too(host, change, words):
    kerio = host(open_465=False)
    kerio.apply()
    assert kerio.server().doors() == []
    change(kerio.double)
    (row,) = kerio.server().doors()
    assert (row['id'], row['status']) == ('inbound.relay', 'red') and words in row['finding'] and row['hint']
    kerio.settings['inbound'] = False
    assert kerio.server().doors() == []


def test_names_among_those_who_may_relay_are_said(host):
    def prepare(state):
        group = company.group(state, 'Relays', {'type': 'Host', 'host': 'mail.conbool.com'})
        state.data['smtp']['relayControl'].update(ipAddressGroupId=group)

    (row,) = host(prepare=prepare, open_465=False).server().doors()
    assert (row['target'], row['status'], row['severity']) == ('mail.conbool.com', 'green', 'low')


def test_both_looks_at_the_queue(host):
    kerio = host(prepare=lambda state: company.entrust(state, [company.relay_rule('Gone', 'gone.test')]))
    look = kerio.server().queue()
    look.begin()
    assert look.end() == ([], [])
    kerio.double.mail.queue.add('a@example.com', ['y@external.test'], b'Subject: x\r\n\r\nx\r\n', 'SMTP')
    look = kerio.server().queue()
    look.begin()
    kerio.double.mail.queue.run_now()
    messages, put_off = look.end()
    assert len(messages) == 1 and messages[0].startswith('<a@example.com> to y@external.test: ')
    assert put_off in ([], messages) and look.stuck() == []


def test_mail_that_does_not_get_to_the_hop_is_a_matter_for_a_person(host, sink):
    kerio = host(world={'hosts': {('127.0.0.1', 325): ('127.0.0.1', 1)}})
    kerio.apply()
    kerio.double.mail.queue.add('a@example.com', ['y@external.test'], b'Subject: x\r\n\r\nx\r\n', 'SMTP')
    end = time.monotonic() + 10
    stuck = []
    while not stuck and time.monotonic() < end:
        look = kerio.server().queue()
        look.begin()
        kerio.double.mail.queue.run_now()
        time.sleep(0.3)
        messages, put_off = look.end()
        stuck = look.stuck()
    assert stuck == put_off == messages != []


def test_whose_port_25_is(host, monkeypatch):
    kerio, asked = host(), []
    monkeypatch.setattr(server, 'arrival_rows', lambda *given: asked.append(given) or ['a row'])
    monkeypatch.setattr(hop.names, 'PID_FILE', os.devnull)
    monkeypatch.setattr(hop.names, 'PROGRAM', 'no such program')
    assert (kerio.server().arrivals(), hop.users()) == ([], ())
    pid_file = kerio.double.folder / 'pid'
    pid_file.write_text(f'{os.getpid()}\n', encoding='ascii')
    monkeypatch.setattr(hop.names, 'PID_FILE', str(pid_file))
    assert kerio.server().arrivals() == ['a row'] and asked[0][:2] == (25, os.getpid())


def test_a_queue_that_is_not_told_is_said_so(host):
    kerio = host()
    kerio.double.state.control.reset = ['Queue.get']
    with pytest.raises(HostError, match='Queue.get'):
        kerio.server().queue().begin()
