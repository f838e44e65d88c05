# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGKILL to the module that Ansible is running on this host, for each line on standard input: seconds to wait before.

Runs on a host of the lab; standard library only, its text is given to python3 there.
"""
from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

SECONDS = 10


def parents():
    """Process id -> (name, parent)"""
    found = {}
    for directory in Path('/proc').glob('[0-9]*'):
        try:
            name, dummy, rest = (directory / 'stat').read_text().partition('(')[2].rpartition(')')
        except (FileNotFoundError, ProcessLookupError):
            continue
        found[int(directory.name)] = (name, int(rest.split()[1]))
    return found


def modules():
    """Python below sshd; what the tests themselves run here is not."""
    known = parents()
    for pid, (name, parent) in known.items():
        above = []
        while parent in known and len(above) < 20:
            above.append(known[parent][0])
            parent = known[parent][1]
        if name.startswith('python3') and any(each.startswith('sshd') for each in above):
            yield pid


for line in sys.stdin:
    time.sleep(float(line))
    end = time.monotonic() + SECONDS
    while not (found := list(modules())) and time.monotonic() < end:
        time.sleep(0.01)
    for pid in found:
        os.kill(pid, signal.SIGKILL)
    print(len(found), flush=True)
