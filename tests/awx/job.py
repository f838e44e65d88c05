# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The project of awx/, run by ansible-runner in the steps of AWX's mesh, and what AWX keeps of that."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import ansible_runner
import yaml

from tests.awx.specs import AWX
from tests.unit.roles.test_values_as_text import Unsafe

# AWX keeps nothing of an event that is longer.
MOST_OF_AN_EVENT = 700_000


def private_data(home, name, answers, environment, inventory):
    """Make the directory that AWX hands to ansible-runner: project, inventory, extra variables in AWX's form.

    Args:
        inventory: what is in its directory, file name to text.
    """
    folder = home / name
    shutil.copytree(AWX / 'project', folder / 'project')
    for part in ('inventory', 'env'):
        (folder / part).mkdir()
    for file, text in inventory.items():
        (folder / 'inventory' / file).write_text(text, encoding='utf-8')
    (folder / 'env/extravars').write_text(yaml.dump(answers, Dumper=Unsafe), encoding='utf-8')
    known = {key: value for key, value in environment.items() if key.startswith('ANSIBLE_')}
    known['MAX_EVENT_RES'] = str(MOST_OF_AN_EVENT)
    (folder / 'env/envvars').write_text(yaml.safe_dump(known), encoding='utf-8')
    return folder


def run(folder, playbook, worker=None, **more):
    """Run a playbook in three steps: transmit, on the controller; worker, where it runs; process.

    Args:
        folder: of private_data().
        worker: a function that takes the file of the first step and writes that for the third; this machine by default.
        more: for ansible-runner.

    Returns:
        The run, and its events.
    """
    # Where ansible-playbook is, also when this environment is not activated.
    ours, path = str(Path(sys.executable).parent), os.environ['PATH'].split(os.pathsep)
    os.environ['PATH'] = os.pathsep.join(dict.fromkeys([ours, *path]))
    home, name, events = folder.parent, folder.name, []
    there, back = home / f'{name}.there', home / f'{name}.back'
    with there.open('wb') as stream:
        ansible_runner.interface.run(
            streamer='transmit', private_data_dir=str(folder), playbook=playbook, ident='1', _output=stream, **more
        )
    (worker or work)(there, back)
    with back.open('rb') as stream:
        done = ansible_runner.interface.run(
            streamer='process',
            private_data_dir=str(home / f'{name}-back'),
            _input=stream,
            event_handler=lambda event: bool(events.append(event)),
            ident='1',
            quiet=True,
        )
    return done, events


def work(there, back):
    """Take the second step on this machine."""
    with there.open('rb') as stream, back.open('wb') as answer:
        ansible_runner.interface.run(
            streamer='worker', private_data_dir=str(place_of(there)), _input=stream, _output=answer
        )


def place_of(there):
    """Return the directory in which work() has what was sent."""
    return there.with_suffix('.worker')


def artifacts(events):
    """Return what the job has as artifacts."""
    (stats,) = [event for event in events if event['event'] == 'playbook_on_stats']
    return stats['event_data']['artifact_data']


def size(events):
    """Return how many bytes AWX keeps of these events: as JSON, one a line."""
    return sum(len(json.dumps(event)) for event in events)


def of_hosts(events):
    """Return the events that there are once for each host, not once a job."""
    return [event for event in events if event['event'].startswith('runner_')]


def results(events):
    """Return the results within events, as JSON."""
    return [json.dumps(event['event_data'].get('res', '')) for event in of_hosts(events)]
