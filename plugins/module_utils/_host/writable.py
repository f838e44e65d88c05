# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether files can be replaced, made and removed, known before the first of them is."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import struct
from collections.abc import Collection, Iterable

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError

MOUNTS = '/proc/self/mountinfo'
# FS_IOC_GETFLAGS of ioctl_iflags(2), as nearly all architectures number it, and the flags that even root has to obey.
GET_FLAGS = 0x80006601 | struct.calcsize('l') << 16
FLAGS = {0x10: 'it is immutable (chattr +i)', 0x20: 'it may only be appended to (chattr +a)'}


def _flagged(path: str) -> str:
    """Return in words which flag keeps root from writing; empty for none, or where there are no flags."""
    held = bytearray(8)
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            fcntl.ioctl(handle, GET_FLAGS, held)
        finally:
            os.close(handle)
    flags = struct.unpack('i', held[:4])[0]
    return next((words for flag, words in FLAGS.items() if flags & flag), '')


def _mount_points() -> set[str]:
    """Return all mount points; one over a file looks like that file to everybody else."""
    with contextlib.suppress(OSError), open(MOUNTS, 'rb') as stream:
        names = [os.fsdecode(line.split()[4]) for line in stream if line.strip()]
        return {re.sub(r'\\([0-7]{3})', lambda match: chr(int(match[1], 8)), name) for name in names}
    return set()


def _why(place: str, mounted: Collection[str]) -> str:
    """Return why nothing can be changed at a place that is there; empty when something can."""
    if os.statvfs(place).f_flag & os.ST_RDONLY:
        return 'its file system is mounted read-only'
    flagged = _flagged(place) if os.path.isdir(place) or os.path.isfile(place) else ''
    if flagged:
        return flagged
    if os.path.isdir(place):
        return '' if os.access(place, os.W_OK | os.X_OK) else 'it cannot be written'
    if place in mounted:
        return 'it is a mount point of its own (a bind mount), in whose place no other file can be put'
    # Others than root need no right to a file for putting another in its place.
    return 'it cannot be written' if os.geteuid() == 0 and not os.access(place, os.W_OK) else ''


def obstacles(paths: Iterable[str]) -> list[str]:
    """Return, for each of these files and directories that cannot be replaced, made or removed, a text with the reason.

    Args:
        paths: absolute; what a symbolic link leads to counts.
    """
    mounted, found = _mount_points(), []
    for path in dict.fromkeys(map(os.path.realpath, paths)):
        above = os.path.dirname(path)
        while not os.path.isdir(above):
            above = os.path.dirname(above)
        for place in (above, path):
            why = _why(place, mounted) if os.path.exists(place) else ''
            if why:
                found.append(f'{path}: {why}' if place == path else f'{path}: of its directory {above}, {why}')
                break
    return found


def refuse_obstacles(paths: Iterable[str]) -> None:
    """Keep a change from being begun that could not be completed.

    Raises:
        HostError: naming each file that cannot be written, and why.
    """
    found = obstacles(paths)
    if found:
        raise HostError(
            'Nothing was changed, since this cannot be written: {}. Make it writable, and run this again'.format(
                ' | '.join(found)
            )
        )


def within(places: Iterable[str]) -> list[str]:
    """Return these files, and of directories what is in them, not in directories of theirs."""
    found = []
    for place in places:
        found.append(place)
        if os.path.isdir(place):
            found += [os.path.join(place, name) for name in sorted(os.listdir(place))]
    return found
