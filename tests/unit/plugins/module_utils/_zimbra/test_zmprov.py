# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What zmprov is told, and how its answers are told apart."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.commands import (
    Programs,
    ZimbraError,
    server_name,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.directory import (
    CONFIG,
    Directory,
    Entry,
    modify,
    parsed,
    show,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.zmprov import Zmprov, quoted

SERVER = Entry('server', 'mail.example.com')


def zmprov(zimbra):
    return Zmprov(Programs(zimbra.run_command, lambda name: None))


def answering(out='', err='', status=0):
    """A Zmprov whose program writes this, whatever it is told."""

    class Fixed:
        timeout = 1

        def run(self, *dummies, **dummy):
            return status, out, err

    return Zmprov(Fixed())


def test_a_word_keeps_its_quotes_backslashes_and_line_breaks():
    assert quoted('a\\b\'c\n\td') == "'a\\\\b\\'c\\n\\td'"


def test_own_values_are_asked_for():
    assert show((SERVER, 'zimbraA')) == ['gs', '-e', 'mail.example.com', 'zimbraA']
    assert show((Entry('domain', 'd'), 'zimbraA')) == ['gd', '-e', 'd', 'zimbraA']
    assert show((Entry('cos', 'c'), 'zimbraA')) == ['gc', 'c', 'zimbraA']
    assert show((CONFIG, 'zimbraA')) == ['gcf', 'zimbraA']


def test_all_attributes_of_an_entry_are_one_command():
    assert modify(CONFIG, {'b': ('1', '2'), 'a': ()}) == ['mcf', 'a', '', 'b', '1', 'b', '2']


def test_an_answer_belongs_to_its_command(zimbra):
    zimbra.set('config', zimbraMtaRelayHost='[a]:25')
    wanted = [(CONFIG, 'zimbraMtaRelayHost'), (SERVER, 'zimbraMtaRelayHost')]
    found, more = Directory(zmprov(zimbra)).read(wanted, [['gad']])
    assert found == {wanted[0]: ('[a]:25',), wanted[1]: ()}
    assert more[0].split() == ['example.com', 'sub.example.co.uk']


def test_a_prompt_within_a_value_is_an_error_not_a_guess(zimbra):
    zimbra.set('domains', 'example.com', zimbraAdminSieveScriptBefore='one\nprov> two')
    with pytest.raises(ZimbraError, match='answered 2 of 1 commands'):
        Directory(zmprov(zimbra)).read([(Entry('domain', 'example.com'), 'zimbraAdminSieveScriptBefore')])


def test_several_values_and_several_lines_are_told_apart():
    output = '# name x\nzimbraA: one\ntwo\nzimbraA: three\n\n'
    assert parsed((Entry('server', 'x'), 'zimbraA'), output) == ('one\ntwo', 'three')
    assert parsed((CONFIG, 'zimbraA'), 'zimbraA: one\n\n') == ('one\n',)
    assert parsed((CONFIG, 'zimbraA'), '') == ()


def test_a_program_that_ends_in_the_middle_is_an_error():
    with pytest.raises(ZimbraError, match='answered 0 of 2 commands: error: cannot replace'):
        answering('prov> ', 'error: cannot replace', 2).batch([['gcf', 'a'], ['gcf', 'b']])


def test_an_error_without_words_is_one(zimbra):
    with pytest.raises(ZimbraError, match='ended with 1: Exception'):
        answering('prov> prov> ', 'Exception in thread', 1).batch([['gcf', 'a']])


def test_what_is_not_understood_is_an_error():
    with pytest.raises(ZimbraError, match='usage:'):
        Directory(answering('prov> usage:  modifyServer(ms)\nprov> ')).write({(SERVER, 'zimbraA'): ('x',)})


def test_a_deprecated_attribute_is_a_warning():
    said = 'prov> Warn: attribute zimbraA has been deprecated since 8.7\n\nprov> '
    assert Directory(answering(said)).write({(SERVER, 'zimbraA'): ('x',)}) == [
        'attribute zimbraA has been deprecated since 8.7'
    ]


def test_the_server_is_the_one_of_the_local_configuration(zimbra):
    assert server_name() == zimbra.name
    (zimbra.prefix / 'conf/localconfig.xml').write_text('<localconfig/>', encoding='utf-8')
    with pytest.raises(ZimbraError, match='zimbra_server_hostname'):
        server_name()
    (zimbra.prefix / 'conf/localconfig.xml').write_text('<localconfig', encoding='utf-8')
    with pytest.raises(ZimbraError, match='cannot be read'):
        server_name()


def test_a_program_that_is_not_there_is_named(zimbra):
    (zimbra.prefix / 'bin/zmprov').unlink()
    with pytest.raises(ZimbraError, match='There is no program .*bin/zmprov'):
        zmprov(zimbra).batch([['gad']])
