# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters: who changed one decides whether it is written, put back or left alone."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import heading
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan import (
    left_alone,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan_parameters import ParameterPlan
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.main_cf import MainCf

from tests.unit.fakes.plans import unset

MAIN = '# top\nrelayhost = [old]\nmynetworks = 127.0.0.0/8,\n  # lan\n  10.0.0.0/8\nrelayhost = [last]'


def parameter_plan(main, owner, records, wanted):
    plan = ParameterPlan(owner, records, main, unset)
    plan.reach(wanted)
    return plan


def parameters(text, records, **wanted):
    """Plan parameters; returns the text, the settled records and the warnings."""
    main = MainCf(text)
    plan = parameter_plan(main, 'us', records, wanted)
    return main.text(), plan.settled, plan.warnings


@pytest.mark.parametrize(
    'wanted',
    [
        {'relayhost': 'x'},
        {'relayhost': None},
        {'mynetworks': None, 'new': '1'},
        {'mynetworks': 'a', 'relayhost': '', 'new': 'b', 'newer': 'c'},
    ],
)
def test_set_converge_and_undo_are_exact(wanted):
    text, records, dummy = parameters(MAIN, {}, **wanted)
    assert {name: MainCf(text).get(name) for name in wanted} == wanted
    assert parameters(text, records, **wanted) == (text, records, [])
    assert parameters(text, records) == (MAIN, {}, [])


@pytest.mark.parametrize('first, second', [('x', None), (None, 'x'), ('x', 'y'), ('x', '[last]'), (None, '[last]')])
def test_a_changed_wish_keeps_the_first_original(first, second):
    text, records, dummy = parameters(MAIN, {}, relayhost=first)
    text, records, dummy = parameters(text, records, relayhost=second)
    assert MainCf(text).get('relayhost') == second
    assert parameters(text, records) == (MAIN, {}, [])


def test_what_is_as_wanted_from_the_start_is_not_ours():
    assert parameters(MAIN, {}, relayhost='[last]', absent=None) == (MAIN, {}, [])


def test_a_value_on_several_lines_counts_as_equal():
    assert parameters(MAIN, {}, mynetworks='127.0.0.0/8, 10.0.0.0/8') == (MAIN, {}, [])


def test_what_is_no_longer_wanted_is_put_back():
    text, records, dummy = parameters(MAIN, {}, relayhost='x', new='1')
    text, records, warnings = parameters(text, records, new='1')
    assert text == MAIN + '\n{}\nnew = 1'.format(heading('us'))
    assert not warnings
    assert parameters(text, records) == (MAIN, {}, [])


def test_a_person_changed_it_and_present_brings_it_back():
    text, records, dummy = parameters(MAIN, {}, relayhost='x')
    text, records, warnings = parameters(text.replace('= x', '= person'), records, relayhost='x')
    assert MainCf(text).get('relayhost') == 'x'
    assert not warnings
    assert parameters(text, records) == (MAIN, {}, [])


@pytest.mark.parametrize(
    'wish, edit',
    [
        ('x', lambda text: text.replace('= x', '= person')),
        ('x', lambda text: text.replace('relayhost = x', '')),
        (None, lambda text: text + '\nrelayhost = person\n'),
    ],
)
def test_a_person_changed_it_and_absent_leaves_it_alone(wish, edit):
    text, records, dummy = parameters('relayhost = old\n', {}, relayhost=wish)
    edited = edit(text)
    text, records, warnings = parameters(edited, records)
    assert MainCf(text).get('relayhost') == MainCf(edited).get('relayhost')
    assert '#' not in text
    assert records == {}
    assert warnings == [left_alone('main.cf: relayhost')]


def test_a_person_put_the_original_back_and_absent_says_nothing():
    text, records, dummy = parameters('relayhost = old\n', {}, relayhost='x')
    assert parameters('relayhost   =   old\n', records) == ('relayhost   =   old\n', {}, [])


def test_other_lines_that_a_person_changed_stay():
    text, records, dummy = parameters('a = 1\nrelayhost = old\n', {}, relayhost='x', new='1')
    assert parameters('# new\n' + text + 'b = 2\n', records) == ('# new\na = 1\nrelayhost = old\nb = 2\n', {}, [])


def test_the_record_before_the_switch_knows_both_values():
    text, records, dummy = parameters(MAIN, {}, relayhost='one')
    pending = parameter_plan(MainCf(text), 'us', records, {'relayhost': 'two'}).pending
    # Killed before the file was written: it still holds "one".
    assert parameters(text, pending) == (MAIN, {}, [])
    # Killed after it was written.
    assert parameters(text.replace('= one', '= two'), pending) == (MAIN, {}, [])


def test_two_owners_are_undone_one_after_the_other_in_either_order():
    for order in (('one', 'two'), ('two', 'one')):
        main, records = MainCf(MAIN), {}
        for owner in ('one', 'two'):
            wanted = {'of_' + owner: '1', ('relayhost' if owner == 'one' else 'mynetworks'): None}
            records[owner] = parameter_plan(main, owner, {}, wanted).settled
        for owner in order:
            assert parameter_plan(main, owner, records[owner], {}).settled == {}
        assert main.text() == MAIN
