# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS between the gateway and a listener, and the gateway's certificate."""

from __future__ import annotations

import pytest

from tests.unit.fakes.inbound import (
    SHA256,
    again,
    configure,
    entry,
    of,
    table,
)


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
