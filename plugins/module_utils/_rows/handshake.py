# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway, spoken to as the client that takes mail there would. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.gateway import addresses, options, server_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.check import check

# Whoever only verifies does not wait for a gateway that is away as long as mail does.
TIMEOUT, DEADLINE = 10, 20
MEANWHILE = 'Mail waits in the queue until then.'


def gateway_rows(settings: Mapping[str, Any], dns_only: bool = False) -> list[dict[str, Any]]:
    """Return the rows on a TLS handshake with each address of the gateway. What is not green keeps mail waiting: a
    client takes any of them.

    Args:
        dns_only: whether that client reads no /etc/hosts.
    """
    # A name without an address is asked for as it is, which says why.
    hosts = addresses(settings, dns_only) or [settings['relay_host']]
    servers = check(options(settings, hosts=hosts, timeout=TIMEOUT, deadline=DEADLINE))
    return [
        entry if entry['status'] == GREEN else dict(entry, hint=' '.join(filter(None, [entry['hint'], MEANWHILE])))
        for entry in server_rows(settings, {'servers': servers})
    ]
