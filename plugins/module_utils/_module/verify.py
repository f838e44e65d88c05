# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of C(<name>_verify). Private to this collection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import NO_ANSWER
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module.drift import drift_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module.handed import SETTINGS, handed
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module.questions import hop_of, rows_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module.server import server_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.gateway import asks_for_certificate
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.handshake import Gateway

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import MailServer


def main(server_class: type[MailServer]) -> None:
    """Run the module for one kind of mail server. What is wrong is a row, not a failure."""
    module, settings = handed({**SETTINGS, **server_class.OPTIONS})
    server = server_of(server_class, module, settings)
    settings = server.settings
    gateway = Gateway(settings, _dns_only(server))
    shown = gateway.shown() if asks_for_certificate(settings) else []
    more = [('gateway', 'gateway', gateway.rows)]
    if settings['state'] == 'present':
        more.append(('drift', 'this host', lambda: drift_rows(server, shown)))
    rows = rows_of(server, settings, shown, more, stuck=True)
    module.exit_json(changed=False, rows=rows)


def _dns_only(server: MailServer) -> bool:
    """Return whether who sends mail to the gateway goes by DNS alone. That a hop cannot tell, its own rows say."""
    try:
        hop = hop_of(server)
        return hop is not None and hop.dns_only()
    except NO_ANSWER:
        return False
