# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the outbound hop takes over of the MTA that it serves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import loopback
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.document import items
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.size_limit import with_headroom

# What the outside sees of the MTA, and what the MTA promised to its users: the hop must not differ in it.
INHERITED = (
    'bounce_queue_lifetime',
    'command_directory',
    'daemon_directory',
    'delay_warning_time',
    'header_size_limit',
    'inet_protocols',
    'mail_owner',
    'maillog_file',
    'maximal_backoff_time',
    'maximal_queue_lifetime',
    'minimal_backoff_time',
    'myorigin',
    'queue_run_delay',
    'setgid_group',
    'smtputf8_enable',
)

# The same of its smtp(8) client, whose entry in master.cf may have values of its own.
INHERITED_CLIENT = (
    'smtp_address_preference',
    'smtp_bind_address',
    'smtp_bind_address6',
    'smtp_dns_support_level',
    'smtp_helo_name',
    'smtp_host_lookup',
    'smtp_tls_CAfile',
    'smtp_tls_CApath',
    'smtp_tls_fingerprint_digest',
    'smtp_tls_mandatory_protocols',
    'smtp_tls_policy_maps',
    'smtp_tls_secure_cert_match',
    'smtp_tls_verify_cert_match',
    'tls_append_default_CA',
)


def _client(info: Mapping[str, Any]) -> dict[str, str]:
    """Return the effective parameters of the MTA's smtp(8) client, with C($name) expanded."""
    mta = info['expanded']
    entry: dict[str, Any] = next(
        (entry for entry in info.get('services', []) if (entry['name'], entry['type']) == ('smtp', 'unix')),
        {'options': {}},
    )
    own = {
        name: re.sub(r'\$(\w+|\{\w+\}|\(\w+\))', lambda match: mta.get(match.group(1).strip('{()}'), ''), value)
        for name, value in entry['options'].items()
    }
    return dict(mta, **own)


def direct_tls_level(info: Mapping[str, Any]) -> str:
    """Return the level at which the MTA spoke to the servers of recipients, at least C(may)."""
    client = _client(info)
    if client.get('relayhost'):
        # It spoke to that one only, of which more can be asked than of anybody's server.
        return 'may'
    level = client.get('smtp_tls_security_level') or ('encrypt' if client.get('smtp_enforce_tls') == 'yes' else 'may')
    return 'may' if level == 'none' else level


def return_address(info: Mapping[str, Any]) -> str | None:
    """Return where the MTA takes the hop's bounces: its listener on port 25, on loopback when there is one.

    Args:
        info: what C(postfix_info) returned; of another MTA, without C(services).

    Returns:
        A next hop, or None when the MTA takes no mail on port 25.
    """
    everywhere = loopback(info['expanded'].get('inet_protocols', 'all'))
    if 'services' not in info:
        return f'[{everywhere}]:25'
    hosts: list[str] = []
    for entry in info['services']:
        host, dummy, port = entry['name'].rpartition(':')
        if (
            entry['type'] == 'inet'
            and port in ('smtp', '25')
            and entry['command'].split()[0] in ('smtpd', 'postscreen')
        ):
            hosts += [host] if host else items(info['expanded'].get('inet_interfaces', 'all'))
    hosts = [
        everywhere if host in ('all', 'loopback-only', 'localhost', '0.0.0.0', '[::]') else host.strip('[]')
        for host in hosts
    ]
    inside = [host for host in hosts if host.startswith('127.') or host == '::1']
    return f'[{(inside + hosts)[0]}]:25' if hosts else None


def mta_parameters(info: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters that the hop takes over from the MTA.

    Args:
        info: what C(postfix_info) returned of the MTA; names that its version lacks are missing.

    Returns:
        Name to value, without those that the MTA lacks or leaves empty.
    """
    mta, client = info['expanded'], _client(info)
    taken = {name: mta[name] for name in INHERITED if mta.get(name)}
    taken.update((name, client[name]) for name in INHERITED_CLIENT if client.get(name))
    if 'smtp_tls_policy_maps' in taken:
        # The hop has no proxymap(8), and its clients open tables themselves, with the rights of whoever starts them.
        taken['smtp_tls_policy_maps'] = re.sub(r'\bproxy:', '', taken['smtp_tls_policy_maps'])
    taken['message_size_limit'] = with_headroom(mta['message_size_limit'])
    # Postfix sends from the only address it listens on; the hop listens elsewhere and has to be told.
    interfaces = items(mta.get('inet_interfaces', 'all'))
    if len(interfaces) == 1 and 'smtp_bind_address' not in taken and 'smtp_bind_address6' not in taken:
        address = interfaces[0].strip('[]')
        if re.match(r'^\d+(\.\d+){3}$', address) and not address.startswith('127.'):
            taken['smtp_bind_address'] = address
        elif ':' in address and address != '::1':
            taken['smtp_bind_address6'] = address
    return taken
