# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail without a sender that a user hands in is marked, and nobody else's."""

from __future__ import annotations

import re

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.inbound import stale_copies
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.outbound import outbound_configuration
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.marks import WASH_RULES

from tests.unit.fakes.inbound import PARAMETERS, SUBMISSION, entry
from tests.unit.fakes.outbound import NO_SERVICES, SETTINGS

CHECKS = dict.fromkeys(('header_checks', 'mime_header_checks', 'nested_header_checks'), '')
MTA = {**PARAMETERS, **CHECKS, 'myhostname': 'mx.example.com', 'cleanup_service_name': 'cleanup'}
MARK = 'PREPEND X-Conbool-Null-Sender: user'
TABLE = 'check_sender_access texthash:/etc/postfix/conbool_user_senders'


def configure(*services, mode='server', wash=True, **parameters):
    values = {**MTA, **parameters}
    found = [entry(), entry('cleanup', 'cleanup', 'unix'), *(services or [SUBMISSION])]
    info = {'config_dir': '/etc/postfix', 'parameters': values, 'expanded': values, 'services': found}
    options = {'address': '::1', 'port': 10027, 'wash_submission': wash, **NO_SERVICES}
    return outbound_configuration(dict(SETTINGS, bypass_null_sender=mode), info, options), info


def options(configuration):
    return {override['name']: override['options'] for override in configuration['service_options']}


def table(configuration, path):
    return next((entry for entry in configuration['tables'] if entry['path'] == path), {})


def washed(configuration, header):
    """What the first rule that matches does, as regexp_table(5) has it."""
    found = re.findall(r'^/(.*)/ (\w+)$', table(configuration, 'conbool_wash')['content'], re.MULTILINE)
    return next((action for pattern, action in found if re.search(pattern, header, re.IGNORECASE)), None)


def test_services_for_users_mark_it_and_port_25_does_not():
    configuration, dummy = configure(smtpd_data_restrictions='reject_unauth_pipelining')
    assert options(configuration) == {
        'submission': {
            'cleanup_service_name': 'conbool-cleanup',
            'conbool_main_data': 'reject_unauth_pipelining',
            'smtpd_data_restrictions': f'{TABLE}, $conbool_main_data',
        }
    }
    assert table(configuration, 'conbool_user_senders')['entries'] == {
        '<>': MARK,
        'double-bounce@mx.example.com': MARK,
    }


def test_the_mark_is_the_only_header_of_ours_that_stays():
    configuration = configure()[0]
    assert washed(configuration, 'X-Conbool-Null-Sender: user') == 'DUNNO'
    for header in (
        'X-Conbool-Null-Sender: no',
        'X-Conbool-Null-Sender:',
        'X-Conbool-Released: yes',
        'x-conbool-a-b: true',
    ):
        assert washed(configuration, header) == 'IGNORE'


def test_a_second_run_says_the_same():
    configuration, info = configure()
    changed = dict(SUBMISSION, options={**SUBMISSION['options'], **options(configuration)['submission']})
    again, info = configure(changed)
    assert options(again) == options(configuration)
    assert stale_copies(info)['smtpd_data_restrictions'] == []
    info['parameters'] = {**MTA, 'smtpd_data_restrictions': 'reject'}
    assert stale_copies(info)['smtpd_data_restrictions'] == ['submission/inet']


def test_a_site_that_calls_the_null_sender_otherwise():
    configuration = configure(entry('submission', smtpd_null_access_lookup_key='nobody'))[0]
    assert sorted(table(configuration, 'conbool_user_senders')['entries']) == ['double-bounce@mx.example.com', 'nobody']


@pytest.mark.parametrize('mode', [True, False])
def test_otherwise_nothing_is_marked(mode):
    configuration = configure(mode=mode)[0]
    assert options(configuration) == {'submission': {'cleanup_service_name': 'conbool-cleanup'}}
    assert not table(configuration, 'conbool_user_senders')
    assert table(configuration, 'conbool_wash')['content'] == WASH_RULES


def test_without_washing_users_cannot_be_told():
    assert configure(wash=False)[0]['problems'][0].startswith("conbool_bypass_null_sender: 'server' needs")
    assert not configure(wash=False, mode=True)[0]['problems']
