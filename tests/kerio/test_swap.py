# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mode swap of role kerio_smarthost: Kerio Connect leaves port 25 of this host's addresses to the hop."""

from __future__ import annotations

import copy
import smtplib
from unittest.mock import Mock

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import listener

from .adapter import ELSEWHERE, strict
from .conftest import LOGIN, connect, mail, send

pytest_plugins = ['tests.kerio.adapter']

# Each double has ports of its own; where it listens, its servers say.
ADDRESS, SOURCE = '127.0.0.77', '127.25.0.10'
ANYWHERE = {'type': 'AllAddresses', 'address': 'All addresses', 'port': 25}
LOCAL = {'type': 'Localhost', 'address': '127.0.0.1', 'port': 25}


@pytest.fixture(name='swapped')
def fixture_swapped(host, monkeypatch):
    """swapped(...) -> Host in mode swap, on which nothing has been done."""

    def begin(*args, prepare=strict, **more):
        kerio = host(*args, prepare=prepare, **{'world': {**ELSEWHERE, 'address': '0.0.0.0'}, **more})
        kerio.options.update(inbound='swap', inbound_addresses=[ADDRESS])
        kerio.settings['inbound_require_certificate'] = True
        monkeypatch.setattr(listener, '_listens', lambda port: bool(places(kerio, port) - {'127.0.0.1'}))
        monkeypatch.setattr(listener, 'PATIENCE', 0)
        return kerio

    return begin


def places(kerio, port=25):
    return {address for name, number, address in kerio.double.mail.servers if (name, number) == ('SMTP', port)}


def listeners(kerio):
    return kerio.double.state.service('SMTP')['listeners']


def take(kerio, *parts):
    return [kerio.shown(each.converge(kerio.server().module))[0]['changed'] for each in parts]


def apply(kerio):
    """All parts in the order of the engine; what the hop does in between is its affair."""
    server = kerio.server()
    wanted = server.wanted(server.facts(), False)
    assert wanted.problems == []
    more = [wanted.handover.give] if wanted.handover else []
    return take(kerio, *wanted.parts, *more, *wanted.last), wanted


@pytest.mark.parametrize('way', ['at once', 'restart'])
def test_nobody_is_shut_out_before_the_listener_has_gone_and_it_comes_back_first(swapped, way):
    kerio = swapped(listener_change=way)
    before = kerio.held()
    server = kerio.server()
    wanted = server.wanted(server.facts(), False)
    take(kerio, *wanted.parts)
    # The port is where it was, for the gateway as well: should the hop not get it, that is so again.
    assert listeners(kerio) == [ANYWHERE] and places(kerio) == {'0.0.0.0'}
    assert take(kerio, wanted.handover.give, wanted.handover.back) == [True, True]
    assert listeners(kerio) == [ANYWHERE] and not kerio.double.state.service('SMTP')['group']['isUsed']
    assert take(kerio, wanted.handover.give) == [True]
    assert listeners(kerio) == [LOCAL] and places(kerio) == {'127.0.0.1'}
    take(kerio, *wanted.last)
    assert kerio.double.state.service('SMTP')['group']['isUsed']
    send(kerio.double, source=SOURCE)
    mail(kerio.double)
    assert kerio.server().left_to_hop == 25
    server = kerio.server()
    take(kerio, server.undo()[0])
    assert listeners(kerio) == [ANYWHERE] and places(kerio) == {'0.0.0.0'}
    take(kerio, *server.undo()[1:], *server.undo_after_hop())
    assert kerio.held() == before and kerio.server().left_to_hop == 0


def test_programs_of_this_host_go_on_as_before(swapped):
    kerio = swapped()
    apply(kerio)
    with connect(kerio.double) as client:
        client.starttls()
        client.login(*LOGIN)
        client.sendmail(LOGIN[0], ['bob@example.com'], b'Subject: of a program\r\n\r\n')
    mail(kerio.double, 'bob')


def test_a_second_run_has_nothing_to_do_and_no_handover(swapped, monkeypatch):
    kerio = swapped()
    marks = apply(kerio)[1].hop.inbound.marks
    monkeypatch.setattr(
        'ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.marks.known', lambda *_: marks
    )
    kerio.double.state.control.forbid_sets = 'a second run'
    changed, wanted = apply(kerio)
    assert not any(changed) and wanted.handover is None and kerio.server().redirect_port == 0
    where = wanted.hop.inbound.arrival
    assert (where.places, where.port, where.variable) == ((ADDRESS,), 25, 'kerio_smarthost_inbound_addresses')


def test_until_then_the_hop_waits_on_loopback(swapped):
    kerio = swapped()
    server = kerio.server()
    wanted = server.wanted(server.facts(), False)
    first, last = wanted.handover.hop.inbound.arrival, wanted.hop.inbound.arrival
    assert (first.places, first.port) == (('127.0.0.1',), 327) and (last.places, last.port) == ((ADDRESS,), 25)
    assert first._replace(places=(), port=0, variable='') == last._replace(places=(), port=0, variable='')


def test_what_the_hop_cannot_take_comes_back(swapped):
    kerio = swapped()
    wanted = apply(kerio)[1]
    take(kerio, wanted.handover.back)
    assert listeners(kerio) == [ANYWHERE] and places(kerio) == {'0.0.0.0'}
    assert kerio.server().left_to_hop == 0


