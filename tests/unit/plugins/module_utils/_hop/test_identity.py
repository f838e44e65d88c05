# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hop has of a Postfix in front of it."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import configuration as hop

from tests.unit.fakes.hop import MTA, OPTIONS, SETTINGS, SMTP, entry, service

DEFAULTS = {
    'default_transport': 'smtp',
    'hopcount_limit': '50',
    'mail_name': 'Postfix',
    'maximal_queue_lifetime': '5d',
    'myorigin': 'mx.example.com',
    'notify_classes': 'resource, software',
    'queue_directory': '/var/spool/postfix',
    'default_destination_recipient_limit': '50',
    'default_destination_rate_delay': '0s',
    'smtp_helo_name': 'mx.example.com',
    'smtp_host_lookup': 'dns',
    'smtp_line_length_limit': '998',
}


def made(configured=None, client=None, originals=None, version='3.7.11', **options):
    """Return the hop's configuration for a Postfix whose main.cf and smtp(8) client say this."""
    configured = configured or {}
    expanded = dict(MTA, **dict(DEFAULTS, **configured))
    info = {
        'version': version,
        'lookup_types': ['btree', 'texthash', 'regexp'],
        'parameters': expanded,
        'expanded': expanded,
        'configured': configured,
        'originals': originals or {},
        'services': [
            SMTP,
            entry('smtp', 'unix', 'smtp', **(client or {})),
            entry('out', 'unix', 'smtp', smtp_helo_name='o'),
        ],
    }
    return hop.hop_configuration(SETTINGS, info, dict(OPTIONS, direct_tls_security_level='', **options))


def options_of(configuration, name):
    return service(configuration, name)['options']


def test_what_the_mta_leaves_to_postfix_is_left_to_it_in_the_hop():
    parameters = made()['parameters']
    assert {'maximal_queue_lifetime', 'mail_name', 'smtp_line_length_limit', 'smtp_host_lookup'} & set(
        parameters
    ) == set()
    # Unless the default would be another one there.
    assert (parameters['myorigin'], parameters['smtp_helo_name']) == ('mx.example.com', 'mx.example.com')


@pytest.mark.parametrize(
    'name, value',
    [
        ('bounce_template_file', '/etc/postfix/bounce.cf'),
        ('notify_classes', ''),
        ('bounce_size_limit', '1000'),
        ('delay_warning_time', '1h'),
        ('message_drop_headers', ''),
        ('smtp_line_length_limit', '0'),
        ('disable_mime_output_conversion', 'yes'),
        ('smtp_header_checks', 'regexp:/etc/postfix/out'),
        ('smtp_generic_maps', 'hash:/etc/postfix/generic'),
        ('syslog_facility', 'local3'),
    ],
)
def test_what_shapes_a_message_that_leaves_is_taken_over(name, value):
    assert made({name: value})['parameters'][name] == value


@pytest.mark.parametrize('name', ['smtp_line_length_limit', 'smtp_header_checks', 'disable_mime_output_conversion'])
def test_also_where_only_the_client_has_it(name):
    assert made(client={name: 'regexp:$queue_directory/x'})['parameters'][name] == 'regexp:/var/spool/postfix/x'


def test_tables_are_opened_by_the_client_itself_and_a_dollar_sign_stays_one():
    parameters = made({'smtp_generic_maps': 'proxy:mysql:/g, unionmap:{proxy:pgsql:/h}', 'smtp_header_checks': '/a$/'})[
        'parameters'
    ]
    assert parameters['smtp_generic_maps'] == 'mysql:/g, unionmap:{pgsql:/h}'
    assert parameters['smtp_header_checks'] == '/a$$/'
    # An option of a service comes as it stands there.
    assert made(client={'smtp_header_checks': '/$$1$mail_name/'})['parameters']['smtp_header_checks'] == '/$$1Postfix/'


def test_a_table_that_main_cf_describes_is_described_in_the_hop():
    configured = {
        'smtp_generic_maps': 'proxy:ldap:people, ldap:/etc/postfix/ldap.cf',
        'people_server_host': 'ldap.$mail_name',
        'other_server_host': 'x',
    }
    parameters = made(configured)['parameters']
    assert parameters['people_server_host'] == 'ldap.Postfix' and 'other_server_host' not in parameters
    assert not [name for name in made(dict(configured, smtp_generic_maps=''))['parameters'] if 'server_host' in name]


TALK = {
    'smtp_reply_filter': 'regexp:/r',
    'smtp_delivery_status_filter': 'regexp:/s',
    'smtp_discard_ehlo_keywords': 'starttls',
    'smtp_never_send_ehlo': 'yes',
    'smtp_tls_cert_file': '/etc/ssl/own.pem',
    'smtp_tls_servername': 'relay.example.net',
}


def test_how_it_talked_with_recipients_servers_is_how_direct_mail_goes_and_no_other():
    configuration = made(TALK)
    assert TALK.items() <= options_of(configuration, 'direct').items()
    others = dict(configuration['parameters'], **options_of(configuration, 'mta'))
    assert {name: others.get(name, '') for name in TALK} == dict.fromkeys(TALK, '')
    assert set(TALK) & set(options_of(configuration, 'gateway')) == {'smtp_tls_servername'}


