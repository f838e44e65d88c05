# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""main.cf and master.cf as documents: what is read, what is changed, and that undoing leaves the same bytes."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode, heading, printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.document import Document
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.main_cf import MainCf, value_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.master_cf import MasterCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.master_entry import (
    Service,
    key_of,
    tokens_of,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

FIELDS = ['-', '-', 'n', '-', '-']

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
MASTER_LINES = st.sampled_from(
    [
        'smtp inet n - y - - smtpd',
        '25 inet n - n - - smtpd -o a=1 -o b=2 -v',
        '  -o a=1',
        '  -o { b = two words } -o',
        '  a=9',
        '# comment',
        '',
        '   ',
        'x unix - n n - - pipe',
        '  flags=R user=x argv=/bin/y -o z ${nexthop}',
        '  -o a=1 flags=R',
        'submission inet n - y - - smtpd',
        '\t-oa=5 -v',
        'short line',
        '  -o a=1 -o a=2 -o a=3',
        '  # comment -o a=1',
        'p unix - - n - - smtp -o { a = 1',
        '  -o a=1\r',
        '\udcff unix - - n - - smtp',
        ' orphan',
    ]
)
# Each begins a file in which the entry exists.
HEADS = {
    '25/inet': 'smtp inet n - y - - smtpd -o a=1 -o b=2 -o c=3 -v\n',
    'x/unix': 'x unix - n n - - pipe\n',
    'p/unix': 'p unix - - n - - smtp -o c=0\n  -o\n a=1 -o b=1\n',
    '587/inet': 'submission inet n - y - - smtpd\r\n',
}


def texts(lines):
    return st.tuples(st.lists(lines, max_size=12), st.sampled_from(['\n', '\r\n']), st.booleans()).map(
        lambda drawn: drawn[1].join(drawn[0]) + (drawn[1] if drawn[2] and drawn[0] else '')
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


# -- main.cf, changing


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


# -- master.cf


@pytest.mark.parametrize(
    'text, values',
    [
        ('a b  c', ['a', 'b', 'c']),
        ('-o { x = 1 2 } y', ['-o', 'x = 1 2', 'y']),
        ('-o x={a b} y', ['-o', 'x={a b}', 'y']),
        ('a\n# b\n  c', ['a', 'c']),
        ('a {b c', ['a', '{b c']),
    ],
)
def test_arguments_are_split_as_master_does(text, values):
    assert [token.value for token in tokens_of(text)] == values


@pytest.mark.parametrize(
    'name, kind, key',
    [
        ('smtp', 'inet', '25/inet'),
        ('25', 'inet', '25/inet'),
        ('submission', 'inet', '587/inet'),
        ('127.0.0.1:smtp', 'inet', '[127.0.0.1]:25/inet'),
        ('[::1]:10027', 'inet', '[::1]:10027/inet'),
        ('smtp', 'unix', 'smtp/unix'),
        ('no-such-port-name', 'inet', 'no-such-port-name/inet'),
    ],
)
def test_names_and_numbers_of_ports_are_the_same_service(name, kind, key):
    assert key_of(name, kind) == key


def test_an_entry_is_read_with_its_options_and_arguments():
    master = MasterCf(
        'x unix - n n 60? 5 pipe -v\n  -o a=1\n  # -o b=2\n  -o { c = 3 4 } -o a=5\n  flags=R argv=/bin/y -o z\n'
    )
    assert master.find('x/unix').service().as_dict() == {
        'name': 'x',
        'type': 'unix',
        'private': '-',
        'unprivileged': 'n',
        'chroot': 'n',
        'wakeup': '60?',
        'max_processes': '5',
        'command': 'pipe -v flags=R argv=/bin/y -o z',
        'options': {'a': '5', 'c': '3 4'},
    }


def test_what_is_rendered_is_read_back():
    service = Service(
        'x',
        'unix',
        ['-', 'n', 'n', '-', '0'],
        ['pipe', 'flags=R', 'argv=/bin/y', 'two words'],
        {'a': '1', 'b': 'two words', 'c': ''},
    )
    assert MasterCf(service.render() + '\n').find('x/unix').service().meaning() == service.meaning()


def test_of_two_entries_for_one_service_the_last_is_replaced():
    master = MasterCf('smtp inet n - y - - smtpd\n25 inet n - n - - smtpd -v\n')
    master.put('us', [Service('smtp', 'inet', ['n'] + FIELDS[1:], ['smtpd'], {})])
    assert master.text() == 'smtp inet n - y - - smtpd\nsmtp  inet  n  -  n  -  -  smtpd\n'


def test_an_option_is_added_behind_the_entry_and_not_behind_the_comments_after_it():
    master = MasterCf('smtp inet n - y - - smtpd\n  -o a=1\n#  -o b=2\nx unix - - n - - smtp\n')
    master.set_option('25/inet', 'c', '3')
    assert master.text() == 'smtp inet n - y - - smtpd\n  -o a=1\n  -o c=3\n#  -o b=2\nx unix - - n - - smtp\n'


def test_an_option_goes_before_the_arguments_of_the_command():
    master = MasterCf('x unix - n n - - pipe\n  flags=R argv=/bin/y\n')
    master.set_option('x/unix', 'a', '1')
    assert master.text() == 'x unix - n n - - pipe\n  -o a=1\n  flags=R argv=/bin/y\n'


def test_no_option_can_be_added_where_the_arguments_begin_on_the_first_line():
    with pytest.raises(ValueError, match='middle of a line'):
        MasterCf('x unix - n n - - pipe flags=R\n').set_option('x/unix', 'a', '1')


def test_an_option_is_cut_out_of_the_middle_of_a_line():
    text = 'smtp inet n - y - - smtpd -o a=1 -o b=2\n  -o a=3\nx unix - - n - - smtp\n'
    master = MasterCf(text)
    cuts = master.cut_option('us', '25/inet', 'a')
    assert master.find('25/inet').service().options == {'b': '2'}
    assert cuts == [' -o a=1', '  -o a=3']
    assert master.paste_option('us', '25/inet', 'a', cuts)
    assert master.text() == text


def test_a_cut_whose_place_was_deleted_is_reported():
    master = MasterCf('smtp inet n - y - - smtpd\n  -o a=3\n')
    cuts = master.cut_option('us', '25/inet', 'a')
    del master.lines[1]
    assert not master.paste_option('us', '25/inet', 'a', cuts)


@settings(max_examples=200, deadline=None)
@given(
    texts(MASTER_LINES),
    st.sampled_from(sorted(HEADS)),
    st.sampled_from(['a', 'b', 'q']),
    st.sampled_from(['', '7', 'v w']),
)
def test_setting_and_unsetting_an_option_leaves_any_master_cf_as_it_was(text, key, name, value):
    text = HEADS[key] + text
    master = MasterCf(text)
    before = {other: service.meaning() for other, service in master.services().items()}
    options = dict(master.find(key).service().options)
    try:
        master.set_option(key, name, value)
    except ValueError:
        assert master.text() == text
        return
    # An -o that lacks its argument swallows what follows, and an open brace takes the rest of the entry.
    assume(not text.rstrip().endswith('-o') and '{ a = 1' not in text and '-o\n' not in text and '-o\r\n' not in text)
    assert master.find(key).service().options == dict(options, **{name: value})
    assert {other: service.meaning() for other, service in master.services().items() if other != key} == {
        other: meaning for other, meaning in before.items() if other != key
    }
    assert master.unset_option(key, name, value)
    assert master.text() == text


@settings(max_examples=200, deadline=None)
@given(
    texts(MASTER_LINES),
    st.sampled_from(sorted(HEADS)),
    st.permutations(['a', 'b', 'c']),
    st.permutations(['a', 'b', 'c']),
)
def test_cutting_and_pasting_options_leaves_any_master_cf_as_it_was(text, key, cut_order, paste_order):
    text = HEADS[key] + text
    master = MasterCf(text)
    cuts = {name: master.cut_option(name, key, name) for name in cut_order}
    assert not set(master.find(key).service().options) & set(cut_order)
    for name in paste_order:
        assert master.paste_option(name, key, name, cuts[name])
    assert master.text() == text


@settings(max_examples=200, deadline=None)
@given(texts(MASTER_LINES), st.sampled_from(['smtp', 'new']))
def test_putting_an_entry_and_putting_it_back_leaves_any_master_cf_as_it_was(text, name):
    master, service = MasterCf(text), Service(
        name, 'inet' if name == 'smtp' else 'unix', ['n'] + FIELDS[1:], ['smtpd'], {'a': 'b c'}
    )
    entry = master.find(service.key)
    original = master.span(entry.line) if entry else None
    master.put('us', [service])
    assert master.find(service.key).service().meaning() == service.meaning()
    master.put_back(service.key, original)
    if original is None:
        master.drop_heading(heading('us'))
    assert master.text() == text
