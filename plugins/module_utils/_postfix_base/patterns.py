# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text in the patterns of regexp(5) tables. Private to this collection."""

from __future__ import annotations

import re


def literal(text: str) -> str:
    """Return the pattern, for between slashes, of exactly this text.

    Only what has a meaning gets a backslash: with one, some signs get a meaning that they do not have without.
    """
    return re.sub(r'([][\\.^$*+?(){}|/])', r'\\\1', text)
