# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of master.cf and their options: who changed one decides whether it is written, put back or left alone."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import heading
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan import (
    PlanError,
    left_alone,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan_options import OptionPlan
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan_services import ServicePlan
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_cf import MasterCf

from tests.unit.fakes.plans import service, unset

MASTER = 'smtp inet n - y - - smtpd\nsubmission inet n - y - - smtpd\n  -o syslog_name=x -o milter=a\n# end\n'


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
