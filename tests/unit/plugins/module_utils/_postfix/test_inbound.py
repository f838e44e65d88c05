# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What limits a customer's Postfix to the gateway on port 25."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.inbound import (
    inbound_configuration,
    stale_copies,
)

PARAMETERS = {
    'message_size_limit': '10240000',
    'mynetworks': '127.0.0.0/8 [::1]/128 10.0.0.0/24',
    'postscreen_access_list': 'permit_mynetworks',
    'smtpd_data_restrictions': '',
    'smtpd_recipient_restrictions': '',
    'smtpd_restriction_classes': '',
    'smtpd_service_name': 'smtpd',
    'smtpd_tls_CAfile': '',
    'smtpd_tls_CApath': '',
    'smtpd_tls_cert_file': '/etc/ssl/server.pem',
    'smtpd_tls_fingerprint_digest': 'sha256',
    'smtpd_tls_security_level': 'may',
    'smtpd_upstream_proxy_protocol': '',
    'tls_ssl_options': '',
}
SETTINGS = {
    'inbound': True,
    'inbound_require_certificate': True,
    'domains': ['example.com'],
    'tls_name': 'mail.conbool.com',
    'tls_ca_file': None,
    'networks': ['192.0.2.0/28', '2001:db8:1::/64'],
    'allowed_networks': ['10.20.0.0/16'],
    'wash_networks': [],
}
OPTIONS = {
    'certificate_fingerprints': [],
    'client_ca_file': '',
    'policy_command': '/usr/sbin/postfwd1',
    'services': [],
    'wash_port': 10028,
    'flag': False,
    'flag_port': 10029,
    'release_port': 10030,
}
SHA256 = ':'.join(['AB'] * 32)
FRONT = 'check_client_access cidr:/etc/postfix/conbool_clients, '


def entry(name='smtp', command='smtpd', kind='inet', **options):
    return {
        'name': name,
        'type': kind,
        'private': 'n',
        'unprivileged': '-',
        'chroot': 'y',
        'wakeup': '-',
        'max_processes': '-',
        'command': command,
        'options': options,
    }


SUBMISSION = entry('submission', smtpd_sasl_auth_enable='yes')


def configure(*services, parameters=None, settings=None, wash_networks=(), **options):
    values = dict(PARAMETERS, **(parameters or {}))
    return inbound_configuration(
        dict(SETTINGS, wash_networks=list(wash_networks), **(settings or {})),
        {
            'config_dir': '/etc/postfix',
            'parameters': values,
            'expanded': values,
            'services': list(services or [entry()]) + [SUBMISSION],
        },
        dict(OPTIONS, **options),
    )


def again(wanted, *services, **arguments):
    """Configure what an earlier run has changed."""
    changed = []
    for service in services:
        ours = next(
            (
                item['options']
                for item in wanted['service_options']
                if (item['name'], item['type']) == (service['name'], service['type'])
            ),
            {},
        )
        changed.append(dict(service, options=dict(service['options'], **ours)))
    return configure(*changed, **arguments)


def of(wanted, name='smtp'):
    return next(item['options'] for item in wanted['service_options'] if item['name'] == name)


def table(wanted, path):
    return next(item['content'] for item in wanted['tables'] if item['path'] == path)


def test_nothing_is_wanted_without_inbound():
    wanted = configure(settings={'inbound': False})
    assert not any(wanted.values())


def test_only_port_25_is_touched():
    wanted = configure()
    assert [(item['name'], item['type']) for item in wanted['service_options']] == [('smtp', 'inet')]
    assert wanted['parameters'] == {} and wanted['problems'] == [] and wanted['warnings'] == []
    assert [item['path'] for item in wanted['tables']] == ['conbool_clients', 'conbool_data', 'conbool_recipients']
    assert [item['name'] for item in wanted['services']] == ['conbool-certificate']


@pytest.mark.parametrize('name', ['25', '192.0.2.1:smtp', '[::]:25'])
def test_names_of_port_25(name):
    assert FRONT in of(configure(entry(name, command='smtpd -v')), name)['smtpd_recipient_restrictions']


@pytest.mark.parametrize(
    'service', [SUBMISSION, entry('10025'), entry('smtp', kind='unix'), entry('smtp', command='spawn')]
)
def test_what_is_not_port_25(service):
    wanted = configure(service)
    assert wanted['service_options'] == []
    assert wanted['problems'] == [
        'master.cf has no smtpd(8) on port 25: name the services on which mail arrives in'
        ' postfix_smarthost_inbound_services'
    ]


