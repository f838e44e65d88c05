# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Kerio Connect says of itself, as its interface says it, but for secrets."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.secrets import HIDDEN
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import Client
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.options import EVERYTHING

# Part -> (method, parameters, member of the result).
PARTS: dict[str, tuple[str, dict[str, Any], str]] = {
    'smtp': ('Smtp.get', {}, 'server'),
    'relay_rules': ('Smtp.getRelayDeliveryRuleList', {}, 'list'),
    'incoming_rules': ('Smtp.getIncomingRuleList', {}, 'list'),
    'outgoing_rules': ('Smtp.getOutgoingRuleList', {}, 'list'),
    'services': ('Services.get', {}, 'services'),
    'ip_groups': ('IpAddressGroups.get', {'query': EVERYTHING}, 'list'),
    'sender_policy': ('SenderPolicy.get', {}, 'options'),
    'security_policy': ('SecurityPolicy.get', {}, 'options'),
    'antispam': ('Content.getAntiSpamSetting', {}, 'setting'),
    'custom_rules': ('Content.getCustomRuleList', {'query': EVERYTHING}, 'list'),
    'domains': ('Domains.get', {'query': EVERYTHING}, 'list'),
    'remote_administration': ('Server.getRemoteAdministration', {}, 'setting'),
    'advanced': ('AdvancedOptions.get', {}, 'options'),
    'statistics': ('Statistics.get', {}, 'statistics'),
}
SECRET = re.compile('password$', re.IGNORECASE)
# By such a text in a custom rule the server knows mail that somebody vouches for.
TOKEN = re.compile('[0-9a-f]{32,}', re.IGNORECASE)


def read(client: Client, parts: list[str]) -> dict[str, Any]:
    """Version, account, and the parts; those that the server does not tell are None.

    Raises:
        KerioError: not even version and account are told.
    """
    version = client.call('Server.getVersion')
    details = client.call('Session.whoAmI')['userDetails']
    found: dict[str, Any] = {
        'version': str(version.get('version', '')),
        'version_numbers': [version[name] for name in ('major', 'minor', 'revision', 'build') if name in version],
        'role': details['effectiveRole']['userRole'],
    }
    info = client.attempt('Server.getProductInfo')
    found['os'] = info['info']['os'] if info else None
    for part in parts:
        method, params, member = PARTS[part]
        result = client.attempt(method, **params)
        found[part] = shown(result[member]) if result and member in result else None
    return found


def shown(value: Any) -> Any:
    """A structure of the interface without passwords and tokens."""
    if isinstance(value, list):
        return [shown(element) for element in value]
    if isinstance(value, dict):
        # Whether there is one is no secret.
        return {
            name: shown(inner)
            for name, inner in value.items()
            if not (SECRET.search(name) and not isinstance(inner, bool))
        }
    return TOKEN.sub(HIDDEN, value) if isinstance(value, str) and not value.startswith('keriodb:') else value
