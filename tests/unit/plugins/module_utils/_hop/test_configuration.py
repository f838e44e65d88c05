# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hop's wanted configuration."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import configuration as hop
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import package
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.size_limit import SIZE_HEADROOM
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import instance

from tests.unit.fakes.hop import CLIENT, MTA, OPTIONS, SETTINGS, SMTP, configure, entry, rules, service, table


def test_gateway_is_verified_and_direct_is_not():
    configuration = configure()
    gateway = service(configuration, 'gateway')['options']
    assert gateway['smtp_tls_security_level'] == 'secure'
    assert gateway['smtp_tls_secure_cert_match'] == 'mail.conbool.com'
    assert gateway['tls_append_default_CA'] == 'yes' and gateway['smtp_tls_CApath'] == '/etc/ssl/certs'
    assert configuration['parameters']['default_transport'] == 'gateway:[mail.conbool.com]:25'
    assert configuration['parameters']['smtp_tls_security_level'] == 'may'


def test_ca_file_replaces_the_system_store():
    gateway = service(configure({'tls_ca_file': '/etc/ssl/gw.pem'}), 'gateway')['options']
    assert gateway['smtp_tls_CAfile'] == '/etc/ssl/gw.pem'
    assert gateway['tls_append_default_CA'] == 'no' and gateway['smtp_tls_CApath'] == ''


def test_client_certificate_is_for_the_gateway_only():
    configuration = configure({'tls_client_cert': '/etc/ssl/c.pem', 'tls_client_key': '/etc/ssl/c.key'})
    assert service(configuration, 'gateway')['options']['smtp_tls_cert_file'] == '/etc/ssl/c.pem'
    assert service(configuration, 'gateway')['options']['smtp_tls_key_file'] == '/etc/ssl/c.key'
    hidden = dict(service(configuration, 'direct')['options'], **configuration['parameters'])
    assert not [name for name in hidden if 'cert' in name or 'key_file' in name]


@pytest.mark.parametrize('bypass, target', [(True, 'FILTER direct:'), (False, 'FILTER gateway:[mail.conbool.com]:25')])
def test_null_sender_is_never_taken_for_the_hops_own_bounce(bypass, target):
    configuration = configure({'bypass_null_sender': bypass})
    assert table(configuration, 'senders')['entries'] == {'<>': target, 'double-bounce@mx.example.com': target}


def test_own_bounces_return_to_the_mta():
    configuration = configure(return_address='[127.0.0.1]:2525')
    assert [action for dummy, action in rules(configuration, 'own_mail')] == ['mta:[127.0.0.1]:2525'] * 2


def test_hosted_domains_are_refused_rather_than_sent_round():
    configuration = configure()
    assert sorted(table(configuration, 'hosted_domains')['entries']) == ['example.com', 'sub.example.co.uk']
    assert configuration['parameters']['parent_domain_matches_subdomains'] == ''


def test_limits_leave_room_for_trace_headers():
    assert configure()['parameters']['message_size_limit'] == str(10240000 + SIZE_HEADROOM)
    assert configure(mta={'message_size_limit': '0'})['parameters']['message_size_limit'] == '0'


def test_identity_is_the_mtas_but_not_the_name():
    parameters = configure(mta={'smtp_helo_name': 'out.example.com'})['parameters']
    assert parameters['smtp_helo_name'] == 'out.example.com'
    assert parameters['myhostname'] == 'conbool-hop.mx.example.com'
    assert parameters['maximal_queue_lifetime'] == '5d'


@pytest.mark.parametrize(
    'interfaces, name, value',
    [
        ('192.0.2.5', 'smtp_bind_address', '192.0.2.5'),
        ('[2001:db8::5]', 'smtp_bind_address6', '2001:db8::5'),
        ('192.0.2.5, 127.0.0.1', 'smtp_bind_address', None),
        ('127.0.0.1', 'smtp_bind_address', None),
        ('all', 'smtp_bind_address', None),
        ('loopback-only', 'smtp_bind_address', None),
    ],
)
def test_source_address_follows_the_only_interface(interfaces, name, value):
    assert configure(mta={'inet_interfaces': interfaces})['parameters'].get(name) == value


def test_explicit_source_address_wins():
    assert (
        configure(mta={'inet_interfaces': '192.0.2.5', 'smtp_bind_address': '192.0.2.9'})['parameters'][
            'smtp_bind_address'
        ]
        == '192.0.2.9'
    )


