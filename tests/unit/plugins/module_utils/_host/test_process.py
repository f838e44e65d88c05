# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes as they are seen from the host itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import time

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import process


@pytest.fixture(name='child')
def fixture_child(tmp_path):
    """A process whose name has what separates words in C(/proc)."""
    program = tmp_path / 'a) b ('
    shutil.copy('/bin/sleep', program)
    with subprocess.Popen([program, '60']) as child:
        yield child
        child.kill()


def test_a_process_is_known_by_name_parent_and_start(child):
    own, found = process.process(os.getpid()), process.process(child.pid)
    assert (found.pid, found.name, found.parent) == (child.pid, 'a) b (', os.getpid())
    assert own.ticks <= found.ticks and abs(found.started - time.time()) < 10
    assert process.processes(parent=os.getpid())[-1] == found and own not in process.processes(parent=os.getpid())
    assert process.processes('a) b (') == [found] == process.processes('a) b (', os.getpid())
    assert process.processes('a) b (', child.pid) == []


def test_of_none_nothing_is_known(child):
    child.kill()
    child.wait()
    assert process.process(child.pid) is None
    assert process.process(None) is None and process.processes(parent=child.pid) == []


def test_a_program_that_was_replaced_since_it_was_started(tmp_path):
    program = tmp_path / 'sleep'
    shutil.copy(shutil.which('sleep'), program)
    with subprocess.Popen([program, '60']) as running:
        try:
            assert not process.replaced(running.pid)
            os.replace(shutil.copy(program, tmp_path / 'new'), program)
            assert process.replaced(running.pid)
        finally:
            running.kill()
    assert not process.replaced(None) and not process.replaced(running.pid)
