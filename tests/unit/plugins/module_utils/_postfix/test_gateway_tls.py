# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS between the gateway and a listener, and the gateway's certificate."""

from __future__ import annotations

import re

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import fingerprint
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import gateway_tls
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.access_tables import learnt_fingerprints

from tests.unit.fakes.gateway import shown
from tests.unit.fakes.inbound import (
    LEARNT,
    SHA256,
    again,
    configure,
    entry,
    of,
    table,
)


def test_gateway_needs_tls_and_a_known_key_or_a_certificate_with_its_name():
    wanted = configure()
    tls, key, name, refusal = re.split(r', (?=check_)', of(wanted)['conbool_gateway'])
    assert tls == 'reject_plaintext_session'
    assert key == 'check_ccert_access texthash:/etc/postfix/conbool_certificates'
    assert 'unix:private/conbool-certificate' in name and 'default_action=DUNNO' in name
    # Whatever the two do not say, the last word is a refusal that lets mail wait.
    assert refusal.startswith('check_client_access static:{450 4.7.1 A client certificate is required: trusted')
    assert of(wanted)['smtpd_tls_ask_ccert'] == 'yes'
    assert table(wanted, 'conbool_certificates').endswith(f'\n{LEARNT} conbool_known\n')
    assert wanted['services'][0]['command'].startswith('spawn user=conbool-policy argv=')
    assert wanted['services'][0]['command'].endswith(' /etc/postfix/conbool_certificate.py mail.conbool.com')
    assert wanted['warnings'] == [] and wanted['problems'] == []


def keys(wanted):
    return learnt_fingerprints(table(wanted, 'conbool_certificates'))


def test_keys_are_kept_from_run_to_run():
    before = keys(configure())
    assert before == [LEARNT]
    away = configure(gateway=[], learnt=before)
    assert keys(away) == before and away['warnings'] == []
    renewed = configure(gateway=[shown(2)], learnt=before)
    assert keys(renewed) == [fingerprint(shown(2).public_key, 'sha256'), LEARNT]
    assert keys(configure(gateway=[shown(2)], learnt=keys(renewed))) == keys(renewed)


def test_a_gateway_that_was_never_seen_is_known_by_name_only():
    wanted = configure(gateway=[])
    assert 'check_ccert_access' not in of(wanted)['conbool_gateway']
    assert 'check_policy_service' in of(wanted)['conbool_gateway']
    assert 'conbool_certificates' not in [item['path'] for item in wanted['tables']]
    assert len(wanted['warnings']) == 1 and 'The key of the gateway is not known' in wanted['warnings'][0]


@pytest.mark.parametrize('digest', ['md5', 'sha1', 'sha512'])
def test_keys_are_compared_as_the_services_do(digest):
    wanted = configure(
        entry(), entry('192.0.2.1:25', smtpd_tls_fingerprint_digest=digest), learnt=[LEARNT, SHA256, 'AB:CD']
    )
    # Those of each digest by themselves; what is of none is not kept.
    assert sorted(keys(wanted)) == sorted([LEARNT, SHA256, fingerprint(shown().public_key, digest)])


def test_without_a_python_for_everybody_nothing_is_changed(monkeypatch):
    monkeypatch.setattr(gateway_tls.policy, 'interpreter', lambda: '')
    (problem,) = configure()['problems']
    assert '/usr/bin/python3' in problem and 'conbool_inbound_certificate_fingerprints' in problem
    explicit = {'inbound_certificate_fingerprints': [SHA256]}
    assert configure(settings=explicit)['problems'] == []


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


def test_fingerprints_in_the_settings_are_the_only_ones_that_count():
    wanted = configure(settings={'inbound_certificate_fingerprints': [SHA256]}, learnt=[LEARNT])
    assert wanted['services'] == [] and wanted['problems'] == [] and wanted['warnings'] == []
    assert table(wanted, 'conbool_certificates') == SHA256 + ' conbool_known\n'
    # Nor are they taken for learnt ones when they are gone from the settings.
    assert keys(wanted) == []
    assert (
        'check_ccert_access texthash:/etc/postfix/conbool_certificates, check_client_access static:{450 '
        in of(wanted)['conbool_gateway']
    )
    assert (
        of(wanted)['smtpd_tls_ask_ccert'] == 'yes'
        and 'smtpd_tls_CAfile' not in of(wanted)
        and 'tls_append_default_CA' not in of(wanted)
    )


@pytest.mark.parametrize('digest', ['md5', 'sha512'])
def test_fingerprints_that_postfix_cannot_find(digest):
    settings = {'inbound_certificate_fingerprints': [SHA256]}
    (problem,) = configure(settings=settings, parameters={'smtpd_tls_fingerprint_digest': digest})['problems']
    assert problem.startswith(f'conbool_inbound_certificate_fingerprints: {SHA256!r}') and digest in problem


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
