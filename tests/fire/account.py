# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of every message: delivered once, or bounced to its sender; lost; doubled, and whether that is
allowed."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field

# Seconds before and after servers are killed: one that is killed has delivered a message a moment ago, or delivers it
# as soon as it is back; clients are turned away only while it is down.
DELIVERED, TURNED_AWAY = 5.0, 1.0
SHOWN = 10  # messages of each kind, when something is wrong


@dataclass
class Attempt:
    """One try of a sender to hand in a message; see sender.py for the outcomes."""

    begun: float
    ended: float
    outcome: str
    text: str


@dataclass
class Sent:
    token: str
    wanted: list  # pairs: places of which one has to have it, recipient (empty for a mailbox)
    attempts: list[Attempt] = field(default_factory=list)

    def count(self, outcome):
        return sum(attempt.outcome == outcome for attempt in self.attempts)


@dataclass(frozen=True)
class Window:
    """Servers were being killed or restarted, on purpose, from begin to end."""

    begin: float
    end: float
    what: str

    def covers(self, begin, end, slack):
        return begin <= self.end + slack and end >= self.begin - slack


@dataclass
class Account:
    """Token -> what about it, where nothing else is said."""

    sent: int = 0
    attempts: int = 0
    lost: dict = field(default_factory=dict)
    misplaced: dict = field(default_factory=dict)  # a copy where none has to be
    given_up: dict = field(default_factory=dict)  # no attempt of the sender was accepted
    doubled: dict = field(
        default_factory=dict
    )  # more than one copy, each further one explained by a kill on its way or an answer that was cut off
    unexplained: dict = field(default_factory=dict)  # more than one copy, without such an explanation
    disturbed: dict = field(default_factory=dict)  # a sender was turned away although no server was being killed
    interrupted: int = 0  # attempts that failed because one was
    bounced: int = 0
    unverified: dict = field(
        default_factory=dict
    )  # went to the gateway over a connection whose certificate was not verified
    in_clear: list = field(
        default_factory=list
    )  # what the gateway was told without TLS, by its own records and by what was heard on the wire
    greetings: int = 0  # to the gateway, heard on the wire
    missed: int = 0  # packets that were not looked at
    log: dict = field(
        default_factory=dict
    )  # what the mail server's log says of some of the messages with which something is wrong

    def problems(self):
        """Tokens with which something is wrong."""
        return [
            token
            for name in ('lost', 'misplaced', 'given_up', 'unexplained', 'disturbed', 'unverified')
            for token in getattr(self, name)
        ]

    def in_full(self):
        lines = [str(self), *self.in_clear[:SHOWN]]
        for name in ('lost', 'misplaced', 'given_up', 'unexplained', 'disturbed', 'unverified', 'doubled'):
            lines += [f'{name}: {token}: {said}' for token, said in list(getattr(self, name).items())[:SHOWN]]
        return '\n'.join(lines + [line for found in self.log.values() for line in found])

    def __str__(self):
        counts = [
            f'{self.sent} messages',
            f'{self.attempts} attempts',
            f'{self.interrupted} interrupted',
            f'{self.bounced} bounced',
        ]
        counts += [
            '{} {}'.format(len(getattr(self, name)), name.replace('_', ' '))
            for name in (
                'lost',
                'doubled',
                'unexplained',
                'misplaced',
                'given_up',
                'disturbed',
                'unverified',
                'in_clear',
            )
        ]
        return ', '.join(counts)


def settle(messages, sightings, windows):
    """The account of all messages (Sent), from where they were seen in the end and when servers were killed."""
    seen = defaultdict(list)
    for sighting in sightings:
        seen[sighting.token].append(sighting)
    account = Account(sent=len(messages), attempts=sum(len(sent.attempts) for sent in messages))
    for sent in messages:
        _judge_attempts(account, sent, windows)
        _judge_copies(account, sent, seen[sent.token], windows)
    return account


def said_nothing(copy, windows):
    """Whether who handed on a copy may have been killed before the line about it was written."""
    return any(window.covers(copy.time, copy.time, DELIVERED) for window in windows)


def _judge_attempts(account, sent, windows):
    if not sent.count('accepted'):
        account.given_up[sent.token] = [attempt.text for attempt in sent.attempts]
    for attempt in sent.attempts:
        if attempt.outcome == 'accepted':
            continue
        if any(window.covers(attempt.begun, attempt.ended, TURNED_AWAY) for window in windows):
            account.interrupted += 1
        else:
            account.disturbed.setdefault(sent.token, []).append(attempt.text)


def _judge_copies(account, sent, sightings, windows):
    left = list(sightings)
    for places, recipient in sent.wanted:
        copies = sorted(
            (sighting for sighting in left if sighting.where in places and sighting.recipient.lower() == recipient),
            key=lambda sighting: sighting.time,
        )
        left = [sighting for sighting in left if sighting not in copies]
        account.bounced += any(copy.where.startswith('bounce:') for copy in copies)
        what = '{} {}'.format('/'.join(places), recipient)
        if not copies and sent.count('accepted'):
            account.lost.setdefault(sent.token, []).append(what)
        if len(copies) > 1:
            # Whoever handed it on was killed, and could not learn, or not remember, that it had arrived; or the sender
            # could not.
            killed = sum(window.covers(sent.attempts[0].begun, copies[0].time, DELIVERED) for window in windows)
            explained = len(copies) - 1 <= killed + sent.count('unclear')
            times = ', '.join(
                time.strftime('%H:%M:%S', time.localtime(at))
                for at in [sent.attempts[-1].ended] + [copy.time for copy in copies]
            )
            (account.doubled if explained else account.unexplained).setdefault(sent.token, []).append(
                f'{what}: handed in and arrived at {times}'
            )
    if left:
        account.misplaced[sent.token] = [str(sighting) for sighting in left]
