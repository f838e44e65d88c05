# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was typed, where YAML made something else of it. Private to this collection."""

from __future__ import annotations

import datetime
from typing import Any


def as_typed(value: Any) -> Any:
    """The value as it was typed where YAML takes text for a whole number or a day.

    Raises:
        ValueError: nobody can say any more what was typed.
    """
    if isinstance(value, bool):
        raise ValueError('is a truth value, which Ansible makes of yes, no, on, off, true and false, and must be text')
    if isinstance(value, float):
        raise ValueError('is a number, whether 1.1 or 1.10 was written, and must be text: put it into quotes')
    if isinstance(value, datetime.datetime):
        raise ValueError('is a point in time, in whichever form it was written, and must be text: put it into quotes')
    if isinstance(value, int):
        return repr(value + 0)
    return str(value) if isinstance(value, datetime.date) else value
