# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a Zimbra would stand against the gateway's mail. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.facts import RELAY_HOST, ZimbraFacts
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.record import AttributeRecord
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.values import shown

# Restrictions that go by the address or the name of a client.
PASSWORDS = 'smtp_sasl_password_maps'
JUDGES = re.compile(
    r'reject_(rbl_client|rhsbl_client|rhsbl_reverse_client|unknown_client_hostname'
    r'|unknown_reverse_client_hostname)\b[^,]*'
)


def daemon_row(facts: ZimbraFacts) -> dict[str, Any]:
    """Return the row on the configuration daemon."""
    if facts.daemon:
        return row('mta.zmconfigd', facts.this.name, GREEN, 'the configuration daemon is at work')
    return row(
        'mta.zmconfigd',
        facts.this.name,
        RED,
        'the configuration daemon does not answer: attributes do not get to Postfix',
        'zmconfigdctl restart, as user zimbra; log/zmconfigd.log says why.',
    )


def obstacle_rows(facts: ZimbraFacts, settings: Mapping[str, Any], record: AttributeRecord) -> list[dict[str, Any]]:
    """Return the rows of a preflight on this Zimbra."""
    rows = [daemon_row(facts)]
    relay = facts.site(RELAY_HOST, record)
    if relay and settings['scope'] == 'all':
        login = facts.expanded.get('smtp_sasl_auth_enable') == 'yes' and facts.expanded.get(PASSWORDS)
        with_login = f', with its passwords in {shown(PASSWORDS, login)},' if login else ''
        finding = f'the relay host of before{with_login} is not used as long as mail goes to the gateway'
        rows.append(row('mta.relay_host', relay, GREEN, finding, 'An undo brings it back.', 'low'))
    checks = facts.expanded.get('header_checks', '')
    if checks:
        rows.append(
            row(
                'mta.header_checks',
                checks,
                GREEN,
                'header checks of the site are asked about all mail, that of the gateway too',
                'A FILTER in them leads mail past the hop, and local mail out of the house.',
                'low',
            )
        )
    judges = sorted(
        {match.group().strip() for match in JUDGES.finditer(facts.expanded.get('smtpd_recipient_restrictions', ''))}
    )
    if judges and settings['inbound']:
        rows.append(
            row(
                'inbound.judged',
                ', '.join(judges),
                GREEN,
                'judges the address of the gateway as it does that of everybody else',
                'Name the addresses of the gateway in /opt/zimbra/conf/postfix_rbl_override if it refuses them.',
                'low',
            )
        )
    return rows
