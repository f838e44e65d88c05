# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A steady stream of messages from the server itself while something else happens to it; afterwards each is accounted for."""
from __future__ import annotations

import base64
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field

from tests.flow import message

PLACEHOLDER = 'flow-placeholder'
UNTIL = '/run/flow-stream-ends'
PAUSE = 0.1       # seconds between two messages
AT_MOST = 20000
ANY_WAY = ('gateway', 'direct')  # both routes are right while the route is being changed

# What is sent in turn, and at which places exactly one copy of it must be.
TEMPLATES = [
    ({'via': 'sendmail', 'from': 'alice@example.com', 'to': ['c6@external.test']}, [ANY_WAY]),
    ({'via': 'smtp25', 'from': 'alice@example.com', 'to': ['c6@external.test', 'bob@example.com']}, [ANY_WAY, ANY_WAY, ('mailbox:bob',)]),
    ({'via': 'submission', 'from': 'bob@example.com', 'to': ['alice@example.com']}, [('mailbox:alice',)]),
    ({'via': 'smtp25', 'from': 'alice@example.com', 'to': ['c6@external.test'], 'headers': ['X-Conbool-Released: yes']}, [('direct',)]),
]


@dataclass
class Account:
    sent: int = 0
    refused: list = field(default_factory=list)
    wrong: dict = field(default_factory=dict)      # token -> what is wrong, and the log lines about it
    in_clear: list = field(default_factory=list)


class Stream:
    def __init__(self, site, seconds=600):
        self.site = site
        self.seconds = seconds
        self.answers = []
        self.marks = []

    def __enter__(self):
        self.run = message.new_run()
        self.site.begin(self.run)
        self.site.lab.run(self.site.host, ['rm', '-f', UNTIL])
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()
        return self

    def _send(self):
        templates = []
        for inject, dummy in TEMPLATES:
            content = message.render(inject, 'stream', PLACEHOLDER)
            logs_in = inject['via'] == 'submission'
            templates.append(dict(inject, mail_options=[], rcpt_options=[], content=base64.b64encode(content).decode(),
                                  user=inject['from'].partition('@')[0] if logs_in else None, password=self.site.adapter.password))
        self.answers = self.site.ask({
            'do': 'stream', 'run': self.run, 'messages': templates, 'placeholder': PLACEHOLDER, 'pause': PAUSE,
            'seconds': self.seconds, 'until': UNTIL, 'at_most': AT_MOST}, timeout=self.seconds + 60)

    def mark(self, text):
        """Tells what had happened when; shown with a failure."""
        self.marks.append('%s %s' % (time.strftime('%H:%M:%S'), text))

    def __exit__(self, *dummy):
        self.site.lab.run(self.site.host, ['touch', UNTIL])
        self._thread.join(60)
        self.site.lab.run(self.site.host, ['rm', '-f', UNTIL])

    def account(self, deadline=60):
        """Waits until nothing of the stream is in a queue, then counts."""
        accepted = [answer for answer in self.answers if answer['accepted']]
        end = time.monotonic() + deadline
        while True:
            seen = defaultdict(list)
            for sighting in self.site.look():
                seen[sighting.token].append(sighting)
            waiting = [token for token, sightings in seen.items() if any(sighting.where == 'queue' for sighting in sightings)]
            if not waiting or time.monotonic() > end:
                break
            self.site.flush()
            time.sleep(1)
        account = Account(sent=len(accepted), refused=[answer for answer in self.answers if not answer['accepted']], in_clear=self.site.in_clear())
        places = {answer['token']: [sighting.where for sighting in seen[answer['token']]] for answer in accepted}
        wrong = [answer['token'] for answer in accepted if not _fits(places[answer['token']], TEMPLATES[answer['template']][1])]
        account.wrong = {token: [str(places[token])] + self.marks + lines for token, lines in self.site.explain(wrong).items()}
        return account


def _fits(places, wanted):
    """Whether each wanted place has exactly one copy."""
    left = list(places)
    for choices in sorted(wanted, key=len):
        found = next((place for place in left if place in choices), None)
        if found is None:
            return False
        left.remove(found)
    return not left
