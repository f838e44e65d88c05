# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways past the gateway, into a Zimbra and out of it. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.sockets import for_others
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.diversions import (
    Diversions,
    deferred_rows,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.doors import CLOSED, open_doors
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.facts import ZimbraFacts

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.strangers import Entries

LIMITED = {'smtpd_client_restrictions', 'smtpd_data_restrictions'}
# Of mailboxd.
LMTP = 7025


def _as_postfix(facts: ZimbraFacts) -> dict[str, Any]:
    """Return what is known of its Postfix, as of any."""
    return {
        'services': facts.services,
        'expanded': facts.expanded,
        'parameters': facts.parameters,
        'configured': facts.configured,
        'queue_directory': facts.expanded.get('queue_directory', ''),
        'running': facts.running,
    }


def past_rows(instance: Instance, facts: ZimbraFacts, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows on filters that lead mail past the hop, and on ways that wait.

    Args:
        instance: its Postfix.
    """
    info = _as_postfix(facts)
    return [*Diversions(instance, settings, info).rows(), *deferred_rows(info, settings)]


def door_rows(
    facts: ZimbraFacts, settings: Mapping[str, Any], entries: Entries, changed: bool = True
) -> list[dict[str, Any]]:
    """Return the rows on services that take mail for hosted domains from anybody.

    Args:
        entries: see Stranger.
        changed: whether port 25 is limited by now. Before, it does not count.
    """
    rows = []
    for door in open_doors(settings, _as_postfix(facts), entries, changed=changed):
        if not changed and not LIMITED.issubset(door.taker['options']):
            # It goes by lists of main.cf, which limit it as they do port 25.
            continue
        hint = (
            'Run site.yml again: it limits port 25. If that does not help, options of this service in master.cf.in win'
            ' over smtpd_client_restrictions and smtpd_data_restrictions: take them out.'
            if door.ours
            else f'Close it to all but those who log in: add {CLOSED} to {door.where} in master.cf.in, and run'
            ' libexec/configrewrite mta. Or take it out there.'
        )
        rows.append(row('inbound.door', '{}/inet'.format(door.entry['name']), RED, door.finding, hint))
    addresses = sorted({entry.address for entry in for_others(LMTP)})
    if addresses:
        # Whether a firewall is in front, nobody can tell from here, and other servers of the same Zimbra need it.
        rows.append(
            row(
                'inbound.lmtp',
                f'port {LMTP}',
                GREEN,
                f'listens on {", ".join(addresses)}: who gets there brings mail for every mailbox, past the gateway',
                'Let the firewall take it from your own servers only.',
                'medium',
            )
        )
    return rows
