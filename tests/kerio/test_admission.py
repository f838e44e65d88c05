# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may send what to whom, by which port, with which exceptions."""

from __future__ import annotations

import smtplib
import socket
import time

import pytest

from lab.kerio import company

from .conftest import LOGIN, MINUTE, complaints, connect, mail, refusal, send
from .sink import header


def test_a_stranger_writes_to_people_here_only(make):
    double = make()
    send(double)
    raw = mail(double)[0]
    assert header(raw, 'Return-Path') == ['<x@external.test>'] and raw.endswith(b'\r\n\r\ntext\r\n')
    assert refusal(double, recipients=['y@external.test']) == 550
    assert refusal(double, recipients=['nobody@example.com']) == 550


def test_relaying_is_for_the_group_and_for_those_who_log_in(make, sink):
    outside = sink()

    def prepare(state):
        group = company.group(state, 'Local clients', {'type': 'Host', 'host': '127.0.0.5'})
        state.data['smtp']['relayControl']['ipAddressGroupId'] = group

    double = make(prepare=prepare, world={'exchangers': {'external.test': outside.place}})
    send(double, recipients=['y@external.test'], source='127.0.0.5')
    send(double, 'alice@example.com', ['y@external.test'], 'SMTP Submission', login=LOGIN)
    send(double, 'alice@example.com', ['y@external.test'], login=LOGIN, tls=False)
    outside.wait(3)
    double.state.data['smtp']['relayControl']['authenticateOutgoing'] = False
    assert refusal(double, 'alice@example.com', ['y@external.test'], login=LOGIN) == 550
    double.state.data['smtp']['relayControl']['isRestricted'] = False
    send(double, recipients=['y@external.test'])
    outside.wait(4)


@pytest.mark.parametrize(
    'ways, service, code',
    [
        ({}, 'Secure SMTP', None),
        ({'open_465': False}, 'Secure SMTP', 530),
        ({}, 'SMTP Submission', 530),
        ({'open_587': True}, 'SMTP Submission', None),
    ],
)
def test_ports_for_users_without_a_log_in(make, ways, service, code):
    """U19: mail for people here."""
    double = make(**ways)
    if code:
        assert refusal(double, service=service) == code
    else:
        send(double, service=service)
        mail(double)
        assert refusal(double, recipients=['y@external.test'], service=service) == 550
    send(double, service=service, login=LOGIN, subject='second')


def test_two_factors_for_mail_need_an_application_password(make):
    def prepare(state):
        company.person(state, 'alice').update(_two_factors=True, _application_password='application')

    double = make(prepare=prepare)
    assert refusal(double, login=LOGIN) == 535
    send(double, login=(LOGIN[0], 'application'))


@pytest.mark.parametrize('command', ['XCLIENT ADDR=192.0.2.1', 'XFORWARD ADDR=192.0.2.1', 'PROXY TCP4 1 2 3 4'])
def test_a_proxy_is_not_believed(make, command):
    double = make()
    with connect(double) as client:
        assert not set(client.ehlo()[1].decode().split()) & {'XCLIENT', 'XFORWARD'}
        assert client.docmd(command)[0] == 500
    assert complaints(double) == ['SMTP: a command of proxies was sent']


@pytest.mark.parametrize('way', ['full', 'bare'])
def test_what_is_offered(make, way):
    """U16"""
    with connect(make(ehlo=way)) as client:
        client.ehlo()
        assert ('size' in client.esmtp_features) == ('8bitmime' in client.esmtp_features) == (way == 'full')
        assert 'starttls' in client.esmtp_features and 'auth' in client.esmtp_features


@pytest.mark.parametrize('required', [False, True])
def test_encryption_may_be_required_of_strangers(make, required):
    """U14"""

    def prepare(state):
        state.data['security']['mode'] = 'SPEncryptionRequired'

    double = make(prepare=prepare, encryption_required_on_25=required)
    send(double)
    if required:
        assert refusal(double, tls=False) == 530
    else:
        send(double, tls=False)


def test_limits_of_a_message(make):
    def prepare(state):
        state.data['smtp'].update(readerHops=3)
        state.data['smtp']['messageSize']['limit'] = {'value': 2, 'units': 'KiloBytes'}
        state.data['smtp']['maximumRecipients'] = {'isActive': True, 'limit': 1}

    double = make(prepare=prepare)
    assert refusal(double, body='x' * 3000) == 552
    assert refusal(double, headers='Received: from a by b\r\n' * 4) == 554
    send(double, headers='Received: from a by b\r\n' * 3)
    assert refusal(double, recipients=['alice@example.com', 'bob@example.com']) == 452


def let_in(state, *addresses):
    """The addresses into the administrator's group of exceptions."""
    group = next(entry for entry in state.data['ip_entries'] if entry['groupName'].startswith('Exceptions'))
    for address in addresses:
        entry = {**group, 'type': 'Host', 'host': address, 'id': f'keriodb://ipaddress/{address}'}
        state.data['ip_entries'].append(entry)


HOSTILE = {'senders': {'external.test': ['192.0.2.0/24']}, 'exchangers': {'external.test': ('127.0.0.1', 1)}}


def switched_off(state, *but):
    """Everything of forbid_strangers but what is named."""
    setting, limits = state.data['antispam'], state.data['smtp']['ipBasedLimit']
    for name in ('spfSetting', 'callerSetting', 'repellentSetting', 'greylistingStatus'):
        setting[name]['enabled'] = setting[name]['enabled'] and name in but
    for name in ('maximumFromIp', 'maximumConnections', 'maximumUnknowns'):
        limits[name]['isActive'] = name in but
    state.data['sender_policy']['antiSpoofingEnabled'] = 'antiSpoofingEnabled' in but


