# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports beside 25 on which a Kerio Connect takes mail for its own domains from somebody who has not logged in. What a
server does there is documented for 465 only, so it is asked; no message is sent."""

from __future__ import annotations

import ipaddress
import re
import smtplib
import ssl
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import reason
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.names import SECURE_SMTP, SUBMISSION
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.site import Site
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import loopback
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.networks import private, shut_out

PATIENCE = 5
# Whoever wants a log-in, or refuses the client, says so by one of these codes, by the class of the second (RFC 3463),
# or in words.
LOG_IN, SECURITY = (530, 535, 538, 554), re.compile(r'5\.7\.|.*authenticat', re.IGNORECASE | re.DOTALL)
# Of what a group has, so many are named.
MOST_NAMED = 3
HINT = (
    'Limit the service to the networks of your users (kerio_service_access, or IP groups in the administration), or'
    ' its port by a firewall. kerio_smarthost_accept_doors: true puts up with it.'
)


class Untold(Exception):
    """Whether a door is open cannot be told; the message says why."""


def rows(site: Site, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each service through which anybody can bring mail past the gateway, or may be able to."""
    accepted = settings['roles']['kerio_smarthost']['accept_doors']
    found = []
    for name in (SECURE_SMTP, SUBMISSION):
        service = site.service(name)
        strangers = _strangers(site, service['group'], settings)
        if not service['isRunning'] or not strangers:
            continue
        for listener in service['listeners']:
            finding = _finding(listener, name == SECURE_SMTP, settings['domains'][0], strangers)
            target = f'{name}, port {listener["port"]}'
            if finding and accepted:
                found.append(row('inbound.door', target, GREEN, finding, severity='low'))
            elif finding:
                found.append(row('inbound.door', target, RED, finding, HINT))
    return found


def _strangers(site: Site, group: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Who may connect beside hosts in the house and those that the settings name for port 25, too; empty for nobody."""
    if not group['isUsed']:
        return 'anybody'
    identity = group['ipGroup']['id']
    if not site.all_entries(identity):
        # Whether that is nobody or everybody, no document says.
        return 'a group in which nothing is in force'
    outside = shut_out(settings, [network for network in site.networks(identity) if not private(network)])
    outside += site.untold(identity)
    more = len(outside) - MOST_NAMED
    return ', '.join(outside[:MOST_NAMED]) + (f' and {more} more' if more > 0 else '')


def _finding(listener: Mapping[str, Any], tls: bool, domain: str, strangers: str) -> str:
    """What is wrong with a listener; empty for nothing."""
    where = _place(listener)
    try:
        if not where or not _takes(where, tls, domain):
            return ''
    except Untold as exc:
        return f'is for {strangers}; whether it takes mail for hosted domains without a log-in cannot be told: {exc}'
    who = 'anybody who has' if strangers == 'anybody' else f'{strangers}, who have'
    return f'takes mail for hosted domains from {who} not logged in, past the gateway'


def _place(listener: Mapping[str, Any]) -> tuple[str, int] | None:
    """Where it can be asked; None for one that only programs of this host reach."""
    if listener['type'] == 'Localhost':
        return None
    if listener['type'] == 'RealIpAddress':
        own = listener['address']
        return None if ipaddress.ip_address(own).is_loopback else (own, listener['port'])
    return loopback(), listener['port']


def _takes(where: tuple[str, int], tls: bool, domain: str) -> bool:
    """Whether it takes a recipient of a hosted domain from a stranger, as it is asked from this host.

    Raises:
        Untold: it does not say.
    """
    context = _context()
    try:
        if tls:
            client: smtplib.SMTP = smtplib.SMTP_SSL(*where, timeout=PATIENCE, context=context)
        else:
            client = smtplib.SMTP(*where, timeout=PATIENCE)
    except ConnectionRefusedError:
        # Nobody listens.
        return False
    except (OSError, smtplib.SMTPException) as exc:
        # Whoever turns this host away may still let others in.
        raise Untold(f'from this host, {reason(exc)}') from exc
    try:
        with client:
            client.ehlo()
            if not tls and client.has_extn('starttls'):
                client.starttls(context=context)
                client.ehlo()
            # A sender without a domain is nobody's forgery.
            return _told(*client.mail('')) and _told(*client.rcpt('postmaster@' + domain), mailbox=True)
    except (OSError, smtplib.SMTPException) as exc:
        raise Untold(f'from this host, {reason(exc)}') from exc


def _context() -> ssl.SSLContext:
    """One that also talks to servers of long ago. Whose certificate it is does not matter: nothing is handed in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers('ALL:@SECLEVEL=0')
    return context


def _told(code: int, said: bytes, mailbox: bool = False) -> bool:
    """Whether a stranger is let go on.

    Args:
        mailbox: whether it may be about the mailbox. That there is no such one is a matter of the mailbox; somebody
            else's would be taken.

    Raises:
        Untold: that is not said.
    """
    if code in LOG_IN or SECURITY.match(decode(said)):
        return False
    if 200 <= code < 300 or mailbox and code >= 500:
        return True
    raise Untold(f'it says {code} {decode(said)}'[:120])
