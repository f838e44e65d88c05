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
TABLE = ['tests.flow.table']
TESTS = ['pytest', '-p', 'no:cacheprovider', '-v']
# Mail server, host, and what is run. Every row, once, in the configuration it is for, native and with the hop; those of
# the default on the other release too, which gets the other configurations from Molecule. Rows C1 to C4 and C6, the
# shortest run of each. Bad input (C5) is the same for all.
RUNS = {
    'table': ('sendmail', 'sendmail-debian12', TABLE),
    'table13': ('sendmail', 'sendmail-debian13', [*TABLE, '--configuration', 'default']),
    'table_hop': ('sendmail_hop', 'sendmail-hop-debian12', TABLE),
    'change': (
        'sendmail',
        'sendmail-debian12',
        [
            *TESTS,
            FLOW % 'undo' + '::test_c1_second_run_changes_nothing_and_c3_every_byte_is_as_it_was[inbound_washed]',
            FLOW % 'undo' + '::test_c3_mail_waiting_in_the_queue_takes_its_old_way',
            FLOW % 'change' + '::test_c2_check_mode_on_a_fresh_host',
            FLOW % 'interrupted' + '::test_c4_killed_run_is_completed_by_the_next_one[70-0.3]',
            FLOW % 'arriving',
        ],
    ),
}


@pytest.mark.parametrize('run', RUNS)
def test_flow(run):
    mta, host, what = RUNS[run]
    command = [sys.executable, '-m', *what, '--mta', mta, '--host', host, '--lab', 'sendmail']
    done = subprocess.run(
        command,
        cwd=ROOT,
        text=True,
        errors='replace',
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=3600,
        check=False,
    )
    assert done.returncode == 0, done.stdout
