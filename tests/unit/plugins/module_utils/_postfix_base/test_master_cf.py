# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""master.cf is read as Postfix reads it; entries and options are changed, and come back exactly."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import heading
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_cf import MasterCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_entry import (
    Service,
    key_of,
    tokens_of,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.unit.fakes.documents import texts

FIELDS = ['-', '-', 'n', '-', '-']
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
        ('[::1]:325', 'inet', '[::1]:325/inet'),
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
