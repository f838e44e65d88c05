# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a customer's Postfix did to mail that leaves, and to whom it said what, is done once, and to the same ones."""

from __future__ import annotations

import json

import pytest

from tests.flow import playbook
from tests.flow.engine import Engine
from tests.flow.model import Case, Place
from tests.flow.site import Site

pytestmark = [pytest.mark.configures_hosts, pytest.mark.servers('postfix')]

SETTINGS = [
    # The listener of STRANGER needs an address that is not the server's.
    'inet_interfaces=%(host4)s, 127.0.0.1',
    'smtp_line_length_limit=0',
    'smtp_header_checks=regexp:/etc/postfix/outgoing',
    'transport_maps=regexp:/etc/postfix/transport.regexp',
    'smtp_sasl_auth_enable=yes',
    'smtp_sasl_password_maps=static:user:secret',
    'smtp_sasl_security_options=',
    'smtp_connect_timeout=2s',
    'address_verify_poll_delay=1s',
]
FILES = {
    '/etc/postfix/outgoing': '/^X-Times:(.*)$/ REPLACE X-Times:$1 once\n',
    # None of the first three names a transport.
    '/etc/postfix/transport.regexp': (
        '/@leak4\\.test$/ :[%(internet4)s]\n/@leak6\\.test$/ :[%(internet6)s]\n/@leak\\.test$/ :[mx.external.test]\n'
        '/@partner\\.test$/ smtp:[127.0.0.9]\n'
    ),
}
PROBING = [
    '127.0.0.1:2599/inet=127.0.0.1:2599 inet n - n - - smtpd',
    '127.0.0.1:2599/inet/smtpd_recipient_restrictions=reject_unverified_recipient,permit_mynetworks,reject',
]
# Somebody's server, which would take a password in clear text.
STRANGER = """
import socket
def serve(connection):
    words = connection.makefile('rb')
    say = lambda text: connection.sendall(text + b'\\r\\n')
    say(b'220 stranger ESMTP')
    for line in words:
        verb = line[:4].upper()
        open('/root/stranger', 'ab').write(line)
        if verb == b'EHLO':
            say(b'250-stranger\\r\\n250 AUTH PLAIN LOGIN')
        elif verb == b'DATA':
            say(b'354 go on')
            while words.readline() not in (b'.\\r\\n', b''):
                pass
            say(b'250 taken')
        elif verb == b'QUIT':
            return say(b'221 bye')
        else:
            say(b'250 yes')
listener = socket.create_server(('127.0.0.9', 25))
while True:
    connection = listener.accept()[0]
    with connection:
        serve(connection)
"""
ASK = """
import json, smtplib, sys
server = smtplib.SMTP('127.0.0.1', 2599, timeout=30)
server.ehlo('probe.example.com')
server.mail('alice@example.com')
print(json.dumps([[code, text.decode()] for code, text in map(server.rcpt, sys.argv[1:])]))
"""
# Of the hop's programs, those that are on no disk any more.
OPEN_FILES = """
for process in /proc/[0-9]*; do
    test "$(readlink $process/cwd)" != /var/spool/conbool-hop || ls -l $process/fd
done | sed -n '/log.*(deleted)/p'
"""
ALICE = 'alice@example.com'
RELEASED = 'X-Conbool-Released: yes'
LONG = 'x' * 2500
LIMIT = 50


def _case(name, recipient, *headers, body='text', **place):
    place.setdefault('where', 'direct' if RELEASED in headers else 'gateway')
    recipients = (recipient,) if place['where'] in ('direct', 'gateway', 'queue') else ()
    inject = {'via': 'smtp25', 'from': ALICE, 'to': [recipient], 'headers': list(headers), 'body': body}
    return Case(name, name, 'outgoing', 'default', inject, expect=(Place(recipients=recipients, **place),))


def _received(count):
    # The server adds one itself, and takes what has less than LIMIT then.
    return ['Received: from a.example by b.example; Mon, 30 Nov 2026 00:00:00 +0000'] * count


