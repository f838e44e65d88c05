# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients that hand mail to a listener of ours on loopback, and nowhere else. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

# Postfix's own default: connections to one destination at a time.
CONCURRENCY = '20'


# What a client leaves undone that is not the last one to see a message, whatever main.cf says of the smtp(8) client.
# Who leaves it to the last one also leaves no message out, or in the queue, for reasons that were meant for others.
UNTOUCHED = {
    'smtp_body_checks': '',
    'smtp_delivery_status_filter': '',
    'smtp_generic_maps': '',
    'smtp_header_checks': '',
    'smtp_line_length_limit': '0',
    'smtp_mime_header_checks': '',
    'smtp_nested_header_checks': '',
    'smtp_quote_rfc821_envelope': 'yes',
    'smtp_reply_filter': '',
}


def loopback_client(name: str, address: str, known: Collection[str] = (), **options: str) -> dict[str, Any]:
    """Return the master.cf entry of a client that hands mail to a listener on loopback.

    It overrides whatever main.cf says of the smtp(8) client that would make the short way fail (TLS levels, source
    addresses), lead mail past it (a fallback relay), or do twice what the hop's client does. Wherever a table leads
    it, it gets nowhere else: whoever sends from a loopback address is not answered from outside.

    Args:
        name: of the service.
        address: of the listener.
        known: the names of the parameters that this Postfix has.
        options: further parameters of this client.
    """
    if 'smtp_bind_address_enforce' in known:
        own = {'smtp_bind_address': '127.0.0.1', 'smtp_bind_address6': '::1', 'smtp_bind_address_enforce': 'yes'}
    else:
        # Postfix before 3.7 goes on from any address if it may not have the one. Its client has no other family than
        # the listener's, then; mail that is led to an address of the other one is returned.
        own = {
            'inet_protocols': 'ipv6' if ':' in address else 'ipv4',
            'smtp_bind_address': '',
            'smtp_bind_address6': '',
        }
    own['smtp_bind_address6' if ':' in address else 'smtp_bind_address'] = address
    return {
        'name': name,
        'type': 'unix',
        'chroot': 'n',
        'command': 'smtp',
        'options': {
            **own,
            **UNTOUCHED,
            'smtp_tls_security_level': 'none',
            # Of a relayhost on port 465: with it, no connection without TLS is tried.
            'smtp_tls_wrappermode': 'no',
            'smtp_tls_policy_maps': '',
            'smtp_sasl_auth_enable': 'no',
            'smtp_fallback_relay': '',
            # DSN, SMTPUTF8 and 8BITMIME have to get there even where they were not for the old next hop.
            'smtp_always_send_ehlo': 'yes',
            'smtp_never_send_ehlo': 'no',
            'smtp_discard_ehlo_keywords': '',
            'smtp_discard_ehlo_keyword_address_maps': '',
            **options,
        },
    }


def unthrottled(names: Iterable[str], expanded: Mapping[str, str]) -> dict[str, str]:
    """Return the main.cf parameters that keep clients for loopback as fast as the MTA was.

    What the MTA allows each of many destinations is now the share of one, the listener.

    Args:
        names: of the clients.
        expanded: the MTA's effective parameters.
    """
    found: dict[str, str] = {}
    for kind, free in (
        ('destination_rate_delay', '0s'),
        ('transport_rate_delay', '0s'),
        ('destination_concurrency_limit', CONCURRENCY),
    ):
        value = expanded.get('default_' + kind, free)
        slow = int(value) < int(free) if free.isdigit() and value.isdigit() else not re.match(r'^0+[smhdw]?$', value)
        if slow:
            found.update((f'{name}_{kind}', free) for name in names)
    return found
