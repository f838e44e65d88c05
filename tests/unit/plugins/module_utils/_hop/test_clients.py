# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hop has for mail servers on other machines."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import converge
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Hop

from tests.unit.fakes.hop import MTA, OPTIONS, configure, service, table

OTHERS = {
    'listen': ['192.0.2.25', '2001:db8::25'],
    'clients': ['192.0.2.100/32', '10.1.0.0/24', '2001:db8::/64'],
    'tls_cert': '/etc/ssl/relay.pem',
    'tls_key': '/etc/ssl/relay.key',
    'return_address': '',
    'return_routes': {'example.com': '[192.0.2.100]:25', 'sub.example.co.uk': '[192.0.2.101]:26'},
}
NAMES = ['192.0.2.25:25', '[2001:db8::25]:25']


def for_others(more=None, **hop):
    return configure(more, **{**OTHERS, **hop})


def lines(configuration, path):
    return table(configuration, path)['content'].splitlines()


@pytest.mark.parametrize('name', NAMES)
def test_only_clients_may_send_where_it_listens_for_others(name):
    options = service(for_others(), name)['options']
    assert options['mynetworks'] == '192.0.2.100/32,10.1.0.0/24,[2001:db8::]/64'
    assert options['smtpd_client_restrictions'] == 'check_client_access cidr:/etc/conbool-hop/clients, reject'
    # "postmaster" without a domain gets that far, from anybody.
    assert options['smtpd_data_restrictions'] == options['smtpd_client_restrictions']
    assert 'permit' not in options['smtpd_client_restrictions'] and 'cleanup_service_name' not in options


def test_nothing_changes_for_a_mail_server_on_the_same_host():
    configuration = configure(listen=OTHERS['listen'])
    assert [place['address'] for place in configuration['listeners']] == ['127.0.0.1']
    assert not {'clients', 'returns', 'scope'} & {each['path'] for each in configuration['tables']}
    assert 'transport_maps' not in configuration['parameters']
    assert not set(NAMES) & {each['name'] for each in configuration['services']}


@pytest.mark.parametrize(
    'hop, level, actions',
    [
        ({}, 'encrypt', {'192.0.2.100/32': 'reject_plaintext_session, permit'}),
        ({'clients_without_tls': ['192.0.2.100/32']}, 'may', {'192.0.2.100/32': 'permit'}),
        (
            {'clients_without_tls': ['10.1.0.7/32']},
            'may',
            {'10.1.0.7/32': 'permit', '10.1.0.0/24': 'reject_plaintext_session, permit'},
        ),
        (
            {'clients': ['192.0.2.100/32'], 'clients_without_tls': ['192.0.2.100/32'], 'tls_cert': '', 'tls_key': ''},
            'none',
            {'192.0.2.100/32': 'permit'},
        ),
    ],
)
def test_tls_is_asked_of_all_who_are_not_excused(hop, level, actions):
    configuration = for_others(**hop)
    options = service(configuration, NAMES[0])['options']
    assert options['smtpd_tls_security_level'] == level
    assert options.get('smtpd_tls_cert_file', '') == hop.get('tls_cert', '/etc/ssl/relay.pem')
    rules = dict(line.split(' ', 1) for line in lines(configuration, 'clients'))
    # In the network of a client, where this host listens.
    assert rules.pop('2001:db8::25', 'reject') == 'reject'
    assert rules == {**rules, **actions} and set(rules) <= {*OTHERS['clients'], *actions}
    # The first match counts.
    assert list(rules)[: len(hop.get('clients_without_tls', []))] == hop.get('clients_without_tls', [])


def test_a_program_of_this_host_is_no_client_in_whosever_network_it_is():
    rules = lines(for_others(clients=['192.0.2.0/24'], clients_without_tls=['192.0.2.0/24']), 'clients')
    assert rules == ['192.0.2.25 reject', '192.0.2.0/24 permit']


def test_bounces_go_to_the_server_of_their_domain_and_to_others_as_mail_without_a_sender():
    for bypass, way in ((True, 'direct:'), (False, 'gateway:[mail.conbool.com]:25')):
        configuration = for_others({'bypass_null_sender': bypass})
        assert table(configuration, 'returns')['entries'] == {
            'example.com': 'mta:[192.0.2.100]:25',
            'sub.example.co.uk': 'mta:[192.0.2.101]:26',
        }
        assert configuration['parameters']['transport_maps'] == 'texthash:/etc/conbool-hop/returns'
        assert lines(configuration, 'own_mail')[0] == f'/^<>$/ {way}'
        # Nobody else's mail finds an entry there.
        assert set(table(configuration, 'hosted_domains')['entries']) == set(table(configuration, 'returns')['entries'])


def test_its_own_notices_have_a_reader():
    parameters = for_others()['parameters']
    assert {value for name, value in parameters.items() if name.endswith('_notice_recipient')} == {
        'postmaster@example.com'
    }
    assert not [name for name in configure()['parameters'] if name.endswith('_notice_recipient')]


def test_with_one_client_it_is_the_one_that_gets_the_bounces():
    configuration = for_others(clients=['2001:db8::100/128'], return_routes={})
    assert set(table(configuration, 'returns')['entries'].values()) == {'mta:[2001:db8::100]:25'}


def test_the_scope_is_decided_where_nobody_has_decided_before():
    configuration = for_others({'scope': 'senders', 'scope_senders': ['@example.com', 'bob@sub.example.co.uk']})
    parameters = configuration['parameters']
    assert parameters['default_transport'] == 'direct' and parameters['recipient_delimiter'] == '+'
    assert parameters['sender_dependent_default_transport_maps'].split() == [
        'regexp:/etc/conbool-hop/own_mail',
        'texthash:/etc/conbool-hop/scope',
    ]
    gateway = 'gateway:[mail.conbool.com]:25'
    assert table(configuration, 'scope')['entries'] == {'@example.com': gateway, 'bob@sub.example.co.uk': gateway}
    beside = configure({'scope': 'senders', 'scope_senders': ['@example.com']})
    assert beside['parameters']['default_transport'] == gateway


def test_headers_of_clients_count_unless_all_of_them_are_washed():
    configuration = for_others({'wash_networks': ['192.0.2.0/24', '10.0.0.0/8', '2001:db8::/32']})
    assert service(configuration, NAMES[0])['options']['cleanup_service_name'] == 'wash'
    assert service(configuration, 'wash')['options']['header_checks'].startswith('regexp:/etc/conbool-hop/wash ')
    assert 'wash' not in {each['name'] for each in for_others()['services']}


def test_it_listens_and_is_looked_for_at_each_address():
    configuration = for_others()
    places = [(place['address'], place['port']) for place in configuration['listeners']]
    assert places == [('127.0.0.1', 325), ('192.0.2.25', 25), ('2001:db8::25', 25)]
    found = converge.listeners(dict(OPTIONS, **OTHERS, wash_variable=''))
    assert [(each.variable, each.address, each.port) for each in found] == [
        ('outbound_hop_port', '127.0.0.1', 325),
        ('outbound_hop_listen_port', '192.0.2.25', 25),
        ('outbound_hop_listen_port', '2001:db8::25', 25),
    ]


def test_to_listen_for_others_clients_have_to_be_named():
    settings = {'roles': {'outbound_hop': dict(OPTIONS, listen=['192.0.2.25'])}}
    found = converge.problems(settings, Hop({'expanded': MTA}))
    assert len(found) == 1 and found[0].startswith("outbound_hop_listen: ['192.0.2.25'] is for mail servers on other")
