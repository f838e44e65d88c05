# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose headers count in the hop beside a Kerio Connect, which has one way for all mail that leaves."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import converge, listeners
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import received
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.arrival import Arrival, Inbound
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Hop

from tests.unit.fakes.hop import OPTIONS, configure, led, rules, service, table

MARKS = {'released': 'a' * 32, 'flagged': 'b' * 32, 'mailboxes': 'c' * 32}
PORTS = {'judging_port': 326, 'judged_port': 329}
PROVENANCE = received.provenance(PORTS, 'mail.example.com')
JUDGE, COUNTED, WASHED = 'doubtful:[127.0.0.1]:326', 'counted:[127.0.0.1]:329', 'washed:[127.0.0.1]:329'
LOOP, RELEASED = 'X-Conbool-example-com: true', 'x-conbool-RELEASED:\n\tYES'


def judged(settings=None, with_marks=True, **more):
    arrival = Arrival('in', 327, 'marking', 328, '127.25.0.10')
    inbound = Inbound(arrival, '/k.crt', '/k.key', marks=MARKS) if with_marks else None
    needed = {
        'networks': ['192.0.2.0/28'],
        'inbound_require_certificate': False,
        'inbound_certificate_fingerprints': [],
    }
    options = {'inbound': inbound, 'arrival': arrival, 'inbound_places': ['0.0.0.0'], 'learnt': []}
    return configure(
        {**needed, **(settings or {})}, **{**(options if with_marks else {}), 'provenance': PROVENANCE, **more}
    )


def by_kerio(client='client.test ([192.0.2.77])', user='', protocol='ESMTP', version=' (Kerio Connect 10.0.8)', **more):
    told = f'Received: from {client}' + (f'\n\t(authenticated user {user})' if user else '')
    host = more.get('host', 'mail.example.com')
    return f'{told}\n\tby {host}{version} with {protocol}\n\tfor x@external.test;\n\tTue, 1 Dec 2026 12:00:00 +0100'


def by_hop(mark):
    return f'Received: ({mark}) from gw (unknown [192.0.2.1])\n\tby conbool-hop.mail.example.com (Postfix) with ESMTPS id 1'


USER, OTHER, HOP = (
    by_kerio(user='alice@example.com', protocol='ESMTPSA'),
    by_kerio(),
    by_kerio('hop ([127.25.0.10])'),
)
BROWSER = by_kerio('127.0.0.1 ([127.0.0.1])', protocol='HTTP')


@pytest.mark.parametrize(
    'headers, way',
    [
        ([USER, 'Subject: x'], ''),
        ([USER, 'X-Conboolean: yes', 'X-Other: X-Conbool-Released: yes'], ''),
        ([USER, LOOP], JUDGE),
        ([RELEASED, USER], JUDGE),
        ([USER, 'X-Conbool-Anything: else'], JUDGE),
        # Its mark has to be taken off.
        ([HOP, by_hop(MARKS['mailboxes'])], JUDGE),
        ([USER, 'Content-Type: text/calendar; method=REQUEST'], JUDGE),
        # Not direct before its header was looked at.
        ([USER, LOOP, 'Content-Type: text/calendar'], JUDGE),
    ],
)
def test_only_mail_of_which_there_is_something_to_find_out_makes_the_detour(headers, way):
    assert led(judged(), '127.0.0.1:325', headers) == way


@pytest.mark.parametrize(
    'headers, way',
    [
        ([USER, LOOP], WASHED),
        ([by_kerio(user='a@example.com', protocol='ESMTPA', version=''), LOOP], WASHED),
        ([by_kerio(protocol='ESMTPSA'), OTHER, LOOP], WASHED),
        # The line above all others is the server's. What a user writes stands below.
        ([USER, OTHER, LOOP], WASHED),
        ([USER, by_hop(MARKS['released']), LOOP], WASHED),
        ([USER, HOP, by_hop(MARKS['mailboxes']), LOOP], WASHED),
        # He calls his machine what he likes.
        ([by_kerio('x by mail.example.com with ESMTP ', 'a@example.com', 'ESMTPA'), LOOP], WASHED),
        ([by_kerio(f'({MARKS["mailboxes"]}) x', 'a@example.com', 'ESMTPA'), LOOP], WASHED),
        ([HOP, by_hop(MARKS['mailboxes']), LOOP], COUNTED),
        ([HOP, by_hop(MARKS['flagged']), LOOP], COUNTED),
        # A user's own mail that has come back from the gateway.
        ([HOP, by_hop(MARKS['mailboxes']), LOOP, USER], COUNTED),
        # A script of a user's sends it on.
        ([BROWSER, by_hop(MARKS['mailboxes']), LOOP], COUNTED),
        ([by_hop(MARKS['released']), RELEASED], COUNTED),
        ([OTHER, LOOP], COUNTED),
        ([LOOP, OTHER], COUNTED),
        ([by_kerio(version=''), LOOP], COUNTED),
        # hideLocalIpInRcv
        ([by_kerio('printer', protocol='ESMTPS'), LOOP], COUNTED),
        ([OTHER, USER, LOOP], COUNTED),
        ([BROWSER, LOOP], WASHED),
        # Who writes a whole message there can write lines, too: a limit that is stated.
        ([BROWSER, OTHER, LOOP], COUNTED),
        ([by_kerio(protocol='ESMTPX'), LOOP], WASHED),
        ([LOOP], WASHED),
        ([by_hop('d' * 32), LOOP], WASHED),
        ([by_kerio(host='mail.example.net'), LOOP], WASHED),
        ([by_kerio(host='conbool-hop.mail.example.com'), LOOP], WASHED),
        ([OTHER.replace('mail.example', 'mail-example'), LOOP], WASHED),
        ([f'X-Other: {OTHER}', LOOP], WASHED),
    ],
)
def test_the_first_line_from_the_top_says_whether_headers_count(headers, way):
    assert led(judged(), '127.0.0.1:326', headers) == way
    if 'conbool-hop' not in ''.join(headers):
        # Where the hop marks nothing, the same.
        assert led(judged(with_marks=False), '127.0.0.1:326', headers) == way


