# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to a server: its addresses, and the one to connect from."""

from __future__ import annotations

import socket
import time

from tests.smtp.check import check, check_all, ids
from tests.smtp.hostile import HostileServer


def addresses(*names):
    return lambda _name, port, _family, _kind: [
        (socket.AF_INET6 if ':' in name else socket.AF_INET, socket.SOCK_STREAM, 6, '', (name, port)) for name in names
    ]


def test_next_address_is_tried(monkeypatch):
    monkeypatch.setattr(socket, 'getaddrinfo', addresses('127.0.0.2', '127.0.0.3', '127.0.0.1'))
    with HostileServer() as server:
        result = check(server, {'starttls': False}, hosts=['mail.example.com'])
    assert result['healthy'] and result['address'] == '127.0.0.1'


def test_no_address_accepts(monkeypatch):
    with HostileServer() as server:
        pass
    monkeypatch.setattr(socket, 'getaddrinfo', addresses('127.0.0.1', '::1'))
    result = check(server, hosts=['mail.example.com'])
    assert ids(result) == ['connect']
    assert result['findings'][0]['seen'] == '127.0.0.1: Connection refused; ::1: Connection refused'
    assert result['reachable'] is False and result['starttls_offered'] is None


def test_unknown_host(monkeypatch):
    def getaddrinfo(*_arguments):
        raise socket.gaierror(socket.EAI_NONAME, 'Name or service not known')

    monkeypatch.setattr(socket, 'getaddrinfo', getaddrinfo)
    result = check_all(hosts=['mail.example.com'])[0]
    assert ids(result) == ['resolve'] and 'Name or service not known' in result['status']


def test_resolver_that_does_not_answer(monkeypatch):
    monkeypatch.setattr(socket, 'getaddrinfo', lambda *_arguments: time.sleep(3))
    started = time.monotonic()
    result = check_all(hosts=['mail.example.com'], timeout=0.2)[0]
    assert time.monotonic() - started < 2
    assert ids(result) == ['resolve']


def test_source_address():
    with HostileServer(addresses=['127.0.0.1', '::1']) as server:
        assert check(server, {'starttls': False}, source_address='127.0.0.9')['healthy']
        for source in ('192.0.2.77', '::1'):
            result = check(server, {'starttls': False}, source_address=source)
            assert ids(result) == ['source_address'] and source in result['status']


def test_source_address_chooses_the_family(monkeypatch):
    monkeypatch.setattr(socket, 'getaddrinfo', addresses('::1', '127.0.0.1'))
    with HostileServer(addresses=['127.0.0.1', '::1']) as server:
        assert check(server, {'starttls': False}, hosts=['mail.example.com'])['address'] == '::1'
        assert (
            check(server, {'starttls': False}, hosts=['mail.example.com'], source_address='127.0.0.9')['address']
            == '127.0.0.1'
        )


def test_address_family():
    with HostileServer(addresses=['127.0.0.1', '::1']) as server:
        assert check(server, {'starttls': False}, hosts=['::1'], address_family='ipv6')['address'] == '::1'
        assert ids(check(server, hosts=['::1'], address_family='ipv4')) == ['resolve']
