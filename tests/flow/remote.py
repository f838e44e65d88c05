# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""agent.py at work on the hosts of a lab. It stays there: starting it takes longer than most of what it is asked."""

from __future__ import annotations

import atexit
import json
import queue
import subprocess
import threading
from pathlib import Path

TEXT = Path(__file__).with_name('agent.py').read_text(encoding='utf-8')
# What single mail servers add to it.
MORE = [path.read_text(encoding='utf-8') for path in sorted(Path(__file__).with_name('agents').glob('*.py'))]
TIMEOUT = 120
# What is asked again when the host was restarted meanwhile: it changes nothing.
QUESTIONS = ('look', 'waiting')
_agents = {}


class AgentFailed(Exception):
    """agent.py could not do what it was asked on the host; the text is what it said."""


def ask(lab, host, request, timeout=TIMEOUT):
    """What agent.py on this host answers."""
    for again in (True, False) if request['do'] in QUESTIONS else (False,):
        try:
            return _agent(lab, host).ask(request, timeout)
        except _Gone as gone:
            if not again:
                raise AgentFailed('{} on {}: {}'.format(request['do'], host, gone)) from gone
    return None


def _agent(lab, host):
    container = lab.nodes[host].container
    if container not in _agents or _agents[container].gone:
        _agents[container] = _Agent(lab, host)
    return _agents[container]


@atexit.register
def _end():
    for agent in _agents.values():
        agent.process.kill()


class _Gone(Exception):
    """The agent ended before it had answered; the text is what it said."""


class _Agent:
    def __init__(self, lab, host):
        self.host = host
        self.process = lab.start(host, ['python3', '-c', TEXT, *MORE], stderr=subprocess.STDOUT)
        self._answers = queue.Queue()
        self._complaints = []
        self._silent = False
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def gone(self):
        return self._silent or self.process.poll() is not None

    def _read(self):
        for line in self.process.stdout:
            if line.startswith('{'):
                self._answers.put(json.loads(line))
            else:
                self._complaints.append(line)
        self._silent = True
        self._answers.put(None)

    def ask(self, request, timeout):
        try:
            self.process.stdin.write(json.dumps(request) + '\n')
            self.process.stdin.flush()
            said = self._answers.get(timeout=timeout)
        except BrokenPipeError:
            self._silent, said = True, None
        except queue.Empty:
            # An answer that comes later must not be taken for that to the next question.
            self.process.kill()
            self._silent = True
            raise AgentFailed('{} on {}: no answer after {:g} s'.format(request['do'], self.host, timeout)) from None
        if said is None:
            raise _Gone(''.join(self._complaints) or 'it ended without a word')
        if 'error' in said:
            raise AgentFailed('{} on {}: {}'.format(request['do'], self.host, said['error']))
        return said['answer']
