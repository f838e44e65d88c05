# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a module from going on. Private to this collection."""

from __future__ import annotations

import os
import traceback


class HostError(Exception):
    """Something on the host, or in what is asked of it, is not as it has to be; the text is for a person."""


# What an answer in an unexpected form makes of code that reads it. One part of many questions must not end the others.
FAULTS = (LookupError, TypeError, AttributeError)
NO_ANSWER = (HostError, OSError, ValueError, *FAULTS)


def reason(exc: BaseException) -> str:
    """Return why a question has no answer; of what nobody had expected, the place too, since no traceback shows it."""
    frames = traceback.extract_tb(exc.__traceback__)
    if not isinstance(exc, FAULTS) or not frames:
        return str(exc)
    return f'{exc!r} ({os.path.basename(frames[-1].filename)}, line {frames[-1].lineno})'
