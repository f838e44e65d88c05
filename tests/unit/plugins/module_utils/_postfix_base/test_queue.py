# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draining a queue, against a postqueue that answers from a script."""

from __future__ import annotations

import json

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.queue import Queue, QueueError, describe

MESSAGE = {
    'queue_name': 'deferred',
    'queue_id': 'ABC',
    'sender': 'alice@example.com',
    'recipients': [
        {'address': 'x@external.test', 'delay_reason': 'Connection refused'},
        {'address': 'y@external.test'},
    ],
}
LINE = json.dumps(MESSAGE) + '\n'


class Postqueue:
    """Answers -j with the listings given, the last one again and again, and keeps the time."""

    def __init__(self, *listings):
        self.listings, self.flushes, self.now = list(listings), [], 0.0

    def run(self, argv):
        assert argv[:3] == ['/usr/sbin/postqueue', '-c', '/etc/hop']
        if argv[3] == '-f':
            self.flushes.append(self.now)
            return 0, '', ''
        return 0, self.listings.pop(0) if len(self.listings) > 1 else self.listings[0], ''

    def sleep(self, seconds):
        self.now += seconds

    def drain(self, timeout):
        return Queue(self.run, '/usr/sbin/postqueue', '/etc/hop').drain(
            timeout, clock=lambda: self.now, sleep=self.sleep
        )


def test_empty_queue_is_not_flushed():
    postqueue = Postqueue('')
    assert postqueue.drain(60) == [] and postqueue.flushes == []


def test_waits_until_the_last_message_has_left():
    postqueue = Postqueue(LINE, LINE, LINE, '')
    assert postqueue.drain(60) == [] and postqueue.flushes == [0.0] and postqueue.now == 1.5


def test_gives_up_in_time_and_returns_what_is_left():
    postqueue = Postqueue(LINE)
    assert postqueue.drain(25) == [MESSAGE]
    assert postqueue.flushes == [0.0, 10.0, 20.0] and postqueue.now == 25.0


def test_failure_is_postqueues_own():
    queue = Queue(lambda argv: (69, '', 'postqueue: fatal: no such directory\n'), '/usr/sbin/postqueue', '/etc/hop')
    with pytest.raises(QueueError, match='fatal: no such directory'):
        queue.messages()


def test_description_for_a_person():
    assert describe(MESSAGE) == 'ABC from <alice@example.com> to <x@external.test> and 1 more: Connection refused'
    assert describe({'queue_name': 'hold', 'queue_id': 'D', 'recipients': [{'address': 'x@y.z'}]}).endswith(
        '<x@y.z>: on hold'
    )


def test_watching_tells_what_was_put_off_meanwhile():
    fresh, active = dict(MESSAGE, queue_id='DEF'), dict(MESSAGE, queue_id='GHI', queue_name='active')
    postqueue = Postqueue(
        LINE + json.dumps(dict(fresh, queue_name='active')) + '\n',
        LINE + json.dumps(fresh) + '\n' + json.dumps(active) + '\n',
    )
    queue = Queue(postqueue.run, '/usr/sbin/postqueue', '/etc/hop')
    seen = queue.watch(3, lambda: postqueue.sleep(2) or 'done', clock=lambda: postqueue.now, sleep=postqueue.sleep)
    assert seen == ([MESSAGE, fresh, active], [fresh], 'done')
    # What is done meanwhile counts.
    assert postqueue.now == 3


def test_work_may_take_longer_than_the_watch():
    postqueue = Postqueue(LINE)
    queue = Queue(postqueue.run, '/usr/sbin/postqueue', '/etc/hop')
    assert queue.watch(1, lambda: postqueue.sleep(2), clock=lambda: postqueue.now, sleep=postqueue.sleep) == (
        [MESSAGE],
        [],
        None,
    )
    assert postqueue.now == 2


@pytest.mark.parametrize('queues, readable', [([], True), (['pid'], True), (['deferred'], False)])
def test_instance_that_never_ran_has_an_empty_queue(tmp_path, queues, readable):
    for name in queues:
        (tmp_path / name).mkdir()

    def run(argv):
        return (
            (0, f'{tmp_path}\n', '')
            if argv == ['/usr/sbin/postconf', '-c', '/etc/hop', '-h', 'queue_directory']
            else (69, '', 'malformed showq response')
        )

    queue = Queue(run, '/usr/sbin/postqueue', '/etc/hop')
    if readable:
        assert queue.messages() == []
    else:
        with pytest.raises(QueueError, match='malformed'):
            queue.messages()
