# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a listener takes mail from somebody who may not send, asked as he would, in rows. Private to this
collection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import IPV4, IPV6
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED, UNKNOWN
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import OUTSIDE
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.check import check
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.options import with_defaults

CLOSE = (
    'Close the port in the firewall, then run site.yml: the configuration of the hop is its alone, and is made anew.'
)


def outsider_rows(
    identifier: str, addresses: Iterable[str], port: int, starttls: bool, domain: str
) -> list[dict[str, Any]]:
    """Return a row for each listener; no message is sent.

    He comes from loopback, which is never a client of a listener for others.

    Args:
        identifier: what the rows' C(id) begins with.
        starttls: whether STARTTLS has to be offered.
        domain: one that is hosted.
    """
    return [_row(identifier, address, port, starttls, domain) for address in addresses]


def _row(identifier: str, address: str, port: int, starttls: bool, domain: str) -> dict[str, Any]:
    recipients = [f'someone@{OUTSIDE}', f'postmaster@{domain}']
    expected = {'starttls': starttls, 'chain_verified': False, 'name_verified': False, 'refuses': recipients}
    asked = with_defaults(
        hosts=[address],
        port=port,
        source_address=IPV6 if ':' in address else IPV4,
        mail_from=f'someone@{domain}',
        expect=expected,
    )
    server, target = check(asked)[0], f'{address} port {port}'
    answers = {answer['recipient']: answer for answer in server['recipients']}
    taken = [answer for answer in answers.values() if answer['verdict'] == 'accepted']
    if taken:
        said = '; '.join('{recipient}: {reply}'.format(**answer) for answer in taken)
        return row(f'{identifier}.open', target, RED, f'takes mail from somebody who is no client: {said}', CLOSE)
    if not server['reachable']:
        return row(f'{identifier}.closed', target, RED, server['status'], 'Run site.yml; the clients cannot send.')
    if starttls and not server['starttls_offered']:
        hint = 'Clients that have to use TLS cannot send. Run site.yml, and see the hop\'s log.'
        return row(f'{identifier}.starttls', target, RED, 'offers no STARTTLS', hint)
    unclear = [each for each in recipients if answers.get(each, {}).get('verdict') != 'refused']
    if unclear:
        said = answers.get(unclear[0], {}).get('reply') or server['status']
        hint = 'Run verify.yml again; if it stays so, see the log of the hop: journalctl -t conbool-hop/smtpd.'
        return row(f'{identifier}.unknown', target, UNKNOWN, f'neither takes nor refuses {unclear[0]}: {said}', hint)
    return row(f'{identifier}.refused', target, GREEN, 'takes nothing from somebody who is no client')