@pytest.mark.parametrize(
    'settings',
    [{'relayhost': '[relay.example.net]:587'}, {'default_transport': 'smtp:[relay.example.net]:587'}],
    ids=['relayhost', 'default_transport'],
)
def test_what_was_between_it_and_its_relay_host_is_not_for_strangers(settings):
    only = dict(
        TALK,
        smtp_dns_support_level='disabled',
        smtp_host_lookup='native',
        smtp_fallback_relay='[other.example.net]',
        smtp_sasl_auth_enable='yes',
        smtp_sasl_password_maps='static:user:secret',
        smtp_tls_wrappermode='yes',
        smtp_tcp_port='587',
        smtp_destination_rate_delay='1s',
    )
    configuration = made(dict(only, **settings))
    found = dict(configuration['parameters'], **options_of(configuration, 'direct'))
    assert set(only) & set(found) == set() and 'relay.example.net' not in str(configuration)
    assert found['smtp_tls_security_level'] == 'may'


def test_a_client_of_another_name_is_looked_at_also_when_mail_has_been_led_to_the_hop():
    assert made({'default_transport': 'out'})['parameters']['smtp_helo_name'] == 'o'
    led = made({'default_transport': 'conbool-hop:[127.0.0.1]:10027'}, originals={'default_transport': 'out'})
    assert led['parameters']['smtp_helo_name'] == 'o'


def test_limits_of_its_client_are_those_of_direct_mail_and_none_of_the_gateway():
    parameters = made({'smtp_destination_rate_delay': '1s', 'default_destination_recipient_limit': '1'})['parameters']
    assert parameters['direct_destination_rate_delay'] == '1s'
    assert parameters['direct_destination_recipient_limit'] == parameters['gateway_destination_recipient_limit'] == '1'
    assert 'gateway_destination_rate_delay' not in parameters


def test_direct_mail_that_comes_back_is_seen_and_the_way_to_the_mta_and_the_gateway_is_none():
    configuration = made({'inet_interfaces': 'all', 'proxy_interfaces': '203.0.113.5'})
    direct = options_of(configuration, 'direct')
    assert (direct['inet_interfaces'], direct['proxy_interfaces']) == ('all', '203.0.113.5')
    assert direct['myhostname'] == 'mx.example.com'
    assert configuration['parameters']['inet_interfaces'] == ''
    for name in ('gateway', 'mta'):
        assert {'inet_interfaces', 'proxy_interfaces', 'myhostname'} & set(options_of(configuration, name)) == set()


def test_names_of_interfaces_are_left_to_postfix():
    configuration = made({'inet_interfaces': 'mx.example.com, 192.0.2.5'})
    assert options_of(configuration, 'gateway')['inet_interfaces'] == 'mx.example.com, 192.0.2.5'
    assert not configuration['parameters'].get('smtp_bind_address')


def test_one_address_of_each_family_is_the_source_of_each():
    parameters = made({'inet_interfaces': '192.0.2.5, [2001:db8::5]'})['parameters']
    assert (parameters['smtp_bind_address'], parameters['smtp_bind_address6']) == ('192.0.2.5', '2001:db8::5')


def test_what_the_mta_let_through_with_its_own_lines_gets_through_the_hop():
    assert made()['parameters']['hopcount_limit'] == '52'
    assert made({'hopcount_limit': '10'})['parameters']['hopcount_limit'] == '12'


def test_the_host_reports_what_became_of_mail_and_not_the_hop():
    configuration = made()
    assert [options_of(configuration, name) for name in ('bounce', 'cleanup', 'defer', 'trace')] == [
        {'myhostname': 'mx.example.com'}
    ] * 4


def test_the_hop_does_not_log_into_a_file_that_only_the_mta_rotates():
    parameters = made({'maillog_file': '/srv/log/postfix.log', 'maillog_file_prefixes': '/srv/log'})['parameters']
    assert [name for name in parameters if name.startswith('maillog')] == []


def test_what_the_user_sets_for_the_hop_wins_over_what_direct_mail_had():
    configuration = made({'smtp_reply_filter': 'regexp:/r'}, parameters={'smtp_reply_filter': 'regexp:/mine'})
    assert 'smtp_reply_filter' not in options_of(configuration, 'direct')
    assert configuration['parameters']['smtp_reply_filter'] == 'regexp:/mine'


def test_a_report_socket_is_that_of_the_mta():
    configured = {'smtp_tlsrpt_enable': 'yes', 'smtp_tlsrpt_socket_name': 'run/tlsrpt.sock'}
    assert options_of(made(configured), 'direct')['smtp_tlsrpt_socket_name'] == '/var/spool/postfix/run/tlsrpt.sock'


def test_an_enforced_peer_name_is_a_verified_one():
    configured = {'smtp_enforce_tls': 'yes', 'smtp_tls_enforce_peername': 'yes'}
    assert made(configured)['parameters']['smtp_tls_security_level'] == 'verify'
