# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What postfix_config refuses before it reads anything: each message names the option and the value."""

from __future__ import annotations

import re

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.request import (
    RequestError,
    override_value,
    read_request,
    read_unit,
    text_value,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.main_cf import MainCf, render
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_cf import MasterCf
from hypothesis import given, settings
from hypothesis import strategies as st


def params(**values):
    given_values = {
        'owner_id': 'us',
        'create': False,
        'exclusive': False,
        'state': 'present',
        'parameters': {},
        'services': [],
        'service_options': [],
        'tables': [],
    }
    given_values.update(values)
    return given_values


def service(**values):
    entry = {
        'name': 'x',
        'type': 'unix',
        'private': '-',
        'unprivileged': '-',
        'chroot': 'n',
        'wakeup': '-',
        'max_processes': '-',
        'command': 'smtp',
        'options': {},
    }
    entry.update(values)
    return entry


def table(**values):
    entry = {'path': 't', 'type': 'texthash', 'content': None, 'entries': None, 'mode': '0644'}
    entry.update(values)
    return entry


def read(**values):
    return read_request(params(**values), lambda: 'lmdb')


def option(name='smtp', kind='inet', options=None):
    return {'name': name, 'type': kind, 'options': options or {'a': '1'}, 'optional': False}


REFUSED = {
    'owner': ({'owner_id': 'Me/..'}, "owner_id: 'Me/..'"),
    'owner with line break': ({'owner_id': 'me\n'}, r"owner_id: 'me\n'"),
    'parameter name': ({'parameters': {'a b': '1'}}, "parameters: 'a b'"),
    'parameter name with line break': ({'parameters': {'a\n': '1'}}, r"parameters: 'a\n'"),
    'line break': ({'parameters': {'a': '1\nb = 2'}}, r"parameters.a: '1\nb = 2'"),
    'carriage return': ({'parameters': {'a': '1\r2'}}, r"parameters.a: '1\r2'"),
    'NUL': ({'parameters': {'a': '1\0'}}, r"parameters.a: '1\x00'"),
    'blank in front': ({'parameters': {'a': ' 1'}}, "parameters.a: ' 1'"),
    'blank behind': ({'parameters': {'a': '1\t'}}, r"parameters.a: '1\t'"),
    'list': ({'parameters': {'a': ['1']}}, "parameters.a: ['1']"),
    'service name': ({'services': [service(name='x y')]}, "services.name: 'x y'"),
    'private inet': ({'services': [service(name='25', type='inet')]}, "services[25/inet].private: '-'"),
    'wakeup': ({'services': [service(wakeup='soon')]}, "services[x/unix].wakeup: 'soon'"),
    'processes': ({'services': [service(max_processes='5?')]}, "services[x/unix].max_processes: '5?'"),
    'command': ({'services': [service(command='')]}, "services[x/unix].command: ''"),
    'command with line break': (
        {'services': [service(command='smtp\ny unix')]},
        r"services[x/unix].command: 'smtp\ny unix'",
    ),
    'command with -o': ({'services': [service(command='smtp -o a=1')]}, "services[x/unix].command: 'smtp -o a=1'"),
    'option value': ({'services': [service(options={'a': '1\n2'})]}, r"services[x/unix].options.a: '1\n2'"),
    'open brace': ({'services': [service(options={'a': '${b'})]}, "services[x/unix].options.a: '${b'"),
    'closed brace': ({'service_options': [option(options={'a': '}{'})]}, "service_options[smtp/inet].options.a: '}{'"),
    'two services': (
        {'services': [service(name='25', type='inet', private='n'), service(name='smtp', type='inet', private='n')]},
        "services: '25/inet'",
    ),
    'entry and its option': (
        {'services': [service(name='25', type='inet', private='n')], 'service_options': [option()]},
        "service_options: 'smtp/inet'",
    ),
    'absolute table': ({'tables': [table(path='/etc/passwd', content='')]}, "tables.path: '/etc/passwd'"),
    'table elsewhere': ({'tables': [table(path='../x', content='')]}, "tables.path: '../x'"),
    'table elsewhere, hidden': ({'tables': [table(path='a/../../x', content='')]}, "tables.path: 'a/../../x'"),
    'table with blank': ({'tables': [table(path='a b', content='')]}, "tables.path: 'a b'"),
    'main.cf as table': ({'tables': [table(path='main.cf', content='')]}, "tables.path: 'main.cf'"),
    'key with blank': ({'tables': [table(entries={'a b': 'c'})]}, "tables[t].entries: 'a b'"),
    'comment as key': ({'tables': [table(entries={'#a': 'c'})]}, "tables[t].entries: '#a'"),
    'empty result': ({'tables': [table(entries={'a': ''})]}, "tables[t].entries[a]: ''"),
    'result with line break': ({'tables': [table(entries={'a': 'b\nc d'})]}, r"tables[t].entries[a]: 'b\nc d'"),
    'NUL in table': ({'tables': [table(content='a\0b')]}, r"tables[t].content: 'a\x00b'"),
    'mode': ({'tables': [table(content='', mode='rw')]}, "tables[t].mode: 'rw'"),
    'same table twice': ({'tables': [table(content=''), table(content='')]}, "tables: 't'"),
}


@pytest.mark.parametrize('case', sorted(REFUSED))
def test_bad_input_is_refused_by_name_and_value(case):
    values, message = REFUSED[case]
    with pytest.raises(RequestError, match=re.escape(message)):
        read(**values)


def test_numbers_and_booleans_are_written_as_postfix_wants_them():
    assert read(parameters={'a': True, 'b': False, 'c': 5, 'd': None, 'e': ''}).parameters == {
        'a': 'yes',
        'b': 'no',
        'c': '5',
        'd': None,
        'e': '',
    }


def test_the_default_table_type_is_asked_from_the_host_only_when_needed():
    asked = []
    read_request(params(tables=[table(content='a b')]), lambda: asked.append(1))
    assert not asked
    assert read(tables=[table(type='default', content='a b')]).tables['t'].kind == 'lmdb'


def test_a_default_type_that_cannot_be_built_is_refused():
    with pytest.raises(RequestError, match="tables.t..type: 'dbm'"):
        read_request(params(tables=[table(type='default', content='a b')]), lambda: 'dbm')


def test_a_table_ends_with_a_line_end():
    assert read(tables=[table(content='a b')]).tables['t'].content == 'a b\n'


def test_entries_keep_their_order():
    assert read(tables=[table(entries={'b': '1', 'a': '2'})]).tables['t'].content == 'b 1\na 2\n'


def test_a_pattern_may_hold_blanks():
    assert read(tables=[table(type='regexp', entries={'/a b/': 'OK'})]).tables['t'].content == '/a b/ OK\n'


@pytest.mark.parametrize('mode', ['0640', '640', 0o640])
def test_modes(mode):
    assert read(tables=[table(content='', mode=mode)]).tables['t'].mode == 0o640


def test_absent_wants_nothing_whatever_else_is_given():
    request = read(state='absent', parameters={'a': '1'})
    assert request.absent and not request.parameters


@settings(deadline=None)
@given(st.text(max_size=20))
def test_an_accepted_parameter_value_is_read_back_and_adds_nothing(value):
    try:
        text_value('x', value)
    except RequestError:
        return
    assert MainCf('before = 1\n{}\nafter = 2\n'.format(render('a', value))).values() == {
        'before': '1',
        'a': value,
        'after': '2',
    }


@settings(deadline=None)
@given(st.text(alphabet='ab {}#$=-o\t\n\\"', max_size=12))
def test_an_accepted_option_value_is_read_back_and_adds_nothing(value):
    try:
        override_value('x', value)
    except RequestError:
        return
    master = MasterCf('x unix - - n - - smtp\ny unix - - n - - smtp\n')
    master.set_option('x/unix', 'a', value)
    assert master.find('x/unix').service().options == {'a': value}
    assert not master.find('x/unix').arguments
    assert master.find('y/unix').service().options == {}


def unit(name='hop.service', content='[Service]\n', create=True, state='present'):
    return read_unit({'unit': {'name': name, 'content': content}, 'create': create, 'state': state})


def test_a_unit_is_wanted_with_its_content_and_goes_by_its_name():
    assert unit() == ('hop.service', '[Service]\n')
    assert unit(content=None, state='absent') == unit(state='absent') == ('hop.service', None)
    assert read_unit({'unit': None, 'create': False, 'state': 'present'}) == (None, None)


@pytest.mark.parametrize(
    'values, message',
    [
        ({'name': 'hop'}, "unit.name: 'hop' is not the name of a service unit"),
        ({'name': '../hop.service'}, "unit.name: '../hop.service' is not"),
        ({'name': 'a\n.service'}, r"unit.name: 'a\\n.service' is not"),
        ({'name': '-h.service', 'state': 'absent'}, "unit.name: '-h.service' is not"),
        ({'content': None}, 'unit.content: None is not the content of a unit'),
        ({'content': ''}, "unit.content: '' is not"),
        ({'create': False}, "unit: 'hop.service' is given for an instance that is not made here; say create=true"),
    ],
)
def test_a_unit_that_cannot_be_meant_is_refused(values, message):
    with pytest.raises(RequestError, match=message):
        unit(**values)
