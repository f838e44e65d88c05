# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow table with Sendmail: the same files as for Postfix, in a session of their own."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Outbound mail with one release, inbound mail with the other.
RUNS = {'sendmail-debian12': ['tests/flow/test_flow.py', '--configuration', 'default'],
        'sendmail-debian13': ['tests/flow/test_flow.py', '--configuration', 'inbound']}


@pytest.mark.parametrize('host', RUNS)
def test_flow(host):
    command = [sys.executable, '-m', 'pytest', '-p', 'no:cacheprovider', '-v', *RUNS[host], '--mta', 'sendmail', '--host', host, '--lab', 'sendmail']
    done = subprocess.run(command, cwd=ROOT, text=True, errors='replace', stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=3600, check=False)
    assert done.returncode == 0, done.stdout[-30000:]
