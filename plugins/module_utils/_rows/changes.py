# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was changed, line for line, out of what Ansible shows with --diff (runs on the controller)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

# Of a list with thousands of networks nobody reads every line in a report.
MOST_LINES = 200
AROUND = 2


def changed_lines(differences: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the changed lines of each file: its C(name), C(lines) as a unified diff has them, and how many are
    C(left_out).

    Args:
        differences: C(diff) of a module's result. Modules hide what is secret in there themselves.
    """
    found = []
    for each in differences:
        before, after = (str(each.get(side) or '').splitlines() for side in ('before', 'after'))
        lines = list(difflib.unified_diff(before, after, lineterm='', n=AROUND))[2:]
        if lines:
            found.append(
                {
                    'name': str(each.get('after_header') or each.get('before_header') or '?'),
                    'lines': lines[:MOST_LINES],
                    'left_out': max(0, len(lines) - MOST_LINES),
                }
            )
    return found
