# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of AWX are what was typed, whatever Ansible makes of them."""

from __future__ import annotations

import os

import pytest
import yaml
from ansible import context
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.answers import answers

from tests.unit.roles.test_values_as_text import Unsafe, awx

CHANGED = [
    '',
    '~',
    'NULL',
    'no',
    'On',
    '0123',
    '0x1F',
    '1_000',
    '12:30',
    '1.10',
    '.5',
    '1.0e+3',
    '.inf',
    '2023-6-1 10:00:00',
]
KEPT = ['20230601', "it's", 'a: b', '{{ x }}', 'one\ntwo', ' ', '[1, 0123]', '- 0123']


@pytest.fixture(name='given')
def fixture_given(tmp_path, monkeypatch):
    """Have this run's C(-e) be texts, and files with what AWX writes of dictionaries; return the answers."""

    def given(*entries):
        arguments = []
        for number, entry in enumerate(entries):
            if isinstance(entry, dict):
                path = tmp_path / str(number)
                path.write_text(yaml.dump(entry, Dumper=Unsafe), encoding='utf-8')
                entry = f'@{path}'
            arguments.append(entry)
        monkeypatch.setattr(context, 'CLIARGS', {'extra_vars': tuple(arguments)})
        return answers()

    return given


@pytest.mark.parametrize('text', CHANGED + KEPT)
def test_an_answer_is_what_was_typed(given, text):
    assert given({'a': text, 'b': [text, 'x'], 'c': {'d': text}}) == {'a': text, 'b': [text, 'x'], 'c': {'d': text}}
    assert {type(value) for value in given({'a': text}).values()} == {str}
    assert (awx(text) == text) == (text in KEPT and text != '20230601')


def test_other_extra_variables_are_left_to_ansible(given, tmp_path):
    path = tmp_path / 'vars.yml'
    path.write_text('a: 0123\nb: "{{ c }}"\nd: !vault |\n  x\n', encoding='utf-8')
    assert given(f'@{path}', 'e=0123', '{"f": 1.10}', {'g': 5}) == {}


def test_the_last_one_counts(given):
    assert given({'a': '0123', 'b': '1'}, {'a': '0124'}) == {'a': '0124', 'b': '1'}
    assert given({'a': '0123', 'b': '1'}, 'a=5') == given({'a': '0123', 'b': '1'}, '{"a": 5}') == {'b': '1'}


def test_a_file_beginning_where_the_shell_is(given, tmp_path, monkeypatch):
    monkeypatch.setenv('PWD', str(tmp_path))
    given({'a': '0123'})
    monkeypatch.chdir('/')
    assert given('@0') == {'a': '0123'}


@pytest.mark.parametrize('text', ['$ANSIBLE_VAULT;1.1;AES256\n6162\n', '{\n\t"a": 1\n}', ''])
def test_what_has_no_answers_is_passed_by(given, tmp_path, text):
    (tmp_path / 'other').write_text(text, encoding='utf-8')
    assert given({'b': '01'}, f'@{tmp_path}/other') == {'b': '01'}


def test_a_pipe_is_not_read_again(given, tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    assert given(f'@{tmp_path}/pipe', '@/no/such/file') == {}
