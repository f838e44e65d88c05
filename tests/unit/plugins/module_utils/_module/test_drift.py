# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison that a change begins with, asked without a change."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module import drift
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Part

from tests.unit.fakes.mail_server import FakeServer


def part(name, result=None, fails=None, warns=()):
    def converge(module):
        assert module.check_mode and module._diff
        if fails:
            raise fails
        return dict({'changed': False}, **(result or {})), list(warns)

    return Part(name, converge)


@pytest.fixture(name='compare')
def fixture_compare(monkeypatch, tmp_path):
    def compare(*parts, refused=None, busy=False, warnings=()):
        def wanted(look, server, shown):
            assert shown == ['what it shows']
            if refused:
                raise refused
            return list(parts), list(warnings), shown

        monkeypatch.setattr(drift, 'wanted_parts', wanted)
        monkeypatch.setattr(drift, 'directories_of', lambda server: [str(tmp_path)])
        monkeypatch.setattr(drift, 'PATIENCE', 0)
        if busy:
            with drift.locked(str(tmp_path), 0):
                return drift.drift_rows(FakeServer(), ['what it shows'])
        return drift.drift_rows(FakeServer(), ['what it shows'])

    return compare


def brief(rows):
    return [(row['id'], row['status'], row['finding']) for row in rows]


def test_what_is_as_wanted_is_one_row(compare):
    assert brief(compare(part('hop'), part('spam'))) == [('drift.ok', 'green', 'as site.yml would make it: hop, spam')]


def test_each_part_that_would_change_or_cannot_be_told_is_a_row(compare):
    changed = {'changed': True, 'diff': [{'after_header': '/etc/x', 'before': 'a = 1\n', 'after': 'a = 2\n'}]}
    rows = compare(part('hop', changed), part('spam', fails=HostError('Dovecot says no')), part('mail_port'))
    assert brief(rows) == [
        ('drift.hop', 'red', 'is not as wanted: /etc/x (a)'),
        ('drift.spam', 'red', 'Dovecot says no'),
        ('drift.ok', 'green', 'as site.yml would make it: mail_port'),
    ]
    assert all('Run site.yml' in row['hint'] for row in rows[:2])


@pytest.mark.parametrize(
    'refused', [HostError('not responsible for example.com'), OSError('no such file'), ValueError('port: x')]
)
def test_what_site_yml_would_refuse_is_red(compare, refused):
    assert brief(compare(refused=refused)) == [('drift.refused', 'red', str(refused))]


def test_a_host_that_somebody_is_changing_is_not_judged(compare):
    assert brief(compare(part('hop'), busy=True)) == [('drift.busy', 'unknown', 'another run is at work on this host')]


@pytest.mark.parametrize(
    'failure', [HostError('no'), OSError('no'), ValueError('no'), SwitchError('no', restored=True, warnings=[])]
)
def test_a_part_that_cannot_be_told_is_one_row_and_the_others_are_told(compare, failure):
    rows = compare(part('hop'), part('spam', fails=failure), part('mail_port'))
    assert brief(rows) == [
        ('drift.spam', 'red', 'no'),
        ('drift.ok', 'green', 'as site.yml would make it: hop, mail_port'),
    ]


def test_what_site_yml_would_warn_of_is_said_once(compare):
    rows = compare(part('hop', warns=['mind this', 'and that']), warnings=['mind this'])
    assert brief(rows)[1:] == [('drift.note', 'green', 'mind this'), ('drift.note', 'green', 'and that')]
    assert {row['severity'] for row in rows[1:]} == {'low'}


def test_a_fault_of_one_part_is_a_row_too(compare):
    rows = compare(part('hop', fails=KeyError('services')), part('mail_port'))
    assert [row['id'] for row in rows] == ['drift.hop', 'drift.ok'] and "KeyError('services')" in rows[0]['finding']


def test_what_there_is_no_record_of_is_no_note_as_well(compare):
    text = 'There is no record of a.'
    rows = compare(part('hop', {'unrecorded': [text]}, warns=[text, 'mind this']))
    assert brief(rows) == [('drift.hop', 'red', text), ('drift.note', 'green', 'mind this')]