@pytest.mark.parametrize(
    'version, level, postlog',
    [('3.1.1', '2', False), ('3.4.0', '2', True), ('3.6.14', '3.6', True), ('3.10.13', '3.6', True)],
)
def test_versions(version, level, postlog):
    configuration = configure(version=version)
    assert configuration['parameters']['compatibility_level'] == level
    assert ('postlog' in [entry['name'] for entry in configuration['services']]) is postlog
    assert ('smtp_tls_servername' in service(configuration, 'gateway')['options']) is postlog


@pytest.mark.parametrize('version, value', [('3.4.1', None), ('3.7.9', 'yes'), ('3.7.11', 'normalize')])
def test_one_end_of_a_message_on_all_listeners(version, value):
    parameters = configure(version=version, wash_port=10028)['parameters']
    assert parameters.get('smtpd_forbid_bare_newline') == value
    # Its own exception, mynetworks, is everybody who may connect.
    assert parameters.get('smtpd_forbid_bare_newline_exclusions') == (value and '')


def test_user_parameters_win():
    assert configure(parameters={'smtp_tls_loglevel': '2'})['parameters']['smtp_tls_loglevel'] == '2'


def test_dane_needs_dnssec():
    assert configure(direct_tls_security_level='dane')['parameters']['smtp_dns_support_level'] == 'dnssec'


def test_ipv6_listener():
    configuration = configure(address='::1')
    assert service(configuration, '[::1]:325')['type'] == 'inet'
    assert '[::1]/128' in configuration['parameters']['mynetworks']
    assert configuration['listeners'] == [{'address': '::1', 'port': 325}]


@pytest.mark.parametrize('types, kind', [(('btree', 'lmdb'), 'btree:'), (('lmdb',), 'lmdb:')])
def test_session_cache_is_of_a_kind_that_the_host_has(types, kind):
    assert service(configure(lookup_types=types), 'gateway')['options']['smtp_tls_session_cache_database'].startswith(
        kind
    )


def test_files_are_named_with_their_variables():
    assert configure()['tls_files'] is None
    settings = {'tls_client_cert': '/c.pem', 'tls_client_key': '/c.key', 'tls_ca_file': None}
    assert configure(settings)['tls_files'] == {
        'cert_file': '/c.pem',
        'key_file': '/c.key',
        'names': {'cert_file': 'conbool_tls_client_cert', 'key_file': 'conbool_tls_client_key'},
    }


def test_a_second_listener_takes_trust_headers_away_before_they_count():
    configuration = configure(wash_port=326)
    listener, cleanup = service(configuration, '127.0.0.1:326'), service(configuration, 'wash')
    assert listener['options'] == {'cleanup_service_name': 'wash'} and cleanup['command'] == 'cleanup'
    assert cleanup['options'] == {'header_checks': 'regexp:/etc/conbool-hop/wash regexp:/etc/conbool-hop/header_checks'}
    assert 'IGNORE' in table(configuration, 'wash')['content']
    assert not [entry for entry in configure()['services'] if entry['name'] == 'wash']


def test_other_programs_than_the_mtas():
    programs = {
        'version': '3.3.0',
        'lookup_types': ['lmdb'],
        'parameters': {'daemon_directory': '/opt/d', 'meta_directory': '/opt/m', 'mail_owner': 'hop'},
    }
    configuration = hop.hop_configuration(SETTINGS, {'expanded': MTA}, OPTIONS, programs)
    assert {name: configuration['parameters'][name] for name in programs['parameters']} == programs['parameters']
    assert (
        configuration['parameters']['compatibility_level'] == '2'
        and configuration['parameters']['myhostname'] == 'conbool-hop.mx.example.com'
    )


@pytest.mark.parametrize(
    'services, mta, expected',
    [
        ([SMTP], {}, '[127.0.0.1]:25'),
        ([SMTP], {'inet_protocols': 'ipv6'}, '[::1]:25'),
        ([SMTP], {'inet_interfaces': '192.0.2.10'}, '[192.0.2.10]:25'),
        ([SMTP], {'inet_interfaces': '192.0.2.10, localhost'}, '[127.0.0.1]:25'),
        ([SMTP], {'inet_interfaces': '[2001:db8::1] [::1]'}, '[::1]:25'),
        ([SMTP], {'inet_interfaces': 'mx.example.com'}, '[mx.example.com]:25'),
        ([entry('192.0.2.10:25', 'inet', 'smtpd -o x=y')], {}, '[192.0.2.10]:25'),
        (
            [entry('192.0.2.10:smtp', 'inet', 'postscreen'), entry('127.0.0.1:25', 'inet', 'smtpd')],
            {},
            '[127.0.0.1]:25',
        ),
        ([entry('submission', 'inet', 'smtpd'), SMTP], {}, '[127.0.0.1]:25'),
    ],
)
def test_bounces_return_to_where_the_mta_listens(services, mta, expected):
    configuration = configure(services=services, mta=mta, return_address='')
    assert [action for dummy, action in rules(configuration, 'own_mail')] == ['mta:' + expected] * 2


