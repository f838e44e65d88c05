# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway's mail let past the site's own checks of clients and senders, which would judge the gateway.

What it may deliver stays limited where its recipients are looked at: TLS, certificate, hosted domains, mailboxes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.restriction_lists import (
    EXCEPTIONS,
    JUDGING,
    in_front,
)

TRUSTED_TABLE = 'conbool_trusted'
# In the class of the known gateway, before what the site asks: whether the mailbox is there still counts.
LAST_WORDS = ['reject_unlisted_recipient', 'permit']


def trusted_table(networks: Iterable[str]) -> str:
    return ''.join(f'{network} OK\n' for network in networks)


def trusting(entry: Mapping[str, Any], parameters: Mapping[str, str], config_dir: str) -> dict[str, str]:
    """Return the options with which a service does not judge the gateway's address or the senders of its mail.

    Args:
        entry: of master.cf, one on which the gateway brings mail.
        parameters: of main.cf.
        config_dir: with the table.
    """
    table = f'cidr:{config_dir}/{TRUSTED_TABLE}'
    ours, found = f'check_client_access {table}', {}
    for name in JUDGING:
        found.update(in_front(entry, parameters, name, ours, [ours]))
    # All of a company's mail comes from a few addresses.
    found.update(in_front(entry, parameters, EXCEPTIONS, table, [table]))
    return found
