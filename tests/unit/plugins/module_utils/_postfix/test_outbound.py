# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What leads a customer's Postfix to the hop."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.inbound import stale_copies
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.outbound import (
    HEADER_CHECKS,
)

from tests.unit.fakes.outbound import CLEANUP, PARAMETERS, ROUTE, SMTP, SUBMISSION, configure, entry, sibling


def test_all_mail_that_leaves_goes_to_the_hop():
    configuration = configure()
    assert configuration['parameters'] == {'default_transport': ROUTE}
    assert configuration['warnings'] == []


def test_nothing_of_main_cf_leads_past_the_hop():
    options = configure()['services'][0]['options']
    assert options['smtp_fallback_relay'] == ''
    assert options['smtp_tls_security_level'] == 'none'
    assert (options['smtp_bind_address'], options['smtp_bind_address6']) == ('127.0.0.1', '')


def test_ipv6_hop():
    configuration = configure(address='::1')
    options = configuration['services'][0]['options']
    assert (options['smtp_bind_address'], options['smtp_bind_address6']) == ('', '::1')
    assert configuration['parameters']['default_transport'] == 'conbool-hop:[::1]:325'


def test_scope_of_senders_leaves_the_default_alone():
    configuration = configure(scope='senders', senders=['@example.com', 'boss@other.example'])
    assert configuration['parameters'] == {
        'sender_dependent_default_transport_maps': 'texthash:/etc/postfix/conbool_senders'
    }
    assert configuration['tables'][0]['entries'] == {'@example.com': ROUTE, 'boss@other.example': ROUTE}


@pytest.mark.parametrize(
    'present',
    [
        'inline:{ {a@b.c = x:}, {d@e.f = y:} } hash:/etc/postfix/by_sender',
        'texthash:/etc/postfix/conbool_senders, inline:{ {a@b.c = x:}, {d@e.f = y:} } hash:/etc/postfix/by_sender',
    ],
)
def test_sender_maps_that_exist_are_kept_behind_ours(present):
    configuration = configure(
        scope='senders', senders=['@example.com'], parameters={'sender_dependent_default_transport_maps': present}
    )
    assert configuration['parameters']['sender_dependent_default_transport_maps'] == (
        'texthash:/etc/postfix/conbool_senders, inline:{ {a@b.c = x:}, {d@e.f = y:} } hash:/etc/postfix/by_sender'
    )


def test_sender_maps_that_exist_are_named_when_all_mail_is_meant():
    warnings = configure(parameters={'sender_dependent_default_transport_maps': 'hash:/etc/postfix/by_sender'})[
        'warnings'
    ]
    assert len(warnings) == 1 and 'hash:/etc/postfix/by_sender' in warnings[0]


def test_submission_is_washed_and_port_25_is_not():
    configuration = configure()
    assert configuration['service_options'] == [
        {'name': 'submission', 'type': 'inet', 'options': {'cleanup_service_name': 'conbool-cleanup'}}
    ]
    assert sibling(configuration)['options'] == {
        'header_checks': 'regexp:/etc/postfix/conbool_wash',
        'mime_header_checks': '',
        'nested_header_checks': '',
    }
    assert sibling(configuration)['chroot'] == 'y'
    assert configuration['tables'] == [
        {'path': 'conbool_wash', 'type': 'regexp', 'content': '/^X-Conbool-[^:]*:/ IGNORE\n'}
    ]


@pytest.mark.parametrize('name', ['587', 'submissions', 'smtps', '465', '192.0.2.1:submission', '[::]:587'])
def test_names_of_submission_services(name):
    assert [
        override['name'] for override in configure([entry(name, 'smtpd -v', 'inet'), CLEANUP])['service_options']
    ] == [name]


def test_header_checks_that_exist_follow_the_washing():
    options = sibling(
        configure(
            parameters={'header_checks': 'pcre:/etc/postfix/hc', 'nested_header_checks': '${header_checks} regexp:/x'}
        )
    )['options']
    assert options['header_checks'] == 'regexp:/etc/postfix/conbool_wash pcre:/etc/postfix/hc'
    # Attached messages are the user's; they are never washed.
    assert options['nested_header_checks'] == 'pcre:/etc/postfix/hc regexp:/x'
    assert options['mime_header_checks'] == 'pcre:/etc/postfix/hc'


def test_special_cleanup_service_is_the_base():
    submission = entry('submission', 'smtpd', 'inet', cleanup_service_name='subcleanup')
    special = entry('subcleanup', 'cleanup', header_checks='pcre:/etc/postfix/sub', syslog_name='postfix/sub')
    options = sibling(configure([submission, CLEANUP, special]), 'conbool-subcleanup')['options']
    assert options['header_checks'] == 'regexp:/etc/postfix/conbool_wash pcre:/etc/postfix/sub'
    assert options['syslog_name'] == 'postfix/sub'


UNCHECKED = {'receive_override_options': 'no_header_body_checks,no_unknown_recipient_checks'}


def test_service_without_header_checks_gets_the_washing_only():
    configuration = configure(
        [entry('submission', 'smtpd', 'inet', **UNCHECKED), CLEANUP], parameters={'header_checks': 'pcre:/hc'}
    )
    assert configuration['service_options'][0]['options'] == {
        'receive_override_options': 'no_unknown_recipient_checks',
        'cleanup_service_name': 'conbool-cleanup-unchecked',
    }
    assert sibling(configuration, 'conbool-cleanup-unchecked')['options'] == {
        'header_checks': 'regexp:/etc/postfix/conbool_wash',
        'mime_header_checks': '',
        'nested_header_checks': '',
        'body_checks': '',
    }


@pytest.mark.parametrize('submission', [SUBMISSION, entry('submission', 'smtpd', 'inet', **UNCHECKED)])
def test_second_run_wants_the_same(submission):
    first = configure([submission, CLEANUP])
    changed = dict(submission, options=dict(submission['options'], **first['service_options'][0]['options']))
    assert configure([changed, CLEANUP] + first['services']) == first


def test_proxy_filter_is_named():
    configuration = configure([entry('submission', 'smtpd', 'inet', smtpd_proxy_filter='127.0.0.1:10024'), CLEANUP])
    assert configuration['service_options'] == [] and 'submission/inet' in configuration['warnings'][0]


def test_missing_cleanup_service_is_named():
    configuration = configure([entry('submission', 'smtpd', 'inet', cleanup_service_name='gone'), CLEANUP])
    assert configuration['service_options'] == [] and 'gone' in configuration['warnings'][0]


def test_washing_can_be_switched_off():
    configuration = configure(wash=False)
    assert (
        configuration['service_options'] == [] and len(configuration['services']) == 1 and configuration['tables'] == []
    )


def test_a_list_of_header_checks_that_changed_after_submission_got_its_copy_is_told():
    wanted = configure(parameters={'header_checks': 'regexp:/etc/postfix/headers'})
    submission = dict(SUBMISSION, options=dict(SUBMISSION['options'], **wanted['service_options'][0]['options']))
    services = [SMTP, submission, CLEANUP, sibling(wanted)]
    info = {
        'config_dir': '/etc/postfix',
        'services': services,
        'parameters': dict(PARAMETERS, header_checks='regexp:/etc/postfix/headers'),
    }
    assert stale_copies(info) == {}
    info['parameters']['header_checks'] = 'regexp:/etc/postfix/others'
    # The two others follow it by default.
    assert stale_copies(info) == dict.fromkeys(HEADER_CHECKS, ['conbool-cleanup/unix'])
    assert stale_copies(dict(info, services=[SMTP, SUBMISSION, CLEANUP])) == {}
