# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether somebody who is no client gets something taken is asked of real sockets."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.outsider import outsider_rows

from tests.smtp.hostile import HostileServer

REFUSED = b'554 5.7.1 <unknown[127.0.0.1]>: Client host rejected: Access denied\r\n'
OPEN, LAX = b'250 2.1.5 Ok\r\n', b'450 4.7.1 later\r\n'


def ask(at, starttls=False):
    with HostileServer(at=at) as server:
        (found,) = outsider_rows('hop.stranger', ['127.0.0.1'], server.port, starttls, 'example.com')
    return found, server.commands


def test_he_is_refused_and_sends_nothing():
    found, commands = ask({'RCPT': REFUSED})
    assert (found['id'], found['status']) == ('hop.stranger.refused', 'green')
    assert 'RCPT TO:<someone@conbool-verify.invalid>' in commands and 'RCPT TO:<postmaster@example.com>' in commands
    assert not any(command.startswith('DATA') for command in commands)


def test_an_open_relay_is_red_in_its_own_words():
    found = ask({'RCPT': OPEN})[0]
    assert (found['id'], found['status']) == ('hop.stranger.open', 'red')
    assert 'someone@conbool-verify.invalid: 250 2.1.5 Ok' in found['finding'] and found['hint']


def test_clients_that_need_tls_get_it():
    found = ask({'RCPT': REFUSED}, starttls=True)[0]
    assert (found['id'], found['status']) == ('hop.stranger.starttls', 'red')


def test_nobody_who_listens_is_red():
    with HostileServer() as server:
        pass
    (found,) = outsider_rows('hop.stranger', ['127.0.0.1'], server.port, False, 'example.com')
    assert (found['id'], found['status']) == ('hop.stranger.closed', 'red')


@pytest.mark.parametrize('at', [{'MAIL': b'421 4.3.2 later\r\n'}, {'RCPT': b'421 4.3.2 later\r\n'}])
def test_what_was_not_asked_is_not_green(at):
    assert ask(at)[0]['status'] != 'green'
