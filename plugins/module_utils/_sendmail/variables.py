# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How variables of role sendmail_smarthost are read where their type is not strict enough. Private."""

from __future__ import annotations

from typing import Any, Mapping

from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.facts import PATHS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.kinds import mapping

READERS = {
    'paths': mapping(readers.choice(*PATHS), readers.text, scalars=()),
    'system_ca_file': readers.file_path,
    'wash_port': readers.port,
}


def listeners(values: Mapping[str, Any]) -> list[str]:
    """Return the variables with the ports on which something will listen."""
    hop = values['sendmail_smarthost_decision'] != 'native'
    return ['outbound_hop_port', 'sendmail_smarthost_wash_port'] if hop else []
