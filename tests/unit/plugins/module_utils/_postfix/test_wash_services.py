# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services get a cleanup service that washes, beside submission."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.outbound import outbound_configuration

from tests.unit.fakes.inbound import PARAMETERS, SUBMISSION
from tests.unit.fakes.inbound import entry as inet
from tests.unit.fakes.outbound import SETTINGS

CLEANUP, SPECIAL = (inet(name, command='cleanup', kind='unix') for name in ('cleanup', 'subcleanup'))
SMTP = inet()


def configure(services, further=(), washed=()):
    info = {'config_dir': '/etc/postfix', 'parameters': PARAMETERS, 'expanded': PARAMETERS, 'services': services}
    options = {'address': '127.0.0.1', 'port': 10027, 'wash_submission': True}
    return outbound_configuration(
        SETTINGS,
        info,
        dict(options, inbound_services=list(further), wash_services=list(washed)),
    )


def test_behind_a_proxy_filter_mail_is_washed_where_the_user_says_that_it_comes_back():
    filtered, back = (
        inet('submission', smtpd_proxy_filter='127.0.0.1:10024'),
        inet('127.0.0.1:10025', receive_override_options='no_header_body_checks'),
    )
    configuration = configure([filtered, back, CLEANUP], washed=['127.0.0.1:10025'])
    assert [override['name'] for override in configuration['service_options']] == ['127.0.0.1:10025']
    assert configuration['warnings'] == configuration['problems'] == []
    assert len(configure([filtered, back, CLEANUP], washed=['10026'])['problems']) == 1


@pytest.mark.parametrize('name', ['588', '10465', '2587'])
def test_every_service_on_which_users_log_in_is_washed(name):
    users = inet(name, smtpd_sasl_auth_enable='yes', cleanup_service_name='subcleanup')
    configuration = configure([SMTP, SUBMISSION, users, CLEANUP, SPECIAL])
    assert [(item['name'], item['options']['cleanup_service_name']) for item in configuration['service_options']] == [
        ('submission', 'conbool-cleanup'),
        (name, 'conbool-subcleanup'),
    ]
    # One that other servers use is not.
    assert len(configure([SMTP, SUBMISSION, users, CLEANUP, SPECIAL], further=[name])['service_options']) == 1
