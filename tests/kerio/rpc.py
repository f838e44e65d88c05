# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A raw client of the interface, for tests of the double itself."""

from __future__ import annotations

import http.client
import json
import ssl

import pytest

from lab.kerio.double import PASSWORD

PATH = '/admin/api/jsonrpc/'
APPLICATION = {'name': 'test', 'vendor': 'lab', 'version': '1'}


class Failed(Exception):
    """An answer with an error."""

    def __init__(self, error):
        super().__init__(f'{error["code"]}: {error["message"]}')
        self.code = error['code']
        self.error = error


class Rpc:
    """Calls of one client; logged in after log_in()."""

    def __init__(self, double, tls=True, timeout=5):
        self.double = double
        self.tls = tls
        self.timeout = timeout
        self.headers = {}
        self.token = ''

    def post(self, body, headers=None, path=PATH, method='POST'):
        """(status, headers as a list of pairs, body)"""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        kind, more = (
            (http.client.HTTPSConnection, {'context': context}) if self.tls else (http.client.HTTPConnection, {})
        )
        connection = kind('127.0.0.1', self.double.web.port, timeout=self.timeout, **more)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def call(self, method, **params):
        body = json.dumps({'jsonrpc': '2.0', 'id': 7, 'method': method, 'params': params})
        status, headers, answer = self.post(body, self.headers)
        assert status == 200
        answer = json.loads(answer)
        assert answer['jsonrpc'] == '2.0' and answer['id'] in (7, None)
        self.answered = headers
        if 'error' in answer:
            raise Failed(answer['error'])
        return answer['result']

    def log_in(self, name='Admin', password=PASSWORD):
        self.token = self.call('Session.login', userName=name, password=password, application=APPLICATION)['token']
        cookies = [value.partition(';')[0] for key, value in self.answered if key.lower() == 'set-cookie']
        self.headers = {'Cookie': '; '.join(cookies), 'X-Token': self.token}
        return self

    def log_out(self):
        self.call('Session.logout')


def fails(code, client, method, **params):
    """The error of a call that must have this code."""
    with pytest.raises(Failed) as failed:
        client.call(method, **params)
    assert failed.value.code == code
    return failed.value.error
