# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Content-Type is that of a calendar message."""

from __future__ import annotations

import time

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.calendar import pattern

from tests.unit.fakes.posix import Expression

ANY, ITIP = (Expression('^' + pattern(mode)) for mode in (True, 'itip'))


@pytest.mark.parametrize(
    'value',
    [
        'text/calendar; method=REQUEST',
        'TEXT/Calendar;METHOD=reply',
        '\n\ttext/calendar;\n\tcharset="utf-8";\n\tmethod=CANCEL',
        'text/calendar; charset="a;b\\";c"; method="REQUEST"; name=x.ics',
        'text/calendar (x); method=REQUEST',
        '(x) text/calendar; method=REQUEST',
        'text / calendar ; method = REQUEST',
        '(a (b) c)(d) text (e) / (f) calendar (g(h(i))) ; (j;k) method (l) = (m) REQUEST (n)',
        '(\\) text/plain) text/calendar; method=REQUEST',
        'text/calendar; method=REQUEST; component=VEVENT',
    ],
)
def test_what_asks_for_something_counts_in_either_mode(value):
    assert ANY.search(value) and ITIP.search(value)


@pytest.mark.parametrize(
    'value',
    [
        'text/calendar',
        ' text/calendar \t',
        '\n text/calendar;\n charset=utf-8',
        'text/calendar; method=',
        'text/calendar; method=""',
        'text/calendar; name="; method=REQUEST"',
        'text/calendar (; method=REQUEST)',
        'text/calendar; xmethod=REQUEST',
        'text/calendar; x=method=REQUEST',
    ],
)
def test_a_calendar_that_asks_for_nothing_counts_as_one_only(value):
    assert ANY.search(value) and not ITIP.search(value)


@pytest.mark.parametrize(
    'value',
    [
        'text/calendar-x; method=REQUEST',
        'text/calendars; method=REQUEST',
        'text/calendar x; method=REQUEST',
        'text/plain; name="text/calendar; method=REQUEST"',
        'text/plain (text/calendar); method=REQUEST',
        '(text/calendar; method=REQUEST)',
        '(text/calendar) text/plain; method=REQUEST',
        '((x) text/calendar; method=REQUEST',
        'application/ics; name=text/calendar',
        'x-text/calendar',
        '=?us-ascii?q?text/calendar?=',
        '',
    ],
)
def test_near_misses_do_not_count(value):
    assert not ANY.search(value) and not ITIP.search(value)


@pytest.mark.parametrize('filling', ['(', '()', ';', '"', '(()', '; x="a"', ' ', '\\('])
@pytest.mark.parametrize('begin', ['', 'text/calendar', 'text/calendar;'])
def test_a_header_made_to_take_long_does_not(begin, filling):
    value, started = begin + filling * (50000 // len(filling)), time.process_time()
    ANY.search(value)
    ITIP.search(value)
    assert time.process_time() - started < 2
