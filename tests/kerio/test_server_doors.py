# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the adapter of role kerio_smarthost asks a running server: its other ports, and its queue."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError

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
    assert put_off in ([], messages)


def test_a_queue_that_is_not_told_is_said_so(host):
    kerio = host()
    kerio.double.state.control.reset = ['Queue.get']
    with pytest.raises(HostError, match='Queue.get'):
        kerio.server().queue().begin()