def test_a_server_that_stays_at_the_port_has_it_still(swapped, monkeypatch):
    kerio = swapped()
    server = kerio.server()
    wanted = server.wanted(server.facts(), False)
    take(kerio, *wanted.parts, *wanted.last)
    before = kerio.held()
    monkeypatch.setattr(listener, '_listens', lambda port: True)
    with pytest.raises(SwitchError, match='listens still for others at port 25. Everything is as it was before'):
        take(kerio, wanted.handover.give)
    assert kerio.held() == before and kerio.server().left_to_hop == 0


def test_sessions_of_the_hop_end_before_the_port_comes_back(swapped, monkeypatch):
    kerio, real, told = swapped(), listener.service.listen, []
    apply(kerio)
    held = [['a session'], ['a session'], []]
    monkeypatch.setattr(listener, 'for_others', lambda port: held.pop(0) if len(held) > 1 else held[0])
    monkeypatch.setattr(listener, 'not_of', lambda found, pid: found)
    monkeypatch.setattr(listener.service, 'listen', lambda *args: (told.append(list(held)), real(*args)))
    kerio.undo()
    assert told == [[[]]] and listeners(kerio) == [ANYWHERE]


class Killed(BaseException):
    """As a signal that nobody handles."""


def test_a_killed_undo_knows_the_listeners_of_before(swapped, monkeypatch):
    kerio, real = swapped(), listener.service.listen
    before = kerio.held()
    apply(kerio)
    with monkeypatch.context() as patched:
        patched.setattr(listener.service, 'listen', Mock(side_effect=Killed))
        with pytest.raises(Killed):
            kerio.undo()
    assert listener.service.listen is real and listeners(kerio) == [LOCAL] and kerio.server().left_to_hop == 25
    kerio.undo()
    assert kerio.held() == before


def test_a_killed_run_is_finished_or_undone(swapped, monkeypatch):
    kerio = swapped()
    before, real = kerio.held(), listener.service.listen
    for after in (False, True):

        def kill(*args, after=after):
            if after:
                real(*args)
            raise Killed

        monkeypatch.setattr(listener.service, 'listen', kill)
        with pytest.raises(Killed):
            apply(kerio)
        monkeypatch.setattr(listener.service, 'listen', real)
        apply(kerio)
        assert listeners(kerio) == [LOCAL]
        kerio.undo()
        assert kerio.held() == before


def test_one_that_came_back_by_hand_and_stopped_since_leaves_again_and_runs(swapped):
    kerio = swapped()
    apply(kerio)
    kerio.double.state.service('SMTP').update(listeners=[dict(ANYWHERE)], isRunning=False)
    assert apply(kerio)[0][1] and listeners(kerio) == [LOCAL]
    assert kerio.double.state.service('SMTP')['isRunning'] and places(kerio) == {'127.0.0.1'}


def test_to_another_way_the_port_comes_back(swapped):
    kerio = swapped()
    apply(kerio)
    kerio.options['inbound'], kerio.settings['inbound_require_certificate'] = 'direct', False
    kerio.apply()
    assert listeners(kerio) == [ANYWHERE] and kerio.server().left_to_hop == 0


def several(state):
    strict(state)
    more = [{'type': 'AllAddresses', 'address': 'All addresses', 'port': 2526}, {**LOCAL, 'address': 'localhost'}]
    here = {'type': 'RealIpAddress', 'address': ADDRESS, 'port': 25}
    state.service('SMTP')['listeners'] = [here, *more]


def test_what_others_have_of_listeners_stays(swapped):
    kerio = swapped(prepare=several)
    before = copy.deepcopy(listeners(kerio))
    apply(kerio)
    assert listeners(kerio) == before[1:]
    own = {'type': 'Localhost', 'address': 'localhost', 'port': 2527}
    listeners(kerio).append(own)
    kerio.undo()
    assert listeners(kerio) == [*before[1:], own, before[0]]


@pytest.mark.parametrize(
    'options, settings, words',
    [
        ({'inbound_addresses': []}, {}, 'kerio_smarthost_inbound_addresses: is empty'),
        ({'inbound_addresses': ['192.0.2.77']}, {}, "'192.0.2.77' is not an address of this host"),
        (
            {},
            {'allowed_networks': ['10.0.0.0/8']},
            'conbool_smtp_allowed_networks: 10.0.0.0/8: kerio_smarthost_inbound',
        ),
    ],
)
def test_what_cannot_be_kept_is_refused(swapped, options, settings, words):
    kerio = swapped()
    assert kerio.wanted().problems == []
    kerio.options.update(options)
    kerio.settings.update(settings)
    (problem,) = kerio.wanted().problems
    assert words in problem


def test_preflight_says_what_is_lost(swapped):
    kerio = swapped()
    server = kerio.server()
    rows = [row for row in server.obstacles(server.facts()) if row['id'].startswith('inbound.swap')]
    assert [row['status'] for row in rows] == ['green'] and 'log in there' in rows[0]['finding']


def test_nobody_else_gets_in_on_loopback(swapped):
    kerio = swapped()
    apply(kerio)
    with pytest.raises((smtplib.SMTPException, OSError)):
        send(kerio.double, source='127.0.0.8')
