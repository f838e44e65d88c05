# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exim, which decides by itself where a message goes."""

from __future__ import annotations

import re
from collections import defaultdict

from tests.flow.adapters import DOVECOT_RELOADS
from tests.flow.playbook import WHOLE

EIGHT_BIT = 'Exim as a client never says BODY=8BITMIME, nor NOTIFY behind an alias; the text arrives as it is'
ALTERNATIVE = 'the name may be an alternative name of the certificate here, which Postfix does not see'
PURPOSE = 'Exim with GnuTLS does not ask what a certificate is for: a trusted one with the right name passes'
UNKNOWN = "Debian's access control list does not verify the recipients of users who log in: accepted, then returned"
SPOOL = '/var/spool/exim4'
_LINE = re.compile(r' exim\[\d+\]: (?P<text>.*)$')
_ENTRY = re.compile(r'(?:\[\d+/\d+\] )?(?P<queue>\w{6}-\w{6,11}-\w{2,4}) (?P<rest>.*)$')
_BOUNCE = re.compile(r'<= <> R=(?P<queue>\S+)')
_SENT = re.compile(r'^[=-]> (?P<to>[^<]+?) (?:<.*?> )*R=(?P<router>\S+) .*\bH=\S+ \[(?P<address>[^\]]+)\](?P<more>.*)$')


class Adapter:
    default_host = 'exim-debian12'
    other_hosts = ('exim-debian13',)
    service = 'exim4'
    sends = 'exim4'
    # The others are for a full run: none says what lists and routers do not show there, or in tests/exim.
    by_default = ('default',)
    # For how many seconds all messages of a configuration may be on their way.
    deadline = 60.0
    # What the inventory says besides the configuration.
    variables: dict = {}
    # Case id -> why this mail server cannot meet it. Strict: a case that passes must leave this list.
    expected_failures = {
        'T2': EIGHT_BIT,
        'F5.envelope': EIGHT_BIT,
        'I3.header-envelope': EIGHT_BIT,
        'I5.no-common-name': ALTERNATIVE,
        'I5.stranger': PURPOSE,
        'O2.unknown': UNKNOWN,
    }
    # Seconds from one message of a steady stream to the next, in each direction.
    pace = 0.15
    # The configuration that has everything that the role can do to such a host.
    whole = WHOLE
    # Configuration -> what the role says when it refuses that, because this mail server cannot do it.
    refused: dict = {}
    # Configuration -> those of them that it can meet there.
    met_in = {'inbound_fingerprint': ('I5.no-common-name', 'I5.stranger')}
    # Forged headers are taken away.
    keeps_headers = ()
    mailboxes = {'alice': '/home/alice/Maildir', 'bob': '/home/bob/Maildir'}
    password = 'lab-password'
    reordered: list = []

    def look_request(self):
        return {'do': 'look', 'mailboxes': self.mailboxes, 'exim_queues': [SPOOL]}

    def waiting_request(self):
        return {'do': 'waiting', 'exim_queues': [SPOOL]}

    def kill_request(self):
        return {'do': 'kill_programs', 'names': ['exim4', 'exim']}

    def flush_request(self):
        return {'do': 'exim_flush'}

    reload_message = DOVECOT_RELOADS
    # Its image offers STARTTLS.
    ready_for_mail = 'true'
    # What a program hands in for nobody is taken, and returned.
    refuses_unknown = False
    # For how many seconds a run of the playbook may turn clients away: on SIGHUP, Exim starts itself anew.
    away_seconds = 3
    # Headers are looked at whenever a recipient is routed, the parts of a message when it comes in.
    judges_on_arrival = False

    size_limit_command = ('sh', '-c', 'exim4 -bP message_size_limit | sed s/.*=.//')

    @staticmethod
    def lines_about(token, lines):
        """The log lines of one message: of all that it became, and of the reports about it."""
        queues, chosen = set(), []
        for line in lines:
            if token in line and _entry(line):
                queues.add(_entry(line)['queue'])
        for line in lines:
            entry = _entry(line)
            report = _BOUNCE.match(entry['rest']) if entry else None
            if report and report['queue'] in queues:
                queues.add(entry['queue'])
            if token in line or entry and entry['queue'] in queues:
                chosen.append(line)
        return chosen

    @staticmethod
    def verification(tokens, lines, gateway):
        """How the certificate of the gateway with these addresses was judged: token -> recipient -> Verified, or what
        the log says instead.

        C(CV=yes) is chain and name, where the transport asks for the name.
        """
        token_of, found = {}, defaultdict(dict)
        for line in lines:
            entry = _entry(line)
            if not entry:
                continue
            token_of.update({entry['queue']: token for token in tokens if token in line and '<= ' in line})
            sent = _SENT.match(entry['rest'])
            if sent and entry['queue'] in token_of and sent['address'] in gateway:
                verdict = 'Verified' if ' CV=yes' in sent['more'] else sent['more'] or 'clear'
                found[token_of[entry['queue']]][_address(sent['to'].lower())] = verdict
        return {token: found[token] for token in tokens}


def _address(text):
    """Exim logs a local part without its quotes."""
    local, dummy, domain = text.rpartition('@')
    return f'"{local}"@{domain}' if ' ' in local else text


def _entry(line):
    parsed = _LINE.search(line)
    return _ENTRY.match(parsed['text']) if parsed else None
