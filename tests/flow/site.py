# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab as the engine sees it: hands in messages, tells where they are. Joins the lab, one host and its adapter."""

from __future__ import annotations

import base64
import re
import time
from contextlib import contextmanager
from datetime import datetime

from tests.flow import playbook, remote
from tests.flow.model import QUEUE, Reply, Sighting

TOKEN_LENGTH = 4  # hexadecimal digits after the run's prefix
SPAM_FOLDERS = ('spam', 'junk')
SEVERAL_DOMAINS = 'several.test', '* MX 10 mx.external.test.\n'  # any number of outside domains
PLACE_OF_LISTENER = {'internet': 'direct'}
# A report may name the message that it is about in its own headers.
_REFERENCES = re.compile(r'^(References|In-Reply-To):.*(\r?\n[ \t].*)*', re.MULTILINE | re.IGNORECASE)
OUTSIDE = {'gateway': 'gateway', 'internet': 'internet', 'lan': 'internet'}  # via -> which container sends


class Site:
    # Hosts that it has beside the mail server, as a lab takes them: NAME=KIND.
    beside = ()

    def __init__(self, lab, host, adapter):
        self.lab = lab
        self.host = host
        self.adapter = adapter
        self.run = None

    def apply(self, configuration, more):
        """Runs the playbook over all hosts of it.

        Args:
            configuration: what the inventory says, beside what the adapter has to say.
            more: variables of the run.
        """
        return playbook.run(self.lab, self.host, 'site.yml', {**configuration, **self.adapter.variables, **more})

    # ---- one run

    def begin(self, run):
        self.run = run
        self._token = re.compile(re.escape(run) + f'[0-9a-f]{{{TOKEN_LENGTH}}}')
        self._queued = {}
        self._since = int(time.time()) - 1
        self.lab.gateway.set()
        self.lab.internet.set()
        self.lab.add_zone(*SEVERAL_DOMAINS)
        self._attempts_before = len(self.lab.gateway.attempts())

    def size_limit(self):
        return int(self.lab.run(self.host, list(self.adapter.size_limit_command)).stdout)

    def inject(self, batch):
        inside = [item for item in batch if item.case.inject['via'] not in OUTSIDE]
        replies = {}
        if inside:
            answers = self.ask({'do': 'inject', 'messages': [self._request(item) for item in inside]})
            replies = {answer['token']: Reply(answer['accepted'], answer['text']) for answer in answers}
        for sender in sorted(set(OUTSIDE.values())):
            items = [item for item in batch if OUTSIDE.get(item.case.inject['via']) == sender]
            if items:
                replies.update(self._from_outside(sender, items))
        return replies

    def _request(self, item):
        inject = item.case.inject
        logs_in = inject['via'] in ('submission', 'submissions')
        return {
            'token': item.token,
            'via': inject['via'],
            'from': inject['from'],
            'to': inject['to'],
            'mail_options': inject.get('mail_options', []),
            'rcpt_options': inject.get('rcpt_options', []),
            'user': inject.get('user', inject['from'].split('@')[0]) if logs_in else None,
            'password': self.adapter.password,
            'content': base64.b64encode(item.content).decode(),
        }

    def _from_outside(self, sender, items):
        peer = getattr(self.lab, sender)
        answers = peer.send_all([self._order(peer, sender, item) for item in items])
        return {
            item.token: Reply(answer['accepted'], ('{} {}'.format(answer['code'] or '', answer['text'])).strip())
            for item, answer in zip(items, answers)
        }

    def entrance(self, via):
        """To which host of the lab who comes from there brings mail."""
        return self.host

    def _order(self, peer, sender, item):
        inject = item.case.inject
        options = {name: inject[name] for name in ('ipv6', 'mail_options', 'rcpt_options') if name in inject}
        if 'client_certificate' in inject:
            options['client_cert'] = inject['client_certificate']
        if 'hidden' in inject:
            options['wire'] = 'chunk' if inject.get('chunk') else 'raw'
        if inject['via'] != sender:
            options['source'] = inject['via']
        return peer.order(
            self.entrance(inject['via']),
            inject['from'] if inject['from'] != '<>' else '',
            inject['to'],
            item.content,
            tls=inject.get('tls', True),
            **options,
        )

    def flush(self):
        self.ask(self.adapter.flush_request())

    def gateway_mode(self, mode):
        self.lab.gateway.set(mode=mode)

    @contextmanager
    def gateway_is(self, mode):
        self.gateway_mode(mode)
        try:
            yield
        finally:
            self.gateway_mode('normal')

    # ---- where everything is

    def waiting(self):
        """How many messages are in the queues, whoever sent them."""
        return self.ask(self.adapter.waiting_request())

    def look(self):
        """Queues and mailboxes first, then the deliveries: what leaves a queue in between is seen twice rather than not
        at all."""
        answer = self.ask(dict(self.adapter.look_request(), run=self.run, known=list(self._queued)))
        found = []
        for entry in answer['queues']:
            found += self._in_queue(entry)
        for entry in answer['mailboxes']:
            found += self._in_mailbox(entry)
        for peer in (self.lab.gateway, self.lab.internet):
            for delivery in peer.deliveries():
                found += self._delivered(PLACE_OF_LISTENER.get(delivery['listener'], delivery['listener']), delivery)
        return found

    def _in_queue(self, entry):
        # A message that waits is read once; later looks only say that it is still there.
        content = self._queued.setdefault(entry['key'], base64.b64decode(entry['content']))
        token = self._own_token(content)[0]
        return [
            Sighting(
                token, QUEUE, recipient, entry['sender'], content, reason=reason if entry['queue'] == 'deferred' else ''
            )
            for recipient, reason in entry['recipients']
        ]

    def _in_mailbox(self, entry):
        content = base64.b64decode(entry['content'])
        token, is_report = self._own_token(content)
        spam = entry['folder'].lower() in SPAM_FOLDERS
        place = 'bounce' if is_report else 'spam' if spam else 'mailbox'
        return [Sighting(token, '{}:{}'.format(place, entry['user']), content=content, time=entry['time'])]

    def _delivered(self, where, delivery):
        content = delivery['content']
        token, is_report = self._own_token(content)
        if token is None:
            return []
        place = f'bounce:{where}' if is_report else where
        return [
            Sighting(
                token,
                place,
                recipient['address'],
                delivery['sender'],
                content,
                bool(delivery['tls']),
                delivery['tls'],
                delivery['client_certificate'],
                tuple(delivery['mail_options'] + recipient['options']),
                time=delivery['time'],
            )
            for recipient in delivery['recipients']
        ]

    def _own_token(self, content):
        """The token and whether the message is a report about the one that has it: then it is not in the report's own
        headers."""
        text = content.decode('utf-8', 'replace')
        headers = _REFERENCES.sub('', re.split(r'\r?\n\r?\n', text, maxsplit=1)[0])
        own = self._token.search(headers)
        found = own or self._token.search(text)
        return (found.group() if found else None), bool(found) and not own

    # ---- what the log says

    def verification(self, tokens):
        return self.adapter.verification(tokens, self._log().splitlines(), self.lab.addresses['gateway'])

    def explain(self, tokens):
        """Token -> the log lines about it."""
        lines = self._log().splitlines() if tokens else []
        return {token: self.adapter.lines_about(token, lines) for token in tokens}

    def reloads(self):
        """When, in seconds since 1970, a server of the host ended sessions to read its settings again."""
        lines = [line for line in self._log().splitlines() if self.adapter.reload_message in line]
        return [datetime.fromisoformat(line.split()[0]).timestamp() for line in lines]

    def _log(self):
        return self.lab.log(self.host, since=self._since)

    def in_clear(self):
        """What the gateway was told without TLS since the run began."""
        return [
            '{}: {}'.format(attempt['peer'], '; '.join(attempt['seen']))
            for attempt in self.lab.gateway.attempts()[self._attempts_before :]
        ]

    def ask(self, request):
        return remote.ask(self.lab, self.host, request)
