# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of the settings."""

from __future__ import annotations


def overlap(first, second):
    """Whether two networks, of either IP version, have addresses in common."""
    return first.version == second.version and first.overlaps(second)
