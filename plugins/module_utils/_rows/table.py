# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of text for a terminal. Private to this collection."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import visible

# Of 100, what fits beside an editor and in the job's output of AWX, without the indent of a host's table.
WIDTH = 98
NARROWEST = 12
GAP = '  '


class Line(NamedTuple):
    """One line, and the status of what it is about; an empty text for a heading."""

    text: str
    status: str = ''


def _widths(cells: Sequence[Sequence[str]]) -> list[int]:
    """The width of each column: as wide as its widest cell, the widest ones narrower until all fit."""
    widths = [max(map(len, column)) for column in zip(*cells)]
    while sum(widths) + len(GAP) * (len(widths) - 1) > WIDTH and max(widths) > NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return widths


def table(columns: list[str], rows: Sequence[tuple[str, Sequence[object]]]) -> list[Line]:
    """Return a left-aligned table that is at most WIDTH columns wide; what is longer goes on in the next line.

    Args:
        columns: headings.
        rows: status and cells of each row, as many as there are columns.
    """
    statuses = [''] + [status for status, dummy in rows]
    # Before it is wrapped, which takes a line break for a blank.
    cells = [[visible(str(cell)) for cell in row] for row in [columns] + [row for dummy, row in rows]]
    widths, lines = _widths(cells), []
    for status, row in zip(statuses, cells):
        wrapped = [textwrap.wrap(cell, width, break_on_hyphens=False) or [''] for cell, width in zip(row, widths)]
        for number in range(max(map(len, wrapped))):
            parts = [cell[number] if number < len(cell) else '' for cell in wrapped]
            text = GAP.join(part.ljust(width) for part, width in zip(parts, widths)).rstrip()
            lines.append(Line(text, status))
    return lines
