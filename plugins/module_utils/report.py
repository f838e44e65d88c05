# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run did, as a table for people."""

from __future__ import annotations


def table(columns, rows):
    """Return a left-aligned text table as a list of lines.

    Args:
        columns: headings.
        rows: lists of cells, each as long as columns.
    """
    cells = [[str(cell) for cell in row] for row in [columns] + list(rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    return ['  '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in cells]


def run_summary(hostvars, hosts):
    """Return a line for each host: its mail server, the wanted state, and what became of it.

    Args:
        hostvars: variables by host name, with what site.yml keeps of each host.
        hosts: the hosts that the run was to do, in order.
    """
    rows = []
    for host in hosts:
        known = hostvars[host]
        settings = known.get('conbool_settings') or {}
        if known.get('__conbool_failure'):
            result = 'FAILED: ' + str(known['__conbool_failure'])
        elif known.get('__conbool_done'):
            result = 'done'
        else:
            result = 'NOT DONE: unreachable, or its tasks were left out by --tags'
        rows.append([host, (known.get('__conbool_host') or {}).get('mta', '?'), settings.get('state', '?'), result])
    return table(['host', 'mta', 'state', 'result'], rows)
