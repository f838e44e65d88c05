# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was typed, where YAML made something else of it. Private to this collection."""

from __future__ import annotations

import datetime
from typing import Any


def as_typed(value: Any) -> Any:
    """The value as it was typed where YAML takes text for a number or a date, as happens to every answer in AWX."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return repr(value + 0)
    if isinstance(value, datetime.date):
        return str(value)
    return value
