# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions that were begun before a reload."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.process import Process
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import sessions

MASTER = 7


def family(qmgr, *others):
    return [Process(10, 'qmgr', MASTER, qmgr)] + [
        Process(20 + index, name, MASTER, started) for index, (name, started) in enumerate(others)
    ]


@pytest.mark.parametrize(
    ('others', 'expected'),
    [
        ([('smtpd', 99)], [20]),
        ([('cleanup', 99), ('smtpd', 40)], [20, 21]),
        ([('smtpd', 101)], []),
        # It writes no message, and may stay for as long as it likes.
        ([('tlsmgr', 40), ('proxymap', 40), ('smtp', 40)], []),
    ],
)
def test_what_was_started_before_the_queue_manager_is_of_before_the_reload(others, expected):
    assert sessions.begun_before(family(100, *others), 95) == (expected, True)


def test_while_the_old_queue_manager_ends_the_new_one_counts():
    assert sessions.begun_before([*family(40, ('smtpd', 50)), Process(11, 'qmgr', MASTER, 60)], 55) == ([20], True)


@pytest.mark.parametrize('managers', [[], [Process(10, 'qmgr', MASTER, 40)]])
def test_as_long_as_there_is_no_new_one_the_reload_is_not_over(managers):
    """What has come since the reload was asked for may still be of before, or not."""
    started = [Process(20, 'smtpd', MASTER, 50), Process(21, 'smtpd', MASTER, 56)]
    assert sessions.begun_before([*managers, *started], 55) == ([20], False)


def test_a_postfix_that_does_not_run_has_none(tmp_path):
    assert sessions.wait_for_end(str(tmp_path), 0) == []


@pytest.fixture(name='postfix')
def fixture_postfix(monkeypatch, tmp_path):
    """A Postfix with one session of before, which ends after so many looks; C(now) goes on while somebody sleeps."""
    (tmp_path / 'pid').mkdir()
    (tmp_path / 'pid' / 'master.pid').write_text(f'{MASTER}\n', encoding='ascii')

    class Played:
        queue_directory, looks, now = str(tmp_path), 0, 0.0

        def sleep(self, seconds):
            self.now += seconds

        def processes(self, parent):
            assert parent == MASTER
            self.looks -= 1
            return family(100, *[('smtpd', 90)] * (self.looks >= 0))

    played = Played()
    monkeypatch.setattr(sessions, 'processes', played.processes)
    return played


def test_a_session_is_waited_for(postfix):
    postfix.looks = 3
    assert sessions.wait_for_end(postfix.queue_directory, 95, 10, lambda: postfix.now, postfix.sleep) == []
    assert 0 < postfix.now < 10


def test_nobody_waits_for_ever(postfix):
    postfix.looks = 10**6
    assert sessions.wait_for_end(postfix.queue_directory, 95, 10, lambda: postfix.now, postfix.sleep) == [20]
    assert 10 <= postfix.now < 11


def test_the_new_queue_manager_is_waited_for(postfix, monkeypatch):
    later = [[], family(40), family(100, ('smtpd', 90)), family(100)]
    monkeypatch.setattr(sessions, 'processes', lambda parent: later.pop(0))
    assert sessions.wait_for_end(postfix.queue_directory, 95, 10, lambda: postfix.now, postfix.sleep) == []
    assert later == []
