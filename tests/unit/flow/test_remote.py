# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent stays on a host, and comes back when the host was restarted; here the host is this machine."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.flow import remote
from tests.flow.remote import AgentFailed

LOOK = {'do': 'look', 'run': 'flow-1', 'known': [], 'mailboxes': {}}


class Lab:
    def __init__(self, name):
        self.nodes = {'mx': SimpleNamespace(container=name)}
        self.started = []
        self.command = [sys.executable]

    def start(self, host, argv, **options):
        self.started.append(
            subprocess.Popen(
                [*self.command, *argv[1:]], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options
            )
        )
        return self.started[-1]


@pytest.fixture(name='lab')
def fixture_lab(request, monkeypatch):
    monkeypatch.setattr(remote, '_agents', {})
    lab = Lab(request.node.name)
    yield lab
    for process in lab.started:
        process.kill()
        process.communicate()


def test_one_process_answers_all_questions(lab, tmp_path):
    (tmp_path / 'new').mkdir()
    (tmp_path / 'new/1').write_bytes(b'Subject: flow-1\n')
    assert remote.ask(lab, 'mx', LOOK) == {'queues': [], 'mailboxes': []}
    (found,) = remote.ask(lab, 'mx', dict(LOOK, mailboxes={'alice': str(tmp_path)}))['mailboxes']
    assert (found['user'], found['folder'], len(lab.started)) == ('alice', '', 1)


def test_what_the_agent_could_not_do_is_said_and_it_goes_on(lab):
    with pytest.raises(AgentFailed, match="(?s)look on mx: Traceback.*KeyError: 'run'"):
        remote.ask(lab, 'mx', {'do': 'look'})
    assert remote.ask(lab, 'mx', LOOK) == {'queues': [], 'mailboxes': []}
    assert len(lab.started) == 1


def test_it_is_started_again_after_the_host_was(lab):
    remote.ask(lab, 'mx', LOOK)
    lab.started[0].kill()
    assert remote.ask(lab, 'mx', LOOK) == {'queues': [], 'mailboxes': []}
    lab.started[1].kill()
    lab.started[1].wait()
    assert remote.ask(lab, 'mx', {'do': 'waiting'}) == 0
    assert len(lab.started) == 3


def test_what_changes_something_is_not_asked_twice(lab):
    lab.command = ['sh', '-c', 'read -r line; echo no python here']
    with pytest.raises(AgentFailed, match='inject on mx: no python here'):
        remote.ask(lab, 'mx', {'do': 'inject', 'messages': []})
    assert len(lab.started) == 1
    with pytest.raises(AgentFailed, match='look on mx: no python here'):
        remote.ask(lab, 'mx', LOOK)
    assert len(lab.started) == 3


def test_an_answer_that_comes_too_late_is_not_the_next_one(lab):
    lab.command = ['sh', '-c', 'read -r line; sleep 1; echo \'{"answer": "late"}\'']
    with pytest.raises(AgentFailed, match='look on mx: no answer after 0.1 s'):
        remote.ask(lab, 'mx', LOOK, timeout=0.1)
    lab.command = [sys.executable]
    assert remote.ask(lab, 'mx', LOOK) == {'queues': [], 'mailboxes': []}
