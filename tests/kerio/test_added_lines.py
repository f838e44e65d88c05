# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines that the server writes into a message."""

from __future__ import annotations

import re
import socket

import pytest

from lab.kerio import company
from lab.kerio.message import signature_holds

from .conftest import LOGIN, connect, mail, send
from .sink import header


@pytest.mark.parametrize('version', ['8.5', '9.4.1', '10.0.8'])
def test_the_received_line(make, version):
    double = make(version)
    send(double, tls=False)
    send(double, 'alice@example.com', ['alice@example.com'], 'SMTP Submission', login=LOGIN)
    send(double, recipients=['alice@example.com', 'bob@example.com'])
    lines = sorted(header(raw, 'Received')[0] for raw in mail(double, count=3))
    number = re.escape(version + ('.0' if version == '9.2' else ''))
    server = rf'by mail\.example\.com \(Kerio Connect {number}\)'
    proto = (lambda name: f' with {name}') if version != '8.5' else (lambda name: '')
    date = r';\s\w{3}, \d{1,2} \w{3} \d{4} [\d:]{8} [+-]\d{4}'
    tls = r'\s\(using TLSv1\.[23] with cipher \S+ \(\d+ bits\)\)'
    user = r'\(authenticated user alice@example\.com\)'
    start = r'from client\.test \(\[127\.0\.0\.1\]\)'
    wanted = [
        rf'{start}\s{server}{proto("ESMTP")}\sfor alice@example\.com{date}',
        rf'{start}\s{user}\s{server}{proto("ESMTPSA")}{tls}\sfor alice@example\.com{date}',
        rf'{start}\s{server}{proto("ESMTPS")}{tls}{date}',
    ]
    assert all(any(re.fullmatch(pattern, line) for line in lines) for pattern in wanted), lines


@pytest.mark.parametrize('way, words', [('protocol', ' with ESMTPA'), ('none', ' with ESMTP')])
def test_who_logged_in_may_not_be_told(make, way, words):
    """U10"""
    double = make(login_received=way)
    send(double, 'alice@example.com', ['alice@example.com'], 'SMTP Submission', login=LOGIN, tls=False)
    (line,) = header(mail(double)[0], 'Received')
    assert 'authenticated' not in line and re.search(words + r'\s', line)


def test_the_version_can_be_hidden(make):
    def prepare(state):
        state.data['advanced']['miscellaneous']['showProgramNameAndVersion'] = False

    double = make(prepare=prepare)
    send(double)
    assert 'Kerio' not in header(mail(double)[0], 'Received')[0]
    with connect(double) as client:
        assert b'Kerio' not in client.docmd('NOOP')[1]
    with socket.create_connection(('127.0.0.1', double.port())) as plain:
        assert plain.recv(99) == b'220 mail.example.com ESMTP ready\r\n'
    double.state.data['advanced']['miscellaneous']['showProgramNameAndVersion'] = True
    with socket.create_connection(('127.0.0.1', double.port())) as plain:
        assert plain.recv(99) == b'220 mail.example.com Kerio Connect 10.0.8 ESMTP ready\r\n'


def test_addresses_of_local_clients_can_be_hidden(make):
    def prepare(state):
        group = company.group(state, 'Local', {'type': 'Host', 'host': '127.0.0.1'})
        state.data['smtp']['relayControl'].update(ipAddressGroupId=group, hideLocalIpInRcv=True)
        state.data['advanced']['miscellaneous']['insertXEnvelopeTo'] = True

    double = make(prepare=prepare)
    send(double)
    raw = mail(double)[0]
    assert '[127.0.0.1]' not in header(raw, 'Received')[0]
    assert header(raw, 'X-Envelope-To') == ['alice@example.com']


@pytest.mark.parametrize(
    'way, words', [('http', 'with HTTP'), ('none', None), ('authenticated', '(authenticated user alice')]
)
def test_webmail(make, way, words):
    """U10"""
    double = make(webmail_received=way)
    double.mail.webmail('alice@example.com', ['alice@example.com'], b'Subject: web\r\n\r\ntext\r\n')
    lines = header(mail(double)[0], 'Received')
    assert lines == [] if words is None else words in lines[0]
    assert 'Service: HTTP' in double.state.journal.lines('mail')[0]


@pytest.mark.parametrize('conbool', [False, True])
def test_a_signature_does_not_survive_what_it_covers(make, conbool):
    """U21, by a stand-in for DKIM."""

    def prepare(state):
        state.data['domains'][0]['isDkimEnabled'] = True

    double = make(prepare=prepare, dkim_signs_conbool=conbool)
    send(double, 'alice@example.com', login=LOGIN, headers='X-Conbool-Released: yes\r\n')
    raw = mail(double)[0]
    assert signature_holds(raw) is True
    assert signature_holds(raw.replace(b'X-Conbool-Released: yes\r\n', b'')) is not conbool
    assert signature_holds(raw.replace(b'text', b'changed')) is False
    assert signature_holds(b'Subject: x\r\n\r\n') is None
