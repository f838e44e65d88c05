# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine against a site of a few lines in which every message has a script: where it is at which look."""

from __future__ import annotations

from collections import defaultdict

from tests.flow.engine import Engine
from tests.flow.model import Case, Place, Reply, Sighting

OUT = 'out@external.test'
AT_GATEWAY = [('gateway', '')]
DEFERRED = [('queue', 'connection refused')]
ACTIVE = [('queue', '')]


class Site:
    """`scripts`: case id -> list of looks; the last one holds for ever. A deferred message moves on only after a
    flush."""

    def __init__(self, scripts, replies=None, repaired=None):
        self.scripts = scripts
        self.repaired = repaired or {}
        self.replies = replies or {}
        self.case_of = {}
        self.looks = defaultdict(int)
        self.modes = []
        self.flushes = 0
        self.clear = []
        self.level = 'Verified'

    def begin(self, run):
        self.run = run

    def size_limit(self):
        return 5000

    def inject(self, batch):
        self.case_of.update({item.token: item.case.id for item in batch})
        self.sent = {item.case.id: item.content for item in batch}
        return {item.token: self.replies.get(item.case.id, Reply(True, '250 ok')) for item in batch}

    def look(self):
        for token, case in self.case_of.items():
            flushed = self.modes[-1:] == ['normal'] and self.flushes
            script = self.repaired[case] if flushed and case in self.repaired else self.scripts[case]
            here = script[min(self.looks[token], len(script) - 1)]
            self.looks[token] += 1
            for where, reason in here:
                yield Sighting(token, where, OUT, encrypted=True, reason=reason)

    def gateway_mode(self, mode):
        self.modes.append(mode)

    def flush(self):
        self.flushes += 1

    def in_clear(self):
        return self.clear

    def explain(self, tokens):
        return {token: [f'log of {token}'] for token in tokens}

    def verification(self, tokens):
        return {token: {OUT: self.level} for token in tokens}


def case(name='O1', where='gateway', inject=None, **more):
    inject = dict({'via': 'sendmail', 'from': 'alice@example.com', 'to': [OUT]}, **(inject or {}))
    return Case(name, 'a title', 'outbound', 'default', inject, (Place(where, (OUT,)),), **more)


def run(site, *cases):
    ticks = iter(range(1000000))
    return Engine(site, deadline=30, clock=lambda: next(ticks), sleep=lambda seconds: None).run(list(cases))


def test_waits_until_the_message_arrives():
    report = run(Site({'O1': [ACTIVE] * 10 + [AT_GATEWAY]}), case())
    assert report.ok
    assert [str(sighting) for sighting in report.results[0].seen] == [f'gateway ({OUT})']


def test_a_copy_that_comes_late_from_a_queue_is_found():
    report = run(Site({'O1': [AT_GATEWAY + ACTIVE, AT_GATEWAY + ACTIVE, AT_GATEWAY * 2]}), case())
    assert report.results[0].problems == [f'expected at gateway ({OUT}) once, is there 2 times']


def test_a_copy_that_changes_queues_during_a_look_is_found():
    report = run(Site({'O1': [AT_GATEWAY, AT_GATEWAY + ACTIVE, AT_GATEWAY * 2]}), case())
    assert not report.ok


def test_a_lost_message_ends_the_wait_and_is_explained():
    site = Site({'O1': [[]], 'O2': [AT_GATEWAY]})
    report = run(site, case(), case('O2'))
    lost, arrived = report.results
    assert lost.problems == [f'expected at gateway ({OUT}) once, is there never']
    assert lost.log == [f'log of {lost.token}']
    assert arrived.ok and not arrived.log
    assert site.looks[lost.token] < 10


def test_a_message_stuck_in_the_queue_is_flushed_until_the_deadline():
    site = Site({'O1': [DEFERRED]})
    report = run(site, case())
    assert f'must not be at queue ({OUT}), but is there once' in report.results[0].problems
    assert site.flushes > 2


def test_a_misbehaving_gateway_is_repaired_before_the_end_is_judged():
    site = Site({'G1': [ACTIVE, DEFERRED]}, repaired={'G1': [AT_GATEWAY]})
    report = run(site, case('G1', gateway='down', meanwhile=(Place('queue', (OUT,)),)))
    assert report.ok, report.results[0].problems
    assert site.modes == ['down', 'normal']


def test_what_was_delivered_to_a_misbehaving_gateway_is_wrong_for_ever():
    site = Site({'G2': [AT_GATEWAY]})
    report = run(site, case('G2', gateway='wrong_name', meanwhile=(Place('queue', (OUT,)),)))
    assert report.results[0].problems == [
        f'while the gateway is wrong_name: must not be at gateway ({OUT}), but is there once',
        f'while the gateway is wrong_name: expected at queue ({OUT}) once, is there never',
    ]


def test_the_gateway_is_repaired_when_something_breaks():
    site = Site({})
    site.inject = None
    try:
        run(site, case('G1', gateway='down', meanwhile=(Place('queue', (OUT,)),)))
    except TypeError:
        assert site.modes == ['down', 'normal']
    else:
        raise AssertionError('the error must not be swallowed')


def test_what_the_server_says_to_the_sender():
    refused = Reply(False, '550 no such user')
    scripts = {'O1': [AT_GATEWAY], 'N1': [[]], 'N2': [[]], 'N3': [[]]}
    nowhere = (Place('nowhere'),)
    cases = [case()] + [
        Case(name, 't', 'g', 'default', case().inject, nowhere, refused=text)
        for name, text in (('N1', '550'), ('N2', '554'), ('N3', '5'))
    ]
    report = run(Site(scripts, {'O1': refused, 'N1': refused, 'N2': refused}), *cases)
    assert [result.problems for result in report.results] == [
        ['the server did not accept it: 550 no such user'],
        [],
        ["the server refused it with '550 no such user', which does not match '554'"],
        ['the server accepted it (250 ok) instead of refusing it'],
    ]


def test_what_may_be_refused_is_delivered_or_nowhere():
    def problems(reply, *looks, or_refused=True):
        return run(Site({'O1': list(looks)}, {'O1': reply}), case(or_refused=or_refused)).results[0].problems

    there, nowhere, refusal, taken = [('gateway', '')], [], Reply(False, '521 5.5.2 no'), Reply(True, '250')
    assert problems(taken, there) == problems(refusal, nowhere) == []
    assert problems(refusal, there) and problems(taken, nowhere) and problems(refusal, nowhere, or_refused=False)


def test_the_size_comes_from_the_server():
    site = Site({'O1': [AT_GATEWAY]})
    run(site, case(inject={'below_size_limit': 1000}))
    assert len(site.sent['O1']) in (3999, 4000)


def test_clear_text_spoils_the_report():
    site = Site({'O1': [AT_GATEWAY]})
    site.clear = ['MAIL FROM:<alice@example.com>']
    report = run(site, case())
    assert report.results[0].ok and not report.ok


def test_a_certificate_that_was_not_verified_spoils_the_row():
    site = Site({'O1': [AT_GATEWAY]})
    site.level = 'Trusted'
    result = run(site, case()).results[0]
    assert not result.ok and not result.problems
    assert result.log


def test_what_fails_as_foreseen_is_fine():
    result = run(Site({'O1': [[]]}), case()).results[0]
    result.expect_failure('cannot')
    assert result.ok and result.expected_failure == 'cannot'


def test_what_passes_against_all_expectation_is_not():
    result = run(Site({'O1': [AT_GATEWAY]}), case()).results[0]
    result.expect_failure('cannot')
    assert result.problems == ['it passes, but is listed as impossible for this mail server: cannot']
