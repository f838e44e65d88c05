# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Postfix as everything else sees it."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import server as postfix
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.outbound import outbound_configuration
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.server import PostfixServer

from tests.unit.fakes.mail_server import SETTINGS, FakeModule

OPTIONS = {
    'certificate_fingerprints': [],
    'client_ca_file': '',
    'policy_command': '/usr/sbin/postfwd1',
    'policy_package': 'postfwd',
    'inbound_services': [],
    'wash_submission': False,
    'wash_port': 10028,
    'flag_port': 10029,
    'release_port': 10030,
}
INFO = {
    'version': '3.7.11',
    'running': True,
    'queue_directory': '/var/spool/postfix',
    'deliveries': [],
    'config_dir': '/etc/postfix',
    'owners': ['postfix_smarthost_inbound'],
    'parameters': {},
    'expanded': {
        'mynetworks': '127.0.0.0/8 10.0.0.0/24',
        'message_size_limit': '0',
        'smtpd_tls_security_level': 'may',
        'smtpd_tls_cert_file': '/etc/ssl/server.pem',
    },
    'services': [
        {
            'name': 'smtp',
            'type': 'inet',
            'private': 'n',
            'unprivileged': '-',
            'chroot': 'y',
            'wakeup': '-',
            'max_processes': '-',
            'command': 'smtpd',
            'options': {},
        }
    ],
}
LIST = 'smtpd_recipient_restrictions'
PORT_25 = {
    'config_dir': '/etc/postfix',
    'services': [
        {
            'name': 'smtp',
            'type': 'inet',
            'command': 'smtpd',
            'options': {'conbool_main_restrictions': 'reject_unknown_recipient_domain,  permit'},
        },
        {'name': 'submission', 'type': 'inet', 'command': 'smtpd', 'options': {LIST: 'permit_sasl_authenticated'}},
    ],
}


@pytest.fixture(name='server')
def fixture_server(tmp_path):
    def make(options=None, **settings):
        options = dict(OPTIONS, config_dir=str(tmp_path), **(options or {}))
        roles = dict(SETTINGS['roles'], postfix_smarthost=options)
        return PostfixServer(FakeModule(), dict(SETTINGS, roles=roles, **settings))

    return make


def wanted(server, monkeypatch):
    monkeypatch.setattr(postfix, 'facts', lambda *dummy, **more: (INFO, []))
    facts = server.facts()
    assert facts.relay_networks == ['127.0.0.0/8', '10.0.0.0/24']
    return server.wanted(facts, False)


@pytest.mark.parametrize(
    'next_hop', ['[gw.partner.example]', '[192.0.2.1]:25', '[127.0.0.1]:2526', '[127.0.0.2]:10027', 'external.test', '']
)
def test_the_hop_s_client_on_its_way_to_another_host_is_not_the_way_to_the_gateway(server, monkeypatch, next_hop):
    class Instance:
        def parameters(self, *dummy):
            return {'queue_directory': '/var/spool/postfix'}, ''

    ways = {'a': ('conbool-hop', '[127.0.0.1]:10027'), 'b': ('conbool-hop', next_hop), 'c': ('local', '')}
    monkeypatch.setattr(
        postfix,
        'route',
        lambda queue, sender, recipient: dict(zip(('transport', 'next_hop'), ways[recipient])),
    )
    mta = server()
    monkeypatch.setattr(mta, '_instance', Instance)
    routes = mta.routes([{'sender': '', 'recipient': name} for name in ways])
    assert [route.through for route in routes] == [True, False, False]
    assert routes[1].way == ('conbool-hop:' + next_hop).rstrip(':') and routes[2].way == 'local'


@pytest.mark.parametrize(
    'settings, options, parts, programs',
    [
        ({'inbound': False}, {}, ['postfix_smarthost_outbound', 'postfix_smarthost_inbound'], []),
        (
            {'inbound': True},
            {},
            ['postfix_smarthost_outbound', 'postfix_smarthost_inbound'],
            [('/usr/sbin/postfwd1', 'postfwd')],
        ),
        (
            {'inbound': True},
            {'certificate_fingerprints': [':'.join(['AB'] * 32)]},
            ['postfix_smarthost_outbound', 'postfix_smarthost_inbound'],
            [],
        ),
    ],
)
def test_parts_and_programs(server, monkeypatch, settings, options, parts, programs):
    found = wanted(server(options, **settings), monkeypatch)
    assert ([part.name for part in found.parts], found.programs) == (parts, programs)
    assert found.hop.identity is INFO and not found.hop.own_programs


@pytest.mark.parametrize('scope', ['all', 'senders'])
def test_a_configuration_in_front_of_the_hop_leads_to_it(server, tmp_path, scope):
    found = outbound_configuration(
        {'scope': scope, 'scope_senders': ['a@example.com']},
        {'parameters': {}, 'expanded': {}, 'services': [], 'config_dir': '/etc/postfix'},
        {'address': '127.0.0.1', 'port': 10027, 'wash_submission': False},
    )
    routes = [
        item
        for item in found['parameters'].items()
        if item[0] in ('default_transport', 'sender_dependent_default_transport_maps')
    ]
    assert len(routes) == 1
    name, value = routes[0]
    for text, leads in ((f'{name} = {value}', True), (f'  -o {name}={value}', True), (f'# {name} = {value}', False)):
        (tmp_path / 'master.cf').write_text(f'smtp inet n\n{text}\n', encoding='utf-8')
        assert server().leads_to_hop() == [str(tmp_path / 'master.cf')] * leads


@pytest.mark.parametrize(
    'line',
    [
        'conbool-hop  unix  -  -  n  -  -  smtp',
        'transport_maps = hash:/etc/conbool-hop/x',
        'myhostname = conbool-hop.mx.example.com',
        'relayhost = [mail.conbool.com]:25',
    ],
)
def test_what_only_looks_alike_leads_nowhere(server, tmp_path, line):
    (tmp_path / 'main.cf').write_text(line + '\n', encoding='utf-8')
    assert server().leads_to_hop() == []


@pytest.mark.parametrize(
    'info, outcome',
    [
        (dict(PORT_25, parameters={LIST: 'reject_unknown_recipient_domain, permit'}), [('inbound.copy', 'green')]),
        (dict(PORT_25, parameters={LIST: 'permit'}), [('inbound.copy', 'red')]),
        (dict(PORT_25, parameters={}), [('inbound.copy', 'red')]),
        ({'config_dir': '/etc/postfix', 'services': [], 'parameters': {}}, []),
    ],
)
def test_copies_of_what_main_cf_says(server, monkeypatch, info, outcome):
    monkeypatch.setattr(postfix, 'facts', lambda *dummy: (info, []))
    assert [(row['id'], row['status']) for row in server().stale()] == outcome
