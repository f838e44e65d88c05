# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Port 4040: HTTP, errors, TLS, versions, and a server that does not answer as it should."""

from __future__ import annotations

import json
import socket
import ssl
import time

import pytest

from lab.kerio.double import PASSWORD

from .conftest import complaints
from .rpc import APPLICATION, Rpc, fails

ASKED = {
    'jsonrpc': '2.0',
    'id': 1,
    'method': 'Session.login',
    'params': {'userName': 'Admin', 'password': PASSWORD, 'application': APPLICATION},
}


def test_the_address_has_a_last_slash_or_none(make, admin):
    client = admin(make())
    body = json.dumps({'jsonrpc': '2.0', 'id': 1, 'method': 'Session.whoAmI'})
    for path in ('/admin/api/jsonrpc', '/admin/api/jsonrpc/'):
        assert client.post(body, client.headers, path)[0] == 200
    for path in ('/', '/admin/api/', '/webmail/api/jsonrpc/'):
        assert client.post(body, client.headers, path)[0] == 404


def test_get_and_nothing_are_no_calls(make):
    double = make()
    assert Rpc(double).post(None, method='GET')[0] == 404
    assert complaints(double) == ['GET: the interface is asked by POST']
    assert json.loads(Rpc(double).post(b'')[2])['error']['code'] == -32700


@pytest.mark.parametrize(
    'body, code',
    [
        (b'{', -32700),
        (b'[]', -32600),
        (b'{"jsonrpc": "1.0", "id": 1, "method": "Session.login"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1}', -32600),
        (b'{"jsonrpc": "2.0", "method": "Session.login"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "Session.login", "params": []}', -32602),
        (json.dumps({**ASKED, 'params': {**ASKED['params'], 'application': 'text'}}).encode(), -32602),
        (json.dumps({**ASKED, 'params': {**ASKED['params'], 'application': {'name': ''}}}).encode(), -32602),
        (json.dumps({**ASKED, 'params': {**ASKED['params'], 'more': ''}}).encode(), -32602),
        (json.dumps({**ASKED, 'params': {'userName': 'Admin'}}).encode(), -32602),
    ],
)
def test_an_error_has_status_200(make, body, code):
    status, dummy, answer = Rpc(make()).post(body)
    assert (status, json.loads(answer)['error']['code']) == (200, code)


def test_a_request_has_an_end(make):
    assert json.loads(Rpc(make()).post(b'x' * (2**20 + 2**16))[2])['error']['code'] == 413


def test_error_has_parameters_or_no_data(make):
    double = make('10.0.9')
    client = Rpc(double)
    error = fails(-32001, client, 'Smtp.get')
    assert error['data']['messageParameters'] == {'positionalParameters': [''], 'plurality': 1}
    assert '%1' in error['message'] and 'administrator rights' in error['message']
    double.state.control.errors_without_data = True
    assert 'data' not in fails(-32001, client, 'Smtp.get')
    complaints(double)


def test_first_run_is_plain_http_and_tls_comes_after(make):
    double = make(first_run=True)
    client = Rpc(double, tls=False)
    fails(-32601, Rpc(make()), 'Init.finish')
    client.call('Init.setHostname', hostname='mail.example.net')
    client.call('Init.createPrimaryDomain', domainName='example.net')
    client.call('Init.createAdministratorAccount', loginName='root', password='first')
    client.call('Init.finish')
    secure = Rpc(double)
    for dummy in range(100):
        try:
            secure.log_in('root', 'first')
            break
        except OSError:
            time.sleep(0.02)
    query = {'conditions': [], 'fields': ['name', 'isPrimary']}
    assert secure.call('Domains.get', query=query)['list'] == [{'name': 'example.net', 'isPrimary': True}]
    secure.log_out()
    with pytest.raises(OSError):
        client.call('Init.finish')


def test_a_method_hangs_is_slow_or_resets_the_connection(make, admin):
    double = make()
    client, control = admin(double), double.state.control
    control.slow = {'Smtp.get': 0.2}
    start = time.monotonic()
    client.call('Smtp.get')
    assert time.monotonic() - start >= 0.2
    control.hang, client.timeout = ['Services.get'], 0.3
    with pytest.raises(TimeoutError):
        client.call('Services.get')
    control.reset = ['Smtp.getRelayDeliveryRuleList']
    with pytest.raises(OSError):
        client.call('Smtp.getRelayDeliveryRuleList')
    client.call('Session.whoAmI')


@pytest.mark.parametrize('version, hangs', [('9.4.1', False), ('10.0.8', True)])
def test_an_unknown_method_is_refused_or_hangs(make, admin, version, hangs):
    client = admin(make(version))
    client.timeout = 0.3
    if hangs:
        with pytest.raises(TimeoutError):
            client.call('MessageQueue.get')
    else:
        fails(-32601, client, 'MessageQueue.get')
    client.timeout = 5


@pytest.mark.parametrize('version', ['8.5', '9.2', '9.4.1', '10.0.8', '10.0.9', 'next'])
def test_each_version_says_which_it_is(make, admin, version):
    client = admin(make(version))
    told = client.call('Server.getVersion')
    numbers = [10, 1, 0] if version == 'next' else [*map(int, version.split('.')), 0][:3]
    assert [told['major'], told['minor'], told['revision']] == numbers
    assert client.call('Server.getProductInfo')['info']['os'] == 'Linux'
    if version == '8.5':
        fails(-32601, client, 'Smtp.getRelayDeliveryRuleList')
        fails(-32601, client, 'SenderPolicy.get')
        assert client.call('Smtp.get')['server']['smtpOptions']['isUsedRelay'] is False
        setting = client.call('Content.getAntiSpamSetting')['setting']
        assert 'isDkimEnabled' in setting and 'integratedAntiSpamSetting' not in setting
        assert 'state' in setting['greylistingStatus'] and 'status' not in setting['greylistingStatus']
    else:
        assert 'smtpOptions' not in client.call('Smtp.get')['server']
        assert client.call('Version.getProductVersion')['productVersion']['productName'] == 'Kerio Connect'


def test_a_restart_cuts_off_and_forgets_sessions(make):
    double = make()
    client = Rpc(double).log_in()
    double.restart()
    fails(-32001, client, 'Session.whoAmI')
    client.log_in().log_out()


@pytest.mark.filterwarnings('ignore:ssl.TLSVersion')
def test_tls_below_1_2_is_not_spoken(make):
    double = make()
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers('ALL:@SECLEVEL=0')
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(('127.0.0.1', double.web.port)) as plain, pytest.raises((ssl.SSLError, OSError)):
        old.wrap_socket(plain)


def test_the_certificate_is_its_own(make, admin):
    double = make()
    trusting = ssl.create_default_context(cafile=double.ca_file)
    address = ('127.0.0.1', double.web.port)
    with socket.create_connection(address) as plain, trusting.wrap_socket(plain, server_hostname='127.0.0.1') as tls:
        assert tls.getpeercert()
    with socket.create_connection(address) as plain, pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(plain, server_hostname='127.0.0.1')
    shown = admin(double).call('ConnectCertificate.get')['certificates']
    assert [one['fingerprintSha256'] for one in shown] == [double.fingerprint] and '_source' not in shown[0]
