# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the hop's units is a row, against a systemctl that answers from a script."""

from __future__ import annotations

import types

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import verify

from tests.unit.fakes.mail_server import SETTINGS

UNIT = '/etc/systemd/system/conbool-hop.service'


def asked(monkeypatch, programs, shadow='', timer='active'):
    def run(argv, **dummy):
        if argv[-1].endswith('.timer'):
            return 0, f'ActiveState={timer}\n', ''
        return 0, f'FragmentPath={UNIT}\nDropInPaths={shadow}\n', ''

    monkeypatch.setattr(verify, 'running_rows', lambda *dummy: [])
    monkeypatch.setattr(verify.os.path, 'exists', lambda path: programs)
    module = types.SimpleNamespace(run_command=run, get_bin_path=None)
    return [(row['id'], row['target']) for row in verify.HopServer(module, SETTINGS).running()]


@pytest.mark.parametrize('programs', [True, False])
def test_units_as_they_are_made(monkeypatch, programs):
    assert asked(monkeypatch, programs) == []


def test_a_drop_in_of_somebody_else(monkeypatch):
    assert asked(monkeypatch, False, f'{UNIT}.d/site.conf') == [('running.unit', f'{UNIT}.d/site.conf')]


@pytest.mark.parametrize('state', ['inactive', 'failed'])
def test_programs_of_our_own_that_get_no_updates(monkeypatch, state):
    assert asked(monkeypatch, True, timer=state) == [('running.timer', 'conbool-hop-postfix.timer')]
    assert asked(monkeypatch, False, timer=state) == []
