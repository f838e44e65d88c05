# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds the configuration daemon of the double against recordings of Zimbra's.

    python -m lab.zimbra.replay FILE ...

plays every vector of the files (their format: tests/zimbra/vectors/README.md); base.json and default-*.json are those
beside the file, or else those of tests/zimbra/vectors. Each difference is printed. The last line counts the vectors; a
file that cannot be read counts as one that is different. The exit status is 1 if there is any."""

from __future__ import annotations

import sys

from .compare import differences
from .play import play
from .recording import Recording


def judge(vector: dict, recording: Recording) -> list:
    """Return how the double differs from what was recorded: one readable line each."""
    if not isinstance(vector, dict):
        return [f'is no vector: {vector!r:.80}']
    try:
        return differences(vector, play(vector, recording), recording)
    # Whatever a vector holds: it is not equal, and the others have their turn.
    except Exception as error:
        return [f'cannot be played: {type(error).__name__}: {error}']


def judged(path: str) -> list:
    """Return (name, how the double differs) for each vector of a file."""
    try:
        recording = Recording(path)
    except (OSError, ValueError) as error:
        return [('the file', [f'cannot be read: {error}'])]
    return [
        (_name(vector, number), judge(vector, recording)) for number, vector in enumerate(recording.vectors, start=1)
    ]


def _name(vector, number) -> str:
    return str(vector.get('name', f'vector {number}')) if isinstance(vector, dict) else f'vector {number}'


def main(paths: list) -> int:
    if not paths:
        print(__doc__, file=sys.stderr)
        return 2
    equal = different = 0
    for path in paths:
        for name, found in judged(path):
            equal, different = equal + (not found), different + bool(found)
            for line in found:
                print(f'{path}: {name}: {line}')
    print(f'vectors: {equal} equal, {different} different')
    return 1 if different else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