def test_further_services():
    proxied = entry('10025', smtpd_upstream_proxy_protocol='haproxy')
    named = configure(proxied, services=['10025'])
    assert FRONT in of(named, '10025')['smtpd_recipient_restrictions'] and named['warnings'] == []
    warnings = configure(entry(), proxied)['warnings']
    assert len(warnings) == 1 and '10025/inet is behind a proxy' in warnings[0]


@pytest.mark.parametrize(
    'variable, value',
    [
        ('policy_command', "/usr/sbin/postfwd1 --rule='x'"),
        ('policy_command', 'postfwd1'),
        ('client_ca_file', '/etc/ssl/a b.pem'),
        ('client_ca_file', '/etc/x\nsmtpd_tls_CAfile='),
        ('wash_port', 0),
        ('wash_port', 65536),
        ('flag_port', 0),
        ('release_port', 'x'),
        ('services', ['10026']),
    ],
)
def test_values_that_cannot_be_meant(variable, value):
    problems = configure(**{variable: value})['problems']
    assert len(problems) == 1 and problems[0].startswith(
        'postfix_smarthost_{}: {!r} '.format(
            variable.replace('services', 'inbound_services'), value[0] if isinstance(value, list) else value
        )
    )


MAIN = 'permit_mynetworks, check_policy_service { inet:127.0.0.1:10023, timeout=5s }, reject_rbl_client dnsbl.example'


def test_restrictions_of_main_cf_follow_ours():
    options = of(configure(parameters={'smtpd_recipient_restrictions': MAIN, 'smtpd_restriction_classes': 'strict'}))
    assert options['conbool_main_restrictions'] == MAIN
    assert options['smtpd_recipient_restrictions'] == FRONT + '$conbool_main_restrictions'
    assert (
        options['conbool_known']
        == 'check_recipient_access regexp:/etc/postfix/conbool_recipients, $conbool_main_restrictions, permit'
    )
    assert (
        options['smtpd_restriction_classes'] == 'conbool_gateway, conbool_known, conbool_others, $conbool_main_classes'
    )
    assert options['conbool_main_classes'] == 'strict'


def test_restrictions_of_the_service_follow_ours():
    options = of(configure(entry(smtpd_recipient_restrictions='reject_non_fqdn_recipient', smtpd_data_restrictions='')))
    assert options['conbool_service_restrictions'] == 'reject_non_fqdn_recipient'
    assert options['smtpd_recipient_restrictions'] == FRONT + '$conbool_service_restrictions'
    assert options['conbool_service_data'] == ''


@pytest.mark.parametrize(
    'service',
    [
        entry(),
        entry(smtpd_recipient_restrictions='permit'),
        entry(smtpd_restriction_classes='x', smtpd_data_restrictions='', tls_ssl_options='NO_RENEGOTIATION'),
    ],
)
def test_second_run_wants_the_same(service):
    first = configure(service, parameters={'smtpd_recipient_restrictions': MAIN})
    assert again(first, service, parameters={'smtpd_recipient_restrictions': MAIN}) == first


def test_a_later_change_of_main_cf_is_taken_over():
    later = again(
        configure(parameters={'smtpd_recipient_restrictions': MAIN}),
        entry(),
        parameters={'smtpd_recipient_restrictions': 'permit_mynetworks'},
    )
    assert of(later)['conbool_main_restrictions'] == 'permit_mynetworks'


def test_a_change_of_main_cf_leaves_the_own_restrictions_of_a_service():
    service = entry(smtpd_recipient_restrictions='permit')
    later = again(configure(service), service, parameters={'smtpd_recipient_restrictions': MAIN})
    assert of(later)['conbool_service_restrictions'] == 'permit' and 'conbool_main_restrictions' not in of(later)


def test_restrictions_that_somebody_set_since_are_the_service_s_own():
    first = configure(entry(smtpd_recipient_restrictions='permit'))
    changed = entry(**dict(of(first), smtpd_recipient_restrictions='reject_unknown_recipient_domain'))
    assert of(configure(changed))['conbool_service_restrictions'] == 'reject_unknown_recipient_domain'


def test_gateway_needs_tls_and_a_certificate_with_its_name():
    wanted = configure()
    checks = of(wanted)['conbool_gateway'].split(', ', 1)
    assert checks[0] == 'reject_plaintext_session'
    assert 'unix:private/conbool-certificate' in checks[1] and 'default_action=DUNNO' in checks[1]
    # Whatever the policy service does not say, the last word is a refusal that lets mail wait.
    assert (
        checks[1]
        .rpartition(', ')[0]
        .endswith('check_client_access static:{450 4.7.1 A client certificate is required: trusted')
    )
    assert of(wanted)['smtpd_tls_ask_ccert'] == 'yes'
    assert (
        wanted['services'][0]['command'].count(
            "'--rule=id=conbool;ccert_subject==mail.conbool.com;action=conbool_known'"
        )
        == 1
    )


