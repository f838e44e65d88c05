# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule for flagged mail in a script that somebody else has written."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import sieve

SCRIPTS = [
    '',
    'keep;',
    'keep;\n',
    '# name of a rule\nkeep;\n',
    'require ["tag"];\ntag "x";\n',
    'require "tag";\r\ntag "x";\r\n',
    '# first\nrequire "tag"; # of ours\n\n/* more\nlines */ REQUIRE ["a",\n "b\\";c"] ;\nkeep;\n',
    'if header :is "Subject" "require [x];" { keep; }\n',
    'require ["tag"];\n',
]


@pytest.mark.parametrize('script', SCRIPTS)
def test_a_script_is_as_it_was_without_the_rule(script):
    merged = sieve.with_rule(script)
    assert merged != script and sieve.without_rule(merged) == script
    assert sieve.with_rule(sieve.without_rule(merged)) == merged


@pytest.mark.parametrize('script', SCRIPTS)
def test_everything_that_is_required_comes_before_the_rule(script):
    merged = sieve.with_rule(script)
    before, dummy, behind = merged.partition(sieve.RULE)
    assert before.startswith(sieve.BEGIN + '\n' + sieve.REQUIRE)
    assert not [line for line in behind.splitlines() if line.lower().lstrip().startswith('require')]


@pytest.mark.parametrize('script', SCRIPTS)
def test_the_rule_comes_before_what_the_site_does(script):
    merged = sieve.with_rule(script)
    acts = [merged.rindex(word) for word in ('keep;', 'tag "x"') if word in merged]
    assert all(merged.index(sieve.RULE) < place for place in acts)


def test_blanks_behind_a_value_do_not_matter():
    for word in ('YES', 'yes'):
        for blank in ('', ' ', '   ', '\t', ' \t '):
            assert f'"{word}{blank}"' in sieve.RULE


def test_a_statement_on_the_line_of_a_requirement_stays_whole():
    merged = sieve.with_rule('require "tag"; tag "x";')
    assert 'require "tag"; \n' in merged and merged.endswith('\ntag "x";')
