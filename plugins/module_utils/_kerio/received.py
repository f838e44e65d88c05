# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Kerio Connect writes into a message that is handed in by SMTP: who logged in, if anybody has. Private.

Seen in public archives: "(authenticated user ...)" from 6.3 to 10.0.4, "with ESMTP" and "with ESMTPS" without a log-in
from 9 to 10.0.8. Its version may be hidden. What it writes for mail of a browser, a telephone or a script, nobody says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.provenance import Provenance
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.patterns import literal

BLANK = '[[:space:]]+'


def provenance(options: Mapping[str, Any], hostname: str = '') -> Provenance:
    """How the hop finds out who handed in a message.

    Args:
        options: the variables of the role.
        hostname: what Kerio Connect calls itself; empty where the ports are all that matters.
    """
    protocol = rf'^Received:.*{BLANK}by{BLANK}{literal(hostname)}{BLANK}(\([^()]*\){BLANK})?with{BLANK}E?SMTPS?'
    return Provenance(
        'kerio_smarthost_judging_port',
        options['judging_port'],
        'kerio_smarthost_judged_port',
        options['judged_port'],
        # RFC 3848: ESMTPA and ESMTPSA are those of a client that has logged in.
        users=(rf'^Received:.*\(authenticated{BLANK}user{BLANK}', f'{protocol}A[^[:alnum:]]'),
        others=(f'{protocol}[^[:alnum:]]',),
    )
