# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which headers lead a message past the gateway."""

from __future__ import annotations

import pytest

from tests.unit.fakes.hop import configure, decision


@pytest.mark.parametrize(
    'header',
    [
        'X-Conbool-example-com: true',
        'x-conbool-EXAMPLE-com:TRUE',
        'X-Conbool-example-com:\n true',
        'X-Conbool-example-com : \t true \t',
        'X-Conbool-sub-example-co-uk: true',
        'X-Conbool-Released: yes',
        'X-CONBOOL-RELEASED:   Yes  ',
    ],
)
def test_trust_headers_lead_direct(header):
    assert decision('header_checks', header) == 'FILTER direct:'


@pytest.mark.parametrize(
    'header',
    [
        'X-Conbool-example-com: false',
        'X-Conbool-example-com: true story',
        'X-Conbool-example-com: untrue',
        'X-Conbool-exampleXcom: true',
        'X-Conbool-other-org: true',
        'X-Conbool-Released: no',
        'X-Conbool-Released-By: yes',
        'Subject: X-Conbool-Released: yes',
        'X-Conbool-Flag: YES',
    ],
)
def test_near_misses_do_not(header):
    assert decision('header_checks', header) is None


@pytest.mark.parametrize(
    'header, action',
    [
        ('Content-Type: text/calendar', 'FILTER direct:'),
        ('content-type: TEXT/Calendar; method=REQUEST', 'FILTER direct:'),
        ('Content-Type:\n\ttext/calendar;\n\tcharset=utf-8', 'FILTER direct:'),
        ('Content-Type: text/calendar (x); method=REQUEST', 'FILTER direct:'),
        ('Content-Type: (x (y)) text/calendar; method=REQUEST', 'FILTER direct:'),
        ('Content-Type : text / calendar', 'FILTER direct:'),
        ('Content-Type: (text/calendar) text/plain', None),
        ('Content-Type: text/calendar-x', None),
        ('Content-Type: application/ics; name="text/calendar"', None),
        ('Content-Disposition: attachment; filename="text/calendar"', None),
    ],
)
def test_calendar_by_type_only(header, action):
    assert decision('mime_header_checks', header) == action


def test_attached_messages_headers_count_for_nothing():
    assert configure()['parameters']['nested_header_checks'] == ''


def test_calendar_bypass_can_be_switched_off():
    configuration = configure({'bypass_calendar': False})
    # Empty, not missing: the default is header_checks.
    assert configuration['parameters']['mime_header_checks'] == ''
    assert 'mime_header_checks' not in [entry['path'] for entry in configuration['tables']]
