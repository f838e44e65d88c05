# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ends a message, by version."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.line_ends import line_ends, warning

from tests.unit.fakes.inbound import again, configure, entry, of

NAME = 'smtpd_forbid_bare_newline'


@pytest.mark.parametrize(
    'version, value',
    [
        ('3.1.15', None),
        ('3.4.29', None),
        ('3.5.22', None),
        ('3.5.23', 'yes'),
        ('3.5.24', 'normalize'),
        ('3.6.12', None),
        ('3.6.13', 'yes'),
        ('3.6.14', 'normalize'),
        ('3.7.8', None),
        ('3.7.9', 'yes'),
        ('3.7.11', 'normalize'),
        ('3.8.3', None),
        ('3.8.4', 'yes'),
        ('3.8.5', 'normalize'),
        ('3.9', 'normalize'),
        ('3.9.0', 'normalize'),
        ('3.10.13', 'normalize'),
        ('3.11-20250901', 'normalize'),
        ('4.0.0', 'normalize'),
    ],
)
def test_what_a_version_knows(version, value):
    assert line_ends(version) == ({NAME: value, NAME + '_exclusions': ''} if value else {})
    assert len(warning(version)) == (value is None) and all(version in text for text in warning(version))


def test_the_services_of_the_gateway_and_their_detours_have_it():
    wanted = configure(entry(), wash_networks=['10.0.0.0/24'], flag=True)
    assert of(wanted)[NAME] == 'normalize' and of(wanted)[NAME + '_exclusions'] == ''
    listeners = [service for service in wanted['services'] if service['command'] == 'smtpd']
    assert [service['options'][NAME] for service in listeners] == ['normalize'] * 3
    assert again(wanted, entry(), wash_networks=['10.0.0.0/24'], flag=True) == wanted


def test_without_a_limit_port_25_is_as_the_site_has_it():
    assert NAME not in of(configure(entry(), settings={'inbound': False}, wash_networks=['10.0.0.0/24']))


def test_a_version_that_cannot_is_named():
    wanted = configure(entry(), version='3.4.5')
    assert NAME not in of(wanted) and len(wanted['warnings']) == 1 and '3.4.5' in wanted['warnings'][0]
