# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail servers on other machines as an adapter: a hop, and nothing beside it."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.sockets import Socket
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module import questions, smarthost
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import services
from ansible_collections.conbool.smtp_relay.plugins.module_utils._remote import demands, server
from ansible_collections.conbool.smtp_relay.plugins.module_utils._remote.server import RemoteServer
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.local_command import command_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import certain_routes

from tests.unit.fakes.mail_server import FakeModule
from tests.unit.fakes.remote import settings


@pytest.fixture(name='remote')
def fixture_remote(monkeypatch, tmp_path):
    monkeypatch.setattr(demands.problems, '__defaults__', (lambda address: address == '192.0.2.25',) * 2)
    # What the machine of a test has is no matter.
    monkeypatch.setattr(server, 'for_others', lambda port: [])
    monkeypatch.setattr(server, 'RECORDS', str(tmp_path))

    def remote(more=None, **hop):
        back = '' if more and more.get('mail_server') else '[192.0.2.100]:26'
        return RemoteServer(FakeModule(), settings(more, return_address=back, **hop))

    return remote


def test_the_hop_is_who_the_variables_say(remote):
    mta = remote(message_size_limit=50000000)
    wanted = mta.wanted(mta.facts(), False)
    assert wanted.problems == [] and wanted.parts == [] and wanted.hop.remote and wanted.hop.own_programs
    assert wanted.hop.identity['expanded'] == {
        'myhostname': 'relay.example.com',
        'smtp_helo_name': 'relay.example.com',
        # Mail from mailer-daemon@example.com is somebody's, and goes to the gateway.
        'myorigin': 'relay.example.com',
        'message_size_limit': '50000000',
    }
    assert [files['names']['cert_file'] for files in wanted.tls_files] == ['outbound_hop_tls_cert']


@pytest.mark.parametrize('name', ['relay', 'localhost', 'localhost.localdomain', ''])
def test_a_host_without_a_full_name_has_to_be_told_one(remote, monkeypatch, name):
    monkeypatch.setattr(server.socket, 'getfqdn', lambda: name)
    mta = remote(hostname='')
    with pytest.raises(HostError, match=f'^outbound_hop_hostname: is empty, and the name of this host, {name!r}'):
        mta.wanted(mta.facts(), False)
    monkeypatch.setattr(server.socket, 'getfqdn', lambda: 'relay.example.net')
    assert mta.wanted(mta.facts(), False).hop.identity['expanded']['myhostname'] == 'relay.example.net'


def test_a_hosted_domain_is_no_name_of_the_hop(remote):
    mta = remote(hostname='example.com')
    with pytest.raises(HostError, match="^outbound_hop_hostname: 'example.com' is one of conbool_domains"):
        mta.wanted(mta.facts(), False)


@pytest.mark.parametrize(
    'record, title, name',
    [
        ('postfix/0123456789abcdef/postfix_smarthost_outbound', 'Postfix', 'postfix'),
        ('files/sendmail', 'Sendmail', 'sendmail'),
        ('zimbra/zimbra_smarthost', 'Zimbra', 'zimbra'),
        ('kerio/kerio_smarthost', 'Kerio Connect', 'kerio'),
        # What this host has as a smart host of others.
        ('postfix/0123456789abcdef/outbound_hop', '', ''),
        ('files/client_certificate', '', ''),
    ],
)
def test_a_mail_server_of_this_host_is_not_forgotten(remote, monkeypatch, tmp_path, record, title, name):
    (tmp_path / record).parent.mkdir(parents=True)
    (tmp_path / f'{record}.json').touch()
    mta = remote()
    said = mta.wanted(mta.facts(), False).problems
    assert mta.leads_to_hop() == ([f'the {title} of this host'] if name else [])
    assert len(said) == len(mta.leads_to_hop()) and all(f'with conbool_mta: {name}' in text for text in said)
    assert [row['target'] for row in mta.obstacles(mta.facts()) if row['status'] == 'red'] == [
        'outbound_hop_clients' for dummy in said
    ]


