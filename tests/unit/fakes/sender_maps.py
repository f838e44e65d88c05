# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Postfix asks the tables of sender_dependent_relayhost_maps."""

from __future__ import annotations

import re


def by_sender(maps, sender):
    """The next hop that they have for a sender, empty for none.

    All tables are asked for one key before any is asked for the next; patterns and static ones know whole addresses only.
    """
    tables = [item for item in re.split(r'[,\s]+', maps) if item]
    for partial, key in ((False, sender or '<>'), (True, '@' + sender.rpartition('@')[2])):
        for table in tables:
            found = _in_table(*table.split(':', 1), key, partial)
            if found:
                return found
    return ''


def _in_table(kind, path, key, partial):
    if kind == 'static':
        return '' if partial else path
    with open(path, encoding='ascii') as stream:
        lines = stream.read().splitlines()
    if kind == 'texthash':
        return dict(line.split(' ', 1) for line in lines).get(key, '')
    rows = [re.fullmatch(r'/(.*)/ (.*)', line).groups() for line in lines if kind == 'regexp' and not partial]
    return next((found for pattern, found in rows if re.search(pattern, key, re.IGNORECASE)), '')
