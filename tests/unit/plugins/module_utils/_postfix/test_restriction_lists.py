# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restrictions of ours stand in front of those that there were, which are kept."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.inbound import (
    stale_copies,
)

from tests.unit.fakes.inbound import (
    FRONT,
    SUBMISSION,
    again,
    configure,
    entry,
    of,
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