@pytest.mark.parametrize(
    'address, port, firewall, said',
    [
        ('192.0.2.26', 25, 'present', 1),
        ('192.0.2.26', 25, 'absent', 0),
        ('192.0.2.26', 2525, 'present', 0),
        # Of itself, and of who is in its way, another text says so.
        ('192.0.2.25', 25, 'present', 0),
        ('::', 25, 'present', 0),
    ],
)
def test_who_has_the_port_at_another_address_does_not_lose_his_clients(
    remote, monkeypatch, address, port, firewall, said
):
    there = Socket(address, 25, 0, 1)
    monkeypatch.setattr(server, 'for_others', lambda asked: [there] if asked == 25 else [])
    monkeypatch.setattr(server, 'holders', lambda sockets: ['pid 7 (exim4), user root'])
    mta = remote(listen_port=port)
    mta.settings['roles']['inbound_firewall']['state'] = firewall
    found = mta.wanted(mta.facts(), False).problems
    assert not found or ('inbound_firewall_state: absent' in found[0])
    assert len(found) == said and all(
        text.startswith('outbound_hop_listen_port: 25 is also the port at 192.0.2.26, held by pid 7 (exim4)')
        for text in found
    )
    # A listener of the hop's own that it is about to leave.
    monkeypatch.setattr(server, 'not_of', lambda sockets, pid: [])
    assert mta.wanted(mta.facts(), False).problems == []


def test_what_stands_against_it_is_a_problem_and_a_row_of_the_preflight(remote):
    mta = remote(listen=[])
    assert mta.wanted(mta.facts(), False).problems[0].startswith('outbound_hop_listen: ')
    assert [(row['id'], row['target']) for row in mta.obstacles(mta.facts()) if row['status'] == 'red'] == [
        ('hop.clients', 'outbound_hop_listen')
    ]


@pytest.mark.parametrize('bypass, way', [(True, 'direct'), (False, 'gateway')])
@pytest.mark.parametrize('good', [True, False])
def test_routes_are_those_of_the_hop(remote, monkeypatch, bypass, way, good):
    def route(queue_directory, sender, recipient):
        assert queue_directory == '/var/spool/conbool-hop'
        if not recipient.endswith('.invalid'):
            return {'transport': 'mta', 'next_hop': '[192.0.2.100]:26'}
        return {'transport': ('gateway' if good else 'smtp') if sender else way, 'next_hop': ''}

    monkeypatch.setattr(server, 'route', route)
    mta = remote({'bypass_null_sender': bypass})
    rows = questions.route_rows(mta, mta.settings)
    assert len(rows) == len(certain_routes(mta.settings))
    assert {row['status'] for row in rows} == ({'green'} if good else {'green', 'red'})


class Unwatched:
    """A queue that nobody looks at."""

    def __init__(self, name, dummy):
        self.name = name

    def begin(self):
        pass

    def row(self, dummy):
        return self.name


@pytest.fixture(name='asked')
def fixture_asked(monkeypatch):
    """What a verification asks, of which nothing is answered."""
    names = []
    monkeypatch.setattr(questions, 'Watched', Unwatched)
    monkeypatch.setattr(questions, 'asked', lambda name, *dummy: names.append(name) or [])
    monkeypatch.setattr(questions, 'spend', lambda seconds, work: work())
    return names


def test_the_queue_of_a_server_elsewhere_is_not_watched(remote, asked):
    mta = remote()
    assert questions.rows_of(mta, mta.settings) == ['hop'] and 'hop' in asked


@pytest.mark.parametrize('state', ['present', 'absent'])
def test_who_gets_to_the_port_of_the_clients_is_asked(remote, asked, state):
    mta = remote({'inbound': False, 'state': state})
    questions.rows_of(mta, mta.settings)
    assert ('firewall' in asked) is (state == 'present')
    # No mail server is here that could take mail from the gateway.
    assert 'inbound.listens' not in asked


@pytest.mark.parametrize('question', ['running', 'arrivals', 'listener_rows', 'stale'])
def test_of_a_server_elsewhere_nothing_is_asked_here(remote, question):
    assert getattr(remote(), question)() == []


def test_no_service_and_no_command_of_this_host_is_that_of_a_server_elsewhere():
    assert services(RemoteServer.NAME) == () and command_rows(RemoteServer.NAME) == []