def test_where_headers_do_not_count_they_are_taken_away_on_the_way():
    found = judged()
    for name, checks in (('doubtful', ''), ('counted', ''), ('washed', 'regexp:/etc/conbool-hop/washed')):
        assert service(found, name)['options']['smtp_header_checks'] == checks
    ((pattern, action),) = rules(found, 'washed')
    assert action == 'IGNORE' and pattern.search(LOOP) and pattern.search(RELEASED)
    assert not pattern.search('X-Conboolean: yes')


def test_what_was_judged_is_decided_as_by_every_hop():
    found = judged()
    options = service(found, '127.0.0.1:329')['options']
    assert 'cleanup_service_name' not in options and 'smtpd_sender_restrictions' not in options
    assert found['parameters']['header_checks'].split() == [
        'regexp:/etc/conbool-hop/without_marks',
        'regexp:/etc/conbool-hop/header_checks',
    ]
    assert found['parameters']['mime_header_checks'] == 'regexp:/etc/conbool-hop/mime_header_checks'


def test_calendar_messages_are_none_where_they_take_no_way_of_their_own():
    found = judged({'bypass_calendar': False})
    assert service(found, 'doubts')['options']['mime_header_checks'] == ''
    assert 'doubts_calendar' not in [each['path'] for each in found['tables']]


def test_marks_are_for_root_and_the_hop_alone():
    found = judged()
    assert {table(found, path)['mode'] for path in ('doubts', 'judging')} == {'0640'}


def test_where_it_is_known_who_handed_in_a_message_there_is_none_of_it():
    names = {each['name'] for each in configure()['services']} | {each['path'] for each in configure()['tables']}
    assert not {'doubts', 'judging', 'doubtful', 'counted', 'washed', '127.0.0.1:326', '127.0.0.1:329'} & names


def test_its_ports_are_the_hop_s(monkeypatch):
    monkeypatch.setattr(listeners, 'master', lambda options: 7)
    options = {**OPTIONS, 'wash_variable': '', 'provenance': PROVENANCE}
    found = [(each.variable, each.port, each.pid) for each in listeners.listeners(options)]
    assert found[1:] == [('kerio_smarthost_judging_port', 326, 7), ('kerio_smarthost_judged_port', 329, 7)]


@pytest.mark.parametrize('provenance, own', [(PROVENANCE, ('postfix',)), (None, ())])
def test_the_hop_may_hand_mail_to_itself(monkeypatch, provenance, own):
    monkeypatch.setattr(listeners, 'master', lambda options: 7)
    options = {**OPTIONS, 'wash_variable': '', 'provenance': provenance}
    ports, users = converge._kept_to(options, Hop({}, users=('kerio',), provenance=provenance), {'parameters': {}})
    assert users == ('kerio', *own) and ports == [325, *([326, 329] if provenance else [])]


def test_a_listener_that_moves_stays_for_a_while(monkeypatch, tmp_path):
    text = ''.join(
        f'127.0.0.1:{port} inet n - n - - smtpd\n  -o cleanup_service_name={name}\n'
        for port, name in ((1325, 'doubts'), (1326, 'judging'), (1327, 'others'))
    )
    (tmp_path / 'master.cf').write_text(text, encoding='ascii')
    monkeypatch.setattr(listeners, 'strangers', lambda address, port, pid: [])
    options = {**OPTIONS, 'wash_variable': '', 'config_dir': str(tmp_path)}
    names = [
        [each['name'] for each in listeners.former({**options, 'provenance': one}, 'all')] for one in (PROVENANCE, None)
    ]
    assert names == [['127.0.0.1:1325', '127.0.0.1:1326'], []]
