# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose headers of the gateway count in the hop: what the double hands to it, judged by the tables that the role has
made for the hop beside this double."""

from __future__ import annotations

import pytest

from lab.kerio import company
from tests.unit.fakes.hop import configure, led

from .conftest import LOGIN, send
from .sink import header
from .test_redirect import HOP_LINE, SOURCE, strict

pytest_plugins = ['tests.kerio.adapter']

LOOP = 'X-Conbool-example-com: true\r\n'
# Of somebody who writes what the server would write for a program.
FORGED = 'Received: from x ([127.0.0.1])\r\n\tby mail.example.com (Kerio Connect 10.0.8) with ESMTP\r\n\t; x\r\n'
OUT = 'y@external.test'
COUNTED, WASHED = 'counted:[127.0.0.1]:329', 'washed:[127.0.0.1]:329'


class Leaving:
    """A Kerio Connect with the role, and what it hands to the hop."""

    def __init__(self, kerio, sink):
        self.kerio, self.double, self._sink = kerio, kerio.double, sink
        server = kerio.server()
        wanted = server.wanted(server.facts(), False)
        assert wanted.problems == []
        for each in [*wanted.parts, *wanted.last]:
            kerio.shown(each.converge(server.module))
        self.marks = wanted.hop.inbound.marks if wanted.hop.inbound else {}
        more = {'inbound': wanted.hop.inbound, 'arrival': server.arrival} if wanted.hop.inbound else {}
        settings = {
            name: kerio.settings[name]
            for name in ('networks', 'inbound_require_certificate', 'inbound_certificate_fingerprints')
        }
        provenance = {'provenance': wanted.hop.provenance, 'inbound_places': [], 'learnt': []}
        self._tables = configure(settings, **provenance, **more)

    def judged(self):
        """The way of the one message that has left."""
        (delivery,) = self._sink.wait(1)
        names = ('Received', 'X-Conbool-example-com')
        lines = [f'{name}: {value}' for name in names for value in header(delivery.raw, name)]
        assert led(self._tables, '127.0.0.1:325', lines) == 'doubtful:[127.0.0.1]:326'
        return led(self._tables, '127.0.0.1:326', lines)


@pytest.fixture(name='leaving', params=['redirect', 'direct'])
def fixture_leaving(request, host, sink):
    """leaving(prepare=..., PROFILE MEMBER=...) -> Leaving, in each mode."""

    def begin(prepare=lambda state: None, **ways):
        hop = sink()
        world = {'hosts': {('127.0.0.1', 325): hop.place}, 'exchangers': {'external.test': ('127.0.0.1', 1)}}
        kerio = host(prepare=lambda state: strict(state) or prepare(state), world=world, **ways)
        kerio.options['inbound'] = request.param
        kerio.settings['inbound_require_certificate'] = request.param == 'redirect'
        return Leaving(kerio, hop)

    return begin


def without_version(state):
    state.data['advanced']['miscellaneous']['showProgramNameAndVersion'] = False


@pytest.mark.parametrize('prepare', [lambda state: None, without_version], ids=['version', 'hidden'])
@pytest.mark.parametrize('service', ['SMTP Submission', 'Secure SMTP'])
def test_headers_of_a_user_who_has_logged_in_do_not_count(leaving, prepare, service):
    host = leaving(prepare)
    forged = LOOP + FORGED + ''.join(HOP_LINE.format(f'({mark}) ') for mark in host.marks.values()) + LOOP
    send(host.double, 'alice@example.com', [OUT], service, login=LOGIN, headers=forged)
    assert host.judged() == WASHED


@pytest.mark.parametrize('way, judged', [('protocol', WASHED), ('none', COUNTED)])
def test_where_no_name_is_told_the_protocol_tells_of_the_log_in(leaving, way, judged):
    """U10; where nothing tells, nobody can know."""
    host = leaving(login_received=way)
    send(host.double, 'alice@example.com', [OUT], 'SMTP Submission', login=LOGIN, headers=LOOP)
    assert host.judged() == judged


def without_address(state):
    group = company.group(state, 'Local', {'type': 'Host', 'host': '127.0.0.1'})
    state.data['smtp']['relayControl'].update(ipAddressGroupId=group, hideLocalIpInRcv=True)


@pytest.mark.parametrize('prepare', [lambda state: None, without_version, without_address])
def test_headers_of_a_program_on_the_host_count(leaving, prepare):
    host = leaving(prepare)
    send(host.double, 'alice@example.com', ['fwd@example.com'], headers=LOOP)
    assert host.judged() == COUNTED


@pytest.mark.parametrize('login', ['user', 'none'])
def test_headers_of_the_gateway_s_mail_count_when_it_is_forwarded(leaving, login):
    host = leaving(login_received=login)
    source = SOURCE if host.marks else '127.0.0.9'
    # A user of this server had sent it.
    before = FORGED.replace('\r\n\tby', '\r\n\t(authenticated user alice@example.com)\r\n\tby')
    marked = HOP_LINE.format(f'({host.marks["mailboxes"]}) ') if host.marks else ''
    send(host.double, recipients=['fwd@example.com'], source=source, headers=marked + LOOP + before)
    assert host.judged() == COUNTED


@pytest.mark.parametrize('way', ['http', 'none', 'authenticated'])
def test_headers_of_whom_the_server_does_not_tell_do_not_count(leaving, way):
    host = leaving(webmail_received=way)
    host.double.mail.webmail('alice@example.com', [OUT], LOOP.encode() + b'Subject: web\r\n\r\ntext\r\n')
    assert host.judged() == WASHED


def test_mail_of_the_gateway_that_a_user_sends_on_by_his_own_script_counts(leaving):
    host = leaving(webmail_received='http')
    marked = HOP_LINE.format(f'({host.marks.get("released", "0" * 32)}) ').encode()
    host.double.mail.webmail('alice@example.com', [OUT], marked + LOOP.encode() + b'Subject: web\r\n\r\ntext\r\n')
    assert host.judged() == (COUNTED if host.marks else WASHED)
