# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any single thing of ours that is broken is red in a verification, and the next run repairs it."""

from __future__ import annotations

import os

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import FileRecord
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.ours import OWNER
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.record import AttributeRecord

from tests.unit.fakes.zimbra_runs import apply, stale

CHANGES = {'scope': 'senders', 'scope_senders': ['@example.com']}


@pytest.fixture(name='made')
def fixture_made(zimbra):
    apply(zimbra, **CHANGES)
    assert stale(zimbra, **CHANGES) == []
    return zimbra


def repaired(zimbra, what):
    rows = stale(zimbra, **CHANGES)
    assert rows and {row['status'] for row in rows} == {'red'}, f'{what} is not noticed'
    assert any(what in row['finding'] for row in rows), rows
    assert apply(zimbra, **CHANGES)[0]['changed']
    assert stale(zimbra, **CHANGES) == [], f'{what} is not repaired'


@pytest.mark.parametrize('how', ['gone', 'edited'])
def test_each_file(made, how):
    paths = [entry['path'] for entry in FileRecord(OWNER).entries]
    assert len(paths) >= 10
    for path in paths:
        if how == 'gone':
            os.unlink(path)
        else:
            with open(path, 'w', encoding='ascii') as stream:
                stream.write('# by somebody\n')
        repaired(made, path)


def test_each_attribute_and_each_line_of_main_cf(made):
    keys = list(AttributeRecord(OWNER).attributes)
    assert len(keys) >= 9
    for entry, name in keys:
        if entry.kind == 'main.cf':
            made.units['conbool-zimbra.path']['ActiveState'] = 'failed'
            made.edit(**{name: None})
        else:
            kind = {'config': 'config', 'server': 'servers', 'domain': 'domains'}[entry.kind]
            made.set(kind, entry.name, **{name: None})
        repaired(made, name)


@pytest.mark.parametrize('unit', ['conbool-zimbra.path', 'conbool-certificate.socket'])
@pytest.mark.parametrize('state', [{'ActiveState': 'failed'}, {'UnitFileState': 'disabled'}])
def test_each_unit(made, unit, state):
    made.units[unit].update(state)
    repaired(made, unit)


@pytest.mark.parametrize('unit', ['conbool-zimbra.path', 'conbool-certificate.socket'])
def test_each_file_of_a_unit(made, unit):
    (made.root / 'units' / unit).write_text('# by somebody\n', encoding='ascii')
    repaired(made, unit)


@pytest.mark.parametrize('record', [AttributeRecord, FileRecord])
def test_a_record_that_is_lost_is_red_and_named_by_the_next_run(made, record):
    path = record(OWNER).path
    os.unlink(path)
    (row,) = stale(made, **CHANGES)
    assert row['status'] == 'red' and f'There is no record {path}' in row['finding']
    result, warnings = apply(made, **CHANGES)[:2]
    assert not result['changed'] and path in ' '.join(warnings)