def cases(fqdn):
    loop = 'mail for {} loops back to myself'
    return [
        _case('long line', 'long@external.test', body=f'a\n{LONG}\nb', contains=f'a\r\n{LONG}\r\nb\r\n'),
        _case(
            'long line, direct', 'long@external.test', RELEASED, body=f'a\n{LONG}\nb', contains=f'a\r\n{LONG}\r\nb\r\n'
        ),
        _case('checked once', 'once@external.test', 'X-Times: not', contains='X-Times: not once\r\n'),
        _case('checked once, direct', 'once@external.test', RELEASED, 'X-Times: not', contains='X-Times: not once\r\n'),
        _case('many hops', 'hops@external.test', *_received(LIMIT - 2)),
        _case('many hops, direct', 'hops@external.test', RELEASED, *_received(LIMIT - 2)),
        _case('MX on loopback', 'x@loop.test', RELEASED, where='bounce:alice', contains=loop.format('loop.test')),
        _case('MX is this host', 'x@own.test', RELEASED, where='bounce:alice', contains=loop.format('own.test')),
        _case('reported by', 'x@bounce.test', RELEASED, where='bounce:alice', contains=f'Reporting-MTA: dns; {fqdn}\n'),
        _case('nowhere over IPv4', 'x@leak4.test', where='queue'),
        _case('nowhere over IPv6', 'x@leak6.test', where='queue'),
        _case('nowhere by name', 'x@leak.test', where='queue'),
        # Nothing on this host can speak PLAIN or LOGIN, so that it shows when it is tried.
        _case('password for a stranger', 'x@stranger.test', RELEASED, where='nowhere'),
        _case('password for a partner', 'x@partner.test', where='queue', reason='SASL authentication failed'),
    ]


def _prepare(lab, host):
    node, internet = lab.nodes[host], lab.nodes['internet']
    words = {'host4': node.ipv4, 'internet4': internet.ipv4, 'internet6': internet.ipv6}
    lab.add_zone('loop.test', '@ MX 10 mx\nmx A 127.0.0.1\n')
    lab.add_zone('own.test', f'@ MX 10 mx\nmx A {node.ipv4}\n')
    lab.add_zone('stranger.test', '@ MX 10 mx\nmx A 127.0.0.9\n')
    for path, text in FILES.items():
        lab.run(host, ['sh', '-c', f'cat > {path}'], input=text % words if 'transport' in path else text)
    lab.run(host, ['sh', '-c', 'cat > /root/stranger.py'], input=STRANGER)
    lab.run(host, ['postconf', '-e', *[setting % words for setting in SETTINGS]])
    lab.run(host, ['postconf', '-M', PROBING[0]])
    lab.run(host, ['postconf', '-P', *PROBING[1:]])
    lab.run(host, ['systemctl', 'restart', 'postfix'])
    lab.run(host, ['systemd-run', '--unit=stranger', '/usr/bin/python3', '/root/stranger.py'])


def test_mail_leaves_as_it_did_and_nobody_is_told_more(lab, fresh_host, adapter, variables_of):
    _prepare(lab.lab, fresh_host)
    outcome = playbook.apply(lab.lab, fresh_host, variables_of('outbound_only'))
    warned = ' '.join(outcome.output.split())
    assert 'transport_maps: regexp:/etc/postfix/transport.regexp cannot be looked into' in warned
    outcome = Engine(Site(lab.lab, fresh_host, adapter)).run(cases(lab.lab.nodes[fresh_host].fqdn))
    assert {result.case.name: result.problems + result.unverified for result in outcome.results if not result.ok} == {}
    assert outcome.in_clear == []
    verbs = [line.split()[0].upper() for line in lab.lab.run(fresh_host, ['cat', '/root/stranger']).stdout.splitlines()]
    assert 'DATA' in verbs and 'AUTH' not in verbs
    hop = ['postconf', '-c', '/etc/conbool-hop', '-h', 'smtp_sasl_auth_enable', 'smtp_sasl_password_maps']
    assert lab.lab.run(fresh_host, hop).stdout == 'no\n\n'

    # Whoever is probed is asked himself, and not the hop; with the password, too, where there is one.
    lab.lab.run(fresh_host, ['sh', '-c', 'postconf -e smtp_sasl_auth_enable=no && postfix reload'])
    answers = lab.lab.run(fresh_host, ['python3', '-c', ASK, 'x@bounce.test', 'x@external.test']).stdout
    (refused, why), (taken, dummy) = json.loads(answers)
    assert (refused // 100, taken) == (4, 250) and 'said: 550' in why, answers

    _logs_to_a_file_that_is_rotated(lab.lab, fresh_host, variables_of('outbound_only'))


def _logs_to_a_file_that_is_rotated(lab, host, variables):
    lab.run(host, ['mkdir', '-p', '/srv/log'])
    lab.run(host, ['postconf', '-e', 'maillog_file=/srv/log/postfix.log', 'maillog_file_prefixes=/srv/log'])
    lab.run(host, ['systemctl', 'restart', 'postfix'])
    playbook.apply(lab, host, variables)
    lab.run(host, ['postfix', 'logrotate'])
    lab.run(host, ['sh', '-c', 'echo test | sendmail -f alice@example.com rotated@external.test'])
    lab.run(
        host,
        [
            'sh',
            '-c',
            'for i in $(seq 100); do journalctl -t conbool-hop/smtp | grep -q rotated@ && exit; sleep 0.1; done; exit 1',
        ],
    )
    # Also of programs that have not logged yet.
    assert lab.run(host, ['sh', '-c', OPEN_FILES]).stdout == ''
