# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What waits in a Postfix queue, and how to get it sent."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable, Container, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.process import spend
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import QueueLook
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.waiting import is_stuck

# A flush asks for one attempt; a next hop that was just down may need another.
FLUSH_EVERY = 10.0
POLL_EVERY = 0.5

QUEUES = ('maildrop', 'incoming', 'active', 'deferred', 'hold', 'corrupt')


class QueueError(HostError):
    """C(postqueue) failed; the text is its own."""


def parse(text: str) -> list[dict[str, Any]]:
    """Turn the lines of C(postqueue -j) into a list of messages.

    Returns:
        Dicts with C(queue_name), C(queue_id), C(sender), C(recipients) (each with C(address) and, once tried,
        C(delay_reason)).
    """
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def describe(message: Mapping[str, Any]) -> str:
    """Return one line for a person: which message, for whom, and why it is still there."""
    recipients = message.get('recipients', [])
    first = recipients[0] if recipients else {}
    reason = first.get('delay_reason') or {'hold': 'on hold'}.get(message['queue_name'], 'not tried yet')
    more = ' and %s more' % (len(recipients) - 1) if len(recipients) > 1 else ''
    return '{} from <{}> to <{}>{}: {}'.format(
        message['queue_id'], message.get('sender', ''), first.get('address', ''), more, reason
    )


def message_files(queue_directory: str) -> list[str]:
    """Return the paths of the messages in a queue that no Postfix is at work on; half received ones do not count."""
    found = []
    for name in QUEUES:
        for folder, dummy, files in os.walk(os.path.join(queue_directory, name)):
            paths = [os.path.join(folder, file) for file in files]
            # cleanup(8) and postdrop(1) make a file executable when the message is complete and theirs to deliver.
            found += [path for path in paths if name == 'corrupt' or os.stat(path).st_mode & stat.S_IXUSR]
    return sorted(found)


class Queue:
    """The queue of one Postfix instance.

    Args:
        run: takes an argument list; returns exit status, stdout and stderr.
        postqueue: path of postqueue(1).
        config_dir: configuration directory of the instance.
    """

    def __init__(self, run: Callable[[list[str]], tuple[int, str, str]], postqueue: str, config_dir: str) -> None:
        self._run = run
        self._command = [postqueue, '-c', config_dir]
        self._postconf = [
            os.path.join(os.path.dirname(postqueue), 'postconf'),
            '-c',
            config_dir,
            '-h',
            'queue_directory',
        ]

    def _postqueue(self, flag: str) -> str:
        status, out, err = self._run(self._command + [flag])
        if status != 0:
            raise QueueError('{} {}: {}'.format(' '.join(self._command), flag, err.strip() or f'exit status {status}'))
        return out

    def messages(self) -> list[dict[str, Any]]:
        """Return all messages of the queue, as parse() does."""
        try:
            return parse(self._postqueue('-j'))
        except QueueError:
            if self._has_queues():
                raise
            # A run that was killed before the first start of an instance leaves nothing that postqueue could read.
            return []

    def _has_queues(self) -> bool:
        status, out, dummy = self._run(self._postconf)
        return status != 0 or any(os.path.isdir(os.path.join(out.strip(), name)) for name in QUEUES)

    def deferred(self) -> set[str]:
        """Return the identifiers of the messages that have been put off."""
        return {message['queue_id'] for message in self.messages() if message['queue_name'] == 'deferred'}

    def since(self, before: Container[str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return all messages, and those of them that have been put off since deferred() was called."""
        messages = self.messages()
        return messages, [
            message for message in messages if message['queue_name'] == 'deferred' and message['queue_id'] not in before
        ]

    def watch(
        self,
        seconds: float,
        work: Callable[[], Any],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Any] = time.sleep,
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]], Any]:
        """PostfixQueueLook at the queue twice.

        Args:
            seconds: time between the looks.
            work: what to do in it.

        Returns:
            The messages of the second look, those of them that have been put off in between, and what C(work)
            returned.
        """
        before = self.deferred()
        done = spend(seconds, work, clock, sleep)
        return (*self.since(before), done)

    def drain(
        self, timeout: float, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], Any] = time.sleep
    ) -> list[dict[str, Any]]:
        """Have the queue sent and wait until it is empty.

        Args:
            timeout: seconds to wait at most.

        Returns:
            The messages that are still there, empty when all went out.
        """
        end = clock() + timeout
        flushed = None
        while True:
            waiting = self.messages()
            now = clock()
            if not waiting or now >= end:
                return waiting
            if flushed is None or now - flushed >= FLUSH_EVERY:
                self._postqueue('-f')
                flushed = now
            sleep(POLL_EVERY)


class PostfixQueueLook(QueueLook):
    """Two looks at a queue.

    Args:
        to: the next hop of what leaves, as it stands in Postfix's words.
        last: whether it is the last queue before the gateway, with which TLS is spoken, and in which nobody holds
            messages back.
        elsewhere: takes messages; returns the identifiers of those that are not on their way to this next hop. Their
            troubles with TLS are another host's.
    """

    def __init__(
        self,
        queue: Queue,
        to: str = '',
        last: bool = False,
        elsewhere: Callable[[list[dict[str, Any]]], set[str]] = lambda messages: set(),
    ) -> None:
        self._queue, self._to, self._last, self._elsewhere = queue, to, last, elsewhere
        self._before: set[str] = set()
        self._messages: list[dict[str, Any]] = []

    def begin(self) -> None:
        self._before = self._queue.deferred()

    def end(self) -> tuple[list[str], list[str]]:
        self._messages, put_off = self._queue.since(self._before)
        return [describe(message) for message in self._messages], [describe(message) for message in put_off]

    def stuck(self) -> list[str]:
        found = [message for message in self._messages if self._is_stuck(message, self._last)]
        # With whom TLS failed, Postfix does not always say.
        unsure = [message for message in found if not self._is_stuck(message, False)]
        others = self._elsewhere(unsure) if unsure else set()
        return [describe(message) for message in found if message['queue_id'] not in others]

    def _is_stuck(self, message: Mapping[str, Any], tls: bool) -> bool:
        if message['queue_name'] == 'hold' and not self._last:
            return False
        age = time.time() - message.get('arrival_time', time.time())
        reasons = [recipient.get('delay_reason', '') for recipient in message.get('recipients', [])]
        return any(is_stuck(reason, age, self._to, tls) for reason in reasons)


def still_there(messages: list[dict[str, Any]], waited: int, config_dir: str, timeout: float) -> str:
    """Return what is said when a queue could not be emptied in time.

    Args:
        messages: those that are left.
        waited: how many there were.
        config_dir: configuration directory of the instance.
        timeout: seconds that were waited.
    """
    return '{} of {} messages are still in the queue of {} after {} s, nothing of them was removed: {}'.format(
        len(messages), waited, config_dir, timeout, '; '.join(map(describe, messages[:20]))
    )


def drained(queue: Queue, config_dir: str, timeout: float, check_mode: bool) -> int:
    """Have the queue of an instance that is to go be sent.

    Args:
        config_dir: configuration directory of the instance, for the message.
        timeout: seconds to wait at most.
        check_mode: nothing is sent.

    Returns:
        How many messages waited.

    Raises:
        QueueError: some are still there.
    """
    messages = queue.messages()
    waited = len(messages)
    if messages and not check_mode:
        messages = queue.drain(timeout)
        if messages:
            raise QueueError(still_there(messages, waited, config_dir, timeout))
    return waited
