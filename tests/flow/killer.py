# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGKILL to the module that Ansible runs next on this host, for each line on standard input: seconds of processor time
that it may use.

Not seconds on the clock: how far a module comes in those depends on what else the machine does. Prints what was used,
and whether it was killed then or had ended before. Runs on a host of the lab; standard library only, its text is given
to python3 there.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

SECONDS = 10
TICKS = os.sysconf('SC_CLK_TCK')


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


def modules(others=frozenset()):
    """Python below sshd, but for some others and whatever they are about to execute; what the tests themselves run here
    is not below it."""
    known = parents()
    for pid, (name, parent) in known.items():
        above = []
        while parent in known and len(above) < 20:
            above.append(parent)
            parent = known[parent][1]
        below_sshd = any(known[each][0].startswith('sshd') for each in above)
        if name.startswith('python3') and below_sshd and others.isdisjoint([pid, *above]):
            yield pid


def used(pid):
    """Processor time of a process and of those that it has waited for, in seconds; None when it has ended."""
    try:
        fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == 'Z' else sum(int(field) for field in fields[11:15]) / TICKS


def kill(limit, others):
    """Print processor time and 1 if it was killed, 0 if it had ended."""
    end = time.monotonic() + SECONDS
    while not (found := set(modules(others))) and time.monotonic() < end:
        time.sleep(0.01)
    pid, last = min(found), 0.0
    while (now := used(pid)) is not None and now < limit:
        last = now
        time.sleep(0.002)
    if now is not None:
        os.kill(pid, signal.SIGKILL)
    print(last if now is None else now, int(now is not None), flush=True)


# What a run that was killed has left at work.
others = set(modules())
for line in sys.stdin:
    kill(float(line), others)
