# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rows on a mail server say, whichever it is."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module import questions
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import (
    certain_headers,
    certain_routes,
)

from tests.unit.fakes.gateway import shown
from tests.unit.fakes.mail_server import SETTINGS, FakeLook, FakeServer


def marks(settings=SETTINGS):
    return [sample['header'] for sample in certain_headers(settings) if sample['direct']]


class FakeHop(FakeServer):
    def listener(self):
        if 'listener' in self.given:
            raise self.given['listener']
        return []

    def way_back(self):
        if 'way_back' in self.given:
            raise self.given['way_back']
        return [row('hop.return', '[127.0.0.1]:329', 'green', 'takes them')]

    def clients(self):
        return [row('hop.client', 'gateway', 'green', 'TLS level secure')]

    def way(self):
        return [row('hop.route', 'a message', 'green', 'gateway:[mail.conbool.com]:25')]

    def running(self):
        return [row('running.ok', 'hop', 'green', 'runs')]


@pytest.fixture(name='rows')
def fixture_rows(monkeypatch):
    def rows(server, hop=None, *more, **options):
        server.hop_decides = hop is not None
        monkeypatch.setattr(questions, 'HopServer', lambda module, settings, wash, arrival, provenance: hop)
        return questions.rows_of(server, SETTINGS, None, more, **options)

    return rows


def brief(found):
    return [(row['id'], row['status']) for row in found]


def test_every_sender_goes_through_the_hop():
    samples = certain_routes(SETTINGS)
    assert [
        (sample['sender'], sample['hop'])
        for sample in samples
        if sample['recipient'] == 'someone@conbool-verify.invalid'
    ] == [
        ('postmaster@example.com', True),
        ('postmaster@sub.example.co.uk', True),
        ('forwarded@conbool-verify.invalid', True),
        ('', True),
    ]
    assert [sample['recipient'] for sample in samples if not sample['hop']] == [
        'postmaster@example.com',
        'postmaster@sub.example.co.uk',
    ]
    assert {row['status'] for row in questions.route_rows(FakeServer(), SETTINGS)} == {'green'}


def test_mail_past_the_hop_and_mail_that_is_caught_are_red():
    found = questions.route_rows(FakeServer(through=lambda sample: not sample['hop']), SETTINGS)
    assert {row['id'] for row in found} == {'route.bypass', 'route.captured'}
    assert {row['hint'] for row in found if row['id'] == 'route.bypass'} == {'a hint'}


def test_without_a_sender_mail_may_go_direct_where_the_mail_server_decides():
    server = FakeServer(through=lambda sample: sample['hop'] and bool(sample['sender']))
    assert 'route.bypass' in {row['id'] for row in questions.route_rows(server, SETTINGS)}
    server.null_sender_through = lambda: False
    assert {row['id'] for row in questions.route_rows(server, SETTINGS)} == {'route.ok'}


def test_only_listed_senders_go_through_the_hop():
    samples = certain_routes(dict(SETTINGS, scope='senders', scope_senders=['alice@example.com', '@sub.example.co.uk']))
    assert {sample['sender']: sample['hop'] for sample in samples if sample['recipient'].endswith('.invalid')} == {
        'alice@example.com': True,
        'conbool-verify@sub.example.co.uk': True,
        'conbool-verify@example.com': False,
        'conbool-verify@conbool-verify.invalid': False,
    }


@pytest.mark.parametrize('calendar', [True, False])
def test_marked_mail_goes_direct(calendar):
    settings = dict(SETTINGS, bypass_calendar=calendar)
    assert (
        marks(settings)
        == [
            'X-Conbool-example-com: true',
            'X-Conbool-sub-example-co-uk: true',
            'X-Conbool-Released: yes',
        ]
        + ['Content-Type: text/calendar; method=REQUEST'] * calendar
    )
    right = FakeServer(marks=marks(settings))
    wrong = FakeServer(direct=lambda line: line not in marks(settings))
    assert {row['status'] for row in questions.header_rows(right, settings)} == {'green'}
    assert {(row['id'], row['finding']) for row in questions.header_rows(wrong, settings)} == {
        ('header.wrong', 'it says so')
    }