@pytest.fixture(name='hostile')
def fixture_hostile(make):
    def start(*only, listed=(), **ways):
        def prepare(state):
            company.forbid_strangers(state)
            switched_off(state, *only)
            let_in(state, '127.0.0.8')

        return make(prepare=prepare, world={**HOSTILE, 'listed': list(listed)}, **ways)

    return start


@pytest.mark.parametrize('check', ['spfSetting', 'callerSetting', 'greylistingStatus', 'antiSpoofingEnabled'])
def test_an_exception_makes_the_difference(hostile, check):
    double = hostile(check)
    sender = 'bob@example.com' if check == 'antiSpoofingEnabled' else 'x@external.test'
    assert refusal(double, sender) == (451 if check == 'greylistingStatus' else 550)
    send(double, sender, source='127.0.0.8')
    mail(double)


def test_with_everything_on_only_an_exception_lets_mail_in(make):
    """All checks at once: whoever forgets one exception loses mail."""

    def prepare(state):
        company.forbid_strangers(state)
        state.data['antispam']['repellentSetting']['delay'] = 1

    double = make(prepare=prepare, world=HOSTILE)
    for sender in ('x@external.test', 'bob@example.com'):
        assert refusal(double, sender) in (450, 451, 550)
    with double.state.lock:
        let_in(double.state, '127.0.0.8')
    for number in range(5):
        send(double, ('x@external.test', 'bob@example.com')[number % 2], source='127.0.0.8')
    mail(double, count=5)


def test_a_greylisted_message_is_taken_later(hostile):
    double = hostile('greylistingStatus')
    assert refusal(double) == 451
    time.sleep(MINUTE * 1.5)
    send(double)


@pytest.mark.parametrize('switch', ['authenticationRequired', 'requireLocalDomainSenderAuth', 'checkSpoofedSender'])
def test_own_senders_from_outside(hostile, switch):
    double = hostile()
    holder = {
        'authenticationRequired': double.state.data['sender_policy'],
        'requireLocalDomainSenderAuth': double.state.data['smtp'],
        'checkSpoofedSender': double.state.data['domains'][0],
    }[switch]
    holder[switch] = True
    assert refusal(double, 'bob@example.com') == 550
    send(double, 'bob@example.com', source='127.0.0.8')
    send(double, 'alice@example.com', ['bob@example.com'], login=LOGIN)


def test_the_repellent_lets_a_client_wait(hostile):
    double = hostile('repellentSetting')
    double.state.data['antispam']['repellentSetting']['delay'] = 30

    def greeting(source, early):
        start = time.monotonic()
        with socket.create_connection(('127.0.0.1', double.port()), 3, (source, 0)) as client:
            if early:
                client.sendall(b'EHLO early\r\n')
            return client.recv(200)[:3], time.monotonic() - start >= 0.3

    assert greeting('127.0.0.1', False) == (b'220', True)
    assert greeting('127.0.0.1', True) == (b'554', True)
    assert greeting('127.0.0.8', True) == (b'220', False)


def test_limits_of_an_address(hostile):
    double = hostile('maximumFromIp', 'maximumConnections', 'maximumUnknowns')
    for source, code in (('127.0.0.8', None), ('127.0.0.1', 450)):
        for dummy in range(3):
            send(double, source=source)
        assert code is None or refusal(double, source=source) == code
    first, second = (connect(double) for dummy in range(2))
    with pytest.raises(smtplib.SMTPConnectError):
        connect(double)
    first.close(), second.close()
    for dummy in range(3):
        refusal(double, recipients=['nobody@example.com'], source='127.0.0.8')
        refusal(double, recipients=['nobody@example.com'], source='127.0.0.7')
    connect(double, source='127.0.0.8').close()
    with pytest.raises(smtplib.SMTPConnectError):
        connect(double, source='127.0.0.7')


def test_names_in_the_dns(make):
    def prepare(state):
        state.data['smtp'].update(verifyClientRDnsEntry=True, blockUnknownDns=True)

    double = make(prepare=prepare, world={**HOSTILE, 'named': ['127.0.0.8']})
    with pytest.raises(smtplib.SMTPConnectError):
        connect(double)
    send(double, source='127.0.0.8')
    assert refusal(double, 'x@nowhere.test', source='127.0.0.8') == 550
    send(double, '', source='127.0.0.8')


@pytest.mark.parametrize('action', ['BlockMessage', 'ScoreMessage'])
def test_a_blacklist_of_the_administrator(make, action):
    def prepare(state):
        black = state.data['antispam']['customBlackList']
        group = company.group(state, 'Black', {'type': 'Host', 'host': '127.0.0.1'})
        black.update(enabled=True, id=group, action=action, score=6)

    double = make(prepare=prepare)
    if action == 'BlockMessage':
        with pytest.raises(smtplib.SMTPConnectError):
            connect(double)
    else:
        send(double)
        mail(double, folder='Junk E-mail')


def test_a_blacklist_in_the_dns(hostile):
    double = hostile(listed=['127.0.0.0/8', '10.0.0.0/8'])
    # The white list, and the address that is never asked for.
    for source in ('127.0.0.8', '127.0.0.1'):
        connect(double, source=source).close()
    with pytest.raises(smtplib.SMTPConnectError):
        connect(double, source='127.0.0.7')
