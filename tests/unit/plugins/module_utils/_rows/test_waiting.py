# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which waiting mail is a matter for a person."""

from __future__ import annotations

import time

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.queue import PostfixQueueLook, Queue
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.waiting import LASTING, OLD, is_stuck
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import routes

GATEWAY = 'mail.conbool.com'
AT_ONCE = [
    'Server certificate not trusted',
    'delivery temporarily suspended: Server certificate not verified',
    'TLS is required, but was not offered by host mail.conbool.com[192.0.2.1]',
    'Cannot start TLS: handshake failure',
    'TLS is required, but our TLS engine is unavailable',
    'connect to mail.conbool.com[192.0.2.1]:25: Connection refused',
    'lost connection with mail.conbool.com[192.0.2.1] while receiving the initial server greeting',
    'Host or domain name not found. Name service error for name=mail.conbool.com type=A: Host not found',
    'mail transport unavailable',
    'deferred transport',
    'Deferred: 454 4.7.0 the certificate of the gateway is not verified (FAIL)',
    'Deferred: 454 4.7.0 the certificate of the gateway is for another name (evil.test)',
    'Deferred: Connection refused by [mail.conbool.com]',
    'Deferred: Name server: mail.conbool.com: host name lookup failure',
    'Deferred: 403 4.7.0 TLS handshake failed.',
]
LATER = [
    '',
    'host mail.conbool.com[192.0.2.1] said: 450 4.3.2 try later (in reply to MAIL FROM command)',
    'host mail.conbool.com[192.0.2.1] said: 450 4.7.1 <b@external.test>: Relay denied (in reply to RCPT TO command)',
    'host mail.conbool.com[192.0.2.1] said: 450 4.7.1 not for this corporate network (in reply to RCPT TO command)',
    'host mail.conbool.com[192.0.2.1] said: 554-5.7.0 not from you (in reply to RCPT TO command)',
]
MUCH_LATER = [
    'host mail.conbool.com[192.0.2.1] said: 450 4.2.0 greylisted (in reply to RCPT TO command)',
    'host mail.conbool.com[192.0.2.1] said: 451 4.7.1 Greylisting in action (in reply to RCPT TO command)',
    'host mail.conbool.com[192.0.2.1] said: 450 4.7.1 try again (in reply to RCPT TO command)',
    'host mail.conbool.com[192.0.2.1] said: 451 4.7.500 Server busy. Please try again later from [192.0.2.3]. (in reply'
    ' to RCPT TO command)',
]
NEVER = [
    'host mail.conbool.com[192.0.2.1] said: 452 4.2.2 <j.gray@external.test> mailbox full, try later (in reply to RCPT'
    ' TO command)',
    'connect to mx.external.test[192.0.2.9]:25: Connection timed out',
    'Deferred: Connection refused by mx.external.test.',
    'host mx.external.test[192.0.2.9] said: 450 4.2.0 greylisted (in reply to RCPT TO command)',
    'host mx.external.test[192.0.2.9] said: 450 4.7.1 Relay denied (in reply to RCPT TO command)',
    'TLS is required, but was not offered by host mx.external.test[192.0.2.9]',
    'lost connection with mx.external.test[2001:db8::9] while performing the TLS handshake',
]


@pytest.mark.parametrize('reason', AT_ONCE)
def test_tls_with_the_gateway_and_the_connection_to_it(reason):
    assert is_stuck(reason, 1, GATEWAY)


@pytest.mark.parametrize('reason', LATER)
def test_nobody_tries_or_the_gateway_wants_nothing(reason):
    assert not is_stuck(reason, OLD - 1, GATEWAY) and is_stuck(reason, OLD + 1, GATEWAY)


@pytest.mark.parametrize('reason', MUCH_LATER)
def test_later_is_believed_for_an_hour(reason):
    assert not is_stuck(reason, LASTING - 1, GATEWAY) and is_stuck(reason, LASTING + 1, GATEWAY)


