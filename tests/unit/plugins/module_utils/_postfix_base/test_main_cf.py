# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""main.cf as a document: what is read, what is changed, and that undoing leaves the same bytes."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode, heading, printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.document import Document
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.main_cf import MainCf, value_of
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.fakes.documents import texts

# Pieces from which damaged files are made as well as whole ones.
LINES = st.sampled_from(
    [
        'a = 1',
        'b=2',
        'b = 3',
        'c =',
        ' d',
        '\te = 5',
        '# comment',
        '  # comment inside',
        '',
        '   ',
        'a = x,\n  y,\n# between\n  z',
        'no equals sign',
        '= nothing',
        'a\x85b = 1',
        'nul = 1\x002',
        'wide = \u2028\u00a0',
        'bytes = \udcff\udc80',
        '\r',
        'cr = 1\r',
        '\x0b',
        'x = $a ${b}',
    ]
)


# -- reading


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_survive_reading_and_writing(data):
    assert encode(Document(decode(data)).text()) == data


@pytest.mark.parametrize(
    'text, name, value',
    [
        ('a = 1\n', 'a', '1'),
        ('a=1', 'a', '1'),
        ('a =\n', 'a', ''),
        ('a = 1,\n  2,\n# comment\n\n\t3\nb = 4\n', 'a', '1, 2, 3'),
        ('a\n = 1\n', 'a', '1'),
        ('a = 1\na = 2\n', 'a', '2'),
        ('  orphan = 1\na = 2\n', 'orphan', None),
        ('#a = 1\n', 'a', None),
        ('a = b = c\n', 'a', 'b = c'),
        ('a = 1\r\nb = 2\r\n', 'a', '1'),
        ('a = one\0two\n', 'a', 'one'),
        ('a = # no comment\n', 'a', '# no comment'),
        ('a b\n', 'a', None),
        ('a = 1\u2028b\x85 = 2\x0cc\n', 'a', '1\u2028b\x85 = 2\x0cc'),
    ],
)
def test_main_cf_is_read_as_postfix_reads_it(text, name, value):
    assert MainCf(text).get(name) == value


def test_white_space_that_only_python_knows_is_part_of_a_value():
    assert MainCf('a = \u00a01\u2028\n').get('a') == '\u00a01\u2028'


def test_a_blank_character_that_only_python_knows_does_not_continue_a_line():
    assert MainCf('a = 1\n\u00a0b = 2\n').get('a') == '1'


def test_value_of_one_definition():
    assert value_of('a = 1,\n# comment\n  2') == '1, 2'


def test_foreign_bytes_are_shown_escaped():
    assert printable('a\udcffb') == 'a\\xffb'


# -- changing


def test_the_last_definition_is_changed_and_everything_else_stays():
    main = MainCf('# top\na = 1\na = 2,\n  3\n# bottom\nb = 4')
    assert main.set('a', 'new')
    assert main.text() == '# top\na = 1\na = new\n# bottom\nb = 4'


def test_a_carriage_return_at_the_line_end_stays():
    main = MainCf('a = 1\r\nb = 2\r\n')
    main.set('a', '9')
    assert main.text() == 'a = 9\r\nb = 2\r\n'


def test_new_parameters_go_below_one_heading():
    main = MainCf('a = 1\n')
    main.add('us', [('x', '1'), ('y', '')])
    main.add('us', [('z', '3')])
    assert main.text() == 'a = 1\n{}\nz = 3\nx = 1\ny =\n'.format(heading('us'))


def test_a_continuation_line_never_ends_up_behind_a_new_parameter():
    main = MainCf('a = 1\n{}\n  2\n'.format(heading('us')))
    main.add('us', [('x', '9')])
    assert main.get('a') == '1 2'
    assert main.get('x') == '9'


def test_a_file_without_final_line_end_gets_none():
    main = MainCf('a = 1')
    main.add('us', [('x', '1')])
    assert main.text() == 'a = 1\n{}\nx = 1'.format(heading('us'))
    main.put_back('us', 'x', [])
    main.drop_heading(heading('us'))
    assert main.text() == 'a = 1'


def test_the_missing_line_end_survives_two_owners_undone_in_either_order():
    for order in (('one', 'two'), ('two', 'one')):
        main = MainCf('a = 1')
        main.add('one', [('x_one', '1')])
        main.add('two', [('x_two', '1')])
        for owner in order:
            main.put_back(owner, 'x_' + owner, [])
            main.drop_heading(heading(owner))
        assert main.text() == 'a = 1'


def test_definitions_that_were_taken_out_come_back_where_they_were():
    text = 'a = 1\nb = 2\na = 3,\n  4\n# end\n'
    main = MainCf(text)
    originals = main.texts('a')
    main.take_out('us', 'a')
    assert main.get('a') is None
    main.lines.insert(0, 'c = 5\n')
    main.put_back('us', 'a', originals)
    assert main.text() == 'c = 5\n' + text


def test_a_definition_whose_place_was_deleted_comes_back_at_the_end():
    main = MainCf('a = 1\nb = 2\n')
    originals = main.texts('a')
    main.take_out('us', 'a')
    del main.lines[0]
    main.put_back('us', 'a', originals)
    assert main.text() == 'b = 2\na = 1\n'


@settings(max_examples=200, deadline=None)
@given(texts(LINES), st.sampled_from(['a', 'b', 'new', 'x']), st.sampled_from(['', '1', 'v w']))
def test_setting_and_putting_back_leaves_any_main_cf_as_it_was(text, name, value):
    main = MainCf(text)
    originals = main.texts(name)[-1:]
    others = {key: content for key, content in main.values().items() if key != name}
    if not main.set(name, value):
        main.add('us', [(name, value)])
    assert main.get(name) == value
    assert {key: content for key, content in MainCf(main.text()).values().items() if key != name} == others
    main.put_back('us', name, originals)
    if not originals:
        main.drop_heading(heading('us'))
    assert main.text() == text


@settings(max_examples=200, deadline=None)
@given(texts(LINES), st.sampled_from(['a', 'b', 'x']))
def test_taking_out_and_putting_back_leaves_any_main_cf_as_it_was(text, name):
    main = MainCf(text)
    originals = main.texts(name)
    others = {key: content for key, content in main.values().items() if key != name}
    main.take_out('us', name)
    assert MainCf(main.text()).values() == others
    main.put_back('us', name, originals)
    assert main.text() == text
