# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server that has nothing but a smart host, and the smart host: two hosts of the lab as one site."""

from __future__ import annotations

import json
import time

from tests.flow import remote
from tests.flow.adapters import postfix
from tests.flow.site import Site

SERVER, RELAY = 'lanserver', 'smarthost'
SENDER = 'f1@external.test'
MESSAGE = b'From: alice@example.com\r\nSubject: %s\r\nX-Conbool-Released: yes\r\n\r\nhello\r\n'
FORGED = 'what a user forged only the server knows that he has logged in to'
# Debian's Postfix as it is, but for these lines.
POINTED = """set -e
postconf -e 'relayhost = [{address}]:25' 'smtp_tls_security_level = encrypt'
postfix reload
"""


class Adapter(postfix.Adapter):
    """The mail server. All that it cannot do is a plain Postfix's lack, which the hop cannot make up for."""

    expected_failures = {
        **postfix.Adapter.expected_failures,
        **dict.fromkeys(('O11', 'O11.all', 'O11.line', 'O11.calendar', 'O11.submissions', 'O11.local'), FORGED),
    }


class Relayed(Site):
    """Messages are handed in at the mail server; what waits, waits there or at the smart host.

    Args:
        front: whether the smart host takes what comes from outside.
    """

    # Of the smart host.
    queues = [postfix.HOP]

    def __init__(self, lab, server, relay, adapter, front=False):
        super().__init__(lab, server, adapter)
        self.relay, self.front = relay, front

    def entrance(self, via):
        return self.relay if self.front and via != 'lan' else self.host

    def _at_relay(self, request):
        own = {'mailboxes': {}, 'kerio_queues': [], 'postfix_queues': self.queues}
        return remote.ask(self.lab, self.relay, {**request, **own})

    def ask(self, request):
        if request['do'] == 'inject':
            return super().ask(request)
        # Mail goes both ways, and what changes places between two questions must be seen.
        before, answer = self._at_relay(request), super().ask(request)
        if request['do'] == 'waiting':
            return before + answer
        if request['do'] == 'look':
            queues = [*before['queues'], *answer['queues'], *self._at_relay(request)['queues']]
            answer['queues'] = list({entry['key']: entry for entry in queues}.values())
        return answer

    def _log(self):
        return super()._log() + self.lab.log(self.relay, since=self._since)


def point(lab, server, relay):
    """Has a mail server send through a smart host, as its administrator would."""
    lab.run(server, ['sh', '-c', POINTED.format(address=lab.addresses[relay][0])])


def variables(lab, server, relay, configuration):
    """What the inventory says of the smart host.

    Args:
        configuration: of a mail server on the same host.
    """
    return {
        **configuration,
        'conbool_preflight': 'skip',
        'conbool_inbound': False,
        'outbound_hop_listen': lab.addresses[relay],
        'outbound_hop_clients': lab.addresses[server],
        'outbound_hop_return_address': f'[{lab.addresses[server][0]}]:25',
        'outbound_hop_tls_cert': '/etc/ssl/lab/server.pem',
        'outbound_hop_tls_key': '/etc/ssl/lab/server.key',
    }


def front(lab, server):
    """What it says beside that where the gateway's mail comes to the smart host, too."""
    return {
        'conbool_inbound': True,
        'outbound_hop_return_address': '',
        'remote_smarthost_mail_server': lab.addresses[server][0],
    }


ASK = """
import smtplib, ssl, sys
host, tls, sender, recipient = sys.argv[1:]
server = smtplib.SMTP(host, 25)
if tls == 'tls':
    server.starttls(context=ssl._create_unverified_context())
answer = server.mail(sender)
print(*(server.rcpt(recipient) if answer[0] < 300 else answer))
"""


def say(hosts, sender, recipient, tls=False):
    """What the smart host says to its client; no message is sent."""
    words = [hosts.addresses[RELAY][0], 'tls' if tls else 'clear', sender, recipient]
    return hosts.run(SERVER, ['python3', '-c', ASK, *words]).stdout


def bring(hosts, recipient, subject, source='gateway', **options):
    """What becomes of a message that comes to the smart host from outside."""
    return getattr(hosts, source).send(RELAY, SENDER, [recipient], MESSAGE % subject.encode(), **options)


def waits(hosts):
    """How many messages that came by bring() wait at the smart host. One that changes queues may be listed twice, and
    there are questions whether a recipient exists."""
    listed = hosts.run(RELAY, ['postqueue', '-c', '/etc/conbool-hop', '-j']).stdout.splitlines()
    return len({entry['queue_id'] for entry in map(json.loads, listed) if entry['sender'] == SENDER})


def delivered(hosts):
    """Returns once none of them waits any more."""
    end = time.monotonic() + 60
    while waits(hosts):
        assert time.monotonic() < end, 'mail waits at the smart host'
        hosts.run(RELAY, ['postqueue', '-c', '/etc/conbool-hop', '-f'])
        time.sleep(1)


def copies(hosts, subject):
    """How many messages alice has that came with this subject."""
    # Dovecot's own files there have headers, too.
    found = hosts.run(
        SERVER, ['grep', '-rl', '--include=*.lanserver.*', f'Subject: {subject}', '/home/alice/Maildir'], check=False
    )
    return found.stdout.count('\n')
