# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many hosts, whose mail servers are toys on this machine: batches, those that fail and those that are away."""

from __future__ import annotations

import re

import pytest

from tests.unit.fakes import toy

NAMES = ['mx1', 'mx2', 'mx3', 'mx4', 'mx5']
AWAY = {'ansible_connection': 'ssh', 'ansible_host': '127.0.0.1', 'ansible_port': 1}
LEFT = 'left as it is: 1 of the 2 hosts before it were not done, more than conbool_max_fail_percentage (49)'


def summary(done):
    """Return the hosts of the last table, and how many such tables there are."""
    dummy, *tables = re.split('^host +mta +state +result$', done.stdout, flags=re.MULTILINE)
    return re.findall('^(mx[0-9]+) ', tables[-1].partition('\nok: ')[0], re.MULTILINE), len(tables)


@pytest.fixture(name='play')
def fixture_play(home):
    """Set up five hosts, of which the second has a setting that cannot be used, and the third is away."""

    def play(*arguments, **environment):
        hosts = toy.fleet(home, NAMES, conbool_preflight='skip')
        hosts['mx2']['conbool_relay_port'] = 0
        hosts['mx3'].update(AWAY)
        done = toy.run(home, 'site', {'conbool': {'hosts': hosts}}, *arguments, **environment)
        assert summary(done) == (NAMES, 1) and done.returncode == 2, done.stdout + done.stderr
        entries = toy.report(home, 'site')['hosts']
        for name, entry in entries.items():
            text = (home / name / 'toy.cf').read_text(encoding='utf-8')
            assert text == (toy.GATEWAY if entry['result'] == 'done' else 'old')
        return {name: (entry['result'], entry['reason']) for name, entry in entries.items()}

    return play


def results(found):
    return [found[name][0] for name in NAMES]


def test_a_host_that_fails_and_one_that_is_away_keep_nobody_from_his_turn(play):
    found = play('--forks', '2', '-e', 'conbool_serial=2')
    assert results(found) == ['done', 'failed', 'not done', 'done', 'done']
    assert 'conbool_relay_port: 0 must be' in found['mx2'][1] and 'Connection refused' in found['mx3'][1]


def test_neither_another_strategy_nor_any_errors_fatal_keeps_anybody_from_his_turn(play):
    found = play(ANSIBLE_STRATEGY='free', ANSIBLE_ANY_ERRORS_FATAL='true')
    assert results(found) == ['done', 'failed', 'not done', 'done', 'done']


def test_too_many_that_fail_end_it_and_the_others_are_left_as_they_are(play):
    found = play('-e', 'conbool_serial=2', '-e', 'conbool_max_fail_percentage=49')
    assert results(found) == ['done', 'failed', 'not done', 'not done', 'not done']
    assert found['mx3'] == found['mx4'] == ('not done', LEFT)


@pytest.mark.parametrize(
    'broken', [{'ansible_password': '{{ no_such_vault }}'}, {'ansible_connection': 'no.such.plugin'}], ids=str
)
def test_a_connection_that_cannot_even_be_made_is_in_the_report_and_the_next_batch_has_its_turn(home, broken):
    hosts = toy.fleet(home, NAMES[:2], conbool_preflight='skip')
    hosts['mx1'].update(broken)
    done = toy.run(home, 'site', {'conbool': {'hosts': hosts}}, '-e', 'conbool_serial=1')
    report = toy.report(home, 'site')
    assert report is not None and done.returncode == 2, done.stdout + done.stderr
    found = {name: (entry['result'], entry['reason']) for name, entry in report['hosts'].items()}
    assert found['mx2'] == ('done', '') and found['mx1'][0] == 'failed', found
    assert 'no' in found['mx1'][1].partition('Task failed: ')[2]


@pytest.mark.full
def test_the_share_is_that_of_all_batches_before(play):
    # None of one, then one of two, which is no more than half of them.
    found = play('-e', 'conbool_serial=1,1,3', '-e', 'conbool_max_fail_percentage=50')
    assert results(found) == ['done', 'failed', 'not done', 'done', 'done']


def test_a_size_of_a_batch_that_is_none_is_refused_by_its_name(home):
    done = toy.run(home, 'site', {'conbool': {'hosts': toy.fleet(home, ['mx1'])}}, '-e', 'conbool_serial=many')
    assert done.returncode != 0 and "conbool_serial: 'many' is no number of hosts" in done.stdout + done.stderr
