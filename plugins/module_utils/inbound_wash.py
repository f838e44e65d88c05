# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How mail of devices in the LAN, which arrives on the same port as the gateway's, gets rid of trust headers.

Header checks belong to a listener, not to a client. So the message makes a detour.
"""

from __future__ import annotations

import ipaddress

from ansible_collections.conbool.smtp_relay.plugins.module_utils import _values
from ansible_collections.conbool.smtp_relay.plugins.module_utils.inbound_detour import behind_proxy_filter, detour_services, route
from ansible_collections.conbool.smtp_relay.plugins.module_utils.inbound_tables import overlap
from ansible_collections.conbool.smtp_relay.plugins.module_utils.smarthost import WASH_RULES

WASH_CLIENTS_TABLE = 'conbool_wash_clients'
WASH_RULES_TABLE = 'conbool_wash_lan'
VARIABLE = 'postfix_smarthost_wash_networks'


def _networks(names, settings):
    """Return the networks and what is wrong with them."""
    networks, problems = [], []
    gateway = [ipaddress.ip_network(item) for item in settings['networks']]
    for name in names:
        try:
            network = ipaddress.ip_network(_values.network(name))
        except ValueError as exc:
            problems.append('%s: %r %s' % (VARIABLE, name, exc))
            continue
        networks.append(network)
        problems += ['%s: %s overlaps %s of conbool_networks, whose headers are what they are for' % (VARIABLE, network, other)
                     for other in gateway if overlap(network, other)]
    return networks, problems


def wash_configuration(settings, info, options, smtpds):
    """Return the detour of the networks that are to be washed.

    Args:
        settings: the normalised settings.
        info: what C(postfix_info) returned.
        options: C(wash_networks) and C(wash_port).
        smtpds: the entries of master.cf on which these networks hand in mail.

    Returns:
        dict: C(services), C(tables), C(warnings), C(problems); nothing when no network is to be washed.
    """
    found = {'services': [], 'tables': [], 'warnings': [], 'problems': []}
    if not options['wash_networks']:
        return found
    networks, found['problems'] = _networks(options['wash_networks'], settings)
    passed = behind_proxy_filter(smtpds, info)
    if passed:
        found['warnings'].append('The headers of mail from %s are not washed at %s: smtpd_proxy_filter passes it on before.' % (
            ', '.join(map(str, networks)), passed))
    found['tables'] = [
        {'path': WASH_CLIENTS_TABLE, 'type': 'cidr', 'content': ''.join('%s %s\n' % (network, route('wash', options['wash_port'])) for network in networks)},
        {'path': WASH_RULES_TABLE, 'type': 'regexp', 'content': WASH_RULES},
    ]
    found['services'] = detour_services('wash', options['wash_port'], WASH_RULES_TABLE, info, smtpds)
    return found
