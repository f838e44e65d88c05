# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host is still what was made of it: the comparison that a change begins with, and nothing after it. Private
to this collection."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError, locked
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import NO_ANSWER, reason
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.look import Look
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module.smarthost import directories_of, wanted_parts
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.drift import (
    busy_row,
    drift_row,
    green_row,
    note_row,
    refused_row,
)

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import Shown
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import MailServer

# Seconds in which another run may end.
PATIENCE = 5
# Because of which it cannot be told of a part whether it is as wanted. The others can be.
UNTOLD = (*NO_ANSWER, SwitchError)


def drift_rows(server: MailServer, shown: list[Shown]) -> list[dict[str, Any]]:
    """Return a row for each part that a run would change, and one for all others. Nothing is changed.

    Args:
        shown: what the gateway shows, empty when it could not be asked.
    """
    look = Look(server.module, diff=True)
    try:
        with ExitStack() as locks:
            for directory in sorted(set(map(os.path.realpath, directories_of(server)))):
                locks.enter_context(locked(directory, PATIENCE))
            return _compared(look, server, shown)
    except BlockingIOError:
        return [busy_row()]


def _compared(look: Look, server: MailServer, shown: list[Shown]) -> list[dict[str, Any]]:
    rows, same = [], []
    try:
        parts, warnings, dummy = wanted_parts(look, server, shown)
    except UNTOLD as exc:
        return [refused_row('refused', printable(reason(exc)))]
    for part in parts:
        try:
            result, said = part.converge(look)
            found = drift_row(part.name, result)
            # What there is no record of has its row.
            warnings = warnings + [text for text in said if text not in result.get('unrecorded', [])]
        except UNTOLD as exc:
            found = refused_row(part.name, printable(reason(exc)))
        if found:
            rows.append(found)
        else:
            same.append(part.name)
    # Parts say again what was seen before.
    return rows + ([green_row(same)] if same else []) + list(map(note_row, dict.fromkeys(warnings)))
