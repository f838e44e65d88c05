# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories that must be the hop's alone: what is in them is made, owned and removed by it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.reading import Reader

OURS = ('outbound_hop_config_dir', 'outbound_hop_queue_directory', 'outbound_hop_data_directory')
ENDINGS = ('_config_dir', '_directory')


def within(path: str, directory: str) -> bool:
    """Return whether a path is that of a directory or of something in it."""
    return path == directory or path.startswith(directory.rstrip('/') + '/')


def clash(path: str, other: str) -> str:
    """Return how two directories are in each other's way, an empty text when they are not."""
    if path == other:
        return 'is'
    return 'lies in' if within(path, other) else 'contains' if within(other, path) else ''


def taken(
    ours: Mapping[str, str], others: Mapping[str, str], real: Callable[[str], str] = lambda path: path
) -> list[str]:
    """Return which directories of the hop cannot be its own, and why.

    Args:
        ours: variable to path.
        others: whose directory it is, in words, to path.
        real: makes two paths of one directory equal.
    """
    pairs = itertools.product(ours.items(), others.items())
    found = [(name, path, clash(real(path), real(other)), whose, other) for (name, path), (whose, other) in pairs]
    return [
        f'{name}: {path!r} {how} {other}, {whose}; give the hop a directory of its own'
        for name, path, how, whose, other in found
        if how
    ]


def check_places(report: Reader) -> None:
    """Remember as a problem if a directory of the hop is that of another variable, or one lies in the other."""
    directories = {
        name: value
        for name, value in report.values.items()
        if name.endswith(ENDINGS) and isinstance(value, str) and value and report.good(name)
    }
    said: set[str] = set()
    for name in OURS:
        others = {f'the value of {other}': path for other, path in directories.items() if other not in {name, *said}}
        report.problems += taken({name: directories[name]}, others) if name in directories else []
        said.add(name)
