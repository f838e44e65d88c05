# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statistics.get: counters, which are strings."""

from __future__ import annotations

THROUGHPUT = ('received', 'storedInQueue', 'transmitted', 'deliveredToLocals', 'mx', 'relay')


def statistics(state) -> dict:
    counters = state.journal.counters
    told = state.schema.zero('ServerStatistics')
    for name in THROUGHPUT:
        told[name]['count'] = told[name]['recipients'] = str(counters[name])
    for group, names in told.items():
        if group in THROUGHPUT or not isinstance(names, dict):
            continue
        for name, value in names.items():
            if isinstance(value, str):
                names[name] = str(counters[f'{group}.{name}'])
    return told
