# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What waits in Exim's queue."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import EximError, Program
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import QueueLook
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.waiting import is_stuck

UNITS = {'m': 60, 'h': 3600, 'd': 86400, 'w': 604800}
_HEAD = re.compile(r'^\s*(\d+)([mhdw])\s+\S+\s+(\S+)\s+<([^>]*)>(.*)$')
# A line of a message's log that says why a recipient waits. Behind the number there may be a host.
_DEFER = re.compile(r'^\S+ \S+ (?P<text>.*\bdefer \([-\d]+\).*)$', re.MULTILINE)
# The next try has not come yet.
_NOT_TRIED = 'retry time not reached'
NO_LOG = 'Exim keeps no log of it (message_logs)'
_HOST = re.compile(r'([\w.-]) \[([\da-fA-F.:]+)\]')
# What the other server said, and to what, in the words in which other mail servers have it.
_SAID = re.compile(r'SMTP error from remote mail server after (?:pipelined )?(.*?): ([45]\d\d[ -].*)$')


class Waiting(NamedTuple):
    """A message that waits: how long, how often it was tried, why it waits, and the line that a person reads."""

    age: float
    tries: int
    reason: str
    text: str


def named(spool: str) -> list[str]:
    """Return the names of queues beside the usual one, into which access lists of the site may put messages: Exim
    lists one queue at a time."""
    try:
        return sorted(name for name in os.listdir(spool) if os.path.isdir(os.path.join(spool, name, 'input')))
    except FileNotFoundError:
        return []


def messages(program: Program, spool: str, logs: bool = True) -> dict[str, Waiting]:
    """Return the messages in all queues, by their id.

    Args:
        spool: the spool directory.
        logs: whether Exim keeps logs of messages there.

    Raises:
        EximError: Exim does not say what is in one.
    """
    found = _listed(program, ['-bp'], spool if logs else '')
    for name in named(spool):
        found.update(_listed(program, [f'-qG{name}', '-bp'], os.path.join(spool, name) if logs else ''))
    return found


def _listed(program: Program, question: Sequence[str], spool: str) -> dict[str, Waiting]:
    status, out, err = program.run(*question)
    if status:
        raise EximError('exim4 {}: {}'.format(' '.join(question), err or out))
    found: dict[str, Waiting] = {}
    heads: list[tuple[str, str, str, list[str]]] = []
    ages: dict[str, float] = {}
    for line in out.split('\n'):
        head = _HEAD.match(line)
        if head:
            count, unit, name, sender, rest = head.groups()
            ages[name] = float(count) * UNITS[unit]
            heads.append((name, sender, rest, []))
        elif line.strip() and heads and not line.strip().startswith('D '):
            heads[-1][3].append(f'<{line.strip()}>')
    for name, sender, rest, recipients in heads:
        reasons = _reasons(spool, name) if spool else [NO_LOG]
        # A frozen one is tried no more.
        reason = ', '.join(['frozen'] * ('frozen' in rest) + reasons[-1:])
        text = '{} from <{}> to {}: {}'.format(name, sender, ', '.join(recipients), reason or 'not tried yet')
        found[name] = Waiting(ages[name], len(reasons), reason, printable(text))
    return found


def _reasons(spool: str, name: str) -> list[str]:
    """Return why a message was put off, each time that somebody tried it."""
    # With split_spool_directory, each is in a directory that has the sixth character of its name.
    for path in (os.path.join(spool, 'msglog', name), os.path.join(spool, 'msglog', name[5:6], name)):
        data = read_file(path).data
        if data is not None:
            return [
                _SAID.sub(r'it said: \2 (in reply to \1)', _HOST.sub(r'\1[\2]', found['text']))
                for found in _DEFER.finditer(decode(data))
                if _NOT_TRIED not in found['text']
            ]
    return []


class Look(QueueLook):
    """Two looks at the queue.

    Args:
        to: what stands in Exim's words of mail to the gateway.
        logs: whether Exim keeps logs of messages in the spool directory.
    """

    def __init__(self, program: Program, spool: str, to: str, logs: bool = True) -> None:
        self._program, self._spool, self._to, self._logs = program, spool, to, logs
        self._before: dict[str, Waiting] = {}
        self._after: dict[str, Waiting] = {}

    def begin(self) -> None:
        self._before = messages(self._program, self._spool, self._logs)

    def end(self) -> tuple[list[str], list[str]]:
        self._after = messages(self._program, self._spool, self._logs)
        put_off = [
            one.text
            for name, one in sorted(self._after.items())
            if one.tries > (self._before[name].tries if name in self._before else 0)
        ]
        return [one.text for one in self._after.values()], put_off

    def stuck(self) -> list[str]:
        return [one.text for one in self._after.values() if is_stuck(one.reason, one.age, self._to)]
