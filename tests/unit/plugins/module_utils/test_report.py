# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary names every host."""
from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils.report import run_summary


def test_done_failed_and_unreachable_hosts():
    hostvars = {
        'mx1': {'conbool_settings': {'state': 'present'}, '__conbool_host': {'mta': 'postfix'}, '__conbool_done': True},
        'mx2': {'conbool_settings': {'state': 'present'}, '__conbool_failure': 'The host\'s mail server is known: no mail server found'},
        'mx3': {},
    }
    assert run_summary(hostvars, ['mx1', 'mx2', 'mx3']) == [
        'host  mta      state    result',
        'mx1   postfix  present  done',
        'mx2   ?        present  FAILED: The host\'s mail server is known: no mail server found',
        'mx3   ?        ?        NOT DONE: unreachable, or its tasks were left out by --tags',
    ]
