# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hop alone, without anything that leads mail to it."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module import handed, hop
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Hop, Wanted

from tests.unit.fakes.mail_server import FakeModule, FakeServer


@pytest.fixture(name='server')
def fixture_server(monkeypatch):
    monkeypatch.setattr(hop.hop, 'absent', lambda module, settings: ({'changed': True}, []))
    monkeypatch.setattr(
        hop.hop,
        'present',
        lambda module, settings, wanted, moving: ({'changed': wanted.identity, 'moving': moving}, []),
    )
    monkeypatch.setattr(hop, 'signs_of', lambda name: ['/etc/fake.cf'])
    server = FakeServer()
    server.NAME = 'postfix'
    server.given['wanted'] = Wanted(hop=Hop({'who': 'it is'}))
    monkeypatch.setattr(hop.hop, 'problems', lambda settings, wanted: [])
    return server


def test_it_takes_over_who_the_mail_server_is(server):
    assert hop.present(FakeModule(), server)[0]['changed'] == {'who': 'it is'}


@pytest.mark.parametrize('leads', [[], ['/etc/fake.cf']])
def test_it_listens_on_where_the_mail_server_leads_mail_to(server, leads):
    server.given['leads_to_hop'] = leads
    assert hop.present(FakeModule(), server)[0]['moving'] == bool(leads)


def test_nothing_is_made_when_something_stands_against_it(server, monkeypatch):
    monkeypatch.setattr(hop.hop, 'problems', lambda settings, wanted: ['a: 1', 'b: 2'])
    with pytest.raises(HostError, match=r'a: 1 \| b: 2'):
        hop.present(FakeModule(), server)


def test_it_goes_where_no_mail_is_led_to_it(server):
    assert hop.absent(FakeModule(), server)[0]['changed']
    server.given['leads_to_hop'] = ['/etc/fake.cf']
    with pytest.raises(HostError, match='still leads mail to the hop'):
        hop.absent(FakeModule(), server)


def test_it_stays_on_a_host_whose_mail_server_it_does_not_know(server, monkeypatch):
    monkeypatch.setattr(hop, 'signs_of', lambda name: [])
    with pytest.raises(HostError, match='The mail server of this host is no Postfix. Nothing was changed'):
        hop.absent(FakeModule(), server)


def test_a_server_elsewhere_leaves_no_sign_on_this_host(server, monkeypatch):
    monkeypatch.setattr(hop, 'signs_of', lambda name: [])
    server.here = False
    assert hop.absent(FakeModule(), server)[0]['changed']


def test_what_stands_against_a_mail_server_without_a_hop_is_said(server):
    server.given['wanted'] = Wanted(problems=['outbound_hop_listen: names no address'])
    with pytest.raises(HostError, match='^outbound_hop_listen: names no address$'):
        hop.present(FakeModule(), server)


def test_a_certificate_that_cannot_be_used_keeps_it_from_being_made(server, tmp_path):
    files = {'cert_file': str(tmp_path / 'no.pem'), 'names': {'cert_file': 'outbound_hop_tls_cert'}}
    server.given['wanted'] = Wanted(hop=Hop({'who': 'it is'}), tls_files=[files])
    with pytest.raises(HostError, match='^outbound_hop_tls_cert: .*no.pem'):
        hop.present(FakeModule(), server)


@pytest.mark.parametrize('mta, taken', [('auto', 'last'), ('postfix', 'last'), ('remote', 'remote')])
def test_the_settings_say_whose_hop_it_is(monkeypatch, mta, taken):
    def of(name):
        return type(name, (FakeServer,), {'NAME': name, '__init__': lambda self, *dummy: None})

    class Module(FakeModule):
        def __init__(self, **dummy):
            super().__init__()
            self.params = {'settings': {'mta': mta, 'state': 'present'}}

    said = []
    monkeypatch.setattr(handed, 'AnsibleModule', Module)
    monkeypatch.setattr(hop, 'server_of', lambda server_class, module, settings: said.append(server_class.__name__))
    monkeypatch.setattr(hop.hop, 'lock_directory', lambda settings: '/etc')
    monkeypatch.setattr(hop, 'run', lambda *dummy: None)
    hop.main(of('remote'), of('last'))
    assert said == [taken]
