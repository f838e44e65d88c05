# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How mail of devices in the LAN, which arrives on the same port as the gateway's, gets rid of trust headers.

Header checks belong to a listener, not to a client. So the message makes a detour: once it is queued, it goes to a listener on
loopback whose cleanup service strips the headers, and only from there on its way.
"""

from __future__ import annotations

import ipaddress

from ansible_collections.conbool.smtp_relay.plugins.module_utils import _values
from ansible_collections.conbool.smtp_relay.plugins.module_utils.hop import with_headroom
from ansible_collections.conbool.smtp_relay.plugins.module_utils.inbound_tables import overlap
from ansible_collections.conbool.smtp_relay.plugins.module_utils.smarthost import WASH_RULES, effective, loopback_client

WASH_CLIENTS_TABLE = 'conbool_wash_clients'
WASH_RULES_TABLE = 'conbool_wash_lan'
TRANSPORT = 'conbool-wash'
CLEANUP = 'conbool-wash-cleanup'
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
    for entry in smtpds:
        if effective(entry, info['expanded'], 'smtpd_proxy_filter'):
            found['warnings'].append('The headers of mail from %s are not washed at %s/%s: smtpd_proxy_filter passes it on before.' % (
                ', '.join(map(str, networks)), entry['name'], entry['type']))
    route = 'FILTER %s:[127.0.0.1]:%d' % (TRANSPORT, options['wash_port'])
    found['tables'] = [
        {'path': WASH_CLIENTS_TABLE, 'type': 'cidr', 'content': ''.join('%s %s\n' % (network, route) for network in networks)},
        {'path': WASH_RULES_TABLE, 'type': 'regexp', 'content': WASH_RULES},
    ]
    size = {'message_size_limit': with_headroom(info['expanded']['message_size_limit'])}
    # The filter of the first listener is replaced by the detour, and comes after it.
    content_filter = dict(('content_filter', entry['options']['content_filter']) for entry in smtpds if 'content_filter' in entry['options'])
    client = loopback_client(TRANSPORT, '127.0.0.1', smtp_header_checks='', smtp_generic_maps='', smtp_send_xforward_command='yes')
    found['services'] = [client, _listener(options['wash_port'], dict(size, **content_filter)), _cleanup(info, size)]
    return found


def _listener(port, options):
    """Return the listener that takes the mail back. What it may be, the first listener has decided."""
    return {
        'name': '127.0.0.1:%d' % port, 'type': 'inet', 'private': 'n', 'chroot': 'n', 'command': 'smtpd',
        'options': dict(options, **{
            'cleanup_service_name': CLEANUP,
            'mynetworks': '127.0.0.0/8',
            'receive_override_options': 'no_address_mappings no_unknown_recipient_checks no_milters',
            'smtpd_authorized_xforward_hosts': '127.0.0.0/8',
            'smtpd_client_connection_count_limit': '0',
            'smtpd_client_restrictions': '',
            'smtpd_data_restrictions': '',
            'smtpd_delay_reject': 'yes',
            'smtpd_discard_ehlo_keywords': '',
            'smtpd_end_of_data_restrictions': '',
            'smtpd_helo_required': 'no',
            'smtpd_helo_restrictions': '',
            'smtpd_milters': '',
            'smtpd_proxy_filter': '',
            'smtpd_recipient_restrictions': '',
            'smtpd_reject_unlisted_sender': 'no',
            'smtpd_relay_restrictions': 'permit_mynetworks, reject',
            'smtpd_sasl_auth_enable': 'no',
            'smtpd_sender_restrictions': '',
            'smtpd_tls_security_level': 'none',
            'smtpd_upstream_proxy_protocol': '',
            'syslog_name': 'postfix/conbool-wash',
        }),
    }


def _cleanup(info, options):
    fields = next((entry for entry in info['services'] if entry['name'] == 'cleanup'), {})
    return {
        'name': CLEANUP, 'type': 'unix', 'private': 'n', 'max_processes': '0', 'chroot': fields.get('chroot', 'n'), 'command': 'cleanup',
        # Every other check has seen the message before its detour.
        'options': dict(options, header_checks='regexp:%s/%s' % (info['config_dir'], WASH_RULES_TABLE),
                        mime_header_checks='', nested_header_checks='', body_checks=''),
    }
