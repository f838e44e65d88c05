# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sendmail, which decides by itself where a message goes."""

from __future__ import annotations

import re
from collections import defaultdict
from ipaddress import ip_address

from tests.flow.adapters import DOVECOT_RELOADS
from tests.flow.playbook import WHOLE
from tests.flow.site import Site

QUEUES = ['/var/spool/mqueue', '/var/spool/mqueue-client']
NESTED = 'rulesets see the headers of the message, not those of its parts'
# What mail programs build.
CLIENTS = [
    f'O6.{program}-{kind}'
    for program in ('outlook', 'google', 'apple', 'thunderbird')
    for kind in ('invitation', 'reply', 'cancellation')
]
NUL = 'this Sendmail refuses a message that has a NUL; one built without RejectNUL leaves it out of the header that it judges'
ALTERNATIVE = 'the name may be an alternative name of the certificate here, which Postfix does not see'
UTF8 = 'this Sendmail does not offer SMTPUTF8'

_LINE = re.compile(r' (?:sm-[\w-]+|sendmail)\[(?P<pid>\d+)\]: (?P<text>.*)$')
_ENTRY = re.compile(r'(?P<queue>[0-9A-Za-z]{14,}): (?P<rest>.*)$')
_TLS = re.compile(r'STARTTLS=client, relay=(?P<relay>\S+?)\.?, .*verify=(?P<verify>\w+)')
_SENT = re.compile(r'to=(?P<to>.*?), .*relay=(?P<relay>\S+?)\.? \[(?P<address>[^\]]+)\], .*stat=Sent')


class Adapter:
    default_host = 'sendmail-debian12'
    other_hosts = ('sendmail-debian13',)
    site = Site
    service = sends = 'sendmail'
    # For how many seconds all messages of a configuration may be on their way.
    deadline = 60.0
    # What the inventory says besides the configuration.
    variables = {'sendmail_smarthost_decision': 'native'}
    # Case id -> why this mail server cannot meet it. Strict: a case that passes must leave this list.
    expected_failures = {
        **dict.fromkeys(('O6.nested', 'V6.nested', 'V6.deep', *CLIENTS), NESTED),
        **dict.fromkeys(('N8.nul-inside', 'N8.nul-behind', 'N8.nul-type'), NUL),
        'I5.no-common-name': ALTERNATIVE,
        'I3.header-spam': 'Sendmail cannot take a header away, such as the X-Spam-Flag of somebody before the gateway',
        'I2.header-denied': 'a header of ours gives way to one of the same name that the message has',
        **dict.fromkeys(('T3', 'T3.direct'), UTF8),
    }
    # Seconds from one message of a steady stream to the next, in each direction.
    pace = 0.15
    # The configuration that has everything that the role can do to such a host.
    whole = WHOLE
    # Configuration -> what the role says when it refuses that, because this mail server cannot do it.
    refused: dict = {}
    # Configuration -> those of them that it can meet there.
    met_in = {'inbound_fingerprint': ('I5.no-common-name',)}
    # The configurations that are sent through it without --full; None for all of them.
    by_default = None
    # Headers that a user forged stay in the message, without effect: this mail server cannot take any away.
    keeps_headers = ('x-conbool-',)
    mailboxes = {'alice': '/home/alice/Maildir', 'bob': '/home/bob/Maildir'}
    password = 'lab-password'
    reordered = []

    def look_request(self):
        return {'do': 'look', 'mailboxes': self.mailboxes, 'sendmail_queues': QUEUES}

    def waiting_request(self):
        return {'do': 'waiting', 'sendmail_queues': QUEUES}

    def flush_request(self):
        return {'do': 'sendmail_flush'}

    reload_message = DOVECOT_RELOADS
    # Makes a host that is not configured yet offer STARTTLS, which Sendmail does when it has a file and a directory of
    # authorities.
    ready_for_mail = r"""cat >/tmp/authorities <<'END'
define(`confCACERT', `/etc/ssl/lab/ca.pem')dnl
define(`confCACERT_PATH', `/etc/ssl/certs')dnl
END
sed -i '/^MAILER_DEFINITIONS/e cat /tmp/authorities' /etc/mail/sendmail.mc
make -s -C /etc/mail && kill -HUP "$(head -n 1 /run/sendmail/mta/sendmail.pid)" &&
timeout 20 sh -c 'until openssl s_client -starttls smtp -connect 127.0.0.1:25 </dev/null >/dev/null 2>&1; do sleep 0.2; done'
"""
    # For how many seconds a run of the playbook may turn clients away: Sendmail reads a configuration by starting
    # itself anew. Less than a tenth of a second on a quiet machine, 0.95 where ten and more processes wait for two
    # processors.
    away_seconds = 3
    # Header rules run when a message is received: one that came before they were there is not marked when it is sent on
    # with the new rules.
    judges_on_arrival = True
    # Sendmail takes what is handed in on this host, and sends a bounce.
    refuses_unknown = False

    size_limit_command = ('sed', '-n', 's/^O MaxMessageSize=//p', '/etc/mail/sendmail.cf')

    @staticmethod
    def lines_about(token, lines):
        """The log lines of one message: of every queue file it was in."""
        queues, chosen = set(), []
        for line in lines:
            if token in line and _entry(line):
                queues.add(_entry(line)['queue'])
        for line in lines:
            entry = _entry(line)
            if entry and entry['queue'] in queues:
                related = _ENTRY.match(entry['rest'])
                queues.update([related['queue']] if related else [])
                chosen.append(line)
            elif token in line:
                chosen.append(line)
        return chosen

    @staticmethod
    def verification(tokens, lines, gateway):
        """How the certificate of the gateway with these addresses was judged: token -> recipient -> Verified, or what
        the log says instead.

        A process logs the TLS connection first, then the recipients that it served over it. The name is not in the log:
        with another one, a rule ends the connection, so that nothing is sent over it.
        """
        verified, token_of, found = {}, {}, defaultdict(dict)
        for line in lines:
            parsed, entry = _LINE.search(line), _entry(line)
            if not parsed:
                continue
            tls = _TLS.match(parsed['text'])
            if tls:
                verified[parsed['pid'], tls['relay'].strip('[]')] = (
                    'Verified' if tls['verify'] == 'OK' else tls['verify']
                )
            if not entry:
                continue
            token_of.update({entry['queue']: token for token in tokens if token in line})
            related = _ENTRY.match(entry['rest'])
            if related and entry['queue'] in token_of:
                token_of.setdefault(related['queue'], token_of[entry['queue']])
            sent = _SENT.search(line)
            if sent and entry['queue'] in token_of and _plain(sent['address']) in gateway:
                for recipient in sent['to'].split(','):
                    level = verified.get((parsed['pid'], sent['relay'].strip('[]')), 'clear')
                    found[token_of[entry['queue']]][recipient.strip('<>').lower()] = level
        return {token: found[token] for token in tokens}


def _plain(address):
    """Sendmail writes IPv6 addresses with their tag, and their zeros in full."""
    return str(ip_address(address.removeprefix('IPv6:')))


def _entry(line):
    parsed = _LINE.search(line)
    return _ENTRY.match(parsed['text']) if parsed else None
