# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that misbehave around STARTTLS: no TLS, broken TLS, plaintext in front of it."""

from __future__ import annotations

import ssl
import time

import pytest

from tests.smtp.check import ids
from tests.unit.fakes.hostile import assert_stopped_at


@pytest.mark.parametrize('early', [True, False])
@pytest.mark.parametrize('junk', [b'\x00\x01\x02\x03' * 10, b'\x16\x02\x00junk', b'\xff' * 100])
def test_garbage_after_starttls(ask, junk, early):
    result = ask({'tls': lambda peer: (early or peer.sock.recv(4096), peer.send(junk), peer.silence())})
    assert_stopped_at(result, 'tls')
    assert result['status'] == 'the server agreed to STARTTLS, but then sent something else than TLS'


def test_text_without_end_after_starttls(ask):
    result = ask({'tls': lambda peer: peer.flood(b'250 ok\r\n')}, timeout=5)
    assert_stopped_at(result, 'tls')
    assert result['status'] == 'the server agreed to STARTTLS, but then sent something else than TLS'
    assert result['findings'][0]['seen'].startswith('250 ok')


def test_text_and_no_tls_after_starttls(ask):
    result = ask({'tls': lambda peer: (peer.send(b'250 what?\r\n'), peer.silence())})
    assert_stopped_at(result, 'tls')
    assert result['findings'][0]['seen'] == '250 what?'


def test_broken_tls_record(ask):
    result = ask(
        {'tls': lambda peer: (peer.sock.recv(4096), peer.send(b'\x16\x03\x03\x00\x04\xff\x00\x00\x00'), peer.silence())}
    )
    assert_stopped_at(result, 'tls')
    assert 'the TLS handshake failed' in result['status']


def injecting(*segments):
    def inject(peer):
        for segment in segments:
            peer.send(segment)
            time.sleep(0.03)

    return inject


@pytest.mark.parametrize(
    'segments, seen',
    [
        ([b'220 go ahead\r\n250 injected\r\n'], '250 injected'),
        ([b'220 go ahead\r\n', b'250 injected\r\n'], '250 injected'),
        ([b'220 go ahead\r\n250 one\r\n', b'250 two\r\n'], '250 one??250 two'),
        ([b'220 go ahead\r\n', b'2', b'5', b'0'], '250'),
    ],
)
def test_injected_plaintext_is_discarded_and_reported(ask, segments, seen):
    result = ask({'STARTTLS': injecting(*segments)})
    assert ids(result) == ['plaintext_injected']
    assert result['plaintext_injected'] == result['findings'][0]['seen'] == seen
    # The conversation over TLS is the real one.
    assert result['tls_negotiated'] and result['chain_verified'] and result['name_verified']
    assert result['extensions'] == ['SIZE 1000000']
    assert result['recipients'][0]['reply'] == '250 ok'


def test_injected_plaintext_in_the_segment_of_the_first_record(ask):
    def inject(peer):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = peer.server.context.wrap_bio(incoming, outgoing, server_side=True)
        prefix = b'250 injected\r\n'
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                pending = outgoing.read()
                if pending:
                    peer.send(prefix + pending)
                    prefix = b''
                incoming.write(peer.sock.recv(16384))
        peer.send(outgoing.read())
        peer.silence()

    result = ask({'tls': inject})
    assert result['plaintext_injected'] == '250 injected'
    assert ids(result) == ['ehlo_tls', 'plaintext_injected']


def test_tls_ended_in_the_middle(ask):
    def alert(peer):
        peer.sock.unwrap()
        peer.hang_up()

    result = ask({'EHLO over TLS': alert})
    assert_stopped_at(result, 'EHLO over TLS')
