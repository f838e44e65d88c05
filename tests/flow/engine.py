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
from dataclasses import dataclass, field

from tests.flow import judge, message
from tests.flow.model import QUEUE, Outgoing, Result

FLUSH_EVERY = 2.0    # seconds; a message that was deferred again must not wait for the server's own timer
# Looks in a row with nothing on its way, after which nothing can arrive any more: a message may change queues between the
# parts of one look. More of them when something is missing, before it is called lost.
QUIET_LOOKS = {'all right': 2, 'something wrong': 4}


@dataclass
class Report:
    results: list[Result] = field(default_factory=list)
    in_clear: list[str] = field(default_factory=list)  # what the gateway was told without TLS

    @property
    def ok(self):
        return not self.in_clear and all(result.ok for result in self.results)


class Engine:
    def __init__(self, site, deadline=60.0, pause=0.4, clock=time.monotonic, sleep=time.sleep, say=lambda text: None):
        self.site = site
        self.deadline = deadline
        self.pause = pause
        self.clock = clock
        self.sleep = sleep
        self.say = say

    def run(self, cases):
        """All cases in as few rounds as possible: one for all that need the gateway well, then one per way of misbehaving."""
        run = message.new_run()
        self.site.begin(run)
        outgoing = [Outgoing(message.token(run, number), case) for number, case in enumerate(cases)]
        results = {item.token: Result(item.case, item.token) for item in outgoing}
        rounds = defaultdict(list)
        for item in outgoing:
            rounds[item.case.gateway].append(item)
        for mode in sorted(rounds, key=lambda mode: mode or ''):
            self._round(mode, [self._rendered(item) for item in rounds[mode]], results)
        in_clear = self.site.in_clear()
        for result in results.values():
            if not result.ok:
                result.log = self.site.explain(result.token)
        return Report(list(results.values()), in_clear)

    def _rendered(self, item):
        inject = item.case.inject
        size = self.site.size_limit() - inject['below_size_limit'] if 'below_size_limit' in inject else None
        return Outgoing(item.token, item.case, message.render(inject, item.case.title, item.token, size))

    def _round(self, mode, batch, results):
        if mode is None:
            self._send(batch, results)
        else:
            self.say('%d messages while the gateway is %s' % (len(batch), mode))
            self.site.gateway_mode(mode)
            try:
                self._send(batch, results)
                seen = self._wait(batch, lambda case: case.meanwhile, flush=False)
                for item in batch:
                    found = judge.problems(item.case.meanwhile, seen[item.token])
                    results[item.token].problems += ['while the gateway is %s: %s' % (mode, text) for text in found]
            finally:
                self.site.gateway_mode('normal')
        seen = self._wait(batch, lambda case: case.expect, flush=True)
        verification = self.site.verification([item.token for item in batch])
        for item in batch:
            result = results[item.token]
            result.seen = seen[item.token]
            result.verification = verification[item.token]
            result.problems += judge.problems(item.case.expect, result.seen, result.verification)

    def _send(self, batch, results):
        self.say('sending %d messages' % len(batch))
        replies = self.site.inject(batch)
        for item in batch:
            results[item.token].problems += _about_reply(item.case, replies[item.token])

    def _wait(self, batch, places, flush):
        """Looks until every message is right and nothing is on its way any more, or the time is over."""
        end = self.clock() + self.deadline
        next_flush = self.clock() if flush else end
        quiet = 0
        while True:
            seen = defaultdict(list)
            for sighting in self.site.look():
                seen[sighting.token].append(sighting)
            wrong = [item for item in batch if judge.problems(places(item.case), seen[item.token])]
            moving = [item for item in batch if _is_moving(places(item.case), seen[item.token])]
            quiet = 0 if moving else quiet + 1
            if quiet >= QUIET_LOOKS['something wrong' if wrong else 'all right'] or self.clock() >= end:
                return seen
            if moving and self.clock() >= next_flush:
                self.site.flush()
                next_flush = self.clock() + FLUSH_EVERY
            self.say('%d of %d messages are where they must be' % (len(batch) - len(wrong), len(batch)))
            self.sleep(self.pause)


def _is_moving(places, sightings):
    """Something of it is in a queue, other than a deferred message that is meant to wait there."""
    waits = any(place.where == QUEUE for place in places)
    return any(sighting.where == QUEUE and not (waits and sighting.reason) for sighting in sightings)


def _about_reply(case, reply):
    if case.refused is None:
        return [] if reply.accepted else ['the server did not accept it: %s' % reply.text]
    if reply.accepted:
        return ['the server accepted it (%s) instead of refusing it' % reply.text]
    if not re.search(case.refused, reply.text):
        return ['the server refused it with %r, which does not match %r' % (reply.text, case.refused)]
    return []
