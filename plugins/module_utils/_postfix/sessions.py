# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions that were begun before a reload: Postfix ends them as they were begun, so that a message of theirs can still
get a FILTER of the configuration of before."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.process import PAUSE, Process, processes
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import master_pid

# Those that can put a FILTER into a message.
WRITERS = ('smtpd', 'cleanup')
# By the names that it had and can have in master.cf.
MANAGERS = ('qmgr', 'oqmgr', 'nqmgr')
# Seconds. A session can be kept open for an hour and more; nobody waits for that.
LONGEST = 10.0


def begun_before(family: list[Process], since: int) -> tuple[list[int], bool]:
    """Return the processes of a Postfix that were started before its last reload, and whether that is over.

    Each reload starts qmgr(8) anew; every other process ends when it has done what it was at.

    Args:
        since: when the reload was not yet asked for (process.ticks()).
    """
    managers = [process.ticks for process in family if process.name in MANAGERS]
    reload = max([since, *managers])
    old = [process.pid for process in family if process.name in WRITERS and process.ticks < reload]
    return old, bool(managers) and max(managers) >= since


def wait_for_end(
    queue_directory: str,
    since: int,
    longest: float = LONGEST,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Any] = time.sleep,
) -> list[int]:
    """Wait until nothing is at work any more that was started before the last reload.

    Args:
        since: when the reload was not yet asked for (process.ticks()).
        longest: seconds to wait at most.

    Returns:
        The processes that still are.
    """
    end, pid = clock() + longest, master_pid(queue_directory)
    while pid:
        found, reloaded = begun_before(processes(parent=pid), since)
        if (reloaded and not found) or clock() >= end:
            return found
        sleep(PAUSE)
    return []


def listed(pids: list[int]) -> str:
    """Return processes for a person to read."""
    return ', '.join(map(str, pids))
