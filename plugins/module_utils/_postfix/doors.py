# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services through which anybody can bring mail for hosted domains past the gateway."""

from __future__ import annotations

import ipaddress
from collections.abc import Container, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.access_tables import mynetworks_entries
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.listeners import (
    behind,
    command_of,
    is_proxied,
    is_reachable,
    listeners,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.strangers import Stranger
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import RED

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.strangers import Entries

CLOSED = '-o smtpd_client_restrictions=permit_sasl_authenticated,reject'


def doors(
    settings: Mapping[str, Any],
    info: Mapping[str, Any],
    entries: Entries,
    further: Container[str] = (),
    changed: bool = True,
) -> list[dict[str, Any]]:
    """Return a row for each service that takes mail for hosted domains from somebody who is a stranger to it.

    Args:
        settings: the normalised settings.
        info: what C(postfix_info) returned.
        entries: see Stranger.
        further: names of inet services that are limited to the gateway, beside those of port 25.
        changed: whether they are by now. Before, they do not count.
    """
    known = [ipaddress.ip_network(item) for item in settings['networks'] + settings['allowed_networks']]
    known += mynetworks_entries(info['expanded'].get('mynetworks', ''))
    stranger = Stranger(entries, known)
    limited = [_key(entry) for entry in listeners(info, further)[0]]
    rows = []
    for entry in info['services']:
        if entry['type'] != 'inet' or not is_reachable(entry, info):
            continue
        command = command_of(entry)
        takers = [entry] if command == 'smtpd' else behind(entry, info) if command == 'postscreen' else []
        for taker in takers:
            ours = _key(taker) in limited
            if (changed or not ours) and not stranger.is_refused(taker, info):
                rows.append(_row(entry, taker, info, ours))
    return rows


def _key(entry: Mapping[str, Any]) -> tuple[str, str]:
    return entry['name'], entry['type']


def _row(entry: Mapping[str, Any], taker: Mapping[str, Any], info: Mapping[str, Any], ours: bool) -> dict[str, Any]:
    name, where = entry['name'], '{}/{}'.format(*_key(taker))
    proxy = 'it is behind a proxy and ' if is_proxied(entry, info) else 'it '
    if ours:
        hint = 'Run site.yml again: it limits this service to the gateway.'
    else:
        hint = (
            f'If other servers bring mail there, set postfix_smarthost_inbound_services: ["{name}"], which limits it'
            f' like port 25. If it is for users, close it to all others: add {CLOSED} to {where} in master.cf (with'
            ' permit_mynetworks in front, if your own networks use it without logging in).'
        )
    return row(
        'inbound.door',
        f'{name}/inet',
        RED,
        f'{proxy}takes mail for hosted domains from anybody, past the gateway, and headers that only the gateway'
        ' may write with it',
        hint,
    )
