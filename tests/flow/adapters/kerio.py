# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of Kerio Connect (not Kerio Connect) with the outbound hop, which takes the gateway's mail as well: the
firewall turns the gateway's connections to it (mode redirect)."""

from __future__ import annotations

from tests.flow.adapters import kerio_direct, postfix


class Adapter(kerio_direct.Adapter):
    full = False
    variables = {
        **{name: value for name, value in kerio_direct.Adapter.variables.items() if name in kerio_direct.ACCOUNT},
        'kerio_smarthost_accept_doors': True,
    }
    # The others say something of the hop, which is the same with Postfix, or are refused. A client certificate is shown by
    # molecule/all_variables.
    by_default = ('default', 'scope_senders')
    expected_failures = {
        **postfix.Adapter.expected_failures,
        **kerio_direct.OUTBOUND,
        **dict.fromkeys(('I7.mta', 'I7.mta-released', 'I7.mta-postmaster'), kerio_direct.CLOSED),
        'I8.ipv6': kerio_direct.IPV4,
    }
