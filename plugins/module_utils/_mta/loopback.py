# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which loopback address the programs of a mail server can use. Private to this collection."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import addresses

IPV4, IPV6 = '127.0.0.1', '::1'
# What may hand in mail on a listener at such an address, as Postfix writes networks.
NETWORKS = {IPV4: '127.0.0.0/8', IPV6: '[::1]/128'}


def allowed(address: str, protocols: str) -> bool:
    """Return whether C(inet_protocols) of postconf(5) lets a Postfix use an address."""
    return re.search(r'\b(all|{})\b'.format('ipv6' if ':' in address else 'ipv4'), protocols) is not None


def loopback(protocols: str = 'all') -> str:
    """Return the address for a listener on loopback: IPv4's, unless the mail server or the host has IPv6 only.

    Args:
        protocols: C(inet_protocols) of the mail server, in Postfix's terms.
    """
    if not allowed(IPV6, protocols):
        return IPV4
    return IPV4 if allowed(IPV4, protocols) and (there(IPV4) or not there(IPV6)) else IPV6


def network(address: str) -> str:
    """Return the network of the clients of a listener on loopback, as Postfix writes it."""
    return NETWORKS[IPV6 if ':' in address else IPV4]


def in_brackets(address: str) -> str:
    """Return an address as master.cf has it in front of a port."""
    return f'[{address}]' if ':' in address else address


def hop_address(settings: Mapping[str, Any], protocols: str = 'all') -> str:
    """Return where the outbound hop listens: what the user says, or else what the mail server can reach.

    Args:
        settings: what M(conbool.smtp_relay.settings) returned.
        protocols: as for loopback().
    """
    return settings['roles']['outbound_hop']['address'] or loopback(protocols)


def there(address: str) -> bool:
    """Return whether an address is one of this host's."""
    try:
        with socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def is_own(address: str) -> bool:
    """Return whether an address is one of this host's now. A host that may take over that of another one
    (ip_nonlocal_bind, as beside keepalived) can listen at any, so that there() tells nothing of it."""
    known = ipaddress.ip_address(address)
    spans = addresses.own(known.version)
    return there(address) if spans is None else any(low <= int(known) <= high for low, high in spans)
