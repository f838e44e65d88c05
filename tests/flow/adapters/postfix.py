# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Postfix with the outbound hop: two instances of Postfix on one host."""

from __future__ import annotations

import os
import re
from collections import defaultdict

from tests.flow.adapters import DOVECOT_RELOADS
from tests.flow.playbook import WHOLE
from tests.flow.site import Site

MTA = '/etc/postfix'
# An inventory may put the hop elsewhere; who knows the inventory says so.
HOP = os.environ.get('CONBOOL_HOP', '/etc/conbool-hop')

NUL = 'for Postfix a header ends at a NUL; what is sent on is the value in front of it'
# There may be the same on two hosts.
_LINE = re.compile(r' (?P<instance>[\w.-]+ [\w.-]+)/(?:[\w.-]+/)*(?P<program>[\w-]+)\[(?P<pid>\d+)\]: (?P<text>.*)$')
_ENTRY = re.compile(r'(?P<queue>[0-9A-Za-z]{6,}): (?P<rest>.*)$')
_TOKEN = re.compile(r'flow-[0-9a-f]{10}')
_TLS = re.compile(r'(?P<level>\w+) TLS connection (?:established|reused) to ')
_TO = re.compile(r'to=<(?P<to>.*?)>,.* relay=[^,]*\[(?P<address>[0-9a-fA-F.:]+)\]:\d+,.* status=sent')
_REPORT = re.compile(r'sender (?:non-delivery|delay|delivery) notification: (?P<queue>\w+)')


class Adapter:
    default_host = 'postfix-debian12'
    # Whether it is for a full run only.
    full = False
    # The hosts that there are, and which of them mail comes to.
    site = Site
    # Whether it only plays the mail server after which it is called.
    is_double = False
    other_hosts = ('postfix-debian13',)
    service = 'postfix'
    # The service that talks to the gateway.
    sends = 'conbool-hop'
    # For how many seconds all messages of a configuration may be on their way.
    deadline = 60.0
    # What the inventory says besides the configuration.
    variables = {}
    # Case id -> why this mail server cannot meet it. Strict: a case that passes must leave this list.
    expected_failures = {
        **dict.fromkeys(
            ('N6.attached', 'N6.attached-nested'),
            'mime_header_checks see the MIME headers of attached messages too, and cannot tell them from those of the'
            ' message itself',
        ),
        'N6.second-type': 'Postfix looks at each header by itself, and knows nothing of those before it',
        'N8.nul-behind': NUL,
    }
    # Seconds from one message of a steady stream to the next, in each direction.
    pace = 0.15
    # The configuration that has everything that the role can do to such a host.
    whole = WHOLE
    # Configuration -> what the role says when it refuses that, because this mail server cannot do it.
    refused: dict = {}
    # Configuration -> those of them that it can meet there.
    met_in: dict = {}
    # The configurations that are sent through it without --full; None for all of them.
    by_default = None
    keeps_headers = ()
    mailboxes = {'alice': '/home/alice/Maildir', 'bob': '/home/bob/Maildir'}
    password = 'lab-password'

    # Files in which options of ours that changed stand behind the others, once they are back.
    reordered = ['/etc/postfix/master.cf']

    def look_request(self):
        return {'do': 'look', 'mailboxes': self.mailboxes, 'postfix_queues': [MTA, HOP]}

    def waiting_request(self):
        return {'do': 'waiting', 'postfix_queues': [MTA, HOP]}

    def kill_request(self):
        return {'do': 'postfix_kill', 'queue_directory': '/var/spool/postfix'}

    def flush_request(self):
        return {'do': 'postfix_flush', 'postfix_queues': [MTA, HOP]}

    size_limit_command = ('postconf', '-hx', 'message_size_limit')

    reload_message = DOVECOT_RELOADS
    # Has a host that is not configured yet take mail, and offer STARTTLS.
    ready_for_mail = 'true'
    # For how many seconds a run of the playbook may turn clients away.
    away_seconds = 0
    # Whether a message is judged when it comes in, by the rules of that moment.
    judges_on_arrival = False
    # Whether a client on this host is told at once that a recipient is not known, and no bounce is written.
    refuses_unknown = False

    @staticmethod
    def lines_about(token, lines):
        """The log lines of one message: of every queue file it was in, on both instances, and of the reports about
        it."""
        queues = set()
        for line in lines:
            if token in line and _entry(line):
                queues.add(_entry(line)['queue'])
        chosen = []
        for line in lines:
            entry = _entry(line)
            if entry and entry['queue'] in queues:
                report = _REPORT.search(entry['rest'])
                queues.update([report['queue']] if report else [])
                chosen.append(line)
            elif token in line:
                chosen.append(line)
        return chosen

    @staticmethod
    def verification(tokens, lines, gateway):
        """How the certificate of the gateway with these addresses was judged: token -> recipient -> Verified, Trusted,
        Untrusted, Anonymous or clear.

        A process of smtp(8) logs the TLS connection first, then the recipients that it served over it. Another copy of
        the message may have gone elsewhere: to the hop, or to the recipient's own server after an undo.
        """
        level_of = {}
        token_of = {}
        found = defaultdict(dict)
        wanted = set(tokens)
        for line in lines:
            parsed = _LINE.search(line)
            entry = _entry(line)
            if not parsed:
                continue
            process = parsed['instance'], parsed['pid']
            tls = _TLS.match(parsed['text'])
            if tls:
                level_of[process] = tls['level']
            elif parsed['program'] == 'cleanup' and entry:
                token_of.update(
                    {(parsed['instance'], entry['queue']): token for token in _TOKEN.findall(line) if token in wanted}
                )
            elif entry and (parsed['instance'], entry['queue']) in token_of:
                sent = _TO.search(line)
                if sent and sent['address'] in gateway:
                    found[token_of[parsed['instance'], entry['queue']]][sent['to'].lower()] = level_of.get(
                        process, 'clear'
                    )
        return {token: found[token] for token in tokens}


def _entry(line):
    parsed = _LINE.search(line)
    return _ENTRY.match(parsed['text']) if parsed else None
