# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How variables of role zimbra_smarthost are read where their type is not strict enough. Private."""

from __future__ import annotations

from typing import Any, Mapping

from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers

READERS = {
    'client_ca_file': readers.file_path,
    'command_timeout': readers.whole_number(10, 3600),
    'wash_port': readers.port,
    'wash_senders': readers.boolean,
}


def listeners(values: Mapping[str, Any]) -> list[str]:
    """Return the variables with the ports on which something will listen."""
    wash = ['zimbra_smarthost_wash_port'] if values['zimbra_smarthost_wash_senders'] else []
    return ['outbound_hop_port', *wash]
