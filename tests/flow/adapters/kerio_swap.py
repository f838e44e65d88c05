# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of Kerio Connect (not Kerio Connect), which keeps port 25 of loopback alone: the outbound hop is at that of the
host's address (mode swap)."""

from __future__ import annotations

from tests.flow.adapters import kerio, postfix

LOST = 'at port 25 the hop takes mail of the gateway, and knows no other client'
ADDRESS = 'the hop is at the IPv4 address that it is told'


class Adapter(kerio.Adapter):
    # What differs from mode redirect is known from there and from tests/kerio.
    full = True
    # For moments nobody has the port that changes hands.
    away_seconds = 3
    variables = {
        **kerio.Adapter.variables,
        'kerio_smarthost_inbound': 'swap',
        'kerio_smarthost_inbound_addresses': ['{{ ansible_host }}'],
        'conbool_smtp_allowed_networks': [],
    }
    expected_failures = {
        **postfix.Adapter.expected_failures,
        **kerio.kerio_direct.OUTBOUND,
        **dict.fromkeys(('I8', 'I8.ipv6', 'I8.relay', 'F4.unwashed'), LOST),
        **dict.fromkeys(('I1.ipv6', 'I7.mta-postmaster'), ADDRESS),
    }