@pytest.mark.parametrize('reason', NEVER)
def test_what_others_do_is_no_matter_of_the_way_to_the_gateway(reason):
    assert not is_stuck(reason, LASTING * 9, GATEWAY)


def test_certificates_of_others_where_the_hop_is_next():
    assert not is_stuck('Server certificate not trusted', 1, '127.0.0.1', tls=False)
    # What a site has wait that has its own ways out is its own affair.
    assert not is_stuck('deferred transport', OLD * 9, '127.0.0.1', tls=False)
    assert is_stuck('connect to 127.0.0.1[127.0.0.1]:10027: Connection refused', 1, '127.0.0.1', tls=False)
    assert not is_stuck('connect to 127.0.0.1[127.0.0.1]:10027: Connection refused', 1, '', tls=False)


LINE = (
    '{"queue_name": "%s", "queue_id": "4bX1", "arrival_time": %d, "sender": "a@example.com",'
    ' "recipients": [{"address": "b@external.test"%s}]}'
)


@pytest.mark.parametrize(
    'queue, age, reason, last, stuck',
    [
        ('deferred', 1, ', "delay_reason": "Server certificate not trusted"', True, True),
        ('deferred', 1, ', "delay_reason": "Server certificate not trusted"', False, False),
        ('incoming', 1, '', True, False),
        ('incoming', OLD + 60, '', True, True),
        ('hold', OLD + 60, '', True, True),
        ('hold', OLD + 60, '', False, False),
    ],
)
def test_queue_of_postfix(queue, age, reason, last, stuck):
    line = LINE % (queue, time.time() - age, reason)
    look = PostfixQueueLook(Queue(lambda words: (0, line, ''), '/usr/sbin/postqueue', '/etc/postfix'), GATEWAY, last)
    look.begin()
    look.end()
    assert bool(look.stuck()) == stuck


@pytest.mark.parametrize(
    'reason, direct, stuck, asked',
    [
        ('Server certificate not trusted', False, True, True),
        ('Server certificate not trusted', True, False, True),
        ('TLS is required, but was not offered by host mail.conbool.com[192.0.2.1]', True, True, False),
        ('connect to mail.conbool.com[192.0.2.1]:25: Connection refused', True, True, False),
        ('connect to mx.external.test[192.0.2.9]:25: Connection refused', True, False, False),
    ],
)
def test_tls_with_an_unnamed_host_is_the_gateway_s_unless_the_message_goes_elsewhere(reason, direct, stuck, asked):
    line, questions = LINE % ('deferred', time.time() - 1, f', "delay_reason": "{reason}"'), []

    def elsewhere(messages):
        questions.append({message['queue_id'] for message in messages})
        return questions[-1] if direct else set()

    queue = Queue(lambda words: (0, line, ''), '/usr/sbin/postqueue', '/etc/postfix')
    look = PostfixQueueLook(queue, GATEWAY, True, elsewhere)
    look.begin()
    look.end()
    assert bool(look.stuck()) == stuck and questions == [{'4bX1'}] * asked


@pytest.mark.parametrize(
    'age, reason, stuck',
    [
        (1, 'MDeferred: Connection refused by [mail.conbool.com]\n', True),
        (1, 'MDeferred: Connection refused by mx.external.test.\n', False),
        (1, '', False),
        (OLD + 60, '', True),
    ],
)
def test_queue_of_sendmail(tmp_path, age, reason, stuck):
    text = f'V8\nT{int(time.time() - age)}\nN1\n{reason}Sa@example.com\nRPFD:b@external.test\n.\n'
    (tmp_path / 'qf1').write_text(text, encoding='ascii')
    look = routes.SendmailQueueLook(routes.Queue(str(tmp_path)), GATEWAY)
    look.begin()
    assert look.end()[0] and [line.partition(' ')[0] for line in look.stuck()] == ['1'] * stuck
