# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may bring mail at which port, whose marks are ignored whatever they are, and who is never told the password of the
old smart host: asked of a real Sendmail that is configured as the roles do it."""

from __future__ import annotations

import json
import re

import pytest

from tests.sendmail.host import HOST, Host

OTHER_PORT = "DAEMON_OPTIONS(`Family=inet, Name=OTHER, Port=2525, M=E')dnl\n"
PASSWORDS = "FEATURE(`authinfo', `hash /etc/mail/authinfo')dnl\nFEATURE(`mailertable')dnl\n"
# For all hosts, as it was for the smart host, and for one that has a name.
ENTRIES = r"""printf 'AuthInfo:\t"U:us" "P:secret"\nAuthInfo:named.test\t"U:us" "P:named"\n' | makemap hash /etc/mail/authinfo"""
MESSAGE = 'Subject: %s\r\nMessage-ID: <%s@flow.example.com>\r\n%s\r\nx\r\n'
# More words than Sendmail hands to a ruleset. All but one are empty.
LONG = '=?us-ascii?q?yes?=' + '\r\n =?us-ascii?q??=' * 120
FORGED = {
    'encoded': '=?us-ascii?q?yes?=',
    'long': LONG,
    'language': '=?us-ascii*en?B?eWVz?=',
    'plain': 'yes',
}


@pytest.fixture(scope='module', name='lab')
def fixture_lab(borrowed):
    with borrowed.hosts(HOST):
        yield borrowed.lab


@pytest.fixture(scope='module', name='host')
def fixture_host(borrowed, lab):
    borrowed.up(HOST, fresh=True)
    host = Host(lab)
    host.sh(ENTRIES)
    host.configure(OTHER_PORT + PASSWORDS)
    host.sh("echo 'partner.test\tesmtp:[127.0.0.9]' | makemap hash /etc/mail/mailertable")
    variables = {
        'sendmail_smarthost_decision': 'native',
        'conbool_inbound': True,
        'conbool_networks': lab.addresses['gateway'],
        'inbound_firewall_state': 'absent',
    }
    outcome = host.play(variables)
    assert outcome.returncode == 0, outcome.output
    assert 'DAEMON_OPTIONS(Family=inet, Name=OTHER, Port=2525, M=E)' in ' '.join(outcome.output.split())
    host.sh('for i in $(seq 40); do ss -ltn | grep -q :2525 && exit; sleep 0.25; done; exit 1')
    return host


def sent(lab, port, sender='internet', **options):
    message = MESSAGE % ('x', f'port-{port}', '')
    return getattr(lab, sender).send(
        HOST, 'x@external.test', ['alice@example.com'], message.encode(), port=port, **options
    )


def test_another_port_is_for_those_who_log_in(lab, host):
    assert (sent(lab, 2525)['code'], sent(lab, 25)['code']) == (530, 554)
    # The gateway comes to the mail port only.
    assert sent(lab, 2525, 'gateway', client_cert='right')['code'] == 530
    assert sent(lab, 2525, user='alice', password='lab-password')['accepted']
    assert sent(lab, 25, 'gateway', client_cert='right')['accepted']


def authinfo(host, way, server):
    out = host.test_mode(
        f'.D{{conbool_auth}}{way}',
        f'.D{{server_name}}{server}',
        '.D{server_addr}192.0.2.1',
        f'authinfo {server} $| 192.0.2.1',
    )
    return re.search(r'^authinfo +returns: (.*)$', out, re.MULTILINE)[1]


def test_the_password_is_for_hosts_that_an_entry_names(host):
    asked = {
        (way, server): authinfo(host, way, server)
        for way in ('no', '')
        for server in ('mx.strange.test', '[mail.conbool.com]', 'named.test')
    }
    secret, named = '$# "U:us" "P:secret"', '$# "U:us" "P:named"'
    assert asked == {
        ('no', 'mx.strange.test'): 'no',
        ('no', '[mail.conbool.com]'): 'no',
        ('no', 'named.test'): named,
        # What mailertable and the like lead elsewhere is sent as before.
        ('', 'mx.strange.test'): secret,
        ('', '[mail.conbool.com]'): secret,
        ('', 'named.test'): named,
    }
    for sender in ('alice@example.com', '<>'):
        assert host.test_mode(f'3,ConboolRoute {sender}', '${conbool_auth}').splitlines()[-2].endswith('no')
    # What a ruleset in front of Sendmail's options would do.
    assert 'redefined' not in host.sh('sendmail -bt </dev/null 2>&1')


# A server of strangers that offers AUTH, and writes down what it is told.
STUB = """
import socketserver