@pytest.mark.parametrize(
    'look, outcome',
    [
        (FakeLook(), ('queue.ok', 'green')),
        (FakeLook(['one']), ('queue.waiting', 'green')),
        (FakeLook(['one', 'two'], ['two'], stuck=['two']), ('queue.grows', 'red')),
        (FakeLook(['one', 'two'], ['two']), ('queue.waiting', 'green')),
        # What waited before is not judged here.
        (FakeLook(['one', 'two'], ['two'], stuck=['one']), ('queue.waiting', 'green')),
        (FakeLook(fails=HostError('no queue')), ('queue.failed', 'red')),
    ],
)
def test_queues(rows, look, outcome):
    found = rows(FakeServer(marks=marks(), queue=look))
    assert brief(found)[-1] == outcome and found[-1]['target'] == 'mail server'


def test_verification_is_all_of_it(rows):
    assert (
        brief(rows(FakeServer(), FakeHop(marks=marks())))
        == [('route.ok', 'green')] * 6
        + [('header.ok', 'green')] * 7
        + [('hop.return', 'green')]
        + [('hop.client', 'green'), ('hop.route', 'green'), ('running.ok', 'green')]
        + [('queue.ok', 'green')] * 2
    )


def test_whose_the_command_is_that_hands_in_mail_is_asked_for_its_mail_server(rows, monkeypatch):
    monkeypatch.setattr(questions, 'command_rows', lambda name: [row('local.command', name, 'red', 'is another')])
    found = rows(FakeServer(), FakeHop(marks=marks()))
    assert [entry['target'] for entry in found if entry['id'] == 'local.command'] == ['fake']


def test_whoever_only_verifies_asks_more(rows):
    def fail():
        raise HostError('no answer')

    def green():
        return [questions.row('drift.ok', 'this host', 'green', 'as site.yml would make it: hop')]

    found = brief(rows(FakeServer(marks=marks()), None, ('gateway', 'gateway', fail), ('drift', 'this host', green)))
    assert found[-3:] == [('gateway.failed', 'red'), ('drift.ok', 'green'), ('queue.ok', 'green')]


class Waiting(FakeLook):
    def stuck(self):
        return ['4bX1 from <a@example.com> to <b@external.test>: Server certificate not trusted']


@pytest.mark.parametrize('stuck, outcome', [(True, ('queue.stuck', 'red')), (False, ('queue.waiting', 'green'))])
def test_mail_that_waits_for_a_person_is_red_unless_something_was_just_mended(rows, stuck, outcome):
    found = rows(FakeServer(marks=marks(), queue=Waiting(['one', 'two'])), stuck=stuck)[-1]
    assert (found['id'], found['status']) == outcome
    if stuck:
        assert found['finding'].startswith('1 of 2 messages do not get on: 4bX1 from') and found['hint']


@pytest.mark.parametrize(
    'fault', [KeyError('queue_id'), IndexError('out of range'), TypeError('x'), AttributeError('y')]
)
def test_a_fault_of_one_part_is_a_row_that_says_where_it_is(rows, fault):
    def fail(sample):
        raise fault

    server = FakeServer(through=fail)
    found = rows(server, FakeHop(marks=marks(), listener=fault))
    red = {row['id']: row['finding'] for row in found if row['status'] != 'green'}
    assert list(red) == ['route.failed', 'hop.failed']
    assert repr(fault) in red['route.failed'] and '(test_questions.py, line ' in red['route.failed']


