# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of a second Postfix behind a first one."""

from __future__ import annotations

# A message that the MTA accepted just below its limit has grown by trace headers when it reaches the hop.
SIZE_HEADROOM = 102400
# A detour on the MTA and the hop's listener each add a Received line.
HOPS = 2


def with_headroom(limit: str) -> str:
    """Return a message_size_limit for the second time that a message is taken; 0 is no limit."""
    return str(int(limit) + SIZE_HEADROOM if int(limit) else 0)


def with_hops(limit: str) -> str:
    """Return a hopcount_limit for the second time that a message is taken."""
    return str(int(limit) + HOPS)
