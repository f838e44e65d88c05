# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends the messages of many cases at once and waits until each is where it must be.

The engine knows no MTA and no container: it asks a site (site.py) to hand in messages and to tell where they are.
"""

from __future__ import annotations

import re
import time
from collections import defaultdict
from dataclasses import dataclass, replace

from tests.flow import judge, message
from tests.flow.model import QUEUE, Outgoing, Place, Result

# Seconds after which somebody who waits hears of it.
WORD_EVERY = 15
FLUSH_EVERY = 2.0  # seconds; a message that was deferred again must not wait for the server's own timer
# Looks in a row with nothing on its way, after which nothing can arrive any more: a message may change queues between
# the parts of one look. More of them when something is missing, before it is called lost.
QUIET_LOOKS = {'all right': 2, 'something wrong': 4}


@dataclass
class Report:
    results: list[Result]
    in_clear: list[str]  # what the gateway was told without TLS

    @property
    def ok(self):
        return not self.in_clear and all(result.ok for result in self.results)


class Engine:
    """`run` does it all; tests of what happens in between use `batch`."""

    def __init__(self, site, deadline=60.0, pause=0.4, clock=time.monotonic, sleep=time.sleep, say=lambda text: None):
        self.site = site
        self.deadline = deadline
        self.pause = pause
        self.clock = clock
        self.sleep = sleep
        self.say = say
        self.name = message.new_run()
        self.sent = 0
        site.begin(self.name)

    def run(self, cases):
        """All cases in as few rounds as possible: one for all that need the gateway well, then one per way of
        misbehaving."""
        rounds = defaultdict(list)
        for case in cases:
            rounds[case.gateway].append(case)
        batches = [self._round(mode, rounds[mode]) for mode in sorted(rounds, key=lambda mode: mode or '')]
        results = {result.token: result for batch in batches for result in batch.results.values()}
        self._read_log(results)
        by_case = {id(result.case): result for result in results.values()}
        return Report([by_case[id(case)] for case in cases], self.site.in_clear())

    def _read_log(self, results):
        """Every copy at the gateway must have gone there over a connection whose certificate the sending side has
        verified."""
        for token, verification in self.site.verification(list(results)).items():
            results[token].verification = verification
            results[token].unverified = judge.unverified(results[token].seen, verification)
        for token, lines in self.site.explain([token for token, result in results.items() if not result.ok]).items():
            results[token].log = lines

    def batch(self, cases):
        """Messages that are sent together."""
        items = []
        for case in cases:
            token = message.token(self.name, self.sent)
            self.sent += 1
            size = (
                self.site.size_limit() - case.inject['below_size_limit'] if 'below_size_limit' in case.inject else None
            )
            items.append(Outgoing(token, case, message.render(case.inject, case.title, token, size)))
        return Batch(self, items)

    def _round(self, mode, cases):
        batch = self.batch(cases)
        if mode is None:
            batch.send()
        else:
            self.site.gateway_mode(mode)
            try:
                batch.send(f' while the gateway is {mode}')
                batch.must_be(lambda case: case.meanwhile, flush=False, prefix=f'while the gateway is {mode}: ')
            finally:
                self.site.gateway_mode('normal')
        batch.must_be(lambda case: case.expect)
        return batch


class Batch:
    def __init__(self, engine, items):
        self.engine = engine
        self.site = engine.site
        self.items = items
        self.results = {item.token: Result(item.case, item.token) for item in items}

    @property
    def problems(self):
        return {result.case.id: result.problems for result in self.results.values() if result.problems}

    def send(self, when=''):
        """Hands them in; `when` is what somebody who waits should know of the moment."""
        self.engine.say(_count(len(self.items), 'message') + ': sending' + when)
        replies = self.site.inject(self.items)
        for item in self.items:
            self.results[item.token].problems += _about_reply(item.case, replies[item.token])
        self.items = [_as_answered(item, replies[item.token]) for item in self.items]

    def must_be(self, places, flush=True, prefix=''):
        """Waits until each message is where `places` of its case says, or nothing can change any more; notes what is
        wrong."""
        seen = self._wait(places, flush)
        for item in self.items:
            result = self.results[item.token]
            result.earlier, result.seen = result.seen, seen[item.token]
            result.problems += [prefix + text for text in judge.problems(places(item.case), result.seen)]

    def _wait(self, places, flush):
        engine = self.engine
        end = engine.clock() + engine.deadline
        next_flush = engine.clock() + FLUSH_EVERY if flush else end
        quiet, silent = 0, 0.0
        if flush and any(sighting.where == QUEUE for result in self.results.values() for sighting in result.seen):
            self.site.flush()
        while True:
            seen = defaultdict(list)
            for sighting in self.site.look():
                seen[sighting.token].append(sighting)
            wrong = [item for item in self.items if judge.problems(places(item.case), seen[item.token])]
            moving = [item for item in self.items if _is_moving(places(item.case), seen[item.token])]
            quiet = 0 if moving else quiet + 1
            if quiet >= QUIET_LOOKS['something wrong' if wrong else 'all right'] or engine.clock() >= end:
                if flush:
                    engine.say(_count(len(self.items), 'message') + ': ' + _where(wrong))
                return seen
            if moving and engine.clock() >= next_flush:
                self.site.flush()
                next_flush = engine.clock() + FLUSH_EVERY
            silent += engine.pause
            if silent >= WORD_EVERY:
                engine.say(_count(len(self.items), 'message') + f': waiting for {len(wrong)} of them')
                silent = 0.0
            engine.sleep(engine.pause)


def _count(number, name):
    return f'{number} {name}' if number == 1 else f'{number} {name}s'


def _where(wrong):
    return f'{len(wrong)} not where expected' if wrong else 'each is where it belongs'


def _is_moving(places, sightings):
    """Something of it is in a queue, other than a deferred message that is meant to wait there."""
    waits = any(place.where == QUEUE for place in places)
    return any(sighting.where == QUEUE and not (waits and sighting.reason) for sighting in sightings)


def _as_answered(item, reply):
    """A message that may be refused, and was, has to be nowhere."""
    if reply.accepted or not item.case.or_refused:
        return item
    return replace(item, case=replace(item.case, expect=(Place('nowhere'),)))


def _about_reply(case, reply):
    if case.refused is None:
        return [] if reply.accepted or case.or_refused else [f'the server did not accept it: {reply.text}']
    if reply.accepted:
        return [f'the server accepted it ({reply.text}) instead of refusing it']
    if not re.search(case.refused, reply.text):
        return [f'the server refused it with {reply.text!r}, which does not match {case.refused!r}']
    return []
