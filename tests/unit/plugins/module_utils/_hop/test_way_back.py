# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the hop's bounces are taken back is asked as the hop would hand them in, and told in the server's own words."""

from __future__ import annotations

import re

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import verify, way_back
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.converge import options_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.way_back import foreseen, rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.arrival import Arrival, Inbound
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Hop

from tests.smtp.hostile import HostileServer
from tests.unit.fakes.mail_server import SETTINGS, FakeModule

REFUSAL = b'550 5.7.1 <mx.example.com>: Helo command rejected: do not use my name\r\n'


def ask(at=None, next_hop='[127.0.0.1]:{}', **more):
    with HostileServer(at=at, **more) as server:
        (found,) = rows(next_hop.format(server.port), 'mx.example.com', 'example.com')
    return found, server.commands


def test_what_is_said_is_what_the_hop_would_say_and_no_message_is_sent():
    found, commands = ask()
    assert (found['id'], found['status'], found['severity']) == ('hop.return', 'green', 'info')
    assert commands == [
        'EHLO mx.example.com',
        'MAIL FROM:<>',
        'RCPT TO:<postmaster@example.com>',
        'RSET',
        'QUIT',
    ]


@pytest.mark.parametrize('next_hop', ['[localhost]:{}', 'localhost:{}', '127.0.0.1:{}'])
def test_a_next_hop_in_each_of_its_forms(next_hop):
    assert ask(next_hop=next_hop)[0]['status'] == 'green'


@pytest.mark.parametrize(
    'at, said',
    [
        ({'RCPT': REFUSAL}, 'Helo command rejected: do not use my name'),
        ({'RCPT': b'450 4.7.1 unknown host\r\n'}, '450 4.7.1 unknown host'),
        ({'RCPT': b'550 5.1.0 no\r\n'}, '550 5.1.0 no'),
        ({'MAIL': b'530 5.7.0 Authentication required\r\n'}, '530 5.7.0 Authentication required'),
        ({'EHLO': b'501 5.5.2 syntax\r\n'}, r'the server refused EHLO \(501 5.5.2 syntax\)'),
        ({'banner': b'554 go away\r\n'}, r'the server refuses service \(554 go away\)'),
    ],
)
def test_a_refusal_is_red_in_the_server_s_own_words(at, said):
    found = ask(at)[0]
    assert found['status'] == 'red' and 'outbound_hop_return_address' in found['hint']
    assert re.search('refuses the bounces of the hop: .*' + said, found['finding'])


def test_nobody_who_listens_is_red():
    with HostileServer() as server:
        pass
    (found,) = rows(f'[127.0.0.1]:{server.port}', 'mx.example.com', 'example.com')
    assert found['status'] == 'red' and 'refused' in found['finding']


def test_a_postmaster_who_is_missing_does_not_stand_in_the_way():
    found = ask({'RCPT': b'550 5.1.1 <postmaster@example.com>: unknown user\r\n'})[0]
    assert (found['status'], found['severity']) == ('green', 'low') and 'unknown user' in found['finding']


def test_what_is_no_next_hop_is_named():
    assert rows('[', 'mx.example.com', 'example.com')[0]['status'] == 'red'
    with pytest.raises(ValueError, match="outbound_hop_return_address: there is no port 'nonsense'"):
        rows('[127.0.0.1]:nonsense', 'mx.example.com', 'example.com')


@pytest.fixture(name='asked')
def fixture_asked(monkeypatch):
    asked = []
    monkeypatch.setattr(way_back, 'rows', lambda *given: asked.append(given) or ['a row'])
    return asked


def settings_of(**hop):
    return dict(SETTINGS, roles=dict(SETTINGS['roles'], outbound_hop=dict(SETTINGS['roles']['outbound_hop'], **hop)))


IDENTITY = {'expanded': {'myhostname': 'mx.example.com', 'smtp_helo_name': 'out.example.com'}}


