# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be said to systemd, against a systemctl that answers from a script."""
from __future__ import annotations

import pytest

from ansible_collections.conbool.smtp_relay.plugins.module_utils.systemd_unit import Unit, UnitError

NAME = 'hop.service'


def unit(active, enabled, reload='no'):
    shown = 'LoadState=loaded\nActiveState=%s\nUnitFileState=%s\nNeedDaemonReload=%s\n' % (active, enabled, reload)
    return Unit(lambda argv: (0, shown, ''), NAME)


@pytest.mark.parametrize('state, differs, commands', [
    (('active', 'enabled'), False, []),
    (('inactive', ''), True, [['daemon-reload'], ['enable', NAME], ['start', NAME]]),
    (('active', 'enabled'), True, [['daemon-reload'], ['restart', NAME]]),
    (('active', 'disabled'), False, [['enable', NAME]]),
    (('failed', 'enabled'), False, [['start', NAME]]),
    (('active', 'enabled', 'yes'), False, [['daemon-reload']]),
])
def test_commands_for_a_service_that_is_wanted(state, differs, commands):
    assert unit(*state).needed(differs) == commands


@pytest.mark.parametrize('state, commands', [
    (('inactive', ''), []),
    (('active', 'enabled'), [['stop', NAME], ['disable', NAME]]),
    (('failed', 'disabled'), [['stop', NAME]]),
])
def test_commands_for_a_service_that_has_to_go(state, commands):
    assert unit(*state).needed_to_leave() == commands


def test_failure_carries_the_journal():
    def run(argv):
        return (0, 'fatal: bad string length\n', '') if argv[0] == 'journalctl' else (1, '', 'Job for hop.service failed.\n')
    with pytest.raises(UnitError, match='(?s)systemctl start hop.service: Job for hop.service failed.*fatal: bad string length'):
        Unit(run, NAME).carry_out([['start', NAME]])
