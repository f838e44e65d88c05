# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is compared with what: who changed a thing decides whether it is written, put back or left alone."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import heading
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.journal import empty
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.main_cf import MainCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.master_cf import MasterCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.master_entry import Service
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan import (
    PlanError,
    left_alone,
    refuse_conflicts,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan_options import OptionPlan
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan_parameters import ParameterPlan
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan_services import ServicePlan
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan_tables import (
    MISSING,
    STALE,
    TablePlan,
    TableState,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.request import Request, Table

MAIN = '# top\nrelayhost = [old]\nmynetworks = 127.0.0.0/8,\n  # lan\n  10.0.0.0/8\nrelayhost = [last]'
MASTER = 'smtp inet n - y - - smtpd\nsubmission inet n - y - - smtpd\n  -o syslog_name=x -o milter=a\n# end\n'


def unset(name):
    """What a parameter is that nobody names: empty."""
    return ''


def parameter_plan(main, owner, records, wanted):
    plan = ParameterPlan(owner, records, main, unset)
    plan.reach(wanted)
    return plan


def parameters(text, records, **wanted):
    """Plan parameters; returns the text, the settled records and the warnings."""
    main = MainCf(text)
    plan = parameter_plan(main, 'us', records, wanted)
    return main.text(), plan.settled, plan.warnings


# -- parameters


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


# -- services and their options


def service(name='hop', value='1', kind='unix'):
    return Service(name, kind, ['n' if kind == 'inet' else '-', '-', 'n', '-', '-'], ['smtp'], {'o': value})


def masters(text, records, services=(), options=None):
    """Plan master.cf; returns the text between, the final text, the settled records and the warnings."""
    master = MasterCf(text)
    wanted = {entry.key: entry for entry in services}
    options = {key: {'label': key, 'optional': False, 'options': values} for key, values in (options or {}).items()}
    of_services = ServicePlan('us', records.get('services', {}), master)
    of_services.reach(wanted)
    of_options = OptionPlan('us', records.get('options', {}), master, of_services.removed, unset)
    of_options.reach(options)
    settled = {'services': of_services.settled, 'options': of_options.settled}
    return master.text(), of_services.final().text(), settled, of_services.warnings + of_options.warnings


@pytest.mark.parametrize(
    'services, options',
    [
        ([service()], None),
        ([service(), service('wash')], {'587/inet': {'cleanup_service_name': 'wash'}}),
        ([service('587', kind='inet')], None),
        ([], {'587/inet': {'milter': None, 'new': 'a b'}, '25/inet': {'milter': ''}}),
        ([], {'587/inet': {'syslog_name': 'y', 'milter': None}}),
    ],
)
def test_services_and_options_converge_and_undo_exactly(services, options):
    text, records = masters(MASTER, {}, services, options)[1:3]
    present = MasterCf(text).services()
    assert all(present[entry.key].meaning() == entry.meaning() for entry in services)
    assert all(
        present[key].options.get(name) == value
        for key, values in (options or {}).items()
        for name, value in values.items()
    )
    assert masters(text, records, services, options)[:3] == (text, text, records)
    assert masters(text, records)[1:] == (MASTER, {'services': {}, 'options': {}}, [])


@pytest.mark.parametrize('first, second', [('x', None), (None, 'x'), ('x', 'y'), (None, 'a'), ('x', 'a')])
def test_a_changed_wish_for_an_option_keeps_the_first_original(first, second):
    text, records = masters(MASTER, {}, options={'587/inet': {'milter': first}})[1:3]
    text, records = masters(text, records, options={'587/inet': {'milter': second}})[1:3]
    assert MasterCf(text).option('587/inet', 'milter') == second
    assert masters(text, records)[1:] == (MASTER, {'services': {}, 'options': {}}, [])


def test_a_removed_service_is_still_there_between_the_phases():
    text, records = masters(MASTER, {}, [service(), service('wash')], {'587/inet': {'cleanup_service_name': 'wash'}})[
        1:3
    ]
    between, final = masters(text, records)[:2]
    assert MasterCf(between).find('wash/unix') and MasterCf(between).find('hop/unix')
    assert MasterCf(between).option('587/inet', 'cleanup_service_name') is None
    assert final == MASTER


def test_a_service_that_a_person_changed_is_left_alone():
    text, records = masters(MASTER, {}, [service()])[1:3]
    edited = text.replace('-o o=1', '-o o=person')
    assert masters(edited, records)[1:] == (
        edited.replace(heading('us') + '\n', ''),
        {'services': {}, 'options': {}},
        [left_alone('master.cf: the entry hop/unix')],
    )


def test_a_service_that_a_person_changed_is_brought_back_by_present():
    text, records = masters(MASTER, {}, [service('587', kind='inet')])[1:3]
    text, records = masters(text.replace('-o o=1', '-o o=person'), records, [service('587', kind='inet')])[1:3]
    assert MasterCf(text).option('587/inet', 'o') == '1'
    assert masters(text, records)[1] == MASTER


@pytest.mark.parametrize(
    'wish, edit',
    [
        ('x', lambda text: text.replace('-o milter=x', '-o milter=person')),
        (None, lambda text: text.replace('# end', '  -o milter=person\n# end')),
    ],
)
def test_an_option_that_a_person_changed_is_left_alone(wish, edit):
    text, records = masters(MASTER, {}, options={'587/inet': {'milter': wish}})[1:3]
    final, settled, warnings = masters(edit(text), records)[1:]
    assert MasterCf(final).option('587/inet', 'milter') == 'person'
    assert 'Taken out' not in final
    assert warnings == [left_alone('master.cf: -o milter of 587/inet')]


@pytest.mark.parametrize(
    'edit',
    [
        lambda text: text.replace('-o milter=x', '-o milter=person'),
        lambda text: text.replace('# end', '  -o milter=person\n# end'),
    ],
)
def test_an_option_that_a_person_changed_is_brought_back_by_present(edit):
    wanted = {'587/inet': {'milter': 'x'}}
    text, records = masters(MASTER, {}, options=wanted)[1:3]
    text, again = masters(edit(text), records, options=wanted)[1:3]
    assert MasterCf(text).option('587/inet', 'milter') == 'x'
    assert again == records
    assert masters(text, records)[1] == MASTER


def test_an_entry_that_a_person_deleted_is_named():
    records = masters(MASTER, {}, options={'587/inet': {'milter': 'x'}})[2]
    text = 'smtp inet n - y - - smtpd\n'
    assert masters(text, records)[1:] == (
        text,
        {'services': {}, 'options': {}},
        [left_alone('master.cf: the entry 587/inet')],
    )


def test_options_of_a_missing_entry_are_refused_by_name():
    with pytest.raises(PlanError, match='service_options: 465/inet: master.cf has no such entry'):
        masters(MASTER, {}, options={'465/inet': {'a': '1'}})


def test_options_of_an_entry_that_is_going_to_be_deleted_are_refused():
    text, records = masters(MASTER, {}, [service()])[1:3]
    with pytest.raises(PlanError, match='hop/unix: master.cf has no such entry'):
        masters(text, records, options={'hop/unix': {'a': '1'}})


def test_a_missing_entry_may_be_optional():
    master = MasterCf(MASTER)
    wanted = {'465/inet': {'label': '465/inet', 'optional': True, 'options': {'a': '1'}}}
    plan = OptionPlan('us', {}, master, [], unset)
    plan.reach(wanted)
    assert (plan.pending, plan.settled) == ({}, {})
    assert master.text() == MASTER


def test_an_option_with_no_place_is_refused_with_the_way_out():
    with pytest.raises(PlanError, match='give the whole entry in services'):
        masters('x unix - n n - - pipe flags=R\n', {}, options={'x/unix': {'a': '1'}})


# -- tables

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


# -- owners


@pytest.mark.parametrize(
    'kind, records, message',
    [
        (
            'parameters',
            {'parameters': {'relayhost': {}}},
            'parameter relayhost: wanted by owner_id us, but already set by owner_id them',
        ),
        ('tables', {'tables': {'t': {}}}, 'table t: wanted by'),
        ('services', {'services': {'hop/unix': {}}}, 'service hop/unix: wanted by'),
        ('services', {'service_options': {'hop/unix': {'o': {}}}}, 'service hop/unix: wanted by'),
        ('options', {'service_options': {'587/inet': {'o': {}}}}, 'option o of service submission/inet: wanted by'),
        ('options', {'services': {'587/inet': {}}}, 'service submission/inet: wanted by'),
    ],
)
def test_two_owners_of_one_thing_are_refused(kind, records, message):
    wanted = {
        'parameters': {'relayhost': 'x'},
        'tables': {'t': Table('t', 'texthash', '', 0o644)},
        'services': {'hop/unix': service()},
        'options': {'587/inet': {'label': 'submission/inet', 'optional': False, 'options': {'o': '1'}}},
    }
    given = dict({'parameters': {}, 'services': {}, 'options': {}, 'tables': {}}, **{kind: wanted[kind]})
    request = Request('us', **given)
    with pytest.raises(PlanError, match=message):
        refuse_conflicts(request, {'them': dict(empty(), **records)})


def test_different_options_of_one_entry_may_have_different_owners():
    request = Request('us', {}, {}, {'587/inet': {'label': 'x', 'optional': False, 'options': {'o': '1'}}}, {})
    refuse_conflicts(request, {'them': dict(empty(), service_options={'587/inet': {'p': {}}})})