@pytest.mark.parametrize(
    'own, hop, expected',
    [
        ('', Hop(IDENTITY), [('[127.0.0.1]:25', 'out.example.com', 'example.com')]),
        ('[127.0.0.1]:26', Hop(IDENTITY), [('[127.0.0.1]:26', 'out.example.com', 'example.com')]),
        (
            '[127.0.0.1]:26',
            Hop(IDENTITY, return_address='[::1]:329'),
            [('[127.0.0.1]:26', 'out.example.com', 'example.com')],
        ),
        (
            '',
            Hop({'expanded': {'myhostname': 'mx.example.com'}}),
            [('[127.0.0.1]:25', 'mx.example.com', 'example.com')],
        ),
        # Yet to be made; nothing that is a problem of its own; and no hop.
        ('', Hop(IDENTITY, return_address='[127.0.0.1]:329'), []),
        ('', Hop(dict(IDENTITY, services=[])), []),
        ('', None, []),
    ],
)
def test_the_preflight_asks_where_the_hop_would_go(asked, own, hop, expected):
    foreseen(settings_of(return_address=own), hop)
    assert asked == expected


@pytest.mark.parametrize('own, found', [('', '[127.0.0.1]:329'), ('[::1]:26', '[::1]:26')])
def test_the_hop_is_told_of_the_mail_server_s_own_listener_unless_a_person_names_one(own, found):
    options = options_of(settings_of(return_address=own), Hop(IDENTITY, return_address='[127.0.0.1]:329'))
    assert options['return_address'] == found


class Instance:
    way = 'mta:[127.0.0.1]:329'

    def parameters(self, directory, names):
        return dict(zip(names, ('regexp:/etc/conbool-hop/own_mail', 'mx.example.com', ''))), []

    def text(self, *argv):
        assert argv == ('postmap', '-c', '/etc/conbool-hop', '-q', '<>', 'regexp:/etc/conbool-hop/own_mail')
        return self.way + '\n', ''


def test_verify_asks_where_the_hop_s_own_table_leads(asked, monkeypatch):
    hop = verify.HopServer(FakeModule(), SETTINGS)
    monkeypatch.setattr(hop, '_instance', Instance)
    assert hop.way_back() == ['a row'] and asked == [('[127.0.0.1]:329', 'mx.example.com', 'example.com')]
    monkeypatch.setattr(Instance, 'way', 'direct:')
    (found,) = hop.way_back()
    assert (found['id'], found['status'], found['target']) == ('hop.return', 'red', 'direct:')


FOR_OTHERS = {
    'clients': ['192.0.2.100/32', '192.0.2.101/32'],
    'return_routes': {'example.com': '[192.0.2.100]:25', 'sub.example.co.uk': '[192.0.2.101]:26'},
}


@pytest.fixture(name='asked_each')
def fixture_asked_each(monkeypatch):
    asked = []

    def rows_of(next_hop, helo, domain, source=''):
        asked.append((next_hop, helo, domain, *([source] if source else [])))
        return [{'target': next_hop, 'status': 'green'}]

    monkeypatch.setattr(way_back, 'rows', rows_of)
    return asked


WAYS = {('[192.0.2.100]:25', 'example.com'), ('[192.0.2.101]:26', 'sub.example.co.uk')}


def test_each_server_elsewhere_is_asked_about_its_own_domain_before(asked_each):
    found = foreseen(settings_of(**FOR_OTHERS), Hop(IDENTITY, remote=True))
    assert {(next_hop, domain) for next_hop, dummy, domain in asked_each} == WAYS
    assert [entry['target'] for entry in found] == [
        'example.com: [192.0.2.100]:25',
        'sub.example.co.uk: [192.0.2.101]:26',
    ]


