# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Row C4: a run killed at any point leaves a server that delivers mail, and the next run completes it."""
from __future__ import annotations

import os
import signal
import time

import pytest

from tests.flow import playbook, snapshot
from tests.flow.engine import Engine
from tests.flow.model import Case, Place
from tests.flow.site import Site

pytestmark = pytest.mark.configures_hosts

OUT = 'c4@external.test'
OUTWARD = Case('C4', 'outbound mail after the kill', 'change', 'default', {'via': 'sendmail', 'from': 'alice@example.com', 'to': [OUT]})
LOCAL = Case('C4.local', 'local mail after the kill', 'change', 'default', {'via': 'smtp25', 'from': 'bob@example.com', 'to': ['alice@example.com']})
PLACES = {'C4': {where: (Place(where, (OUT,)),) for where in ('gateway', 'direct')}, 'C4.local': (Place('mailbox:alice'),)}
TASK_SECONDS = 60
POINTS = 8  # spread over all tasks of a run, the last one included


def _kill_after(run, count, seconds):
    """SIGKILL to Ansible and all its workers `seconds` after so many tasks have begun."""
    end = time.monotonic() + TASK_SECONDS
    while sum(event['event'] == 'start' for event in run.events()) < count:
        assert run.process.poll() is None, 'the run ended before task %d' % count
        assert time.monotonic() < end
        time.sleep(0.02)
    time.sleep(seconds)
    os.killpg(run.process.pid, signal.SIGKILL)
    return run.wait()


def _started(outcome):
    return [event['task'] for event in outcome.events if event['event'] == 'start']


@pytest.fixture(scope='module', name='tasks')
def fixture_tasks(lab, own_host, variables_of):
    """The tasks of an undisturbed first run; afterwards the host is fresh again."""
    tasks = _started(playbook.apply(lab.lab, own_host, variables_of('default')))
    playbook.apply(lab.lab, own_host, variables_of('default'), 'rollback.yml')
    return tasks


@pytest.fixture(name='clean_host')
def fixture_clean_host(lab, own_host, variables_of):
    yield own_host
    playbook.apply(lab.lab, own_host, variables_of('default'), 'rollback.yml')


def _mail_flows(lab, host, adapter):
    """Outbound mail goes the old way or the new one, as far as the run had come; local mail stays local."""
    batch = Engine(Site(lab, host, adapter)).batch([OUTWARD, LOCAL])
    batch.send()
    batch.must_be(lambda case: PLACES['C4.local'] if case is LOCAL else PLACES['C4']['gateway'], flush=True)
    outward = next(result for result in batch.results.values() if result.case is OUTWARD)
    if [sighting.where for sighting in outward.seen] == ['direct']:
        outward.problems = []
    assert batch.problems == {}


@pytest.mark.parametrize('part', range(1, POINTS + 1))
@pytest.mark.parametrize('into_the_task', [0, 0.4])
def test_c4_killed_run_is_completed_by_the_next_one(lab, clean_host, adapter, variables_of, tasks, part, into_the_task):
    variables = variables_of('default')
    before = snapshot.take(lab.lab, clean_host)
    killed = _kill_after(playbook.Run(lab.lab, clean_host, 'site.yml', variables), len(tasks) * part // POINTS, into_the_task)
    assert killed.returncode == -signal.SIGKILL
    _mail_flows(lab.lab, clean_host, adapter)
    playbook.apply(lab.lab, clean_host, variables)
    assert playbook.apply(lab.lab, clean_host, variables).changed == []
    _mail_flows(lab.lab, clean_host, adapter)
    # What was recorded before the kill still leads back to the beginning.
    playbook.apply(lab.lab, clean_host, variables, 'rollback.yml')
    assert snapshot.differences(before, snapshot.take(lab.lab, clean_host)) == []
