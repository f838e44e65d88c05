# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How mail of devices in the LAN, which arrives on the same port as the gateway's, gets rid of trust headers.

Header checks belong to a listener, not to a client. So the message makes a detour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.detour import (
    behind_proxy_filter,
    detour_services,
    route,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.marks import WASH_RULES

WASH_CLIENTS_TABLE = 'conbool_wash_clients'
WASH_RULES_TABLE = 'conbool_wash_lan'


def wash_configuration(
    settings: Mapping[str, Any],
    info: Mapping[str, Any],
    options: Mapping[str, Any],
    smtpds: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the detour of the networks that are to be washed.

    Args:
        settings: the normalised settings, of which C(wash_networks) counts.
        info: what C(postfix_info) returned.
        options: C(wash_port).
        smtpds: the entries of master.cf on which these networks hand in mail.

    Returns:
        C(services), C(tables), C(warnings); nothing when no network is to be washed.
    """
    found: dict[str, list[Any]] = {'services': [], 'tables': [], 'warnings': []}
    networks = settings['wash_networks']
    if not networks:
        return found
    passed = behind_proxy_filter(smtpds, info)
    if passed:
        found['warnings'].append(
            'The headers of mail from {} are not washed at {}: smtpd_proxy_filter passes it on before.'.format(
                ', '.join(networks), passed
            )
        )
    found['tables'] = [
        {
            'path': WASH_CLIENTS_TABLE,
            'type': 'cidr',
            'content': ''.join(
                '{} {}\n'.format(network, route('wash', options['wash_port'], info)) for network in networks
            ),
        },
        {'path': WASH_RULES_TABLE, 'type': 'regexp', 'content': WASH_RULES},
    ]
    found['services'] = detour_services('wash', options['wash_port'], WASH_RULES_TABLE, info, smtpds)
    return found