def test_sessions_without_a_certificate_cannot_be_resumed():
    options = of(
        configure(parameters={'tls_ssl_options': 'NO_RENEGOTIATION', 'smtpd_tls_session_cache_database': 'btree:x'})
    )
    assert (
        options['tls_ssl_options'] == 'NO_RENEGOTIATION NO_TICKET' and options['smtpd_tls_session_cache_database'] == ''
    )


def test_system_authorities_need_something_to_be_appended_to():
    assert (of(configure())['smtpd_tls_CApath'], of(configure())['tls_append_default_CA']) == ('/etc/postfix', 'yes')
    options = of(configure(parameters={'smtpd_tls_CAfile': '/etc/ssl/chain.pem'}))
    assert (
        'smtpd_tls_CApath' not in options
        and 'smtpd_tls_CAfile' not in options
        and options['tls_append_default_CA'] == 'yes'
    )


def test_authority_file():
    own = {'tls_ca_file': '/etc/ssl/gateway.pem'}
    assert of(configure(settings=own))['smtpd_tls_CAfile'] == '/etc/ssl/gateway.pem'
    assert of(configure(settings=own, client_ca_file='/etc/ssl/other.pem'))['smtpd_tls_CAfile'] == '/etc/ssl/other.pem'


def test_another_authority_file_in_force_is_a_problem_unless_named():
    arguments = {
        'settings': {'tls_ca_file': '/etc/ssl/gateway.pem'},
        'parameters': {'smtpd_tls_CAfile': '/etc/ssl/chain.pem'},
    }
    problems = configure(**arguments)['problems']
    assert (
        len(problems) == 1 and '/etc/ssl/chain.pem' in problems[0] and 'postfix_smarthost_client_ca_file' in problems[0]
    )
    assert configure(client_ca_file='/etc/ssl/both.pem', **arguments)['problems'] == []
    assert (
        configure(settings=arguments['settings'], parameters={'smtpd_tls_CAfile': '/etc/ssl/gateway.pem'})['problems']
        == []
    )


def test_another_gateway_authority_later_is_no_problem():
    first = configure(settings={'tls_ca_file': '/etc/ssl/old.pem'})
    later = again(first, entry(), settings={'tls_ca_file': '/etc/ssl/new.pem'})
    assert later['problems'] == [] and of(later)['smtpd_tls_CAfile'] == '/etc/ssl/new.pem'


@pytest.mark.parametrize(
    'parameters',
    [
        {'smtpd_relay_restrictions': 'permit_mynetworks,permit_tls_all_clientcerts, reject'},
        {'partners': 'permit_tls_all_clientcerts'},
    ],
)
def test_relaying_by_any_trusted_certificate_is_a_problem(parameters):
    problems = configure(parameters=parameters)['problems']
    assert len(problems) == 1 and 'permit_tls_all_clientcerts' in problems[0]
    assert configure(parameters=parameters, settings={'inbound_require_certificate': False})['problems'] == []


def test_without_certificate():
    wanted = configure(settings={'inbound_require_certificate': False})
    assert of(wanted)['conbool_gateway'] == 'reject_plaintext_session, conbool_known'
    assert wanted['services'] == [] and 'smtpd_tls_ask_ccert' not in of(wanted)


def test_fingerprints_need_neither_service_nor_authorities():
    wanted = configure(certificate_fingerprints=[SHA256.lower()])
    assert wanted['services'] == [] and wanted['problems'] == []
    assert table(wanted, 'conbool_certificates') == SHA256 + ' conbool_known\n'
    assert (
        'check_ccert_access texthash:/etc/postfix/conbool_certificates, check_client_access static:{450 '
        in of(wanted)['conbool_gateway']
    )
    assert (
        of(wanted)['smtpd_tls_ask_ccert'] == 'yes'
        and 'smtpd_tls_CAfile' not in of(wanted)
        and 'tls_append_default_CA' not in of(wanted)
    )


@pytest.mark.parametrize(
    'fingerprint, parameters',
    [
        ('AB:CD', {}),
        (SHA256[:-1] + 'G', {}),
        (SHA256.replace(':', ''), {}),
        (SHA256, {'smtpd_tls_fingerprint_digest': 'md5'}),
    ],
)
def test_fingerprints_that_postfix_cannot_find(fingerprint, parameters):
    problems = configure(certificate_fingerprints=[fingerprint], parameters=parameters)['problems']
    assert len(problems) == 1 and problems[0].startswith(f'postfix_smarthost_certificate_fingerprints: {fingerprint!r}')


