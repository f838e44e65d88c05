# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who listens, as rows."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.sockets import Socket
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Listener
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows import listening

PLACE = Listener('outbound_hop_port', 'the hop', '127.0.0.1', 325, 77)


@pytest.fixture(name='seen')
def fixture_seen(monkeypatch):
    def seen(strangers=(), listens=True, diverted=False):
        monkeypatch.setattr(listening, 'diverted', lambda address, port: diverted)
        monkeypatch.setattr(listening, 'strangers', lambda address, port, pid: list(strangers))
        monkeypatch.setattr(listening, 'listening', lambda address, port: [1] * listens)

    seen()
    return seen


def brief(rows):
    return [(row['id'], row['status'], row['severity']) for row in rows]


def test_the_hop_itself_is_green(seen):
    rows = listening.owner_rows('hop', PLACE)
    assert brief(rows) == [('hop.owner', 'green', 'info')]
    assert (rows[0]['target'], rows[0]['finding']) == ('127.0.0.1:325', 'the hop, pid 77')
    assert brief(listening.ready_rows('hop', PLACE)) == [('hop.free', 'green', 'info')]


def test_somebody_else_is_red_and_named(seen):
    seen(['pid 99 (nc), user mallory'])
    rows = listening.owner_rows('hop', PLACE)
    assert brief(rows) == [('hop.foreign', 'red', 'critical')]
    assert 'pid 99 (nc), user mallory' in rows[0]['finding'] and 'outbound_hop_port' in rows[0]['hint']
    assert listening.problem(PLACE).startswith('outbound_hop_port: 325 cannot be used')


def test_a_port_that_rules_of_the_firewall_lead_elsewhere_is_red(seen):
    seen(diverted=True)
    rows = listening.owner_rows('hop', PLACE)
    assert brief(rows) == [('hop.diverted', 'red', 'critical')]
    assert '127.0.0.1:325' in rows[0]['hint'] and 'nat' in rows[0]['hint']


def test_nobody_is_red_too(seen):
    seen(listens=False)
    assert brief(listening.owner_rows('detour', PLACE)) == [('detour.closed', 'red', 'critical')]
    assert listening.problem(PLACE) == ''


def test_a_host_that_gives_away_ports_of_root_is_told_how_not_to(seen, monkeypatch):
    monkeypatch.setattr(listening, 'for_anybody', lambda port: True)
    rows = listening.owner_rows('hop', PLACE)
    assert rows[1]['id'] == 'hop.unprivileged' and 'ip_unprivileged_port_start' in rows[1]['hint']


def test_a_port_that_any_user_can_take_is_named_and_green(seen):
    place = PLACE._replace(port=10027, address='::1')
    rows = listening.owner_rows('hop', place)
    assert brief(rows) == [('hop.owner', 'green', 'info'), ('hop.unprivileged', 'green', 'low')]
    assert rows[1]['target'] == '[::1]:10027' and 'any local user' in rows[1]['finding']
    assert 'outbound_hop_port' in rows[1]['hint']
    assert brief(listening.ready_rows('hop', place)) == [('hop.unprivileged', 'green', 'low')]


OURS, OTHER = Socket('0.0.0.0', 25, 0, 7), Socket('192.0.2.1', 25, 0, 8)
HOW = 'Do this.'


@pytest.fixture(name='arrivals')
def fixture_arrivals(monkeypatch):
    def arrivals(*sockets, proxy=False, runs=True):
        monkeypatch.setattr(listening, 'alive', lambda pid: runs)
        monkeypatch.setattr(listening, 'for_others', lambda port: list(sockets))
        monkeypatch.setattr(listening, 'not_of', lambda found, pid: [entry for entry in found if entry is not OURS])
        monkeypatch.setattr(listening, 'holders', lambda found: ['pid 99 (nc), user mallory'])
        return listening.arrival_rows(25, 77, HOW, lambda: proxy)

    return arrivals


@pytest.mark.parametrize(
    'sockets, proxy, outcome, said',
    [
        ([OURS], False, ('inbound.listens', 'green', 'info'), '0.0.0.0'),
        ([OURS, OTHER], False, ('inbound.listens', 'green', 'info'), '0.0.0.0'),
        ([], False, ('inbound.closed', 'red', 'critical'), 'no mail of the gateway arrives'),
        ([], True, ('inbound.closed', 'red', 'critical'), 'no mail of the gateway arrives'),
        ([OTHER], False, ('inbound.foreign', 'red', 'critical'), 'mallory'),
        ([OTHER], True, ('inbound.listens', 'green', 'low'), 'mallory'),
    ],
)
def test_who_takes_the_gateway_s_mail(arrivals, sockets, proxy, outcome, said):
    rows = arrivals(*sockets, proxy=proxy)
    assert brief(rows) == [outcome] and said in rows[0]['finding'] and rows[0]['target'] == 'port 25'
    assert outcome[1] == 'green' or HOW in rows[0]['hint'] and 'conbool_inbound: false' in rows[0]['hint']


def test_a_mail_server_that_does_not_run_is_to_be_started_first(arrivals):
    rows = arrivals(runs=False)
    assert brief(rows) == [('inbound.closed', 'red', 'critical')] and rows[0]['hint'] == 'Start it first.'
