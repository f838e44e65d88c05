# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back of what the hop itself makes, its bounces and delay notices: a listener that no rule of the site judges.

On port 25 a table of HELO names, an empty mynetworks or a milter may refuse them, and a bounce that is refused is lost.
The mail server's own bounces pass no such rule either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import in_brackets, loopback, network
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.line_ends import line_ends

SYSLOG_NAME = 'postfix/conbool-return'
# Senders of notices to the postmaster are what double_bounce_sender says: Postfix's default, or the site's.
NOTICES = 'double-bounce'
PLAIN = re.compile(r'[A-Za-z0-9._+-]+')


def _address(expanded: Mapping[str, str]) -> str:
    return loopback(expanded.get('inet_protocols', 'all'))


def next_hop(port: int | str, expanded: Mapping[str, str]) -> str:
    """Return where the hop hands in what it makes, in Postfix's next-hop syntax."""
    return f'[{_address(expanded)}]:{port}'


def present_next_hop(info: Mapping[str, Any]) -> str | None:
    """Return the next hop of the listener that is there, None without one.

    Args:
        info: what C(postfix_info) returned.
    """
    for entry in info.get('services', []):
        if entry['type'] == 'inet' and entry['options'].get('syslog_name') == SYSLOG_NAME:
            host, dummy, port = entry['name'].rpartition(':')
            return '[{}]:{}'.format(host.strip('[]'), port)
    return None


def _senders(expanded: Mapping[str, str]) -> str:
    """Return the table of those whom the hop can name as the sender of what it makes itself."""
    names = {NOTICES, expanded.get('double_bounce_sender', NOTICES)}
    return 'inline:{{{}}}'.format(
        ', '.join(['<>=OK'] + [f'{name}@=OK' for name in sorted(names) if PLAIN.fullmatch(name)])
    )


def return_configuration(port: int | str, expanded: Mapping[str, str], version: str) -> dict[str, Any]:
    """Return the listener, as C(services) for C(postfix_config), with the other parts empty.

    Every local user reaches loopback. So it takes what the hop hands in, and no more: mail without a sender, to one
    recipient.

    Args:
        port: of the listener.
        expanded: the MTA's effective parameters.
        version: of the MTA.
    """
    address = _address(expanded)
    listener = {
        'name': f'{in_brackets(address)}:{port}',
        'type': 'inet',
        'private': 'n',
        'chroot': 'n',
        'command': 'smtpd',
        'options': {
            **line_ends(version),
            'content_filter': '',
            'disable_vrfy_command': 'yes',
            'mynetworks': network(address),
            # Addresses are mapped as usual, since aliases are what the site says of its mailboxes.
            'receive_override_options': 'no_header_body_checks no_milters no_unknown_recipient_checks',
            'smtpd_authorized_verp_clients': '',
            'smtpd_authorized_xclient_hosts': '',
            'smtpd_authorized_xforward_hosts': '',
            'smtpd_client_connection_count_limit': '0',
            'smtpd_client_restrictions': '',
            'smtpd_command_filter': '',
            'smtpd_data_restrictions': '',
            'smtpd_delay_reject': 'yes',
            'smtpd_discard_ehlo_keywords': '',
            'smtpd_end_of_data_restrictions': '',
            'smtpd_helo_required': 'no',
            'smtpd_helo_restrictions': '',
            'smtpd_milters': '',
            'smtpd_null_access_lookup_key': '<>',
            'smtpd_peername_lookup': 'no',
            'smtpd_proxy_filter': '',
            'smtpd_recipient_limit': '1',
            'smtpd_recipient_restrictions': '',
            'smtpd_reject_unlisted_sender': 'no',
            'smtpd_relay_restrictions': 'permit_mynetworks, reject',
            'smtpd_sasl_auth_enable': 'no',
            'smtpd_sender_restrictions': f'check_sender_access {_senders(expanded)}, reject',
            'smtpd_tls_security_level': 'none',
            'smtpd_tls_wrappermode': 'no',
            'smtpd_upstream_proxy_protocol': '',
            'syslog_name': SYSLOG_NAME,
        },
    }
    return {'parameters': {}, 'services': [listener], 'service_options': [], 'tables': []}
