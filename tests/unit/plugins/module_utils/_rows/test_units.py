# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd makes of units, as rows; as systemd 252 and 257 show it."""

from __future__ import annotations

import types

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.unit import Shadow
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows import units


def boot(monkeypatch, tmp_path, booted=True, **shown):
    monkeypatch.setattr(units, 'BOOTED', str(tmp_path if booted else tmp_path / 'none'))
    out = ''.join(f'{name}={value}\n' for name, value in {'LoadState': 'loaded', **shown}.items())
    module = types.SimpleNamespace(run_command=lambda argv: (0, out, ''))
    found = units.boot_rows(module, ['mta.service'])
    return [(row['id'], row['status'], row['hint']) for row in found]


@pytest.mark.parametrize(
    'shown',
    [
        {'UnitFileState': 'enabled', 'WantedBy': 'multi-user.target'},
        {'UnitFileState': 'generated', 'WantedBy': 'multi-user.target graphical.target'},
        {'UnitFileState': 'static'},
        {'UnitFileState': 'disabled', 'WantedBy': 'site.target'},
        {'UnitFileState': 'disabled', 'TriggeredBy': 'mta.socket'},
        {'UnitFileState': 'disabled', 'DropInPaths': '/run/systemd/system/mta.service.d/50-pacemaker.conf'},
    ],
)
def test_what_starts_at_boot_is_green(monkeypatch, tmp_path, shown):
    assert boot(monkeypatch, tmp_path, **shown) == [('running.boot', 'green', '')]


@pytest.mark.parametrize(
    'shown, hint',
    [
        ({'UnitFileState': 'disabled'}, 'systemctl enable mta.service'),
        ({'UnitFileState': 'generated'}, 'systemctl enable mta.service'),
        ({'UnitFileState': 'enabled-runtime', 'WantedBy': 'multi-user.target'}, 'systemctl enable mta.service'),
        (
            {'LoadState': 'masked', 'UnitFileState': 'masked', 'WantedBy': 'multi-user.target'},
            'systemctl unmask mta.service, then: systemctl enable mta.service',
        ),
    ],
)
def test_what_does_not_is_red(monkeypatch, tmp_path, shown, hint):
    assert boot(monkeypatch, tmp_path, **shown) == [('running.boot', 'red', hint)]


def test_what_systemd_does_not_know_has_no_row(monkeypatch, tmp_path):
    assert boot(monkeypatch, tmp_path, LoadState='not-found', UnitFileState='') == []
    assert boot(monkeypatch, tmp_path, UnitFileState='disabled', booted=False) == []


def test_drop_ins_are_red_where_they_decide():
    found = [Shadow('/a.conf', ['User'], True), Shadow('/b.conf', ['Nice', 'After'], False)]
    rows = units.shadow_rows(types.SimpleNamespace(shadows=lambda: found), 'hop.service')
    assert [(row['id'], row['target'], row['status'], row['severity']) for row in rows] == [
        ('running.unit', '/a.conf', 'red', 'critical'),
        ('running.drop_in', '/b.conf', 'green', 'low'),
    ]
    assert rows[0]['hint'] == 'Remove it, then: systemctl daemon-reload, systemctl restart hop.service'
    assert rows[1]['finding'].endswith('it sets Nice, After')
