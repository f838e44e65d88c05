# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A steady stream of messages, from inside to the outside and from the gateway to the mailboxes, while something else
happens."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.fire.account import Account, Attempt, Sent, Window, said_nothing, settle
from tests.fire.wire import Wire
from tests.flow import judge, message

SENDER = Path(__file__).with_name('sender.py').read_text(encoding='utf-8')
PLACEHOLDER = 'flow-placeholder'
PATIENCE = 90  # seconds that a sender goes on trying to hand in a message
END_SECONDS = PATIENCE + 60
QUEUE_SECONDS = 180  # until everything has left the queues, once all servers are well
QUIET_LOOKS = 2  # looks in a row at empty queues: between two queues a message is in none of them
FIRST_OF_GATEWAY = 0x8000
# After these Dovecot ends what its clients still hold open, in the middle of a delivery or of a login.
RELOAD_SECONDS = 7
SHOWN = 4  # messages whose log lines are shown when something is wrong

OUT = 'fire@external.test'
OUTWARD = ('gateway', 'direct')  # both ways are right while the way is being changed
DIRECT = ('direct',)
TO_OUT, BOBS_COPY = (OUTWARD, OUT), (OUTWARD, 'bob@external.test')
ALICE, BOB = (('mailbox:alice',), ''), (('mailbox:bob',), '')
BOUNCE = (('bounce:alice',), '')
RELEASED = ['X-Conbool-Released: yes']

TO_NOBODY = [({'via': 'sendmail', 'from': 'alice@example.com', 'to': ['nobody-here@example.com']}, [BOUNCE])]
# What is sent in turn, and where one copy of it must be in the end.
INSIDE = [
    ({'via': 'sendmail', 'from': 'alice@example.com', 'to': [OUT]}, [TO_OUT]),
    ({'via': 'smtp25', 'from': 'alice@example.com', 'to': [OUT, 'bob@example.com']}, [TO_OUT, BOB, BOBS_COPY]),
    ({'via': 'submission', 'from': 'bob@example.com', 'to': ['alice@example.com', OUT]}, [ALICE, TO_OUT]),
    ({'via': 'smtp25', 'from': 'alice@example.com', 'to': [OUT], 'headers': RELEASED}, [(DIRECT, OUT)]),
    ({'via': 'sendmail', 'from': 'alice@example.com', 'to': [OUT], 'type': 'text/calendar'}, [(DIRECT, OUT)]),
    *TO_NOBODY,
    ({'via': 'smtp25', 'from': 'alice@example.com', 'to': ['fire@bounce.test'], 'headers': RELEASED}, [BOUNCE]),
]
FROM_GATEWAY = [
    ({'via': 'gateway', 'from': OUT, 'to': ['alice@example.com']}, [ALICE]),
    ({'via': 'gateway', 'from': OUT, 'to': ['bob@example.com']}, [BOB, BOBS_COPY]),
    (
        {'via': 'gateway', 'from': OUT, 'to': ['fwd@example.com'], 'headers': ['X-Conbool-example-com: true']},
        [(DIRECT, 'fwd@external.test')],
    ),
    (
        {'via': 'gateway', 'from': OUT, 'to': ['alice@example.com', 'bob@example.com'], 'headers': RELEASED},
        [ALICE, BOB, (DIRECT, 'bob@external.test')],
    ),
    (
        {'via': 'gateway', 'from': OUT, 'to': ['alice@example.com'], 'headers': ['X-Conbool-Flag: YES']},
        [(('mailbox:alice', 'spam:alice'), '')],
    ),
]
PORTS = {'smtp25': 25, 'submission': 587, 'gateway': 25}


class Source:
    """One sender at work on one node, and what it has told."""

    def __init__(self, lab, node, first, templates, order, password, host):
        self.lab, self.node, self.first = lab, node, first
        self.templates = templates
        self.order = dict(order, messages=[_order(inject, password, host) for inject, dummy in templates])
        self.begun = {}  # number -> when its last attempt began, while that is not over
        self.attempts = {}  # number -> attempts that are over
        self.complaints = []

    def start(self):
        order = dict(self.order, first=max(self.attempts, default=self.first - 1) + 1, again=list(self.begun))
        order['first'] = max(order['again'] + [order['first'] - 1]) + 1
        # What a sender that was killed had begun: nobody knows how far it came.
        for number in list(self.begun):
            self._over(number, time.time(), 'unclear', 'the sender was killed')
        self.process = self.lab.start(self.node, ['python3', '-B', '-c', SENDER], stderr=subprocess.STDOUT)
        self.process.stdin.write(json.dumps(order) + '\n')
        self.process.stdin.flush()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            if not line.startswith('{'):
                self.complaints.append(line.rstrip())
                continue
            event = json.loads(line)
            if 'begun' in event:
                self.begun[event['number']] = event['begun']
            else:
                self._over(event['number'], event['ended'], event['outcome'], event['text'])

    def _over(self, number, ended, outcome, text):
        self.attempts.setdefault(number, []).append(Attempt(self.begun.pop(number), ended, outcome, text))

    def gone(self):
        """Waits until a sender whose node was killed is known to be gone."""
        self.process.wait(END_SECONDS)
        self._reader.join(END_SECONDS)
        self.complaints.clear()

    def end(self):
        self.process.stdin.close()
        status = self.process.wait(END_SECONDS)
        self._reader.join(END_SECONDS)
        assert not status, f'{self.node}: the sender ended with {status}: {self.complaints}'

    def stop(self):
        """Whatever happened: no sender is left to disturb the next test."""
        self.process.stdin.close()
        try:
            self.process.wait(END_SECONDS)
        finally:
            self.process.kill()

    def messages(self):
        return [
            Sent(message.token(self.order['run'], number), self.templates[number % len(self.templates)][1], attempts)
            for number, attempts in sorted(self.attempts.items())
        ]


