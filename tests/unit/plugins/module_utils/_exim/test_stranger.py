# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon that answers by lists that it has read long ago."""

from __future__ import annotations

import socket
import threading
from types import SimpleNamespace

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim import stranger
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.stranger import (
    by_daemon,
    by_files,
    own_address,
    unread,
)

from tests.unit.fakes.exim_facts import SETTINGS

SAID = '220 x ESMTP\r\n250-x Hello\r\n250 HELP\r\n250 OK\r\n%s\r\n221 x closing connection\r\n'


@pytest.fixture(name='listener')
def fixture_listener():
    """An SMTP server that answers RCPT as it is told to."""
    server = socket.create_server(('127.0.0.1', 0))
    answers = {'RCPT': '250 OK', 'QUIT': '221 bye'}

    def serve():
        connection = server.accept()[0]
        with connection, connection.makefile('r', newline='') as stream:
            connection.sendall(b'220 x\r\n')
            for line in stream:
                connection.sendall(answers.get(line[:4].upper(), '250 OK').encode() + b'\r\n')

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield SimpleNamespace(port=server.getsockname()[1], answers=answers)
    server.close()


@pytest.mark.parametrize('answer, code', [('250 OK', 250), ('554 5.7.1 no', 554)])
def test_the_daemon_is_asked_as_a_client_does(listener, answer, code):
    listener.answers['RCPT'] = answer
    assert by_daemon('127.0.0.1', listener.port, 'a@example.com') == code


def test_nobody_is_no_answer():
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = server.getsockname()[1]
    assert by_daemon('127.0.0.1', port, 'a@example.com') == 0


@pytest.mark.parametrize('line, code', [('554 5.7.1 no', 554), ('250 Accepted', 250)])
def test_what_the_files_say_is_the_answer_to_the_recipient(line, code):
    program = SimpleNamespace(run=lambda *words, data: (0, SAID % line, ''))
    assert by_files(program, '192.0.2.1', 'a@example.com') == code
    assert by_files(SimpleNamespace(run=lambda *words, data: (1, '', 'no')), '192.0.2.1', 'a@b') == 0


def test_loopback_is_nobody_s_address():
    assert own_address(['127.0.0.0/8', '::1/128']) == '' and own_address([]) == ''


@pytest.mark.parametrize(
    'address, files, daemon, red',
    [
        ('192.0.2.1', 554, 250, True),
        ('192.0.2.1', 554, 554, False),
        # He is a client of theirs.
        ('192.0.2.1', 250, 250, False),
        ('192.0.2.1', 554, 0, False),
        ('', 554, 250, False),
    ],
)
def test_only_what_runs_and_lets_in_whom_the_files_refuse_is_old(monkeypatch, address, files, daemon, red):
    monkeypatch.setattr(stranger, 'own_address', lambda networks: address)
    monkeypatch.setattr(stranger, 'by_files', lambda *dummy: files)
    monkeypatch.setattr(stranger, 'by_daemon', lambda *dummy: daemon)
    said = unread(SimpleNamespace(), SETTINGS)
    assert said == ('port 25 answers 250 to a stranger' if red else '')
