# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services through which anybody can bring mail for hosted domains past the gateway."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.doors import CLOSED, Door, open_doors
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import RED

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.strangers import Entries


def doors(
    settings: Mapping[str, Any],
    info: Mapping[str, Any],
    entries: Entries,
    further: Container[str] = (),
    changed: bool = True,
) -> list[dict[str, Any]]:
    """Return a row for each service that takes mail for hosted domains from somebody who is a stranger to it, see
    open_doors()."""
    return [_row(door) for door in open_doors(settings, info, entries, further, changed)]


def _row(door: Door) -> dict[str, Any]:
    name = door.entry['name']
    if door.ours:
        hint = 'Run site.yml again: it limits this service to the gateway.'
    else:
        hint = (
            f'If other servers bring mail there, set postfix_smarthost_inbound_services: ["{name}"], which limits it'
            f' like port 25. If it is for users, close it to all others: add {CLOSED} to {door.where} in master.cf'
            ' (with permit_mynetworks in front, if your own networks use it without logging in).'
        )
    return row('inbound.door', f'{name}/inet', RED, door.finding, hint)