def test_what_could_not_be_asked_is_a_row_and_the_rest_is_asked(rows):
    def fail(sample):
        raise HostError('it does not run')

    server = FakeServer(through=fail, stale=OSError('no such file'))
    found = rows(server, FakeHop(marks=marks(), listener=ValueError('port: 0'), way_back=HostError('no table')))
    red = [(row['id'], row['finding']) for row in found if row['status'] != 'green']
    assert red == [
        ('route.failed', 'it does not run'),
        ('hop.failed', 'port: 0'),
        ('hop.return.failed', 'no table'),
        ('inbound.copy.failed', 'no such file'),
    ]
    assert len([row for row in found if row['id'] == 'header.ok']) == 7


def test_ways_past_the_gateway_are_among_the_rows(rows):
    door = row('inbound.door', '2525/inet', 'red', 'it is open')
    assert [found for found in rows(FakeServer(doors=[door], marks=marks())) if found['id'] == 'inbound.door'] == [door]
    assert brief(rows(FakeServer(marks=marks()))) == brief(rows(FakeServer(doors=[door], marks=marks())))[:-2] + (
        brief(rows(FakeServer(marks=marks())))[-1:]
    )


def test_the_hint_is_asked_for_once(monkeypatch):
    asked = []

    class Dear(FakeServer):
        @property
        def BYPASS_HINT(self):
            asked.append('x')
            return 'a hint'

    assert {found['hint'] for found in questions.route_rows(Dear(through=lambda sample: False), SETTINGS)} == {
        'a hint',
        '',
    }
    assert asked == ['x']


@pytest.mark.parametrize('known, status', [('key', 'green'), ('', 'red')])
@pytest.mark.parametrize('before', [None, [shown()]])
def test_the_gateway_s_certificate_is_asked_for_once(monkeypatch, known, status, before):
    asked = []
    monkeypatch.setattr(questions, 'shown_by_gateway', lambda settings: asked.append(1) or [shown()])
    monkeypatch.setattr(questions, 'port_rows', lambda module, settings: [])
    server = FakeServer(knows=known, marks=marks())
    server.hop_decides = False
    rows = questions.rows_of(server, dict(SETTINGS, inbound=True), before)
    assert [row['status'] for row in rows if row['id'] == 'inbound.certificate'] == [status]
    assert len(asked) == (before is None)
    # Where port 25 is not limited, nobody asks.
    assert 'inbound.certificate' not in [row['id'] for row in questions.rows_of(server, SETTINGS)]
    assert len(asked) == (before is None)


CLOSED = row('inbound.closed', 'port 25', 'red', 'nobody listens')


@pytest.mark.parametrize('inbound', [True, False])
def test_whether_mail_can_arrive_is_asked_where_it_is_limited(monkeypatch, inbound):
    monkeypatch.setattr(questions, 'shown_by_gateway', lambda settings: [])
    monkeypatch.setattr(questions, 'port_rows', lambda module, settings: [])
    server = FakeServer(arrivals=[CLOSED], marks=marks())
    server.hop_decides = False
    rows = questions.rows_of(server, dict(SETTINGS, inbound=inbound))
    assert [found for found in rows if found['id'] == 'inbound.closed'] == [CLOSED] * inbound


def test_every_red_row_says_what_to_do(rows):
    def fail(sample):
        raise HostError('it does not run')

    hop = FakeHop(marks=[], listener=ValueError('port: 0'))
    astray = FakeServer(
        through=lambda sample: not sample['hop'], stale=OSError('no file'), queue=FakeLook(['a'], ['a'], stuck=['a'])
    )
    found = rows(astray, hop) + rows(FakeServer(through=fail, queue=FakeLook(fails=HostError('no queue'))), hop)
    red = {row['id']: row['hint'] for row in found if row['status'] == 'red'}
    assert set(red) == {
        'route.bypass',
        'route.captured',
        'route.failed',
        'header.wrong',
        'hop.failed',
        'inbound.copy.failed',
        'queue.grows',
        'queue.failed',
    }
    assert all(red.values()), red
