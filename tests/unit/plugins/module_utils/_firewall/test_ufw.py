# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our block in ufw's rule files: put in front of the end of the table filter, taken out without a trace."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.ufw import BEGIN, END, block, replace_block
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import FirewallError

NAT = '*nat\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n'
FILTER = '*filter\n:ufw-before-input - [0:0]\n# COMMIT is not yet\n-A ufw-before-input -j ACCEPT\n'


@pytest.mark.parametrize(
    'text',
    [
        FILTER + 'COMMIT\n',
        NAT + FILTER + 'COMMIT\n',
        FILTER + 'COMMIT\n' + NAT,
        '# no end of line\n' + FILTER + 'COMMIT',
    ],
)
def test_block_comes_and_goes(text):
    changed = replace_block('before.rules', text, ['-A a', '-A b'])
    assert changed == text.replace(FILTER, FILTER + BEGIN + '-A a\n-A b\n' + END)
    assert block(changed) == ['-A a', '-A b']
    assert replace_block('before.rules', changed, ['-A a', '-A b']) == changed
    assert block(replace_block('before.rules', changed, ['-A c'])) == ['-A c']
    assert replace_block('before.rules', changed, None) == text
    assert block(text) == []


@pytest.mark.parametrize('text', ['', NAT, '*filter\n-A ufw-before-input -j ACCEPT\n', '#*filter\nCOMMIT\n'])
def test_file_without_an_end_of_the_table_is_refused(text):
    with pytest.raises(FirewallError, match='before.rules: there is no table filter'):
        replace_block('before.rules', text, ['-A a'])


@pytest.mark.parametrize('marks', [BEGIN, END, END + BEGIN, (BEGIN + END) * 2])
def test_damaged_marks_are_refused(marks):
    for rules in (['-A a'], None):
        with pytest.raises(FirewallError, match='do not enclose one block'):
            replace_block('before.rules', FILTER + marks + 'COMMIT\n', rules)
