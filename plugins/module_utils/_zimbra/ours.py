# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a value is ours, where the rest of it is the site's. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.access_tables import POSTSCREEN_TABLE
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import sieve

SENDERS_TABLE, TLS_TABLE = 'conbool_senders', 'conbool_tls'
BY_SENDER, TLS_POLICY = 'sender_dependent_relayhost_maps', 'smtp_tls_policy_maps'
CLIENT, DATA = 'zimbraMtaSmtpdClientRestrictions', 'zimbraMtaSmtpdDataRestrictions'
POSTSCREEN, SIEVE = 'zimbraMtaPostscreenAccessList', 'zimbraAdminSieveScriptBefore'

# Items at the beginning of a list that name something of ours.
_LIST = re.compile(r'\A(?:\s*check_\w+\s+(?:\{[^{}]*conbool[^{}]*\}|\S*/conbool_[^\s,]*)\s*(?:,|\Z))+\s*')
_ACCESS = re.compile(rf'\A\s*cidr:\S*/{POSTSCREEN_TABLE}(?:\s*,\s*|\s+|\Z)')
# A table, and what is for everybody else.
_MAPS = re.compile(
    rf'\A(?:texthash:\S*/(?:{SENDERS_TABLE}|{TLS_TABLE})(?:\s*,\s*|\s+|\Z))?'
    r'(?:static:\[(?:127\.|::1)[^,\s]*(?:\s*,\s*|\s+|\Z))?'
)


def _taking(pattern: re.Pattern[str]) -> Callable[[str], str]:
    return lambda value: pattern.sub('', value)


# Attribute, or parameter of main.cf, to what takes ours out of its value.
WITHOUT: Mapping[str, Callable[[str], str]] = {
    CLIENT: _taking(_LIST),
    DATA: _taking(_LIST),
    POSTSCREEN: _taking(_ACCESS),
    SIEVE: sieve.without_rule,
    BY_SENDER: _taking(_MAPS),
    TLS_POLICY: _taking(_MAPS),
}


def in_front(ours: str, site: str) -> str:
    """Return a list with ours in front of what is there."""
    return f'{ours}, {site}' if site.strip() else ours
