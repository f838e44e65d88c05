# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that misbehave: one clear finding, in time, and little memory."""

from __future__ import annotations

import time

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp import probe

from tests.smtp.check import check, check_all, ids
from tests.smtp.hostile import HostileServer, Peer
from tests.unit.fakes.hostile import STEPS, TALKING, assert_stopped_at


@pytest.mark.parametrize('step', STEPS)
def test_silence(ask, step):
    result = ask({step: Peer.silence})
    assert_stopped_at(result, step)
    assert result['status'] == f'no complete answer within 0.5 s during: {STEPS[step]}'


@pytest.mark.parametrize('step', STEPS)
@pytest.mark.parametrize('leave', [Peer.hang_up, Peer.reset])
def test_connection_lost(ask, step, leave):
    result = ask({step: leave})
    assert_stopped_at(result, step)
    # Closing with a command still unread is a reset too.
    assert any(
        how in result['status']
        for how in ('the server closed the connection', 'the server broke the connection (Connection reset by peer)')
    )


@pytest.mark.parametrize('step', TALKING)
def test_drip_fed(ask, step):
    result = ask({step: lambda peer: peer.drip(b'250 ' + b'x' * 1000, 0.05)})
    assert_stopped_at(result, step)
    assert 'within 0.5 s' in result['status']


def test_drip_fed_handshake(ask):
    result = ask({'tls': lambda peer: peer.drip(b'\x16\x03\x03\x40\x00' + b'\x02' * 1000, 0.05)})
    assert_stopped_at(result, 'tls')


def test_drip_fed_banner_that_ends_in_time_is_fine(ask):
    assert ask({'banner': lambda peer: peer.drip(b'220 slow\r\n', 0.01)})['healthy']


@pytest.mark.parametrize('step', TALKING)
def test_endless_line(ask, step):
    result = ask({step: lambda peer: peer.flood(b'x')})
    assert_stopped_at(result, step)
    assert 'a line of more than 2048 bytes' in result['status']
    # What fits into the buffers of the network, no more.
    assert ask.servers[0].flooded < 32 * 1024 * 1024


@pytest.mark.parametrize('step', TALKING)
def test_endless_reply(ask, step):
    result = ask({step: lambda peer: peer.flood(b'220-and another thing\r\n')})
    assert_stopped_at(result, step)
    assert 'a reply of more than 100 lines' in result['status']


@pytest.mark.parametrize('step', TALKING)
@pytest.mark.parametrize(
    'line',
    [
        b'HTTP/1.1 400 Bad Request\r\n',
        b'SSH-2.0-OpenSSH_9.2\r\n',
        b'\r\n',
        b'25 ok\r\n',
        b'2500 ok\r\n',
        b'199 no\r\n',
        b'\xff\x00\x1b[2J\r\n',
        b'250-one\r\n251 two\r\n',
    ],
)
def test_no_smtp(ask, step, line):
    result = ask({step: line})
    assert_stopped_at(result, step)
    assert 'something else than an SMTP reply' in result['status']
    assert (result['findings'][0]['seen'] or '').isprintable()


@pytest.mark.parametrize(
    'step, finding',
    [
        ('banner', 'the server refuses service'),
        ('EHLO', 'the server refused EHLO'),
        ('STARTTLS', 'the server offers STARTTLS, but refused it'),
        ('EHLO over TLS', 'the server refused EHLO'),
    ],
)
@pytest.mark.parametrize('reply', ['421 4.3.2 try later', '554 5.7.1 go away', '354 go on'])
def test_refused(ask, step, finding, reply):
    result = ask({step: reply.encode() + b'\r\n'})
    assert_stopped_at(result, step)
    assert result['status'] == finding
    assert result['findings'][0]['seen'] == reply
    assert ask.servers[0].commands[-1] == 'QUIT'
    if step == 'STARTTLS':
        assert result['tls_negotiated'] is False


@pytest.mark.parametrize(
    'step, reply, verdict',
    [
        ('MAIL', '451 later', 'unknown'),
        ('MAIL', '550 no', 'unknown'),
        ('RCPT', '450 greylisted', 'deferred'),
        ('RCPT', '550 no', 'refused'),
        ('RCPT', '354 go on', 'unknown'),
    ],
)
def test_recipient_not_accepted(ask, step, reply, verdict):
    result = ask({step: reply.encode() + b'\r\n'})
    assert ids(result) == ['recipient']
    assert result['recipients'] == [
        {
            'recipient': 'alice@example.com',
            'step': step.lower(),
            'code': int(reply[:3]),
            'reply': reply,
            'verdict': verdict,
        }
    ]
    assert ask.servers[0].commands[-2:] == ['RSET', 'QUIT']


@pytest.mark.parametrize(
    'leave', [Peer.silence, Peer.hang_up, Peer.reset, b'550 you stay\r\n', lambda peer: peer.flood(b'x')]
)
def test_trouble_at_quit_changes_nothing(ask, leave):
    assert ask({'QUIT': leave})['status'] == 'SMTP reachable'


def test_what_a_server_says_before_it_breaks_the_connection_counts(ask):
    def refuse(peer):
        peer.send(b'220 hello\r\n421 not you\r\n')
        peer.reset()

    result = ask({'banner': refuse})
    assert ids(result) == ['ehlo'] and result['findings'][0]['seen'] == '421 not you'


def test_overall_deadline_ends_a_server_that_keeps_each_step_in_time(ask):
    answers = {
        'banner': b'220 in a moment, please',
        'EHLO': b'250-x\r\n250 STARTTLS',
        'STARTTLS': b'220 in a moment, please',
    }
    slow = {step: lambda peer, answer=answer: peer.drip(answer + b'\r\n', 0.016) for step, answer in answers.items()}
    result = ask(slow, timeout=5, deadline=1)
    assert ids(result) == ['deadline']
    assert result['status'].startswith('the overall deadline passed during: ')


def test_overall_deadline_holds_for_servers_that_wait_their_turn():
    hosts = [f'127.0.0.{number}' for number in range(1, 6)]
    with HostileServer(at={'banner': Peer.silence}, addresses=hosts) as server:
        started = time.monotonic()
        results = check_all(hosts=hosts, port=server.port, timeout=5, deadline=0.5, concurrency=1)
        assert time.monotonic() - started < 2
    assert [ids(result) for result in results] == [['deadline']] * 5


def test_second_connection_lost_keeps_what_the_first_one_saw(certificates):
    def once(peer):
        if peer.server.connections > 1:
            peer.hang_up()
        peer.send(b'220 hello\r\n')

    with HostileServer(certificates.expired(), {'banner': once}) as server:
        result = check(server, ca_file=certificates.ca_file)
    assert ids(result) == ['chain', 'banner']
    assert (result['reachable'], result['starttls_offered'], result['tls_negotiated'], result['chain_verified']) == (
        True,
        True,
        None,
        False,
    )
    assert result['certificate']['days_left'] < 0


@pytest.mark.parametrize('step', ['banner', 'EHLO', 'tls', 'RCPT', 'QUIT'])
def test_connections_are_closed(ask, step, monkeypatch):
    sockets = []
    real = probe.connect

    def connect(*arguments):
        sockets.append(real(*arguments))
        return sockets[-1]

    monkeypatch.setattr(probe, 'connect', connect)
    ask({step: Peer.silence})
    assert [sock.fileno() for sock, _address in sockets] == [-1]
