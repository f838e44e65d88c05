# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that there are not: which is refused, and which was meant."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.names import FACTS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.variables import normalise
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.host_settings import ROLES

GOOD = {'conbool_domains': ['example.com'], 'conbool_networks': ['192.0.2.0/24']}


def problems_of(*names):
    return normalise({**GOOD, **dict.fromkeys(names, 'SECRET')}, ROLES)[1]


@pytest.mark.parametrize(
    'name, meant',
    [
        ('outbound_hop_prot', 'outbound_hop_port'),
        ('outbound_hop_adress', 'outbound_hop_address'),
        ('outbound_hop_queue_dir', 'outbound_hop_queue_directory'),
        ('postfix_smarthost_certificate_fingerprints', 'conbool_inbound_certificate_fingerprints'),
        ('postfix_smarthost_wash_networks', 'conbool_wash_networks'),
        ('sendmail_smarthost_wash_networks', 'conbool_wash_networks'),
        ('inbound_firewall_ports', 'inbound_firewall_port'),
        ('sendmail_smarthost_path', 'sendmail_smarthost_paths'),
        ('spam_delivery_foldr', 'spam_delivery_folder'),
        ('verify_queue_second', 'verify_queue_seconds'),
        ('verify_outsite', 'verify_outside'),
        ('preflight_queue_megabyte', 'preflight_queue_megabytes'),
        ('conbool_wash_network', 'conbool_wash_networks'),
        # Of another role, and certainly meant.
        ('conbool_certificate_days', 'preflight_certificate_days'),
    ],
)
def test_nearest_name(name, meant):
    assert problems_of(name) == [f'{name}: there is no such variable; did you mean {meant}?']


@pytest.mark.parametrize('name, prefix', [('outbound_hop_x', 'outbound_hop_'), ('conbool_x', 'conbool_')])
def test_name_that_is_near_to_nothing(name, prefix):
    assert problems_of(name) == [
        f'{name}: there is no such variable; names that begin with {prefix} belong to this collection'
    ]


@pytest.mark.parametrize(
    'name',
    [
        'verify_mode',
        'verify_hostname',
        'verify_ssl',
        'verify_port',
        'verify_address',
        'preflight_checks',
        'preflight_ok',
    ],
)
def test_names_that_may_be_somebody_else_s(name):
    assert problems_of(name) == []


def test_facts_of_our_own_are_no_variables():
    assert 'conbool_settings' in FACTS
    assert problems_of(*FACTS) == []
