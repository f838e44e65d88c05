# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds the configuration daemon of the double against recordings of Zimbra's.

    python -m lab.zimbra.replay FILE ...

plays every vector of the files (their format: tests/zimbra/vectors/README.md); base.json and default-*.json are those
beside the file, or else those of tests/zimbra/vectors. Each difference is printed. The last line counts the vectors,
and the exit status is 1 if any is different."""

from __future__ import annotations

import sys

from .compare import differences
from .play import play
from .recording import Recording


def judge(vector: dict, recording: Recording) -> list:
    """Return how the double differs from what was recorded: one readable line each."""
    try:
        return differences(vector, play(vector, recording), recording)
    # Whatever a vector holds: it is not equal, and the others have their turn.
    except Exception as error:
        return [f'cannot be played: {type(error).__name__}: {error}']


def main(paths: list) -> int:
    if not paths:
        print(__doc__, file=sys.stderr)
        return 2
    equal = different = 0
    for path in paths:
        recording = Recording(path)
        for number, vector in enumerate(recording.vectors, start=1):
            found = judge(vector, recording)
            equal, different = equal + (not found), different + bool(found)
            for line in found:
                print(f'{path}: {vector.get("name", f"vector {number}")}: {line}')
    print(f'vectors: {equal} equal, {different} different')
    return 1 if different else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
