# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three mail servers of the lab, each of another kind, in one job, as slices, and with one of them away."""

from __future__ import annotations

import json
import re

import pytest

from tests.awx import job, private
from tests.flow import snapshot

pytestmark = pytest.mark.full

HOSTS = ('postfix-debian12', 'postfix-debian13', 'sendmail-debian12')
AWAY = {'ansible_host': '127.0.0.1', 'ansible_port': 1}
# As for one of them (tests/awx/test_lab.py); a further host costs less, since the job has its tasks once.
MOST_OF_A_HOST, MOST_OF_A_JOB = 24_000, 150_000


@pytest.fixture(scope='module', name='lab')
def fixture_lab(borrowed):
    with borrowed.hosts(*HOSTS) as lab:
        yield lab


@pytest.fixture(name='run')
def fixture_run(lab, tmp_path):
    def run(name, playbook, answers, hosts=HOSTS, **own):
        """Run a job; its status, the entries of its report, and its events."""
        known = {host: own.get(host.replace('-', '_'), {}) for host in hosts}
        done, events = job.run(private.data(lab, known, tmp_path, name, answers, **private.OURS), playbook)
        report = job.artifacts(events)['smtp_relay_report']
        assert list(report['hosts']) == list(hosts), ''.join(event['stdout'] for event in events)
        return done.status, report['hosts'], events

    return run


def results(entries):
    return [(entry['result'], entry['changed']) for entry in entries.values()]


def test_three_mail_servers_in_one_job_and_in_slices_and_undone(lab, run):
    before = {host: snapshot.take(lab, host) for host in HOSTS}
    # The first alone, then the others together.
    status, entries, events = run('all', 'site.yml', {'conbool_serial': '1,2'})
    said = ''.join(event['stdout'] for event in events)
    assert (status, results(entries)) == ('successful', [('done', True)] * 3), said
    assert [entry['mta'] for entry in entries.values()] == ['postfix', 'postfix', 'sendmail']
    assert all(entry['preflight']['green'] and entry['verify']['green'] for entry in entries.values()), said
    # A table of all batches, and one of each part and host.
    assert len(re.findall('host +mta +state +result', said)) == 1
    assert [said.count(f'{host}: {part}, ') for host in HOSTS for part in ('preflight', 'verify')] == [1] * 6
    assert job.size(job.of_hosts(events)) / 3 < MOST_OF_A_HOST and job.size(events) < MOST_OF_A_JOB
    assert max(len(json.dumps(event)) for event in events) < job.MOST_OF_AN_EVENT

    for host in HOSTS:
        status, entries, events = run(f'slice-{host}', 'site.yml', {'conbool_slices': 'true'}, (host,))
        assert (status, results(entries)) == ('successful', [('done', False)])

    status, entries, events = run('back', 'rollback.yml', {})
    assert (status, results(entries)) == ('successful', [('done', True)] * 3)
    for host in HOSTS:
        assert snapshot.differences(before[host], snapshot.take(lab, host)) == []


def test_one_that_is_away_keeps_the_others_from_nothing_unless_that_is_wanted(run):
    answers = {'conbool_serial': '1', 'conbool_preflight': 'enforce'}
    status, entries, events = run('away', 'preflight.yml', answers, postfix_debian12=AWAY)
    assert (status, [entry['result'] for entry in entries.values()]) == ('failed', ['not done', 'done', 'done'])
    assert 'Connection refused' in entries[HOSTS[0]]['reason']

    status, entries, events = run(
        'stopped', 'site.yml', {**answers, 'conbool_max_fail_percentage': '0'}, postfix_debian12=AWAY
    )
    assert (status, results(entries)) == ('failed', [('not done', False)] * 3)
    assert 'left as it is: 1 of the 1 hosts before it were not done' in entries[HOSTS[1]]['reason']
