# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who writes mail for the hosted domains into mailboxes: what Sendmail hands it to."""

from __future__ import annotations

from collections.abc import Mapping

# Mailers that hand a message to another host.
REMOTE = ('smtp', 'esmtp', 'smtp8', 'dsmtp', 'relay')
LMTP_PORT = '24'


def deliveries(
    routes: Mapping[str, Mapping[str, str] | None], mailers: Mapping[str, Mapping[str, str]]
) -> list[dict[str, str]]:
    """Return for each domain what its mail is handed to, as M(conbool.smtp_relay.spam_delivery) takes it.

    Args:
        routes: domain to the route of its postmaster, None where the address is refused, which is so for
            virtual users.
        mailers: the mailers with their fields.
    """
    found = []
    for domain, route in routes.items():
        agent, target = ('alias', '') if not route else _agent(mailers.get(route['mailer'], {}))
        by = 'mailer {}'.format(route['mailer']) if route else 'virtusertable'
        if route and route['mailer'] in REMOTE:
            agent, target, by = 'other', '', '{} to {}'.format(by, route['host'])
        found.append({'domain': domain, 'agent': agent, 'target': target, 'by': by})
    return found


def _agent(mailer: Mapping[str, str]) -> tuple[str, str]:
    words = mailer.get('A', '').split()
    if mailer.get('P') != '[IPC]':
        return ('command', mailer['P']) if mailer.get('P') else ('other', '')
    if 'z' not in mailer.get('F', '') or len(words) < 2:
        return 'other', ''
    if words[0] == 'FILE':
        return 'lmtp', words[1]
    return 'lmtp', '{}:{}'.format(words[1].strip('[]'), words[2] if len(words) > 2 else LMTP_PORT)