@pytest.mark.parametrize(
    'parameters',
    [
        {'smtpd_tls_security_level': 'none'},
        {'smtpd_tls_security_level': ''},
        {'smtpd_tls_cert_file': ''},
        {'smtpd_tls_cert_file': 'none'},
    ],
)
def test_a_server_without_tls(parameters):
    problems = configure(parameters=parameters)['problems']
    assert len(problems) == 1 and 'smtpd_tls_cert_file' in problems[0]


@pytest.mark.parametrize(
    'parameters',
    [
        {'smtpd_tls_security_level': '', 'smtpd_use_tls': 'yes'},
        {'smtpd_tls_cert_file': '', 'smtpd_tls_chain_files': '/x'},
    ],
)
def test_a_server_with_tls_by_other_parameters(parameters):
    assert configure(parameters=parameters)['problems'] == []


def test_postscreen_in_front():
    postscreen, behind = entry(command='postscreen'), entry('smtpd', kind='pass')
    wanted = configure(
        postscreen, behind, parameters={'postscreen_access_list': 'permit_mynetworks cidr:/etc/postfix/psc'}
    )
    assert FRONT in of(wanted, 'smtpd')['smtpd_recipient_restrictions']
    assert of(wanted) == {
        'conbool_main_postscreen': 'permit_mynetworks cidr:/etc/postfix/psc',
        'postscreen_access_list': 'cidr:/etc/postfix/conbool_postscreen, $conbool_main_postscreen',
    }
    assert table(wanted, 'conbool_postscreen') == '192.0.2.0/28 permit\n2001:db8:1::/64 permit\n'
    assert (
        again(
            wanted, postscreen, behind, parameters={'postscreen_access_list': 'permit_mynetworks cidr:/etc/postfix/psc'}
        )
        == wanted
    )


def test_what_cannot_be_listed_is_asked_of_postfix_itself():
    assert of(configure(parameters={'mynetworks': 'hash:/etc/postfix/networks'}))['conbool_others'].startswith(
        'permit_mynetworks, '
    )


def test_services_with_different_mynetworks():
    problems = configure(entry(), entry('192.0.2.1:25', mynetworks='10.9.0.0/16'))['problems']
    assert len(problems) == 1 and 'conbool_smtp_allowed_networks' in problems[0]


# ---- washing


def test_washing_is_a_detour():
    wanted = configure(wash_networks=['10.20.0.0/16'])
    assert of(wanted)['smtpd_recipient_restrictions'] == (
        FRONT + 'check_client_access cidr:/etc/postfix/conbool_wash_clients, $conbool_main_restrictions'
    )
    assert table(wanted, 'conbool_wash_clients') == '10.20.0.0/16 FILTER conbool-wash:[127.0.0.1]:10028\n'
    services = {service['name']: service['options'] for service in wanted['services']}
    assert services['127.0.0.1:10028']['cleanup_service_name'] == 'conbool-wash-cleanup'
    assert services['127.0.0.1:10028']['smtpd_recipient_restrictions'] == ''
    assert services['conbool-wash-cleanup']['header_checks'] == 'regexp:/etc/postfix/conbool_wash_lan'
    assert (
        services['127.0.0.1:10028']['message_size_limit']
        == services['conbool-wash-cleanup']['message_size_limit']
        == '10342400'
    )


def test_washing_without_limits():
    wanted = configure(settings={'inbound': False, 'networks': []}, wash_networks=['10.20.0.0/16'])
    assert of(wanted) == {
        'conbool_main_restrictions': '',
        'smtpd_recipient_restrictions': (
            'check_client_access cidr:/etc/postfix/conbool_wash_clients, $conbool_main_restrictions'
        ),
    }
    assert again(wanted, entry(), settings={'inbound': False, 'networks': []}, wash_networks=['10.20.0.0/16']) == wanted
    assert of(again(wanted, entry()))['smtpd_recipient_restrictions'] == FRONT + '$conbool_main_restrictions'


def test_washing_is_not_promised_behind_a_proxy_filter():
    warnings = configure(entry(smtpd_proxy_filter='127.0.0.1:10024'), wash_networks=['10.20.0.0/16'])['warnings']
    assert len(warnings) == 1 and 'smtpd_proxy_filter' in warnings[0]


