# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the account of a stream makes of copies and attempts."""

from __future__ import annotations

import pytest

from tests.fire.account import Attempt, Sent, Window, said_nothing, settle
from tests.flow.model import Sighting

TOKEN = 'flow-0000000001'
OUT = (('gateway', 'direct'), 'a@external.test')
ALICE = (('mailbox:alice',), '')
KILL = Window(1000.0, 1010.0, 'mail server killed')


def account(wanted, sightings, attempts=((100.0, 'accepted'),), windows=(KILL,)):
    sent = Sent(TOKEN, list(wanted), [Attempt(at, at + 0.1, outcome, 'what it said') for at, outcome in attempts])
    return settle(
        [sent], [Sighting(TOKEN, where, recipient, time=at) for where, recipient, at in sightings], list(windows)
    )


def bad(found):
    names = ('lost', 'misplaced', 'given_up', 'doubled', 'unexplained', 'disturbed')
    return {name for name in names if getattr(found, name)}


def test_one_copy_at_each_place_is_right():
    found = account([OUT, ALICE], [('direct', 'A@external.test', 100.0), ('mailbox:alice', '', 100.0)])
    assert bad(found) == set()
    assert (found.sent, found.attempts, found.bounced, found.interrupted) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    'sightings, wrong',
    [
        ([], {'lost'}),
        ([('mailbox:alice', '', 100.0)], {'lost', 'misplaced'}),
        ([('queue', 'a@external.test', 0.0)], {'lost', 'misplaced'}),
        ([('bounce:alice', '', 100.0)], {'lost', 'misplaced'}),
        ([('gateway', 'b@external.test', 100.0)], {'lost', 'misplaced'}),
        ([('gateway', 'a@external.test', 100.0), ('trap', 'a@external.test', 100.0)], {'misplaced'}),
    ],
)
def test_a_copy_that_is_missing_or_elsewhere(sightings, wrong):
    assert bad(account([OUT], sightings)) == wrong


def test_what_has_no_mailbox_comes_back():
    found = account([(('bounce:alice',), '')], [('bounce:alice', '', 100.0)])
    assert (bad(found), found.bounced) == (set(), 1)


@pytest.mark.parametrize(
    'first, attempts, wrong',
    [
        (100.0, [(99.0, 'accepted')], 'unexplained'),
        (994.0, [(99.0, 'accepted')], 'unexplained'),
        (996.0, [(99.0, 'accepted')], 'doubled'),
        (1500.0, [(99.0, 'accepted')], 'doubled'),
        (1017.0, [(1014.0, 'accepted')], 'doubled'),
        (1017.0, [(1016.0, 'accepted')], 'unexplained'),
        (100.0, [(98.0, 'unclear'), (99.0, 'accepted')], 'doubled'),
    ],
)
def test_a_second_copy_needs_a_kill_while_the_first_was_on_its_way(first, attempts, wrong):
    found = account([OUT], [('gateway', 'a@external.test', first), ('direct', 'a@external.test', 2000.0)], attempts)
    assert bad(found) - {'disturbed'} == {wrong}


def test_two_further_copies_need_two_reasons():
    copies = [('mailbox:alice', '', at) for at in (1005.0, 1100.0, 1200.0)]
    assert bad(account([ALICE], copies)) == {'unexplained'}
    assert bad(account([ALICE], copies, [(1004.0, 'unclear'), (1006.0, 'accepted')])) == {'doubled'}


@pytest.mark.parametrize(
    'at, wrong, interrupted',
    [(900.0, {'disturbed'}, 0), (1005.0, set(), 1), (1010.5, set(), 1), (1012.0, {'disturbed'}, 0)],
)
def test_a_client_is_turned_away_only_by_a_server_that_is_down(at, wrong, interrupted):
    found = account([ALICE], [('mailbox:alice', '', 1100.0)], [(at, 'refused'), (1090.0, 'accepted')])
    assert (bad(found), found.interrupted, found.attempts) == (wrong, interrupted, 2)


def test_a_message_that_nobody_took_is_not_lost_but_given_up():
    assert bad(account([ALICE], [], [(1005.0, 'refused')])) == {'given_up'}


def test_the_account_in_one_line():
    assert str(account([ALICE], [])).startswith('1 messages, 1 attempts, 0 interrupted, 0 bounced, 1 lost, 0 doubled')


@pytest.mark.parametrize(
    'at, nothing', [(900.0, False), (996.0, True), (1005.0, True), (1014.0, True), (1016.0, False)]
)
def test_only_who_was_killed_may_have_said_nothing_of_a_copy(at, nothing):
    assert said_nothing(Sighting(TOKEN, 'gateway', 'a@external.test', time=at), [KILL]) is nothing
