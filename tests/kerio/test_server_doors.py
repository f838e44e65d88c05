# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the adapter of role kerio_smarthost asks a running server: its other ports, and its queue."""

from __future__ import annotations

import os
import time

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import hop, server

from lab.kerio import company

pytest_plugins = ['tests.kerio.adapter']


@pytest.mark.parametrize('ways, doors', [({}, ['Secure SMTP, port 465']), ({'open_465': False}, [])])
def test_doors(host, ways, doors):
    kerio = host(**ways)
    assert [(row['status'], row['target']) for row in kerio.server().doors()] == [('red', door) for door in doors]
    kerio.options['accept_doors'] = True
    assert {row['status'] for row in kerio.server().doors()} <= {'green'}
    kerio.settings['inbound'] = False
    assert kerio.server().doors() == []


@pytest.mark.parametrize('network, door', [('10.3.0.0', False), ('198.18.0.0', False), ('203.0.114.0', True)])
def test_a_door_for_users_in_the_house_is_none(host, network, door):
    def prepare(state):
        group = company.group(state, 'Users', {'type': 'Network', 'addr1': network, 'addr2': '255.255.255.0'})
        ours = {'type': 'Host', 'host': '127.0.0.1'}
        company.group(state, 'Users', ours)
        for entry in state.data['ip_entries']:
            entry['groupId'] = group
        state.service('Secure SMTP')['group'].update(isUsed=True, ipGroup={'id': group, 'name': 'Users'})

    assert bool(host(prepare=prepare).server().doors()) is door


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