def test_the_listener_s_own_filter_comes_after_the_detour():
    wanted = configure(entry(content_filter='amavis:[127.0.0.1]:10024'), wash_networks=['10.20.0.0/16'])
    listener = next(service for service in wanted['services'] if service['name'] == '127.0.0.1:10028')
    assert listener['options']['content_filter'] == 'amavis:[127.0.0.1]:10024'


def test_a_list_that_changed_in_main_cf_after_it_was_copied_is_told():
    wanted = configure(
        parameters={'smtpd_recipient_restrictions': 'check_policy_service { unix:private/spf, timeout=5 }'}
    )
    services = [dict(entry(), options=wanted['service_options'][0]['options']), SUBMISSION]
    info = {
        'config_dir': '/etc/postfix',
        'services': services,
        'parameters': {'smtpd_recipient_restrictions': 'check_policy_service { unix:private/spf, timeout=5 }'},
    }
    lists = dict.fromkeys(['smtpd_recipient_restrictions', 'smtpd_data_restrictions', 'smtpd_restriction_classes'], [])
    assert stale_copies(info) == lists
    info['parameters']['smtpd_data_restrictions'] = 'reject_unauth_pipelining'
    assert stale_copies(info) == dict(lists, smtpd_data_restrictions=['smtp/inet'])


def test_a_list_of_the_service_itself_is_no_copy_of_main_cf():
    service = entry(
        smtpd_recipient_restrictions='permit', smtpd_data_restrictions='permit', smtpd_restriction_classes='mine'
    )
    wanted = configure(service)
    changed = dict(service, options=dict(service['options'], **wanted['service_options'][0]['options']))
    assert stale_copies({'config_dir': '/etc/postfix', 'services': [changed], 'parameters': {}}) == {}


# ---- marking flagged mail


def test_mail_of_the_gateway_is_marked_on_a_detour():
    wanted = configure(flag=True, wash_networks=['10.20.0.0/16'])
    assert (
        of(wanted)['conbool_known']
        == 'check_recipient_access regexp:/etc/postfix/conbool_recipients, check_client_access static:{FILTER'
        ' conbool-flag:[127.0.0.1]:10029}, $conbool_main_restrictions, permit'
    )
    assert (
        table(wanted, 'conbool_flag')
        == '/^X-Conbool-Released[[:space:]]*:[[:space:]]*yes[[:space:]]*$/ FILTER conbool-release:[127.0.0.1]:10030\n'
        '/^X-Conbool-Flag[[:space:]]*:[[:space:]]*yes[[:space:]]*$/ PREPEND X-Spam-Flag: YES\n'
    )
    assert table(wanted, 'conbool_release') == '/^X-Spam-Flag[[:space:]]*:/ IGNORE\n'
    services = {service['name']: service['options'] for service in wanted['services']}
    for name, port, rules in (
        ('flag', 10029, 'conbool_flag'),
        ('release', 10030, 'conbool_release'),
        ('wash', 10028, 'conbool_wash_lan'),
    ):
        assert (
            services[f'127.0.0.1:{port}']['cleanup_service_name'] == f'conbool-{name}-cleanup'
            and 'conbool-' + name in services
        )
        assert services[f'conbool-{name}-cleanup']['header_checks'] == 'regexp:/etc/postfix/' + rules
    assert again(wanted, entry(), flag=True, wash_networks=['10.20.0.0/16']) == wanted
    assert again(wanted, entry()) == configure()


def test_marking_behind_a_certificate_or_without():
    assert 'conbool-flag' in of(configure(flag=True, settings={'inbound_require_certificate': False}))['conbool_known']
    assert not any(configure(flag=True, settings={'inbound': False}).values())


def test_marking_is_not_promised_behind_a_proxy_filter():
    warnings = configure(entry(smtpd_proxy_filter='127.0.0.1:10024'), flag=True)['warnings']
    assert len(warnings) == 1 and 'smtp/inet is not marked' in warnings[0] and 'smtpd_proxy_filter' in warnings[0]


def test_the_host_s_own_address_is_no_stranger_where_it_does_not_listen_on_loopback():
    assert '192.0.2.10/32 DUNNO\n' in table(configure(parameters={'inet_interfaces': '192.0.2.10'}), 'conbool_clients')
    assert '192.0.2.10' not in table(configure(parameters={'inet_interfaces': 'all'}), 'conbool_clients')


def test_detours_are_not_slowed_down_by_limits_for_other_destinations():
    slow = {'default_destination_rate_delay': '5s'}
    assert configure(parameters=slow)['parameters'] == {}
    assert configure(parameters=slow, wash_networks=['10.20.0.0/16'])['parameters'] == {
        'conbool-wash_destination_rate_delay': '0s'
    }
