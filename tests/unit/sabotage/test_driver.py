# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Breakages take as long as they may, whatever they are, and what came of one is known before the next begins."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from tests.sabotage import conftest, driver

ROWS = [['hop.closed', 'hop: nobody listens', 'Run site.yml.']]
# The same as a module has it.
ROW = {'id': 'hop.closed', 'target': 'hop', 'status': 'red', 'finding': 'nobody listens', 'hint': 'Run site.yml.'}


class Toy(driver.Host):
    """A host on which a breakage is red until it is repaired, and files tell what was done to it."""

    def __init__(self, folder, **job):
        super().__init__({'mta': 'toy', 'settings': {}, 'secrets': {}, **job})
        self.folder = folder

    def verify(self):
        return ROWS if (self.folder / 'broken').exists() else []

    def site(self):
        (self.folder / 'broken').unlink(missing_ok=True)
        return {'changed': True, 'rows': [ROW, dict(ROW, status='green')]}


@pytest.fixture(name='toy')
def fixture_toy(tmp_path, monkeypatch):
    monkeypatch.setattr(driver, 'PRELUDE', f'set -e\ncd {tmp_path}\n')
    monkeypatch.setattr(driver, 'restore', driver.shell)
    return Toy(tmp_path)


def test_what_comes_of_a_breakage_says_how_long_each_step_took(toy):
    found = toy.outcome('a', ': >broken', '')
    assert (found['name'], found['broken'], found['verify'], found['after']) == ('a', True, ROWS, [])
    assert (found['changed'], found['site']) == (True, ROWS)
    assert 'spoilt' not in found and set(found['took']) == {'do', 'verify', 'site', 'after'}
    assert toy.outcome('b', 'false', '')['broken'] is False


@pytest.mark.parametrize('do', ['echo $$ >pid; sleep 60', '(echo $$ >pid; exec sleep 60) & sleep 60 & wait'])
def test_one_that_takes_too_long_is_ended_with_all_that_it_began(toy, monkeypatch, do):
    monkeypatch.setattr(driver, 'EACH', 1)
    begin = time.monotonic()
    found = toy.outcome('slow', ': >broken; ' + do, ': >mended')
    assert time.monotonic() - begin < 20
    assert (found['name'], found['broken'], found['said']) == ('slow', False, 'it took more than 1 s')
    # The next one finds a host that is whole.
    assert found['spoilt'] == [] and (toy.folder / 'mended').exists() and not (toy.folder / 'broken').exists()
    assert not os.path.exists(f'/proc/{(toy.folder / "pid").read_text().strip()}/fd/0')


def test_a_host_that_cannot_be_put_back_is_said(toy, monkeypatch):
    monkeypatch.setattr(driver, 'EACH', 1)
    monkeypatch.setattr(driver, 'AGAIN_IN', 1)
    assert 'could not be put back' in str(toy.outcome('slow', 'sleep 60', 'sleep 60')['spoilt'])


def test_one_that_fails_is_said_and_the_host_is_put_back(toy, monkeypatch):
    monkeypatch.setattr(driver, 'SECONDS', 1)
    found = toy.outcome('stuck', 'sleep 60', ': >mended')
    assert not found['broken'] and 'TimeoutExpired' in found['said'] and found['spoilt'] == []
    assert (toy.folder / 'mended').exists()


def begun(script):
    process = subprocess.Popen(
        [sys.executable, '-c', f'import json, os, sys, time\njob = json.load(sys.stdin)\n{script}'],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    return conftest.Driver(process, {'breakages': ['a', 'b', 'c']})


SAY = 'def say(name): print(json.dumps(dict(name=name, broken=True)), flush=True)\n'


def test_each_is_known_as_it_comes():
    coming = begun(SAY + 'say("a"); time.sleep(60)').results(['a', 'b', 'c'], 1.5)
    begin = time.monotonic()
    assert next(coming) == {'name': 'a', 'broken': True}
    left = list(coming)
    assert time.monotonic() - begin < 20 and [entry['name'] for entry in left] == ['b', 'c']
    assert all(not entry['broken'] and 'status -9' in entry['said'] for entry in left)


@pytest.mark.parametrize('end', ['os._exit(3)', 'print(\'{"name": "b\', end="", flush=True); os._exit(3)'])
def test_a_driver_that_ends_is_missed(end):
    found = list(begun(f'{SAY}say("a"); {end}').results(['a', 'b', 'c'], 20))
    assert [(entry['name'], entry['broken']) for entry in found] == [('a', True), ('b', False), ('c', False)]
    assert 'status 3' in found[2]['said']


def test_what_has_come_is_recorded_before_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(conftest, 'ROOT', tmp_path)
    chosen = [conftest.Breakage(name, 'toy', 'true') for name in ('a', 'b')]
    machines = conftest.Machines(None, tmp_path, chosen)
    coming = begun(SAY + 'say("a"); time.sleep(1.5); say("b")').results(['a', 'b'], 20)
    monkeypatch.setattr(machines, 'of', lambda server: type('', (), {'outcomes': lambda self, chosen: coming})())
    record = tmp_path / '.cache/sabotage-toy.json'
    for number, breakage in enumerate(chosen):
        assert machines.outcome(breakage)['broken']
        assert len(json.loads(record.read_text())) == number + 1
