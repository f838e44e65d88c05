# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that are not needed, or somebody else's, keep nothing from being done."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.variables import normalise
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.host_settings import ROLES

GOOD = {'conbool_domains': ['example.com'], 'conbool_networks': ['192.0.2.0/24']}


@pytest.mark.parametrize(
    'variables',
    [
        # No listener is made on these where nothing is washed, flagged or limited.
        {'conbool_mta': 'postfix', 'conbool_inbound': False, 'outbound_hop_port': 326},
        {'conbool_mta': 'postfix', 'conbool_inbound': False, 'outbound_hop_port': 328},
        {'conbool_mta': 'sendmail', 'sendmail_smarthost_decision': 'native', 'outbound_hop_port': 326},
        {'spam_delivery_folder': 2026},
        # A variable of a role of the customer's own.
        {'inbound_firewall_rules': []},
    ],
)
def test_what_worked_before_is_not_refused(variables):
    assert normalise({**GOOD, **variables}, ROLES)[1] == []


@pytest.mark.parametrize(
    'variables',
    [
        {'outbound_hop_port': 326, 'conbool_mta': 'postfix'},
        {'postfix_smarthost_wash_networks': ['10.20.0.0/16']},
        {'outbound_hop_state': 'present'},
        {'verify_queue_seconds': 90},
    ],
)
def test_an_undo_is_not_stopped_by_variables_that_it_does_not_need(variables):
    assert normalise({'conbool_state': 'absent', **variables}, ROLES)[1] == []


@pytest.mark.parametrize(
    'name', ['preflight_sendmail_paths', 'verify_hop_port', 'verify_mta', 'preflight_postfix_config_dir']
)
def test_a_variable_that_was_documented_is_not_ignored_in_silence(name):
    dummy, problems, warnings = normalise({**GOOD, name: False}, ROLES)
    assert name in str(problems + warnings)
