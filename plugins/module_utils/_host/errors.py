# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a module from going on. Private to this collection."""

from __future__ import annotations


class HostError(Exception):
    """Something on the host, or in what is asked of it, is not as it has to be; the text is for a person."""
