# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a value is ours, where the rest of it is the site's. Private to this collection.

Ours are items that name a table of ours in the directory of Zimbra's Postfix, or our policy service, wherever somebody
has moved them. What only looks like them is the site's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.access_tables import (
    CERTIFICATES_TABLE,
    CLIENTS_TABLE,
    DATA_TABLE,
    POSTSCREEN_TABLE,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.values import placed_words, words
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import commands, sieve

# Of the record of what the role has changed.
OWNER = 'zimbra_smarthost'
STRANGERS_TABLE, UNCERTIFIED_TABLE = 'conbool_strangers', 'conbool_uncertified'
SENDERS_TABLE, TLS_TABLE = 'conbool_senders', 'conbool_tls'
TABLES = (
    CERTIFICATES_TABLE,
    CLIENTS_TABLE,
    DATA_TABLE,
    POSTSCREEN_TABLE,
    SENDERS_TABLE,
    STRANGERS_TABLE,
    TLS_TABLE,
    UNCERTIFIED_TABLE,
)
SOCKET = '/run/conbool-certificate.sock'
BY_SENDER, TLS_POLICY = 'sender_dependent_relayhost_maps', 'smtp_tls_policy_maps'
CLIENT, DATA = 'zimbraMtaSmtpdClientRestrictions', 'zimbraMtaSmtpdDataRestrictions'
POSTSCREEN, SIEVE = 'zimbraMtaPostscreenAccessList', 'zimbraAdminSieveScriptBefore'

_CHECK = re.compile(r'check_\w+', re.IGNORECASE)


def is_ours(item: str) -> bool:
    """Return whether an item of a list is a table of ours or our policy service."""
    kind, dummy, path = (words(item[1:-1]) or [''])[0].partition(':') if item[:1] == '{' else item.partition(':')
    directory, name = os.path.split(path)
    return path == SOCKET if kind == 'unix' else name in TABLES and directory == commands.config_dir()


def without(value: str) -> str:
    """Return a list without what is ours in it. Nothing else changes."""
    placed = placed_words(value)
    ours = [is_ours(word) for word, dummy, dummy in placed]
    if not any(ours):
        return value
    # A table of a restriction goes with the restriction.
    gone = [
        mine or (follows and _CHECK.fullmatch(word) is not None)
        for (word, dummy, dummy), mine, follows in zip(placed, ours, [*ours[1:], False])
    ]
    kept, between, end = '', '', 0
    for (word, start, stop), away in zip(placed, gone):
        # Of what stood between two that are left with some of ours in between, the first.
        between = between or value[end:start]
        if not away:
            kept, between = kept + (between if kept else '') + word, ''
        end = stop
    return kept


def names(texts: Iterable[str], path: str) -> bool:
    """Return whether one of these values names a file."""
    return any(re.search(re.escape(path) + r'(?![\w./-])', text) for text in texts)


WITHOUT: Mapping[str, Callable[[str], str]] = {
    CLIENT: without,
    DATA: without,
    POSTSCREEN: without,
    SIEVE: sieve.without_rule,
    BY_SENDER: without,
    TLS_POLICY: without,
}


def in_front(ours: str, site: str) -> str:
    """Return a list with ours in front of what is there."""
    return f'{ours}, {site}' if site.strip() else ours
