# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of a playbook whose module on the host is killed at work."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

from tests.flow import playbook

KILLER = Path(__file__).with_name('killer.py').read_text(encoding='utf-8')
# In the names of the tasks that change a mail server, whichever it is.
PRESENT, ABSENT = 'uses the gateway', 'is as it was'
# Seconds. An undo waits a minute for the hop's queue, and for sessions that are open.
LONGEST = 120


class ModuleKiller:
    """SIGKILL to what a task runs on a host, at a share of the processor time that it takes there undisturbed.

    Not after seconds on the clock: how far a module comes in those depends on what else the machine does.
    """

    def __init__(self, lab, host):
        self._lab, self._host = lab, host
        self._costs = {}  # (playbook, task) -> seconds of processor time

    def measure(self, name, variables, task):
        """A run that nobody kills; its outcome."""
        with self._started() as killer:
            run = run_until(self._lab, self._host, name, variables, task)
            said, dummy = killer.communicate('inf\n', timeout=LONGEST)
            self._costs[name, task] = float(said.split()[0])
            outcome = run.wait()
        assert not outcome.returncode, outcome.output
        return outcome

    def kill(self, name, variables, task, share):
        """A run whose module is killed when it has used this share, unless it has ended before.

        Returns:
            tuple: the outcome of the run, and whether it failed. A module that had told its result and was about to end
                is killed in vain.
        """
        with self._started() as killer:
            run = run_until(self._lab, self._host, name, variables, task)
            said, dummy = killer.communicate(f'{share * self._costs[name, task]}\n', timeout=LONGEST)
            outcome = run.wait()
        used, killed = said.split()
        felled = outcome.returncode != 0
        print('killed' if felled else 'it had ended', f'after {used} seconds of processor time', flush=True)
        assert killed == '1' or not felled, outcome.output
        return outcome, felled

    @contextmanager
    def _started(self):
        killer = self._lab.start(self._host, ['python3', '-c', KILLER])
        try:
            yield killer
        finally:
            killer.kill()


def run_until(lab, host, name, variables, task):
    """A run that has just begun a task."""
    run = playbook.Run(lab, host, name, variables)
    run.wait_until(lambda begun: any(task in each for each in begun), f'task {task!r}')
    return run
