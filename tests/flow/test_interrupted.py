# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Row C4: a run killed at any point leaves a server that delivers mail, and the next run completes it."""

from __future__ import annotations

import signal

import pytest

from tests.flow import judge, playbook, snapshot
from tests.flow.engine import Engine
from tests.flow.killed import ABSENT, PRESENT, ModuleKiller, run_until
from tests.flow.model import Case, Place
from tests.flow.site import Site

pytestmark = [pytest.mark.configures_hosts, pytest.mark.servers('postfix', full=['exim', 'sendmail', 'zimbra'])]

OUT = 'c4@external.test'
OUTWARD = Case(
    'C4',
    'outbound mail after the kill',
    'change',
    'default',
    {'via': 'sendmail', 'from': 'alice@example.com', 'to': [OUT]},
)
LOCAL = Case(
    'C4.local',
    'local mail after the kill',
    'change',
    'default',
    {'via': 'smtp25', 'from': 'bob@example.com', 'to': ['alice@example.com']},
)
ANYWHERE_OUTSIDE = [(Place(where, (OUT,)),) for where in ('gateway', 'direct')]
IN_MAILBOX = (Place('mailbox:alice'),)
# How far the module that changes the mail server has come when it is killed, in processor time. Between any two steps of
# it the unit tests kill it; tests/fire has further points, with mail on its way.
POINTS = [pytest.param(0.35, marks=pytest.mark.full), 0.6, pytest.param(0.85, marks=pytest.mark.full)]


@pytest.fixture(scope='module', name='killer')
def fixture_killer(lab, own_host):
    return ModuleKiller(lab.lab, own_host)


@pytest.fixture(scope='module', name='undisturbed')
def fixture_undisturbed(lab, own_host, adapter, variables_of, killer):
    """What runs that nobody kills do: how the host was, and how it is then."""
    before = snapshot.take(lab.lab, own_host)
    killer.measure('site.yml', variables_of(adapter.whole), PRESENT)
    return before, snapshot.take(lab.lab, own_host)


@pytest.fixture(name='converged')
def fixture_converged(lab, own_host, adapter, variables_of, undisturbed, undone):
    """The host as that run left it; the run is done once more if a test has changed it since."""
    if snapshot.differences(undisturbed[1], snapshot.take(lab.lab, own_host)):
        playbook.apply(lab.lab, own_host, variables_of(adapter.whole))
    return own_host


@pytest.fixture(scope='module', name='undone')
def fixture_undone(lab, own_host, adapter, variables_of, undisturbed, killer):
    """What an undo that nobody kills does: the host is as it was before."""
    killer.measure('rollback.yml', variables_of(adapter.whole), ABSENT)
    assert snapshot.differences(undisturbed[0], snapshot.take(lab.lab, own_host)) == []


@pytest.fixture(name='unconfigured')
def fixture_unconfigured(lab, own_host, adapter, variables_of, undisturbed, undone):
    """The host as it was before; undone if it is not."""
    if snapshot.differences(undisturbed[0], snapshot.take(lab.lab, own_host)):
        playbook.apply(lab.lab, own_host, variables_of(adapter.whole), 'rollback.yml')
    return own_host


def _mail_flows(lab, host, adapter, outward):
    batch = Engine(Site(lab, host, adapter), deadline=adapter.deadline).batch([OUTWARD, LOCAL])
    batch.send()
    # Which of several ways it takes is seen first, and then held to it.
    batch.must_be(lambda case: IN_MAILBOX if case is LOCAL else outward[0])
    results = {result.case.id: result for result in batch.results.values()}
    if not any(judge.problems(places, results['C4'].seen) == [] for places in outward):
        return results['C4'].problems + [str(sighting) for sighting in results['C4'].seen]
    return results['C4.local'].problems


@pytest.mark.servers('postfix', 'sendmail', full=['exim', 'zimbra'])
@pytest.mark.parametrize('share', POINTS)
def test_c4_killed_run_is_completed_by_the_next_one(
    lab, unconfigured, adapter, variables_of, undisturbed, killer, share
):
    before, after = undisturbed
    variables = variables_of(adapter.whole)
    assert killer.kill('site.yml', variables, PRESENT, share)[1]
    # The old way or the new one, as far as the run had come.
    assert _mail_flows(lab.lab, unconfigured, adapter, ANYWHERE_OUTSIDE) == []
    playbook.apply(lab.lab, unconfigured, variables)
    assert snapshot.differences(after, snapshot.take(lab.lab, unconfigured)) == []
    assert _mail_flows(lab.lab, unconfigured, adapter, ANYWHERE_OUTSIDE[:1]) == []
    # What was recorded before the kill still leads back to the beginning.
    playbook.apply(lab.lab, unconfigured, variables, 'rollback.yml')
    assert snapshot.differences(before, snapshot.take(lab.lab, unconfigured)) == []


def test_c4_killed_run_can_be_undone_at_once(lab, unconfigured, adapter, variables_of, undisturbed, killer):
    before, dummy = undisturbed
    assert killer.kill('site.yml', variables_of(adapter.whole), PRESENT, 0.5)[1]
    playbook.apply(lab.lab, unconfigured, variables_of(adapter.whole), 'rollback.yml')
    assert snapshot.differences(before, snapshot.take(lab.lab, unconfigured)) == []


def test_c4_killed_undo_is_completed_by_the_next_one(lab, converged, adapter, variables_of, undisturbed, killer):
    before, dummy = undisturbed
    variables = variables_of(adapter.whole)
    assert killer.kill('rollback.yml', variables, ABSENT, 0.5)[1]
    assert _mail_flows(lab.lab, converged, adapter, ANYWHERE_OUTSIDE) == []
    playbook.apply(lab.lab, converged, variables, 'rollback.yml')
    assert snapshot.differences(before, snapshot.take(lab.lab, converged)) == []


def test_c4_playbook_killed_on_the_controller_is_completed_by_the_next_one(
    lab, unconfigured, adapter, variables_of, undisturbed
):
    """What it has started on the host goes on, or ends, without anybody who listens."""
    dummy, after = undisturbed
    run = run_until(lab.lab, unconfigured, 'site.yml', variables_of(adapter.whole), PRESENT)
    assert run.kill().returncode == -signal.SIGKILL
    playbook.apply(lab.lab, unconfigured, variables_of(adapter.whole))
    assert snapshot.differences(after, snapshot.take(lab.lab, unconfigured)) == []
