# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a row can say, and which of several is the worst."""

from __future__ import annotations

from collections.abc import Container

GREEN, RED, UNKNOWN = 'green', 'red', 'unknown'


# The status of several rows is the worst of them. Red is certain, so it stands above unknown.
WORST_FIRST = (RED, UNKNOWN, GREEN)


def worst(statuses: Container[str]) -> str:
    """The status of the whole. Nothing checked is nothing known."""
    return next((status for status in WORST_FIRST if status in statuses), UNKNOWN)
