# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the shipped playbooks against a host of the lab and tells what they did."""

from __future__ import annotations

import difflib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The configuration that has everything that the roles can do to a host.
WHOLE = 'inbound_washed'
TIMEOUT = 300
TASK_SECONDS = 120


class PlaybookFailed(Exception):
    """The playbook did not do its work; the text is its output."""


@dataclass
class Outcome:
    returncode: int
    output: str
    events: list[dict]
    report: dict | None = None

    @property
    def changed(self):
        """Names of the tasks that changed something, or would."""
        return [event['task'] for event in self.events if event['event'] == 'ok' and event['changed']]

    @property
    def tasks(self):
        """How many tasks have begun."""
        return sum(event['event'] == 'start' for event in self.events)

    @property
    def failures(self):
        """What Ansible said of tasks that failed, and the reasons of hosts that a part of the run kept back."""
        said = [event['msg'] for event in self.events if event['event'] in ('failed', 'unreachable')]
        return said + [entry['reason'] for entry in self.hosts().values() if entry['reason']]

    @property
    def findings(self):
        """What the rows of all hosts say, a line for each; a terminal has them in columns."""
        rows = [
            row
            for entry in self.hosts().values()
            for part in ('preflight', 'verify')
            for row in entry.get(part, {'rows': []})['rows']
        ]
        return '\n'.join('{id} {target}: {finding}. {hint}'.format(**row) for row in rows)

    def hosts(self):
        return self.report['hosts'] if self.report else {}

    def diff_lines(self):
        """Which lines of which file each task takes out and puts in, as --diff shows it.

        Not the lines around them: where two tasks change one file, check mode shows the second change without the
        first.
        """
        return [
            (event['task'], part.get('after_header'), _changed_lines(part), part.get('prepared'))
            for event in self.events
            for part in event.get('diff', [])
        ]


def _changed_lines(part):
    before, after = (_lines(part.get(side)) for side in ('before', 'after'))
    return [line for line in difflib.ndiff(before, after) if line[0] in '+-']


def _lines(side):
    # Of a new directory only that it is new: ansible.builtin.file leaves owner and mode out in check mode.
    return (
        ['{} {}'.format(side.get('path'), side.get('state'))]
        if isinstance(side, dict)
        else (side or '').splitlines(keepends=True)
    )


class Run:
    """One run of ansible-playbook, already started."""

    def __init__(self, lab, host, playbook, variables, options=(), inventory=None):
        self._folder = tempfile.TemporaryDirectory(prefix='flow-')
        folder = Path(self._folder.name)
        self._record = folder / 'record'
        self._record.touch()
        self._report = Path(variables.get('conbool_report_dir', folder)) / playbook.replace('.yml', '.json')
        self._output = folder / 'output'
        (folder / 'vars.json').write_text(
            json.dumps({'conbool_report_dir': str(folder), **variables}), encoding='utf-8'
        )
        if inventory is not None:
            (folder / 'inventory.json').write_text(json.dumps(inventory), encoding='utf-8')
            options = [*options, '-i', str(folder / 'inventory.json')]
        command = [
            str(Path(sys.executable).with_name('ansible-playbook')),
            '-i',
            str(lab.inventory),
            '-l',
            host,
            '-e',
            '@%s' % (folder / 'vars.json'),
            *options,
            str(ROOT / 'playbooks' / playbook),
        ]
        environment = dict(
            os.environ,
            ANSIBLE_CONFIG=str(ROOT / 'ansible.cfg'),
            ANSIBLE_CALLBACK_PLUGINS=str(Path(__file__).parent / 'callback_plugins'),
            ANSIBLE_CALLBACKS_ENABLED='flow_record',
            FLOW_RECORD=str(self._record),
            ANSIBLE_NOCOLOR='1',
        )
        with self._output.open('wb') as output:
            # A session of its own: a test that kills the run kills its workers with it.
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def events(self):
        lines = self._record.read_text(encoding='utf-8').split('\n')
        return [json.loads(line) for line in lines[:-1]]

    def begun(self):
        """Names of the tasks that have begun."""
        return [event['task'] for event in self.events() if event['event'] == 'start']

    def wait_until(self, reached, what):
        """Until `reached`, asked with the names of the tasks that have begun, says so."""
        end = time.monotonic() + TASK_SECONDS
        while not reached(self.begun()):
            assert self.process.poll() is None, f'the run ended before {what}'
            assert time.monotonic() < end, f'no {what} after {TASK_SECONDS} s'
            time.sleep(0.02)

    def kill(self):
        """SIGKILL to Ansible and all its workers; what a module does on the host goes on."""
        os.killpg(self.process.pid, signal.SIGKILL)
        return self.wait()

    def wait(self):
        try:
            returncode = self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise PlaybookFailed(
                'not done after {} s:\n{}'.format(TIMEOUT, self._output.read_text(encoding='utf-8', errors='replace'))
            ) from None
        report = json.loads(self._report.read_text(encoding='utf-8')) if self._report.exists() else None
        outcome = Outcome(returncode, self._output.read_text(encoding='utf-8', errors='replace'), self.events(), report)
        self._folder.cleanup()
        return outcome


def run(lab, host, playbook, variables, *options):
    """Runs to the end; whether it failed is for the caller to judge."""
    return Run(lab, host, playbook, variables, options).wait()


def run_each(lab, playbook, variables_of, more=None):
    """One run over several inventory hosts (name -> variables); more: variables of the run."""
    inventory = {'conbool': {'hosts': variables_of}}
    return Run(lab, ','.join(variables_of), playbook, more or {}, inventory=inventory).wait()


def run_as(lab, host, playbook, variables_of):
    """One run over several inventory hosts (name -> variables) that are all this one server."""
    address = lab.addresses[host][0]
    hosts = {name: {'ansible_host': address, **variables} for name, variables in variables_of.items()}
    return run_each(lab, playbook, hosts)


def apply(lab, host, variables, playbook='site.yml'):
    outcome = run(lab, host, playbook, variables)
    if outcome.returncode:
        raise PlaybookFailed(outcome.output)
    return outcome


class Settled:
    """A host with which several tests begin as the inventory says. That a second run changes nothing is shown elsewhere; it is
    spared where the test before has left the host so."""

    def __init__(self, lab, host, playbook='site.yml'):
        self._place, self._playbook = (lab, host), playbook
        self._variables = None

    def __call__(self, variables, **asked):
        """As these variables say; `asked` are further ones, which change nothing on the host. The outcome, None where a run
        is spared."""
        if variables == self._variables:
            return None
        self.spoil()
        outcome = apply(*self._place, {**variables, **asked}, self._playbook)
        self._variables = variables
        return outcome

    def spoil(self):
        """From now on nobody knows how it is."""
        self._variables = None