def test_and_afterwards_as_the_table_of_the_hop_says(asked_each, monkeypatch):
    class Others:
        def parameters(self, directory, names):
            return dict(zip(names, ('regexp:own_mail', 'relay.example.com', 'texthash:returns'))), []

        def text(self, *argv):
            assert argv[:4] == ('postmap', '-c', '/etc/conbool-hop', '-q') and argv[5] == 'texthash:returns'
            return 'mta:' + FOR_OTHERS['return_routes'][argv[4]] + '\n', ''

    hop = verify.HopServer(FakeModule(), settings_of(**FOR_OTHERS))
    monkeypatch.setattr(hop, '_instance', Others)
    assert len(hop.way_back()) == 2
    assert {(next_hop, domain) for next_hop, dummy, domain in asked_each} == WAYS
    assert {helo for dummy, helo, dummy in asked_each} == {'relay.example.com'}


def test_the_gateway_s_mail_is_asked_about_from_where_it_comes(asked_each, monkeypatch):
    class Before:
        def parameters(self, directory, names):
            return dict(zip(names, ('regexp:own_mail', 'mx.example.com', 'texthash:returns'))), []

        def text(self, *argv):
            return 'mta:[127.0.0.1]:25\n', ''

    hop = verify.HopServer(FakeModule(), SETTINGS, arrival=Arrival('in', 327, 'marking', 328, '127.25.0.10'))
    monkeypatch.setattr(hop, '_instance', Before)
    assert len(hop.way_back()) == len(SETTINGS['domains']) + 1
    first = SETTINGS['domains'][0]
    assert asked_each[-1] == ('[127.0.0.1]:25', 'mx.example.com', first, '127.25.0.10')


@pytest.mark.parametrize(
    'reply, status', [('250 2.1.5 ok', 'green'), ('550 5.1.1 who?', 'green'), ('554 5.7.1 no', 'red')]
)
def test_a_mail_server_that_refuses_the_gateway_s_mail_is_red(monkeypatch, reply, status):
    def check(options):
        assert (options['source_address'], options['port']) == ('127.25.0.10', 25)
        verdict = 'accepted' if reply.startswith('2') else 'refused'
        return [{'recipients': [{'verdict': verdict, 'reply': reply}], 'findings': []}]

    monkeypatch.setattr(way_back, 'check', check)
    (found,) = way_back.rows('[127.0.0.1]:25', 'mx.example.com', 'example.com', '127.25.0.10')
    assert (found['id'], found['status']) == ('hop.mailboxes', status) and '127.25.0.10' in found['finding']
    assert found['hint'] or reply.startswith('2')


@pytest.mark.parametrize('inbound', [True, False])
def test_advice_on_a_server_elsewhere_is_about_what_it_gets(monkeypatch, inbound):
    asked = []

    def check(options):
        asked.append(options['hosts'])
        return [{'recipients': [{'verdict': 'refused', 'reply': '554 5.7.1 no'}], 'findings': []}]

    monkeypatch.setattr(way_back, 'check', check)
    arrival = Arrival('front_port', 327)
    hop = Hop(IDENTITY, remote=True, return_address='[192.0.2.9]:25', inbound=Inbound(arrival, '', ''))
    settings = settings_of(clients=['192.0.2.100/32'])
    before = foreseen(settings, hop if inbound else Hop(IDENTITY, remote=True))
    after = verify.HopServer(FakeModule(), settings, arrival=arrival if inbound else None)

    class Told:
        def parameters(self, directory, names):
            return dict(zip(names, ('regexp:own_mail', 'relay.example.com', 'texthash:returns'))), []

        def text(self, *argv):
            return 'mta:[192.0.2.9]:25\n', ''

    monkeypatch.setattr(after, '_instance', Told)
    found = before + after.way_back()
    assert {row['id'] for row in found} == {'hop.return'} and len(found) == len(asked) == 4
    assert {row['hint'] for row in found} == {way_back.BEHIND if inbound else way_back.HINT}
    assert asked[:2] == [['192.0.2.9' if inbound else '192.0.2.100']] * 2
