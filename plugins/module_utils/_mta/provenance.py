# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who handed in a message, where a mail server has one way for all mail that leaves. Private to this collection."""

from __future__ import annotations

from typing import NamedTuple


class Provenance(NamedTuple):
    """How the outbound hop finds out whether the gateway's headers of a message count: by what the mail server wrote
    into it when it was handed in.

    The hop hands such messages to itself, twice: to a listener on loopback that looks for these lines, and to one where
    the headers count, if they are still there. C(variable) and C(port) are those of the first, C(judged_variable) and
    C(judged_port) those of the second. C(users) are patterns of regexp(5) for lines of users who have logged in,
    C(others) for lines of whoever brought mail without that.
    """

    variable: str
    port: int
    judged_variable: str
    judged_port: int
    users: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
