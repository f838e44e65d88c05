# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mail port on its way from a mail server to the hop, and back."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module import handover, smarthost
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.arrival import Arrival, Handover, Inbound
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Hop, Wanted

from tests.unit.fakes.mail_server import FakeModule, FakeServer

pytestmark = pytest.mark.usefixtures('said')


def hop_at(port, *places):
    return Hop({}, inbound=Inbound(Arrival('variable', port, places=places), '', ''))


WAITING, THERE = hop_at(327, '127.0.0.1'), hop_at(25, '192.0.2.30', '2001:db8::1')


@pytest.fixture(name='server')
def fixture_server(said, monkeypatch):
    """A mail server that has the port; the hop says at which one it is."""

    def present(module, settings, hop, moving=False):
        said.append(('foreseen' if module.check_mode else 'hop', hop.inbound.arrival.port))
        return {'changed': True, 'diff': [{'before': '', 'after': 'hop'}]}, []

    monkeypatch.setattr(smarthost.hop, 'present', present)
    server = FakeServer()
    server.done = said
    handed = Handover(WAITING, server.part('give'), server.part('back'))
    server.given['wanted'] = Wanted(hop=THERE, parts=[server.part('one')], last=[server.part('last')], handover=handed)
    return server


@pytest.mark.parametrize('moving', [False, True])
def test_the_hop_is_ready_elsewhere_and_nobody_is_shut_out_before_it_has_the_port(server, said, monkeypatch, moving):
    monkeypatch.setattr(smarthost.hop, 'moves', lambda settings, hop: moving)
    smarthost.present(FakeModule(), server)
    began = [('foreseen', 327), ('hop', 327)] if moving else [('hop', 327)]
    again = [('hop', 327)] if moving else []
    assert said == [*began, 'one', *again, 'give', ('hop', 25), 'last']


def test_check_mode_shows_where_the_port_goes_and_changes_nothing(server, said):
    result = smarthost.present(FakeModule(check_mode=True, diff=True), server)[0]
    # Where it will be, somebody else still is: Postfix would say so.
    assert [each for each in said if isinstance(each, tuple)] == [('foreseen', 327)] and result['changed']
    assert [(each['before'], each['after']) for each in result['diff'] if '327' in each['before']] == [
        ('127.0.0.1:327\n', '192.0.2.30:25\n[2001:db8::1]:25\n')
    ]


def refusing(monkeypatch, said, port, *more):
    real = smarthost.hop.present

    def present(module, settings, hop, moving=False):
        done = real(module, settings, hop, moving)
        if hop.inbound.arrival.port == port and 'give' in said:
            raise HostError('it cannot be bound')
        return done

    monkeypatch.setattr(smarthost.hop, 'present', present)


def test_a_port_that_the_hop_cannot_take_is_the_mail_server_s_again(server, said, monkeypatch):
    refusing(monkeypatch, said, 25)
    with pytest.raises(SwitchError, match='^it cannot be bound. The mail server has the mail port again$') as failed:
        smarthost.present(FakeModule(), server)
    assert failed.value.restored and said[-4:] == ['give', ('hop', 25), ('hop', 327), 'back']
    # Port 25 of the mail server is for whom it was: the gateway among them.
    assert 'last' not in said


def test_what_could_not_be_put_back_is_said(server, said, monkeypatch):
    refusing(monkeypatch, said, 25)
    handed = server.given['wanted'].handover
    server.given['wanted'].handover = handed._replace(back=server.part('back', HostError('no answer')))
    with pytest.raises(SwitchError, match='could not be put back: no answer') as failed:
        smarthost.present(FakeModule(), server)
    assert not failed.value.restored and failed.value.known['changed']


def test_a_port_that_somebody_else_has_taken_is_not_tried(server, said, monkeypatch):
    monkeypatch.setattr(
        smarthost.hop, 'problems', lambda settings, hop: ['25 is held'] if hop.inbound.arrival.port == 25 else []
    )
    with pytest.raises(SwitchError, match='^25 is held. The mail server has the mail port again$'):
        smarthost.present(FakeModule(), server)
    assert ('hop', 25) not in said and said[-1] == 'back'


@pytest.mark.parametrize('pid', [4711, None])
def test_who_else_is_where_the_hop_shall_be_is_named_before_anything_changes(server, said, monkeypatch, pid):
    """The mail server itself may, and the hop; of one whose process nobody knows, nobody can be told."""
    sockets = {'192.0.2.30': ['of 4711', 'of 4712'], '2001:db8::1': ['of 4711', 'of somebody']}
    monkeypatch.setattr(handover, 'listening', lambda address, port: sockets[address])
    monkeypatch.setattr(handover, 'not_of', lambda found, pid: [each for each in found if each != f'of {pid}'])
    monkeypatch.setattr(handover, 'holders', lambda found: [f'a process {each}' for each in found])
    monkeypatch.setattr(handover, 'master', lambda options: 4712)
    server.given['wanted'].handover = server.given['wanted'].handover._replace(pid=pid)
    if pid is None:
        assert smarthost.present(FakeModule(), server)[0]['changed']
        return
    words = (
        "^variable: '2001:db8::1': port 25 there is held by a process of somebody. End that, or take the address out$"
    )
    with pytest.raises(HostError, match=words):
        smarthost.present(FakeModule(), server)
    assert said == []
    server.NAME = 'kerio'
    rows = smarthost.ready_rows(FakeModule(), server, {})
    assert [each['status'] for each in rows if each['id'] == 'hop.foreign'] == ['red']


@pytest.fixture(name='swapped')
def fixture_swapped(said, monkeypatch):
    """A mail server that has left port 25 to the hop, and an undo to come."""

    class Swapped(FakeServer):
        left_to_hop = 25

    def leave(module, settings, port):
        said.append(('leaves', port))
        return lambda: said.append('listens again')

    monkeypatch.setattr(handover.mail_port, 'leave', leave)
    server = Swapped({'state': 'absent'})
    server.done = said
    return server


def test_an_undo_has_the_hop_leave_first(swapped, said):
    smarthost.absent(FakeModule(), swapped)
    # What will be refused is known before that.
    assert said == ['_spam.converge', 'undo', ('leaves', 25), 'undo', '_hop.absent']


def test_an_undo_shows_the_hop_as_it_was_before_it_left(swapped, said, monkeypatch):
    def absent(module, settings):
        there = 'nobody' if ('leaves', 25) in said else 'the hop'
        return {'changed': True, 'diff': [{'before': there, 'after': ''}]}, []

    monkeypatch.setattr(smarthost.hop, 'absent', absent)
    shown = [smarthost.absent(FakeModule(check_mode, True), swapped)[0]['diff'] for check_mode in (True, False)]
    assert shown[0] == shown[1] and {'before': 'the hop', 'after': ''} in shown[1]


def test_an_undo_in_check_mode_leaves_nothing(swapped, said):
    smarthost.absent(FakeModule(check_mode=True), swapped)
    assert ('leaves', 25) not in said


def test_a_mail_server_that_does_not_come_back_leaves_the_port_to_the_hop(swapped, said):
    part = swapped.part('undo')

    def converge(module):
        if not module.check_mode:
            raise HostError('the session is over')
        return part.converge(module)

    swapped.given['undo'] = [part._replace(converge=converge)]
    with pytest.raises(HostError, match='the session is over'):
        smarthost.absent(FakeModule(), swapped)
    assert said[-2:] == [('leaves', 25), 'listens again'] and '_hop.absent' not in said
