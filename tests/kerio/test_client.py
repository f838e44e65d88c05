# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of the modules against the double: which server, one session, an end to each call, no secrets."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import (
    Client,
    ItemErrors,
    KerioError,
    Refused,
    message,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.https import Server

from lab.kerio.double import PASSWORD
from lab.kerio.profiles import VERSIONS

from .shapes import HOP, entry


def server(double, **more):
    known = {} if 'ca_file' in more or 'fingerprint' in more else {'fingerprint': double.fingerprint}
    return Server('127.0.0.1', double.web.port, **known, **more)


def client(double, user='Admin', password=PASSWORD, timeout=5.0, **more):
    return Client(server(double, **more), user, password, timeout)


def logins(double):
    return double.state.journal.calls.count('Session.login')


@pytest.mark.parametrize('version', VERSIONS)
def test_a_session_is_logged_out(make, version):
    double = make(version)
    with client(double) as kerio:
        assert kerio.call('Session.whoAmI')['userDetails']['loginName'] == 'Admin'
        assert kerio.call('Smtp.set', server=kerio.call('Smtp.get')['server']) == {}
    assert double.state.journal.calls == ['Session.login', 'Session.whoAmI', 'Smtp.get', 'Smtp.set', 'Session.logout']
    assert [session.ended for session in double.api.sessions.all] == ['logged out']
    assert kerio.warnings == []


def test_it_is_logged_out_after_an_error_too(make):
    double = make()
    with pytest.raises(ZeroDivisionError), client(double):
        1 / 0  # noqa: B018
    assert double.state.journal.calls[-1] == 'Session.logout'


@pytest.mark.parametrize('colons', [True, False])
def test_a_server_is_known_by_its_fingerprint(make, colons):
    double = make()
    print_ = double.fingerprint
    if colons:
        print_ = ':'.join(print_[place : place + 2] for place in range(0, 64, 2)).upper()
    with client(double, fingerprint=print_):
        pass
    with client(double, fingerprint=print_, ca_file=str(double.ca_file)):
        pass
    with pytest.raises(KerioError, match=f'another fingerprint: {double.fingerprint}'):
        client(double, fingerprint='0' * 64).__enter__()
    # The password was not told to anybody.
    assert double.state.journal.calls == ['Session.login', 'Session.logout'] * 2


def test_a_server_is_known_by_its_authority_and_name(make):
    double = make()
    with client(double, ca_file=str(double.ca_file), tls_name='mail.example.com'):
        pass
    with pytest.raises(KerioError, match='cannot be verified.*give its CA, or the SHA-256'):
        client(double, ca_file=str(double.ca_file), tls_name='other.test').__enter__()
    with pytest.raises(KerioError, match='cannot be verified'):
        client(double, ca_file=None).__enter__()
    assert logins(double) == 1


@pytest.mark.parametrize(
    'more, text',
    [({'fingerprint': 'abc'}, "'abc' is no SHA-256"), ({'ca_file': '/nowhere'}, '/nowhere cannot be read')],
)
def test_what_cannot_be_used_to_know_it(make, more, text):
    with pytest.raises(HostError, match=text):
        client(make(), **more).__enter__()


def test_nothing_and_something_else_on_the_port(make):
    double = make(first_run=True)
    with pytest.raises(KerioError, match='does not speak TLS: has the first-run assistant'):
        client(double).__enter__()
    port = double.web.port
    with socket.create_server(('127.0.0.1', 0)) as other:
        port = other.getsockname()[1]
    with pytest.raises(KerioError, match=f'nothing listens on 127.0.0.1 port {port}'):
        Client(Server('127.0.0.1', port, fingerprint='0' * 64), 'Admin', 'x').__enter__()


@pytest.mark.parametrize('version', ['10.0.8', '10.0.9'])
def test_a_session_that_ended_is_begun_once_more(make, version):
    double = make(version)
    with client(double) as kerio:
        double.state.control.expire_before = 1
        kerio.call('Smtp.setRelayDeliveryRuleList', list=[HOP])
        assert len(kerio.call('Smtp.getRelayDeliveryRuleList')['list']) == 1
        assert logins(double) == 2
        double.state.control.expire_before = 1
        with pytest.raises(Refused) as refused:
            kerio.call('Smtp.get')
        with pytest.raises(KerioError, match='not asked'):
            kerio.call('Smtp.get')
    assert refused.value.code == -32001 and logins(double) == 2
    # There is no session left to end.
    assert double.state.journal.calls[-1] == 'Smtp.get'


