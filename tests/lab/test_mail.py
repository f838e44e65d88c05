# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab is what the other tests believe it is: mail, and what gateway and internet say of it."""

from __future__ import annotations

import time
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from lab.engine import LabError
from tests.lab.probes import HOSTS, client, mail, mailbox, until

# ---- mail


def test_local_mail_reaches_the_mailbox(lab, host):
    mail(lab, host, 'bob@example.com', 'alice@example.com', 'flow-local')
    assert len(until(lambda: mailbox(lab, host, 'alice', 'flow-local'))) == 1


def test_aliases_and_forwards_lead_outside_and_keep_local_copies(lab, host):
    for recipient in ('fwd', 'mixed', 'bob'):
        mail(lab, host, 'x@external.test', recipient + '@sub.example.co.uk', f'flow-{recipient}')
        (delivery,) = lab.internet.wait_for(f'flow-{recipient}')
        assert [to['address'] for to in delivery['recipients']] == [recipient + '@external.test']
    until(lambda: mailbox(lab, host, 'alice', 'flow-mixed') and mailbox(lab, host, 'bob', 'flow-bob'))


@pytest.mark.parametrize('port, tls', [(587, True), (465, 'implicit')])
def test_submission(lab, host, port, tls):
    token = f'flow-submission{port}'
    reply = lab.internet.send(
        host,
        'alice@example.com',
        ['x@external.test'],
        b'Subject: %s\r\n\r\nhello\r\n' % token.encode(),
        port=port,
        tls=tls,
        user='alice',
        password='lab-password',
        source='lan',
    )
    assert reply['accepted'], reply
    assert len(lab.internet.wait_for(token)) == 1


def test_submission_asks_for_the_right_password(lab, host):
    reply = lab.internet.send(
        host,
        'alice@example.com',
        ['x@external.test'],
        b'Subject: no\r\n\r\nhello\r\n',
        port=587,
        user='alice',
        password='wrong',
    )
    assert (reply['accepted'], reply['stage'], reply['code']) == (False, 'auth', 535)


def test_strangers_cannot_relay(lab, host):
    for sender in (lab.internet, lab.gateway):
        reply = sender.send(host, 'a@external.test', ['b@external.test'], b'Subject: relay\r\n\r\nhello\r\n')
        assert not reply['accepted'] and reply['stage'] == 'rcpt' and 'Relay access denied' in reply['text']


def test_bounce_comes_back(lab, host):
    mail(lab, host, 'alice@example.com', 'x@bounce.test', 'flow-bounce')
    (bounce,) = until(lambda: mailbox(lab, host, 'alice', 'flow-bounce'))
    assert 'the lab knows no such recipient' in lab.run(host, ['cat', bounce]).stdout


def test_the_name_of_the_smart_host_without_brackets_ends_in_the_trap(lab, host):
    mail(lab, host, 'alice@example.com', 'x@mail.conbool.com', 'flow-trap')
    (delivery,) = lab.internet.wait_for('flow-trap')
    assert delivery['listener'] == 'trap'
    assert lab.gateway.deliveries() == []


def test_log(lab, host):
    since = time.time()
    mail(lab, host, 'bob@example.com', 'alice@example.com', 'flow-log')
    until(lambda: mailbox(lab, host, 'alice', 'flow-log'))
    assert 'status=sent' in lab.log(host, since=since - 1)
    assert 'status=sent' not in lab.log(host, since=since + 3600)


# ---- the gateway records


def test_delivery_record(lab):
    message = EmailMessage()
    message['Subject'] = 'flow-record'
    message['X-Conbool-Released'] = 'yes'
    message.set_content('hello')
    said = client(
        lab,
        message=message.as_string(policy=SMTP),
        mail_options=['RET=HDRS', 'ENVID=QQ314159', 'BODY=8BITMIME'],
        rcpt_options=['NOTIFY=SUCCESS,FAILURE', 'ORCPT=rfc822;x@external.test'],
    )
    assert said == {'stage': 'done', 'error': None, 'starttls': True}
    (delivery,) = lab.gateway.wait_for('flow-record')
    assert delivery['peer'] in lab.addresses[HOSTS[0]]
    assert delivery['sender'] == 'alice@example.com'
    assert delivery['mail_options'][0].startswith('size=')  # smtplib's own
    assert delivery['mail_options'][1:] == ['RET=HDRS', 'ENVID=QQ314159', 'BODY=8BITMIME']
    assert delivery['recipients'] == [
        {'address': 'x@external.test', 'options': ['NOTIFY=SUCCESS,FAILURE', 'ORCPT=rfc822;x@external.test']}
    ]
    assert delivery['tls'].startswith('TLSv1.')
    assert delivery['client_certificate'] == HOSTS[0] + '.example.com'
    assert delivery['certificate']['verified'] and delivery['certificate']['names'] == [HOSTS[0] + '.example.com']
    assert delivery['clear'] is False
    assert ['X-Conbool-Released', 'yes'] in delivery['headers']
    assert b'X-Conbool-Released: yes\r\n' in delivery['content']
    assert lab.gateway.attempts() == []


