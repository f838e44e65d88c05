# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How variables of role postfix_smarthost are read where their type is not strict enough. Private."""

from __future__ import annotations

from typing import Any, Mapping

from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import grammars, readers

READERS = {
    'client_ca_file': readers.file_path,
    'flag_port': readers.port,
    'inbound_services': grammars.listener,
    'release_port': readers.port,
    'return_port': readers.port,
    'wash_port': readers.port,
    'wash_services': grammars.listener,
}


def listeners(values: Mapping[str, Any]) -> list[str]:
    """Return the variables with the ports on which something will listen."""
    names = ['outbound_hop_port']
    if not values['outbound_hop_return_address']:
        names.append('postfix_smarthost_return_port')
    if values['conbool_wash_networks']:
        names.append('postfix_smarthost_wash_port')
    if values['conbool_inbound'] and values['conbool_spam_delivery'] != 'folder':
        names += ['postfix_smarthost_flag_port', 'postfix_smarthost_release_port']
    return names