def _either_way(templates):
    """The templates for a mail server that may have judged a message before it knew what marks are."""
    return [
        (inject, [(OUTWARD if places == DIRECT else places, recipient) for places, recipient in wanted])
        for inject, wanted in templates
    ]


def _order(inject, password, host):
    over_tls = inject['via'] in ('submission', 'gateway')
    return {
        'via': inject['via'],
        'from': inject['from'],
        'to': inject['to'],
        'host': host if inject['via'] == 'gateway' else '127.0.0.1',
        'port': PORTS.get(inject['via']),
        'tls': over_tls,
        'certificate': 'normal' if inject['via'] == 'gateway' else None,
        'user': inject['from'].partition('@')[0] if inject['via'] == 'submission' else None,
        'password': password,
        'content': base64.b64encode(message.render(inject, 'stream', PLACEHOLDER)).decode(),
    }


class Stream:
    """Both directions. `interval`: seconds from one message to the next, in each direction."""

    def __init__(self, site, interval=0.15):
        self.site = site
        self.interval = interval
        self.windows = []

    def __enter__(self):
        run = message.new_run()
        self.site.begin(run)
        lab, host = self.site.lab, self.site.host
        order = {'run': run, 'placeholder': PLACEHOLDER, 'interval': self.interval, 'patience': PATIENCE}
        adapter = self.site.adapter
        inside = [template for template in INSIDE if not (adapter.refuses_unknown and template in TO_NOBODY)]
        inside, from_gateway = (
            map(_either_way, (inside, FROM_GATEWAY)) if adapter.judges_on_arrival else (inside, FROM_GATEWAY)
        )
        self.inside = Source(lab, host, 0, inside, order, self.site.adapter.password, host)
        self.gateway = Source(lab, 'gateway', FIRST_OF_GATEWAY, from_gateway, order, None, lab.addresses[host][0])
        self.sources = [self.inside, self.gateway]
        self.wire = Wire(lab.interface, lab.addresses['gateway'])
        with ExitStack() as begun:
            begun.enter_context(self.wire)
            for source in self.sources:
                source.start()
                begun.callback(source.stop)
            self._begun = begun.pop_all()
        return self

    def __exit__(self, *dummy):
        self._begun.close()

    @property
    def sent(self):
        return sum(len(source.attempts) for source in self.sources)

    @contextmanager
    def window(self, what):
        """Around the killing of servers, until they are back: clients may be turned away, and messages be delivered
        twice."""
        begin = time.time()
        yield
        self.windows.append(Window(begin, time.time(), what))

    def account(self) -> Account:
        """Ends the senders, waits until nothing is in a queue, then counts."""
        for source in self.sources:
            source.end()
        end = time.monotonic() + QUEUE_SECONDS
        quiet = 0
        while quiet < QUIET_LOOKS and time.monotonic() < end:
            quiet = 0 if self.site.waiting() else quiet + 1
            if not quiet:
                self.site.flush()
            time.sleep(1)
        messages = [sent for source in self.sources for sent in source.messages()]
        sightings = self.site.look()
        reloads = [Window(at, at + RELOAD_SECONDS, 'Dovecot reloaded') for at in self.site.reloads()]
        account = settle(messages, sightings, self.windows + reloads)
        account.in_clear = self.site.in_clear() + [
            str(copy) for copy in sightings if copy.where == 'gateway' and not copy.encrypted
        ]
        account.in_clear += [f'on the wire: {said!r}' for said in self.wire.told]
        account.greetings, account.missed = self.wire.greetings, self.wire.missed()
        account.unverified = self._unverified(sightings)
        account.log = self.site.explain(account.problems()[:SHOWN])
        return account

    def _unverified(self, sightings):
        at_gateway = defaultdict(list)
        for sighting in sightings:
            if sighting.where == 'gateway':
                at_gateway[sighting.token].append(sighting)
        levels = self.site.verification(list(at_gateway))
        for token, copies in at_gateway.items():
            at_gateway[token] = [
                copy
                for copy in copies
                if copy.recipient.lower() in levels[token] or not said_nothing(copy, self.windows)
            ]
        found = {token: judge.unverified(copies, levels[token]) for token, copies in at_gateway.items()}
        return {token: problems for token, problems in found.items() if problems}