def test_bounces_return_over_loopback_to_another_mta():
    configuration = hop.hop_configuration(
        SETTINGS, {'version': '3.7.11', 'lookup_types': [], 'expanded': MTA}, dict(OPTIONS, return_address='')
    )
    assert 'mta:[127.0.0.1]:25' in table(configuration, 'own_mail')['content']


def test_an_mta_that_takes_no_bounces_is_refused():
    with pytest.raises(HostError, match="outbound_hop_return_address: ''"):
        configure(services=[entry('submission', 'inet', 'smtpd'), CLIENT], return_address='')


def test_the_mta_may_ask_for_tls_of_everybody():
    options = service(configure(mta={'smtp_tls_policy_maps': 'hash:/etc/postfix/tls_policy'}), 'mta')['options']
    assert (options['smtp_tls_security_level'], options['smtp_tls_policy_maps']) == ('may', '')


@pytest.mark.parametrize(
    'mta, level',
    [
        ({}, 'may'),
        ({'smtp_tls_security_level': ''}, 'may'),
        ({'smtp_tls_security_level': 'none'}, 'may'),
        ({'smtp_tls_security_level': 'encrypt'}, 'encrypt'),
        ({'smtp_tls_security_level': '', 'smtp_enforce_tls': 'yes'}, 'encrypt'),
        ({'smtp_tls_security_level': 'dane', 'smtp_dns_support_level': 'dnssec'}, 'dane'),
        # Asked of a relay host, which is not asked any more.
        ({'smtp_tls_security_level': 'secure', 'relayhost': '[relay.example.net]:465'}, 'may'),
    ],
)
def test_direct_mail_is_at_least_as_safe_as_before(mta, level):
    parameters = configure(mta=mta, direct_tls_security_level='')['parameters']
    assert parameters['smtp_tls_security_level'] == level
    assert parameters.get('smtp_dns_support_level') == ('dnssec' if level == 'dane' else None)
    assert (
        service(configure(mta=mta, direct_tls_security_level=''), 'gateway')['options']['smtp_tls_security_level']
        == 'secure'
    )


def test_tls_policies_of_destinations_hold_for_direct_mail_only():
    mta = {
        'smtp_tls_policy_maps': 'proxy:mysql:/etc/postfix/tls.cf, hash:/etc/postfix/tls',
        'smtp_tls_CAfile': '/etc/ssl/partners.pem',
    }
    configuration = configure(mta=mta)
    direct = service(configuration, 'direct')['options']
    assert direct['smtp_tls_policy_maps'] == 'mysql:/etc/postfix/tls.cf, hash:/etc/postfix/tls'
    assert direct['smtp_tls_CAfile'] == '/etc/ssl/partners.pem'
    gateway = service(configuration, 'gateway')['options']
    assert (gateway['smtp_tls_policy_maps'], gateway['smtp_tls_CAfile'], gateway['smtp_tls_CApath']) == (
        '',
        '',
        '/etc/ssl/certs',
    )


def test_identity_is_that_of_the_client_in_master_cf():
    client = entry(
        'smtp',
        'unix',
        'smtp',
        smtp_bind_address='192.0.2.9',
        smtp_helo_name='out.$mydomain',
        smtp_tls_security_level='encrypt',
    )
    parameters = configure(
        services=[SMTP, client],
        mta={'inet_interfaces': '192.0.2.5', 'mydomain': 'example.com'},
        direct_tls_security_level='',
    )['parameters']
    assert (parameters['smtp_bind_address'], parameters['smtp_helo_name']) == ('192.0.2.9', 'out.example.com')
    assert parameters['smtp_tls_security_level'] == 'encrypt'


def test_the_programs_made_for_the_hop_are_found_where_they_are_put():
    assert instance.HOP_SBIN == package.SBIN
