# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README of zimbra_smarthost, of a Zimbra that nobody has run: each statement says from where it is known, and each
row of the flow table that Zimbra cannot meet is there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.flow.adapters import postfix, zimbra

README = Path(__file__).resolve().parents[3] / 'roles/zimbra_smarthost/README.md'
TEXT = README.read_text(encoding='utf-8')
STATEMENTS = TEXT.partition('\n## How it is done\n')[2].partition('<!-- ANSIBLE DOCSMITH')[0]
MARK = re.compile(r'\b(double|recorded|documented)\b')


def statements():
    """Paragraphs, items of lists, and rows of tables without their heads."""
    for block in re.split(r'\n\s*\n', STATEMENTS):
        lines = [line for line in block.strip().splitlines() if not line.startswith('#')]
        if lines and lines[0].startswith('|'):
            yield from lines[2:]
        else:
            yield from re.split(r'\n(?=- )', '\n'.join(lines))


def test_each_statement_says_from_where_it_is_known():
    found = [each for each in statements() if each and not each.endswith(':')]
    assert len(found) > 30
    assert [each for each in found if not MARK.search(each)] == []


def test_the_marks_are_explained():
    for words in (
        '*double*: shown on ',
        "*recorded*: recorded from Zimbra's daemon",
        '*documented*: documented by the vendor',
    ):
        assert words in TEXT


def test_each_row_that_zimbra_cannot_meet_is_there():
    rows = set(zimbra.Adapter.expected_failures) - set(postfix.Adapter.expected_failures)
    # One that is named stands for its variations.
    named = set(re.findall(r'\b[A-Z]\d+(?:\.[a-z]+)?\b', STATEMENTS))
    assert len(rows) > 8
    assert [row for row in rows if row not in named and row.partition('.')[0] not in named] == []
