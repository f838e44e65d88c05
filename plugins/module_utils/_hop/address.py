# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the hop may listen."""

from __future__ import annotations

import ipaddress

from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers


def hop_problems(address, **ports):
    """Return what is wrong with where the hop is to listen.

    Args:
        address: value of C(outbound_hop_address).
        ports: name of a variable to its value.
    """
    problems = []
    try:
        if not ipaddress.ip_address(address).is_loopback:
            problems.append(
                f'outbound_hop_address: {address!r} is no loopback address; whoever reaches the hop can send through it'
            )
    except ValueError:
        problems.append(f'outbound_hop_address: {address!r} is no IP address')
    for name, port in ports.items():
        try:
            readers.port(port)
        except ValueError as exc:
            problems.append(f'{name}: {port!r} {exc}')
    return problems
