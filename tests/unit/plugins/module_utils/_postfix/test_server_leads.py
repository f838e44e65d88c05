# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a Postfix's files leads mail to the hop."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import server as postfix
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.outbound import outbound_configuration
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.server import PostfixServer

from tests.unit.fakes.mail_server import SETTINGS, FakeModule

OPTIONS = {
    'client_ca_file': '',
    'inbound_services': [],
    'wash_submission': False,
    'wash_port': 326,
    'flag_port': 327,
    'release_port': 328,
    'return_port': 329,
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
PARTS = ['postfix_smarthost_return', 'postfix_smarthost_outbound', 'postfix_smarthost_inbound']
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


class Instance:
    """A Postfix whose parameters are these, and whose tables are empty."""

    config_dir = '/etc/postfix'

    def __init__(self, **parameters):
        self._parameters = dict(parameters, queue_directory='/var/spool/postfix')

    def parameters(self, config_dir, names, expand=True):
        return {name: self._parameters[name] for name in names or self._parameters}, []

    def run(self, name, *arguments):
        return 1, b'', b''


def told(server, monkeypatch, *services, expanded=None, running=True):
    """Return the rows of a preflight and of a verification, and what a run warns of and refuses."""
    values = dict(INFO['expanded'], inet_interfaces='all', **(expanded or {}))
    info = dict(INFO, services=[*INFO['services'], *services], parameters=values, expanded=values, running=running)
    monkeypatch.setattr(postfix, 'facts', lambda *dummy, **more: (info, []))
    monkeypatch.setattr(postfix, 'configuration', lambda instance: info)
    monkeypatch.setattr(server, '_instance', Instance)
    facts = server.facts()
    before, after = ([(row['id'], row['target']) for row in rows] for rows in (server.obstacles(facts), server.doors()))
    found = server.wanted(facts, False)
    return before, after, found.warnings, found.problems


SMTPD = dict(INFO['services'][0], name='2525')
DOOR = ('inbound.door', '2525/inet')


@pytest.mark.parametrize('table', ['senders', 'override', 'outside'])
def test_a_table_of_ours_leads_to_the_hop(server, tmp_path, table):
    (tmp_path / 'main.cf').write_text(f'transport_maps = regexp:/etc/postfix/conbool_{table}, x\n', encoding='utf-8')
    assert server().leads_to_hop() == [str(tmp_path / 'main.cf')]


@pytest.mark.parametrize('scope', ['all', 'senders'])
def test_a_configuration_in_front_of_the_hop_leads_to_it(server, tmp_path, scope):
    found = outbound_configuration(
        {'scope': scope, 'scope_senders': ['a@example.com']},
        {'parameters': {}, 'expanded': {}, 'services': [], 'config_dir': '/etc/postfix'},
        {'address': '127.0.0.1', 'port': 325, 'wash_submission': False},
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
