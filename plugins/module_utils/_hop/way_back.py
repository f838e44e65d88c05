# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the mail server takes the hop's bounces back, and the gateway's mail where the hop has that, asked as the hop
would hand them in. Private to this collection."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.identity import return_address
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Hop
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.clients import bounce_servers
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.check import check
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.options import with_defaults

IDENTIFIER = 'hop.return'
MAILBOXES = 'hop.mailboxes'
MOST_AT_A_TIME = 8
NEXT_HOP = re.compile(r'\[?(?P<host>[^\[\]]+?)\]?(:(?P<port>\w+))?')
HINT = (
    'Bounces of mail that goes direct would be lost, and their senders hear nothing. Let the mail server accept mail'
    ' without a sender from this host, with its own name in HELO; or have it listen where no such rule counts, and say'
    ' so in outbound_hop_return_address.'
)
SHUT = (
    "The gateway's mail waits in the hop. Run site.yml. If that does not help, the log of the mail server says why this"
    ' address is refused.'
)
BEHIND = (
    "The gateway's mail waits here, or at the gateway. Have the mail server run, and take mail from this host for all"
    ' of conbool_domains, with any sender and with none; its log says why it refuses.'
)
# Of the recipient alone (RFC 3463, 3.2): everything before it was accepted.
NO_SUCH_MAILBOX = re.compile(r'5\d\d[ -]5\.1\.1\b')


def rows(next_hop: str, helo: str, domain: str, source: str = '') -> list[dict[str, Any]]:
    """Return the row on one way back; no message is sent.

    Args:
        next_hop: of the hop's transport to the mail server, in Postfix's syntax.
        helo: the name that the hop greets with.
        domain: one that is hosted.
        source: the address from which the gateway's mail is handed in; empty for the way of bounces.

    Raises:
        ValueError: what has to be asked cannot be said in SMTP.
    """
    place, name, what = NEXT_HOP.fullmatch(next_hop), IDENTIFIER, 'the bounces of the hop'
    if source:
        name, what = MAILBOXES, f"the gateway's mail from {source}"
    if not place:
        return [row(name, next_hop, RED, 'is no next hop', 'Name it as in outbound_hop_return_address.')]
    recipient = f'postmaster@{domain}'
    expected = {'starttls': False, 'chain_verified': False, 'name_verified': False, 'accepts': [recipient]}
    where = {'hosts': [place['host']], 'port': _port(place['port']), 'source_address': source or None}
    server = check(with_defaults(helo_name=helo, expect=expected, **where))[0]
    answer = next(iter(server['recipients']), None)
    if answer and answer['verdict'] == 'accepted':
        return [row(name, next_hop, GREEN, f'takes {what}')]
    if answer and NO_SUCH_MAILBOX.match(answer['reply']):
        finding = f'takes {what}, but has no {recipient}: {answer["reply"]}'
        return [row(name, next_hop, GREEN, finding, 'RFC 5321, 4.5.1 asks for one.', severity='low')]
    said = answer['reply'] if answer else '. '.join(_said(server))
    return [row(name, next_hop, RED, f'refuses {what}: {said}', SHUT if source else HINT)]


def rows_of_all(servers: Mapping[str, str], helo: str, source: str = '') -> list[dict[str, Any]]:
    """Return the rows on the ways back to mail servers on other machines.

    Args:
        servers: hosted domain to next hop.
        helo: as for rows().
        source: as for rows(); one domain is asked about then, which stands for all.
    """
    servers = dict(list(servers.items())[:1]) if source else servers
    with ThreadPoolExecutor(MOST_AT_A_TIME) as pool:
        found = pool.map(lambda domain: rows(servers[domain], helo, domain, source), servers)
        # To the same server there is a way for each of its domains.
        return [dict(entry, target=f'{domain}: {servers[domain]}') for domain, (entry,) in zip(servers, found)]


def of_mailboxes(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows on a mail server on another machine that gets the gateway's mail, too, with advice for that."""
    return [dict(entry, hint=BEHIND) if entry['hint'] == HINT else entry for entry in found]


def _port(text: str | None) -> int:
    text = text or '25'
    try:
        return int(text) if text.isdigit() else socket.getservbyname(text, 'tcp')
    except OSError as exc:
        raise ValueError(f'outbound_hop_return_address: there is no port {text!r}') from exc


def _said(server: Mapping[str, Any]) -> list[str]:
    """Return why it did not come to a recipient, with the server's own words where there are any."""
    return [
        found['finding'] + (' ({})'.format(found['seen']) if found['seen'] else '')
        for found in server['findings']
        if found['severity'] == 'error'
    ]


def foreseen(settings: Mapping[str, Any], hop: Hop | None) -> list[dict[str, Any]]:
    """Return the row on the way back that the hop is going to have; none where that is yet to be made.

    Args:
        settings: what M(conbool.smtp_relay.settings) returned.
        hop: what the mail server wants of the hop, None where it wants none.
    """
    options = settings['roles']['outbound_hop']
    own = options['return_address']
    if hop and options['clients']:
        servers = bounce_servers(settings, dict(options, return_address=own or hop.return_address))
        found = rows_of_all(servers, hop.identity['expanded']['myhostname'])
        return of_mailboxes(found) if hop.inbound else found
    if not hop or (hop.return_address and not own):
        return []
    # Without any, it is a problem of its own.
    next_hop = own or return_address(hop.identity)
    expanded = hop.identity['expanded']
    helo = expanded.get('smtp_helo_name') or expanded['myhostname']
    return rows(next_hop, helo, settings['domains'][0]) if next_hop else []
