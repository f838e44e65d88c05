# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow table with Sendmail, and runs of the playbook: the same files as for Postfix, in sessions of their own."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOW = 'tests/flow/test_%s.py'
# All rows of the default on both releases, of which the Molecule scenario sends a few; rows C1 to C4 and C6, the shortest run of each. Bad input (C5) is the
# same for all.
RUNS = {
    'default': ('sendmail-debian12', [FLOW % 'flow', '--configuration', 'default']),
    'default13': ('sendmail-debian13', [FLOW % 'flow', '--configuration', 'default']),
    'outbound_only': ('sendmail-debian12', [FLOW % 'flow', '--configuration', 'outbound_only']),
    'change': ('sendmail-debian12', [
        FLOW % 'undo' + '::test_c1_second_run_changes_nothing_and_c3_every_byte_is_as_it_was[inbound_washed]',
        FLOW % 'undo' + '::test_c3_mail_waiting_in_the_queue_takes_its_old_way',
        FLOW % 'change' + '::test_c2_check_mode_on_a_fresh_host',
        FLOW % 'interrupted' + '::test_c4_killed_run_is_completed_by_the_next_one[70-0.3]',
        FLOW % 'arriving']),
}


@pytest.mark.parametrize('run', RUNS)
def test_flow(run):
    host, arguments = RUNS[run]
    command = [sys.executable, '-m', 'pytest', '-p', 'no:cacheprovider', '-v', *arguments, '--mta', 'sendmail', '--host', host, '--lab', 'sendmail']
    done = subprocess.run(command, cwd=ROOT, text=True, errors='replace', stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=3600, check=False)
    assert done.returncode == 0, done.stdout[-30000:]
