# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log-in, sessions, roles."""

from __future__ import annotations

import json
import time

import pytest

from lab.kerio import company
from lab.kerio.double import PASSWORD

from .conftest import MINUTE, complaints
from .rpc import APPLICATION, Failed, Rpc, fails

ASKED = {
    'jsonrpc': '2.0',
    'id': 1,
    'method': 'Session.login',
    'params': {'userName': 'Admin', 'password': PASSWORD, 'application': APPLICATION},
}


def test_log_in_gives_a_token_and_two_cookies(make, admin):
    client = admin(make())
    assert len(client.token) == 64 and int(client.token, 16)
    cookies = [value for key, value in client.answered if key == 'Set-Cookie']
    assert [cookie.partition('=')[0] for cookie in cookies] == ['SESSION_CONNECT_WEBADMIN', 'TOKEN_CONNECT_WEBADMIN']
    assert f'={client.token};' in cookies[1] and client.token not in cookies[0]
    assert all('Secure' in cookie and 'Path=/admin/' in cookie for cookie in cookies)
    details = client.call('Session.whoAmI')['userDetails']
    assert (details['id'], details['domainId'], details['effectiveRole']['userRole']) == ('', '', 'BuiltInAdmin')


@pytest.mark.parametrize('missing', ['Cookie', 'X-Token'])
def test_a_call_needs_cookie_and_token(make, admin, missing):
    double = make()
    client = admin(double)
    alone = Rpc(double)
    alone.headers = {key: value for key, value in client.headers.items() if key != missing}
    fails(-32001, alone, 'Session.whoAmI')
    assert complaints(double) == []
    fails(-32001, alone, 'Session.whoAmI')
    assert complaints(double) == ['a call after -32001, without a new log-in']


@pytest.mark.parametrize('token', ['', '0' * 64])
def test_the_session_alone_is_not_enough(make, admin, token):
    double = make()
    session = admin(double).headers['Cookie'].partition(';')[0]
    client = Rpc(double)
    client.headers = {'Cookie': session, 'X-Token': token}
    fails(-32001, client, 'Session.whoAmI')


def test_a_token_in_the_body_has_to_be_the_same(make, admin):
    client = admin(make())
    for token, right in ((client.token, True), ('0' * 64, False)):
        body = json.dumps({'jsonrpc': '2.0', 'id': 1, 'method': 'Session.whoAmI', 'token': token})
        assert ('result' in json.loads(client.post(body, client.headers)[2])) == right


def test_log_out_ends_the_session_and_a_second_is_an_error(make):
    client = Rpc(make()).log_in()
    assert client.call('Session.logout') == {}
    fails(-32001, client, 'Session.logout')


def test_no_log_out_and_a_second_log_in_are_noticed(make):
    double = make()
    Rpc(double).log_in()
    assert double.complaints() == ['a session was left without a log-out']
    second = Rpc(double).log_in()
    assert complaints(double) == ['a second log-in without cause: the first session is still there']
    second.log_out()
    double.api.sessions.end_all('test')


@pytest.mark.parametrize('limit', ['sessionExpireTimeout', 'maximumSessionDuration'])
def test_a_session_ends_by_itself(make, limit):
    double = make(prepare=lambda state: state.data['advanced']['webMail'][limit].update(value=3, units='Minutes'))
    client = Rpc(double).log_in()
    calls = 0
    with pytest.raises(Failed) as failed:
        for calls in range(10):
            client.call('Session.whoAmI')
            # Each call renews the idle time, but not the whole.
            time.sleep(MINUTE if limit == 'maximumSessionDuration' else MINUTE * (1 + 4 * (calls == 4)))
    assert failed.value.code == -32001
    assert (calls == 5) if limit == 'sessionExpireTimeout' else (calls >= 2)


def test_a_session_ends_in_the_middle_of_a_run(make):
    double = make()
    client = Rpc(double).log_in()
    double.state.control.expire_before = 2
    client.call('Smtp.get')
    fails(-32001, client, 'Smtp.getRelayDeliveryRuleList')
    client.log_in()
    client.call('Smtp.getRelayDeliveryRuleList')
    client.log_out()
    assert double.complaints() == []


def test_roles(make, admin):
    double = make(unknown_method='error')
    full = admin(double, 'admin', company.PASSWORD)
    auditor = admin(double, 'auditor@example.com', company.PASSWORD)
    accounts = admin(double, 'accounts', company.PASSWORD)
    fails(1004, Rpc(double), 'Session.login', userName='alice', password=company.PASSWORD, application=APPLICATION)
    settings = auditor.call('Smtp.get')
    for client in (auditor, accounts):
        fails(1004, client, 'Smtp.set', **settings)
    assert full.call('Smtp.set', **settings) == {}
    fails(1000, auditor, 'Domains.get', query={})
    assert accounts.call('Domains.get', query={})['totalItems'] == 2
    auditor.timeout = 0.2
    with pytest.raises(TimeoutError):
        auditor.call('Queue.get', query={})
    assert full.call('Queue.get', query={})['list'] == []


@pytest.mark.parametrize('code', [1000, -32001])
def test_wrong_passwords_lock_the_address_out(make, code):
    def prepare(state):
        state.data['security']['antiHammering'].update(failedLoginsToBlock=2, minutesToBlock=3)

    client = Rpc(make(prepare=prepare, login_failure_code=code))
    wrong = {'userName': 'Admin', 'password': 'wrong', 'application': APPLICATION}
    for dummy in range(2):
        fails(code, client, 'Session.login', **wrong)
    assert 'Too many' in fails(code, client, 'Session.login', **{**wrong, 'password': PASSWORD})['message']
    time.sleep(4 * MINUTE)
    client.log_in().log_out()


@pytest.mark.parametrize('opens', [False, True])
def test_two_factors(make, opens):
    def prepare(state):
        company.person(state, 'admin').update(_two_factors=True, _application_password='application')

    client = Rpc(make(prepare=prepare, application_password=opens))
    account = {'userName': 'admin', 'application': APPLICATION}
    assert 'Two-factor' in fails(1000, client, 'Session.login', password=company.PASSWORD, **account)['message']
    if opens:
        client.log_in('admin', 'application').log_out()
    else:
        fails(1000, client, 'Session.login', password='application', **account)


def test_built_in_account_can_be_off(make):
    def prepare(state):
        state.data['remote']['builtInAdminEnabled'] = False

    fails(1000, Rpc(make(prepare=prepare)), 'Session.login', **ASKED['params'])
