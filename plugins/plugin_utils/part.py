# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of a run, preflight or verification: its rows shown as a table, and judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible import constants as C
from ansible.utils.color import stringc
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import visible
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import (
    check_complaint,
    check_table,
    rows_said,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED, UNKNOWN, worst
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.table import Line

if TYPE_CHECKING:
    from ansible.utils.display import Display

COLOURS = {GREEN: C.COLOR_OK, UNKNOWN: C.COLOR_WARN, RED: C.COLOR_ERROR}


def show(display: Display, lines: Iterable[Line]) -> None:
    """Show lines, each in the colour of its status.

    Not as part of a result, as ansible.builtin.debug does: that shows all of it, and of a table the source. All at
    once, since AWX keeps an event for each time that something is shown.
    """
    lines = list(lines)
    colours = [COLOURS.get(line.status) for line in lines]
    shown = [stringc(line.text, colour) if colour else line.text for line, colour in zip(lines, colours)]
    display.display('\n'.join(shown), screen_only=True)
    display.display('\n'.join(line.text for line in lines), log_only=True)


def judged(display: Display, part: str, host: str, rows: Sequence[Mapping[str, Any]], enforce: bool) -> dict[str, Any]:
    """Show the rows of a part, and return the result of whoever asked for it.

    Args:
        display: Ansible's.
        part: C(preflight) or C(verify).
        host: its name.
        rows: what was found.
        enforce: whether a row that is not green is a failure.
    """
    complaint = check_complaint(rows)
    first = Line(f'{visible(host)}: {part}, {rows_said(rows)}', worst([entry['status'] for entry in rows]))
    show(display, [first, *(Line('  ' + line.text, line.status) for line in check_table(rows))])
    if complaint and enforce:
        # Shown with -vvv only, and there for a rescue; nothing else of a task that fails is both.
        invocation = {'module_args': {'part': part, 'enforce': True, 'rows': rows}}
        return {'failed': True, 'msg': visible(complaint), 'invocation': invocation}
    return {'rows': rows, 'green': not complaint}
