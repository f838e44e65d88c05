# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail without a sender, or of the server's own, that a user hands in: told from the server's notices by a mark that
only services for users set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.restriction_lists import (
    DATA_RESTRICTIONS,
    in_front,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.marks import BY_USER, WASH_RULES

TABLE = 'conbool_user_senders'
NULL_KEY = 'smtpd_null_access_lookup_key'
# Postfix's default of double_bounce_sender; the hop leaves it so.
DOUBLE_BOUNCE = 'double-bounce'


def origin(expanded: Mapping[str, str]) -> str:
    """Return the domain that an MTA adds to addresses without one. On Debian, myorigin may be the file that has it."""
    value = expanded.get('myorigin') or expanded['myhostname']
    if value.startswith('/'):
        value = decode(read_file(value).data or b'').partition('\n')[0].strip() or expanded['myhostname']
    return value.lower()


def own_sender(expanded: Mapping[str, str]) -> str:
    """Return the sender of notices that a Postfix writes itself.

    Anybody can write C(double-bounce@) in front of another domain.
    """
    return '{}@{}'.format(expanded.get('double_bounce_sender') or DOUBLE_BOUNCE, origin(expanded)).lower()


def wash_rules(mode: object) -> str:
    """Return the regexp(5) table that takes trust headers away, but for the mark.

    A user can write it as well. All it does is to lead mail to the gateway.
    """
    return (f'/^{BY_USER}$/ DUNNO\n' if mode == 'server' else '') + WASH_RULES


def mark_users(info: Mapping[str, Any], overrides: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Have services for users mark mail of senders that are nobody.

    Args:
        info: what C(postfix_info) returned of the MTA.
        overrides: C(service_options) of the services; theirs are added to them.

    Returns:
        Tables.
    """
    services = {(entry['name'], entry['type']): entry for entry in info['services']}
    table = 'check_sender_access texthash:{}/{}'.format(info['config_dir'], TABLE)
    keys = {own_sender(info['expanded'])}
    for override in overrides:
        entry = services[override['name'], override['type']]
        keys.add(entry['options'].get(NULL_KEY) or info['expanded'].get(NULL_KEY) or '<>')
        # Asked whatever another list says, and after the sender is known.
        override['options'].update(in_front(entry, info['parameters'], DATA_RESTRICTIONS, table, [table]))
    entries = dict.fromkeys(sorted(keys), f'PREPEND {BY_USER}')
    return [{'path': TABLE, 'type': 'texthash', 'entries': entries}] if overrides else []