class Stranger(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b'220 stranger.test ESMTP\\r\\n')
        for line in self.rfile:
            with open('/tmp/told', 'ab') as told:
                told.write(line)
            verb = line[:4].upper()
            said = {b'EHLO': b'250-stranger.test\\r\\n250 AUTH PLAIN LOGIN', b'AUTH': b'235 yes', b'DATA': b'354 go'}
            self.wfile.write(said.get(verb, b'250 yes') + b'\\r\\n')
            if verb == b'DATA':
                while self.rfile.readline().strip() != b'.':
                    pass
                self.wfile.write(b'250 yes\\r\\n')

socketserver.TCPServer(('127.0.0.1', 2526), Stranger).serve_forever()
"""
STRANGER = """
nft add table ip stranger
nft 'add chain ip stranger out { type nat hook output priority -100; }'
nft add rule ip stranger out ip daddr 127.0.0.9 tcp dport 25 dnat to 127.0.0.1:2526
systemd-run -q --unit stranger python3 /tmp/stub.py
for i in $(seq 40); do ss -ltn | grep -q 127.0.0.1:2526 && exit; sleep 0.25; done; exit 1
"""


def test_a_stranger_who_offers_auth_is_not_told_the_password(lab, host):
    lab.run(HOST, ['sh', '-c', 'cat >/tmp/stub.py'], input=STUB)
    host.sh(STRANGER)
    told = {}
    for recipient in ('x@[127.0.0.9]', 'x@partner.test'):
        host.sh('rm -f /tmp/told')
        # Without a sender, so that it goes direct.
        lab.run(HOST, ['sendmail', '-Am', '-odi', '-f', '<>', recipient], input='Subject: x\n\nx\n')
        told[recipient] = host.sh('grep -c ^AUTH /tmp/told; grep -c ^DATA /tmp/told', check=False).split()
    # A destination of mailertable is the site's own affair, and shows that the password was there to be told.
    assert told == {'x@[127.0.0.9]': ['0', '1'], 'x@partner.test': ['1', '1']}


SEND = """
import json, smtplib, sys
with smtplib.SMTP('127.0.0.1', 587) as server:
    server.starttls()
    server.login('alice', 'lab-password')
    for token, value in json.load(sys.stdin).items():
        text = 'Subject: %s\\r\\nMessage-ID: <%s@flow>\\r\\nX-Conbool-Flag: %s\\r\\n\\r\\nx' % (token, token, value)
        server.sendmail('alice@example.com', ['alice@example.com'], text)
"""


def test_a_users_mark_is_ignored_whatever_it_is(lab, host):
    tokens = {f'marked-{what}': value for what, value in FORGED.items()}
    host.sh(f"cat >/tmp/send.py <<'END'\n{SEND}\nEND")
    lab.run(HOST, ['python3', '/tmp/send.py'], input=json.dumps(tokens))
    for token in tokens:
        found = host.sh(
            f'for i in $(seq 60); do grep -rl --include="*,S=*" "Subject: {token}" /home/alice/Maildir && exit; sleep 0.25; done; exit 1'
        )
        assert '/.Junk/' not in found, host.sh('cat ' + found.split()[0])


@pytest.mark.parametrize(
    'lines, folder',
    [
        (['by', 'ours'], 'INBOX'),
        (['by tls', 'ours'], 'INBOX'),
        (['ours'], 'INBOX'),
        (['other'], 'Junk'),
        (['other', 'ours'], 'Junk'),
        (['by', 'other', 'ours'], 'Junk'),
        (['other by', 'ours'], 'Junk'),
    ],
)
def test_sieve_looks_at_the_line_of_the_mail_server_only(lab, host, lines, folder):
    """With LMTP there is one of Dovecot's above it, with LDA there is none."""
    received = {
        'by': 'from mx.example.com\n\tby mx.example.com with LMTP\n\tid x (envelope-from <a@b.test>); today',
        'by tls': 'from mx.example.com\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\n\tby mx.example.com'
        ' with LMTPS\n\tid x; today',
        'ours': 'from x (y [192.0.2.1])\n\tby mx (8.17/8.17) with ESMTPSA id 1; today (X-Conbool headers ignored)',
        'other': 'from gateway (gateway [192.0.2.2])\n\tby mx (8.17/8.17) with ESMTPS id 1; today',
        'other by': 'from gateway ([192.0.2.2])\n\tby mx (8.17/8.17) with ESMTPS id 1\n\tfor <a by b with LMTP >; today',
    }
    text = ''.join(f'Received: {received[line]}\n' for line in lines) + 'X-Conbool-Flag: =?us-ascii?q?yes?=\n\nx\n'
    lab.run(HOST, ['sh', '-c', 'cat >/tmp/message'], input=text)
    said = host.sh('sieve-test -u alice /etc/dovecot/conbool-spam.sieve /tmp/message')
    assert re.search(r'store message in folder: (\S+)', said)[1] == folder, said
