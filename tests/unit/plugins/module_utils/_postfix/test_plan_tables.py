# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables: who changed one decides whether it is written, put back or left alone."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan import (
    PlanError,
    left_alone,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan_tables import (
    MISSING,
    STALE,
    TablePlan,
    TableState,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.request import Table

NONE = {'t': TableState(index=MISSING)}


def tables(present, records, *wanted):
    plan = TablePlan('us', records, lambda path, kind: present.get(path, TableState()))
    plan.reach({entry.path: entry for entry in wanted})
    return plan.pending, plan.settled, plan.changes, plan.warnings


def test_a_new_table_is_written_and_removed_again():
    wanted = Table('t', 'hash', 'a b\n', 0o644)
    dummy, records, changes, warnings = tables(NONE, {}, wanted)
    assert (changes['t'].before.content, changes['t'].after.content) == (None, b'a b\n')
    there = {'t': TableState(b'a b\n', 0o644)}
    assert tables(there, records, wanted)[1:] == (records, {}, [])
    dummy, records, changes, warnings = tables(there, records)
    assert (changes['t'].after.content, records, warnings) == (None, {}, [])


def test_a_table_that_was_there_comes_back_with_its_mode():
    before = {'t': TableState(b'old \xff\n', 0o600, MISSING)}
    records = tables(before, {}, Table('t', 'hash', 'a b\n', 0o644))[1]
    restored = tables({'t': TableState(b'a b\n', 0o644)}, records)[2]['t'].after
    assert (restored.content, restored.mode) == (b'old \xff\n', 0o600)


@pytest.mark.parametrize(
    'state',
    [
        TableState(b'a b\n', 0o600),
        TableState(b'a b\n', 0o644, MISSING),
        TableState(b'a b\n', 0o644, STALE),
        TableState(b'a c\n', 0o644),
    ],
)
def test_a_table_with_another_mode_index_or_content_is_written(state):
    wanted = Table('t', 'hash', 'a b\n', 0o644)
    records = tables(NONE, {}, wanted)[1]
    assert list(tables({'t': state}, records, wanted)[2]) == ['t']


def test_an_index_of_somebody_else_is_not_overwritten():
    with pytest.raises(PlanError, match="tables.path: 't' has an index that was not made here"):
        tables({'t': TableState(b'a b\n', 0o644)}, {}, Table('t', 'hash', 'a b\n', 0o644))


def test_a_table_of_another_type_is_written_and_the_old_index_is_known():
    records = tables(NONE, {}, Table('t', 'hash', 'a b\n', 0o644))[1]
    change = tables({'t': TableState(b'a b\n', 0o644, MISSING)}, records, Table('t', 'lmdb', 'a b\n', 0o644))[2]['t']
    assert (change.old_kinds, change.kind) == (['hash'], 'lmdb')


def test_a_table_that_a_person_changed_is_left_alone():
    records = tables({}, {}, Table('t', 'texthash', 'a b\n', 0o644))[1]
    assert tables({'t': TableState(b'person\n', 0o644)}, records)[1:] == ({}, {}, [left_alone('The table t')])
