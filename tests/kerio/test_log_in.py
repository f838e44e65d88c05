# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is not let in, and what the client of the modules says why."""

from __future__ import annotations

import socket
import threading

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import login
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import Client, KerioError, Refused
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.https import Server

from lab.kerio import company
from lab.kerio.double import PASSWORD

from .test_client import client


@pytest.mark.parametrize(
    'way, text',
    [
        ('http', 'may not use the administration'),
        ('reset', 'Session.login: 127.0.0.1 .* does not talk to this address'),
    ],
)
def test_an_address_that_may_not(make, way, text):
    double = make(blocked_address=way)
    double.state.data['remote']['isEnabled'] = False
    with pytest.raises(KerioError, match=f'{text}: remote administration is (probably )?switched off'):
        client(double).__enter__()


def test_a_connection_that_ends_before_tls(make):
    def let_go():
        listener.accept()[0].close()

    with socket.create_server(('127.0.0.1', 0)) as listener:
        threading.Thread(target=let_go, daemon=True).start()
        place = Server('127.0.0.1', listener.getsockname()[1], fingerprint='0' * 64)
        with pytest.raises(KerioError, match='remote administration is probably switched off'):
            Client(place, 'Admin', 'x').__enter__()


def test_a_connection_that_ends_later_is_another_matter(make):
    double = make()
    with client(double) as kerio:
        double.state.control.reset = ['Smtp.get']
        with pytest.raises(KerioError, match='Smtp.get: 127.0.0.1') as failed:
            kerio.call('Smtp.get')
    assert 'remote administration' not in str(failed.value)


TWO_FACTORS, OFF = 'may demand two factors', 'the built-in account may be switched off'


@pytest.mark.parametrize(
    'user, prepare, cause, others',
    [
        (
            'admin',
            {'_two_factors': True, '_application_password': 'x'},
            'has to show a second factor',
            [TWO_FACTORS, OFF],
        ),
        ('Admin', {}, OFF, ['has to show']),
        ('admin', {'isEnabled': False}, TWO_FACTORS, ['has to show']),
        ('admin@example.com', {'isEnabled': False}, TWO_FACTORS, [OFF]),
        ('alice', {}, 'is no administrator', [TWO_FACTORS, OFF]),
    ],
)
def test_a_refused_log_in_names_the_likely_cause(make, user, prepare, cause, others):
    def ready(state):
        company.person(state, 'admin').update(prepare)
        state.data['remote']['builtInAdminEnabled'] = False

    with pytest.raises(KerioError, match=cause) as failed:
        client(make(prepare=ready), user, PASSWORD if user == 'Admin' else company.PASSWORD).__enter__()
    assert [text for text in others if text in str(failed.value)] == []


def test_an_address_that_is_blocked_is_told_so(make):
    double = make(prepare=lambda state: state.data['security']['antiHammering'].update(failedLoginsToBlock=1))
    for text in ('Check user name and password. If', 'The server blocks this address for some minutes, after failures'):
        with pytest.raises(KerioError, match=text):
            client(double, password='mistyped').__enter__()


@pytest.mark.parametrize('text', ['Please enter the verification code', 'Zwei-Faktor-Anmeldung', '2FA needed'])
def test_a_second_factor_in_other_words(text):
    assert login.why_refused(text, 1000, 'Admin') == login.TWO_FACTORS
    assert login.why_refused('Login failed', 1000, 'Admin') != login.TWO_FACTORS


@pytest.mark.parametrize('code', [1000, -32001])
def test_a_log_in_is_tried_once(make, code):
    """U1: whatever the code of its failure; the server counts failures."""
    double = make(login_failure_code=code)
    with pytest.raises(KerioError, match='refused the log-in of Admin: .*wrong user name or password.*Check user name'):
        client(double, password='mistyped').__enter__()
    assert double.state.journal.calls == ['Session.login']


def test_an_auditor_and_a_role_without_rights(make):
    double = make()
    with pytest.raises(KerioError, match='Insufficient rights'):
        client(double, 'alice', 'lab-password').__enter__()
    with client(double, 'auditor', 'lab-password') as kerio, pytest.raises(Refused) as refused:
        kerio.call('Smtp.setRelayDeliveryRuleList', list=[])
    assert refused.value.code == 1004
