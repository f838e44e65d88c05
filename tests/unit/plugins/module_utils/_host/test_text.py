# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What strangers wrote reaches a terminal as text, and nothing else."""

from __future__ import annotations

import unicodedata

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.findings import finding
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import all_visible, message, visible
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import dns_rows, row, smtp_rows, unasked
from hypothesis import given
from hypothesis import strategies as st

# Clears the screen, sets the window's title, C1's form of an escape, turns the direction of writing, a byte order mark.
HOSTILE = 'CN=\x1b[2Jevil\x1b]0;title\x07\x9b31m\u202egnp.exe\u2066\ufeff\r\n\x7f\u2028\udcff'
SHOWN = 'CN=\\x1b[2Jevil\\x1b]0;title\\x07\\x9b31m\\u202egnp.exe\\u2066\\ufeff\\r\\n\\x7f\\u2028\\xff'


def strings(value):
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


def harmless(value):
    return not any(
        unicodedata.category(character) in ('Cc', 'Cf', 'Cs', 'Co', 'Cn', 'Zl', 'Zp')
        for text in strings(value)
        for character in text
    )


def test_what_does_something_is_shown_as_its_escape():
    assert visible(HOSTILE) == SHOWN == visible(SHOWN)
    assert visible('Grüße, \u65e5\u672c, \U0001f600') == 'Grüße, \u65e5\u672c, \U0001f600'
    assert message(ValueError('one\ntwo\x1b')) == 'one\ntwo\\x1b'


def test_data_keeps_its_form():
    given_data = {'a': [HOSTILE, 5, None, True, {'b': (HOSTILE,)}]}
    assert all_visible(given_data) == {'a': [SHOWN, 5, None, True, {'b': [SHOWN]}]}


@given(st.text())
def test_nothing_hostile_is_left(text):
    assert harmless(visible(text)) and visible(visible(text)) == visible(text)


SERVER = {
    'host': HOSTILE,
    'port': 25,
    'healthy': True,
    'status': HOSTILE,
    'matched_name': HOSTILE,
    'findings': [
        {'id': 'tls_name', 'severity': 'error', 'finding': HOSTILE, 'hint': HOSTILE, 'seen': HOSTILE, 'expected': 'x'}
    ],
}


@pytest.mark.parametrize(
    'rows',
    [
        [row('queue.grows', HOSTILE, 'red', HOSTILE, HOSTILE, seen=[HOSTILE])],
        dns_rows({'rows': [finding('dmarc.invalid', 'd.test', seen=[HOSTILE], reason=HOSTILE, name=HOSTILE)]}),
        smtp_rows({'servers': [SERVER]}, 'gateway'),
        unasked({'failed': True, 'msg': HOSTILE}, 'mta', 'mail server'),
        unasked({'unreachable': True, 'msg': HOSTILE}, 'mta', 'mail server'),
    ],
    ids=['row', 'dns', 'smtp', 'failed', 'unreachable'],
)
def test_no_row_has_any_of_it(rows):
    assert rows and harmless(rows) and SHOWN in str(rows).replace('\\\\', '\\')