def test_undo_has_no_part_but_the_hop_and_the_port(remote, monkeypatch):
    monkeypatch.setattr(smarthost.firewall, 'limited', lambda module: True)
    monkeypatch.setattr(smarthost.firewall, 'look_ahead', lambda module, limit: ({'settled': False}, []))
    monkeypatch.setattr(smarthost, '_refuse_half_a_change', lambda module, server, parts: None)
    monkeypatch.setattr(smarthost, '_take', lambda module, parts: [part.name for part in parts])
    mta = remote()
    assert smarthost.absent(mta.module, mta) == ['spam', 'mail_port', 'hop']


def test_the_certificate_of_the_listener_is_one_for_clients(remote, tmp_path):
    path = str(tmp_path / 'gone.pem')
    (found,) = [row for row in remote(tls_cert=path).obstacles(None) if row['id'] == 'tls.server']
    assert found['target'] == path and 'shows to the clients' in found['hint'] and found['finding']
    assert not [row for row in remote(tls_cert='', tls_key='').obstacles(None) if row['id'] == 'tls.server']


FRONT = {'inbound': True, 'mail_server': '[192.0.2.99]:2525'}


def test_the_gateway_s_mail_is_taken_for_the_server_behind(remote, monkeypatch):
    mta = remote(FRONT)
    facts = mta.facts()
    facts.gateway = ['what it shows']
    wanted = mta.wanted(facts, False)
    assert wanted.problems == [] and mta.arrival == ('remote_smarthost_inbound_port', 327, '', 0, '', ())
    assert (mta.redirect_port, mta.redirect_variable) == (327, 'remote_smarthost_inbound_port')
    inbound = wanted.hop.inbound
    assert (inbound.certificate, inbound.key, inbound.gateway) == (
        '/etc/ssl/relay.pem',
        '/etc/ssl/relay.key',
        facts.gateway,
    )
    assert inbound.marks == {} and wanted.hop.return_address == '[192.0.2.99]:2525'
    # Nothing of it is filed by anybody here.
    assert {each['agent'] for each in facts.deliveries} == {'own'} and len(facts.deliveries) == 2
    for without in (remote(), remote(dict(FRONT, state='absent')), remote(dict(FRONT, inbound=False))):
        assert without.arrival is None and without.redirect_port == 0
    assert remote().wanted(remote().facts(), False).hop.inbound is None and remote().facts().deliveries == []


@pytest.mark.parametrize('more, asked', [(FRONT, ['hop.stranger', 'inbound.stranger']), ({}, ['hop.stranger'])])
def test_each_listener_is_asked_as_a_stranger_would(remote, monkeypatch, more, asked):
    seen = []
    monkeypatch.setattr(server, 'outsider_rows', lambda *words: seen.append(words) or [])
    monkeypatch.setattr(server, 'redirect_rows', lambda *words: [{'id': 'firewall.redirect', 'target': words[2:]}])
    mta = remote(more)
    mta.doors()
    assert [words[0] for words in seen] == asked
    assert more == {} or seen[1][1:] == (['127.0.0.1'], 327, True, 'example.com')
    redirected = [row['target'] for row in mta.obstacles(mta.facts()) if row['id'] == 'firewall.redirect']
    assert redirected == ([(327, 'remote_smarthost_inbound_port')] if more else [])


def test_by_what_the_gateway_is_known_stands_in_the_table_of_the_hop(remote, monkeypatch):
    monkeypatch.setattr(server, 'known_by', lambda certificate, table, settings: (certificate, table))
    assert remote().knows('shown') == ''
    mta = remote(FRONT)
    assert mta.knows('shown') == ('shown', '')


def test_nobody_else_s_mail_of_the_gateway_is_led_to_the_hop(remote, monkeypatch):
    monkeypatch.setattr(server, 'for_others', lambda asked: [Socket('192.0.2.26', asked, 0, 1)])
    monkeypatch.setattr(server, 'holders', lambda sockets: ['pid 7 (exim4), user root'])
    mta = remote(FRONT)
    mta.settings['roles']['inbound_firewall']['state'] = 'absent'
    (found,) = mta.wanted(mta.facts(), False).problems
    assert found.endswith('whose clients the firewall would lead away. Take a port that nobody else has')