def test_a_session_that_ended_and_an_account_that_is_gone(make):
    double = make()
    with pytest.raises(KerioError, match='refused the log-in'), client(double) as kerio:
        double.state.control.expire_before = 1
        double.state.data['remote']['builtInAdminEnabled'] = False
        kerio.call('Smtp.get')
    assert logins(double) == 2


def test_a_call_that_hangs_has_an_end(make):
    double = make()
    double.state.control.hang = ['Smtp.get', 'Smtp.set']
    with client(double) as kerio:
        start = time.monotonic()
        with pytest.raises(KerioError, match=r'Smtp.get: .* did not answer within 0.3 s$'):
            kerio.call('Smtp.get', timeout=0.3)
        with pytest.raises(KerioError, match='Smtp.set: .* nobody knows whether it was done'):
            kerio.call('Smtp.set', timeout=0.3, server={})
        assert time.monotonic() - start < 2
    assert double.state.journal.calls.count('Session.logout') == 1


def test_a_server_that_drips_has_an_end_too(make):
    """A time-out of the socket alone would begin anew with each byte."""
    double = make()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(double.certificate)
    with socket.create_server(('127.0.0.1', 0)) as listener:

        def drip():
            with contextlib.suppress(OSError), context.wrap_socket(listener.accept()[0], server_side=True) as peer:
                peer.recv(9999)
                for byte in b'HTTP/1.1 200 OK\r\nX-Long: ' + b'x' * 100:
                    peer.sendall(bytes([byte]))
                    time.sleep(0.05)

        threading.Thread(target=drip, daemon=True).start()
        place = Server('127.0.0.1', listener.getsockname()[1], fingerprint=double.fingerprint)
        start = time.monotonic()
        with pytest.raises(KerioError, match='did not answer within 0.5 s'):
            Client(place, 'Admin', 'x', 0.5).__enter__()
        assert time.monotonic() - start < 3


def test_what_was_cut_off_is_not_sent_again(make):
    double = make()
    double.state.control.reset = ['Smtp.setRelayDeliveryRuleList']
    with client(double) as kerio, pytest.raises(KerioError, match='nobody knows whether it was done'):
        kerio.call('Smtp.setRelayDeliveryRuleList', list=[HOP])
    assert logins(double) == 1


def test_a_failed_log_out_is_a_warning(make):
    double = make()
    with client(double) as kerio:
        double.state.control.reset = ['Session.logout']
    assert 'The log-out failed' in kerio.warnings[0]
    double.api.sessions.end_all('test')


@pytest.mark.parametrize('version', ['9.4.1', '10.0.8'])
def test_a_question_that_need_not_be_answered(make, version):
    double = make(version)
    with client(double) as kerio:
        assert kerio.attempt('MessageQueue.get', timeout=0.3) is None
        assert kerio.attempt('Statistics.get')['statistics']['relay']['count'] == '0'
    assert len(kerio.warnings) == 1 and 'MessageQueue.get' in kerio.warnings[0]


def test_errors_are_told_in_words(make):
    double = make()
    with client(double) as kerio:
        with pytest.raises(ItemErrors) as failed:
            kerio.call('IpAddressGroups.create', groups=[entry(), entry(groupName='B', host=''), entry()])
        assert [item['inputIndex'] for item in failed.value.items] == [1, 2]
        assert 'item 2: The entry managed is not valid: a host is missing (1000)' in str(failed.value)
        assert [one['inputIndex'] for one in failed.value.result['result']] == [0]
        double.state.control.errors_without_data = True
        with pytest.raises(Refused, match=r'Smtp.set: Invalid params: server.* \(-32602\)'):
            kerio.call('Smtp.set', server={})


@pytest.mark.parametrize(
    'error, parameters, text',
    [
        ({'message': '%1 of %2'}, {'positionalParameters': ['a', 'b']}, 'a of b'),
        ({'message': '%1 of %3'}, {'positionalParameters': ['%2', 'b']}, '%2 of %3'),
        ({'message': 'bell\a\r\nline'}, None, 'bell   line'),
        ({}, 'nonsense', 'no reason was given'),
    ],
)
def test_placeholders(error, parameters, text):
    assert message(error, parameters) == text


def test_no_error_shows_a_secret(make):
    double = make(prepare=lambda state: state.data['users'][2].update(password='admin-secret'))
    with client(double, 'admin', 'admin-secret') as kerio:
        kerio.hide('relay-secret')
        token = kerio._headers['X-Token']
        for secret in ('relay-secret', 'admin-secret', token):
            with pytest.raises(Refused) as refused:
                kerio.call('Logs.get', logName=secret, fromLine=0, countLines=1)
            assert secret not in str(refused.value) and '(hidden)' in str(refused.value)
    assert token in double.secrets()
