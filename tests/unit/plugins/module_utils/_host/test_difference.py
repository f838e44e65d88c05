# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown of a change, and what is not."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference

HIDDEN = '(not shown: the file is not readable for everybody)\n'


@pytest.mark.parametrize(
    ('before', 'after', 'options', 'shown'),
    [
        (b'a\n', b'b\n', {}, ('a\n', 'b\n')),
        ('a\n', 'b\n', {}, ('a\n', 'b\n')),
        (None, b'', {}, ('', '')),
        (None, '', {}, ('', '')),
        (b'\xff', '\udcff \u20ac', {}, ('\\xff', '\\xff \u20ac')),
        (b'a\0', b'a', {}, ('a\\x00', 'a')),
        (b'a\x1b[2J\tb\n', b'a', {}, ('a\\x1b[2J\tb\n', 'a')),
        (b'a\0', b'a', {'binary': True}, ('(binary, 2 bytes)\n', 'a')),
        ('a', '\udcff\0', {'binary': True}, ('a', '(binary, 2 bytes)\n')),
        (None, b'\xff\0b', {'binary': True}, ('', '(binary, 3 bytes)\n')),
        (b'a', b'b', {'secret': True}, (HIDDEN, HIDDEN)),
        (None, b'b', {'secret': True}, ('', HIDDEN)),
        (b'a', b'', {'secret': True}, (HIDDEN, '')),
    ],
)
def test_difference(before, after, options, shown):
    assert difference('/etc/x', before, after, **options) == {
        'before_header': '/etc/x',
        'after_header': '/etc/x',
        'before': shown[0],
        'after': shown[1],
    }