def test_bytes_and_utf8_addresses_arrive_unchanged(lab):
    body = bytes(range(0x80, 0x100))
    lab.run(
        HOSTS[0],
        ['sendmail', '-i', '-f', 'alice@example.com', 'jürgen@external.test'],
        input=b'Subject: flow-bytes\n\n' + body + b'\n',
    )
    (delivery,) = lab.internet.wait_for('flow-bytes')
    assert body + b'\r\n' in delivery['content']
    assert delivery['recipients'][0]['address'] == 'jürgen@external.test'
    assert 'SMTPUTF8' in delivery['mail_options']


def test_no_client_certificate(lab):
    assert client(lab, certificate=False)['stage'] == 'done'
    (delivery,) = lab.gateway.wait_for('flow-client')
    assert delivery['client_certificate'] is None and delivery['tls']


def test_clear_text_is_recorded_not_refused(lab):
    assert client(lab, tls=False)['stage'] == 'done'
    (delivery,) = lab.gateway.wait_for('flow-client')
    assert delivery['clear'] is True and delivery['tls'] is None
    (attempt,) = until(lab.gateway.attempts)
    assert [line.split()[0] for line in attempt['seen']] == ['MAIL', 'RCPT', 'DATA']
    assert 'alice@example.com' in attempt['seen'][0].lower()


def test_clear_text_before_a_refusal_is_recorded(lab):
    lab.gateway.set('reject')
    assert client(lab, tls=False)['stage'] == 'message'
    (attempt,) = until(lab.gateway.attempts)
    assert [line.split()[0] for line in attempt['seen']] == ['MAIL', 'RCPT']
    assert lab.gateway.deliveries() == []


@pytest.mark.parametrize(
    'mode, stage, words',
    [
        ('normal', 'done', None),
        ('down', 'connect', 'Connection refused'),
        ('no_starttls', 'tls', 'STARTTLS extension not supported'),
        ('wrong_name', 'tls', 'Hostname mismatch'),
        ('unknown_ca', 'tls', 'self-signed certificate in certificate chain'),
        ('expired', 'tls', 'certificate has expired'),
        ('self_signed', 'tls', 'self-signed certificate'),
        ('tempfail', 'message', '451'),
        ('reject', 'message', '550'),
        ('hang', 'connect', 'timed out'),
    ],
)
def test_modes(lab, mode, stage, words):
    lab.gateway.set(mode)
    said = client(lab, timeout=2)
    assert said['stage'] == stage, said
    assert words is None and said['error'] is None or words in said['error']
    assert said['starttls'] is (None if stage == 'connect' else mode != 'no_starttls')
    if mode == 'normal':
        lab.gateway.wait_for('flow-client')
        return
    if stage == 'tls' and mode != 'no_starttls':
        (session,) = until(lab.gateway.sessions)
        assert 'alert' in session['tls_error'] and session['mode'] == mode
    # And it is right again at once, for a client that tries again.
    assert lab.gateway.deliveries() == []
    lab.gateway.set('normal')
    assert client(lab)['stage'] == 'done'
    lab.gateway.wait_for('flow-client')


@pytest.mark.parametrize('stage, reply', [('connect', '421'), ('mail', '451'), ('data', '451'), ('end-of-data', '451')])
def test_stages(lab, stage, reply):
    lab.gateway.set('tempfail', stage=stage)
    said = client(lab)
    assert said['stage'] == ('connect' if stage == 'connect' else 'message')
    assert reply in said['error']
    assert lab.gateway.deliveries() == []


@pytest.mark.parametrize('arguments', [{'mode': 'nonsense'}, {'mode': 'hang', 'stage': 'nonsense'}])
def test_bad_modes_are_refused(lab, arguments):
    with pytest.raises(LabError, match='nonsense'):
        lab.gateway.set(**arguments)


def test_the_internet_has_one_certificate(lab):
    with pytest.raises(LabError, match='wrong_name'):
        lab.internet.set('wrong_name')
    with pytest.raises(LabError, match='client certificates'):
        lab.internet.send(HOSTS[0], 'a@external.test', ['alice@example.com'], b'', client_cert='right')


@pytest.mark.parametrize(
    'shown, name, verified',
    [
        ('right', 'mail.conbool.com', True),
        ('wrong_name', 'other.conbool.com', True),
        ('unknown_ca', 'mail.conbool.com', False),
        ('none', None, None),
    ],
)
def test_the_gateway_shows_the_certificate_that_is_asked_for(lab, shown, name, verified):
    """Sent to the internet node, which says what it saw."""
    reply = lab.gateway.send(
        'internet',
        'a@example.com',
        ['b@external.test'],
        b'Subject: flow-shown\r\n\r\nhello\r\n',
        client_cert=shown,
    )
    assert reply['accepted'], reply
    (delivery,) = lab.internet.wait_for('flow-shown')
    assert delivery['client_certificate'] == name
    assert (delivery['certificate'] or {}).get('verified') is verified
    assert delivery['peer'] == lab.addresses['gateway'][0]


@pytest.mark.parametrize('source', ['internet', 'lan'])
@pytest.mark.parametrize('ipv6', [False, True])
def test_senders_come_from_the_address_they_are_told(lab, source, ipv6):
    lab.internet.send(
        'gateway',
        'a@external.test',
        ['b@example.com'],
        b'Subject: flow-source\r\n\r\nhello\r\n',
        source=source,
        ipv6=ipv6,
    )
    (delivery,) = lab.gateway.wait_for('flow-source')
    assert delivery['peer'] == lab.addresses[source][ipv6]
