# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway, spoken to as the client that takes mail there would. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.gateway import (
    addresses,
    options,
    readable,
    server_rows,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.check import examined

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import Shown

# Whoever only verifies does not wait for a gateway that is away as long as mail does.
TIMEOUT, DEADLINE = 10, 20
MEANWHILE = 'Mail waits in the queue until then.'


class Gateway:
    """The gateway, asked when somebody first wants to know, and once.

    Args:
        settings: what M(conbool.smtp_relay.settings) returned.
        dns_only: whether the client that takes mail there reads no /etc/hosts.
    """

    def __init__(self, settings: Mapping[str, Any], dns_only: bool = False) -> None:
        self._settings, self._dns_only = settings, dns_only
        self._known: list[tuple[dict[str, Any], bytes | None]] = []

    def _examined(self) -> list[tuple[dict[str, Any], bytes | None]]:
        if not self._known:
            # A name without an address is asked for as it is, which says why.
            hosts = addresses(self._settings, self._dns_only) or [self._settings['relay_host']]
            self._known = examined(options(self._settings, hosts=hosts, timeout=TIMEOUT, deadline=DEADLINE))
        return self._known

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows on a TLS handshake with each of its addresses. What is not green keeps mail waiting: a client
        takes any of them."""
        servers = [server for server, dummy in self._examined()]
        return [
            entry if entry['status'] == GREEN else dict(entry, hint=' '.join(filter(None, [entry['hint'], MEANWHILE])))
            for entry in server_rows(self._settings, {'servers': servers})
        ]

    def shown(self) -> list[Shown]:
        """Return what it shows at each of its addresses, as far as chain and name are verified; nothing where it cannot
        be asked, which the rows say."""
        try:
            return readable(certificate for dummy, certificate in self._examined() if certificate)
        except (ValueError, OSError):
            return []
