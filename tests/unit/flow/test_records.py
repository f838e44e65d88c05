# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What gateway and internet write down is read once, as far as it is complete."""

from __future__ import annotations

import json

import pytest

from lab.records import TAIL, Records


def line(number, raw='a'):
    return (
        json.dumps({'number': number, 'client_certificate': {'common_name': 'mx'}, 'raw': raw, 'raw_encoding': 'utf-8'})
        + '\n'
    )


def numbers(records):
    return [record['number'] for record in records.all()]


@pytest.fixture(name='path')
def fixture_path(tmp_path):
    return tmp_path / 'deliveries.jsonl'


def test_a_record_as_tests_see_it(path):
    records = Records(path)
    assert records.all() == []
    path.write_text(line(1, 'ä'), encoding='utf-8')
    assert records.all() == [
        {'number': 1, 'client_certificate': 'mx', 'certificate': {'common_name': 'mx'}, 'content': 'ä'.encode()}
    ]


def test_half_a_line_is_none(path):
    records = Records(path)
    text = line(1) + line(2)
    for end, seen in ((5, []), (len(line(1)) - 1, []), (len(line(1)), [1]), (len(text) - 3, [1]), (len(text), [1, 2])):
        path.write_text(text[:end], encoding='utf-8')
        assert numbers(records) == seen


@pytest.mark.parametrize('anew', [[3], [3, 4, 5, 6], []])
def test_a_file_that_begins_anew(path, anew):
    records = Records(path)
    path.write_text(line(1) + line(2), encoding='utf-8')
    assert numbers(records) == [1, 2]
    path.write_text(''.join(map(line, anew)), encoding='utf-8')
    assert numbers(records) == anew


def test_a_record_that_only_begins_otherwise_is_not_the_former_one(path):
    records = Records(path)
    path.write_text(line(1, 'a' * TAIL), encoding='utf-8')
    assert numbers(records) == [1]
    records.clear()
    path.write_text(line(2, 'a' * TAIL), encoding='utf-8')
    assert numbers(records) == [2]


def test_what_is_done_to_a_list_stays_with_it(path):
    path.write_text(line(1), encoding='utf-8')
    records = Records(path)
    records.all().clear()
    assert numbers(records) == [1]
