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

from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.names import SECURE_SMTP, SUBMISSION
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.site import Site
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import loopback
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.networks import shut_out

PATIENCE = 5
# Whoever wants a log-in, or refuses the client, says so by one of these codes or by the class of the second (RFC 3463).
LOG_IN, SECURITY = (530, 535, 538, 554), re.compile(r'5\.7\.')
HINT = (
    'Limit the service to the networks of your users (kerio_service_access, or IP groups in the administration), or'
    ' its port by a firewall. kerio_smarthost_accept_doors: true puts up with it.'
)


def rows(site: Site, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each service through which anybody can bring mail past the gateway."""
    accepted = settings['roles']['kerio_smarthost']['accept_doors']
    found = []
    for name in (SECURE_SMTP, SUBMISSION):
        service = site.service(name)
        if not service['isRunning'] or _limited(site, service, settings):
            continue
        for listener in service['listeners']:
            where = _place(listener)
            if where and _takes(where, name == SECURE_SMTP, settings['domains'][0]):
                finding = 'takes mail for hosted domains from anybody who has not logged in, past the gateway'
                target = f'{name}, port {listener["port"]}'
                if accepted:
                    found.append(row('inbound.door', target, GREEN, finding, severity='low'))
                else:
                    found.append(row('inbound.door', target, RED, finding, HINT))
    return found


def _limited(site: Site, service: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    """Whether a service is for networks only that the settings name for port 25, too, and of which something is
    known."""
    group = service['group']
    if not group['isUsed']:
        return False
    networks = site.networks(group['ipGroup']['id'])
    return not shut_out(settings, [network for network in networks if not network.is_private])


def _place(listener: Mapping[str, Any]) -> tuple[str, int] | None:
    """Where it can be asked; None for one that only programs of this host reach."""
    if listener['type'] == 'Localhost':
        return None
    if listener['type'] == 'RealIpAddress':
        own = listener['address']
        return None if ipaddress.ip_address(own).is_loopback else (own, listener['port'])
    return loopback(), listener['port']


def _takes(where: tuple[str, int], tls: bool, domain: str) -> bool:
    """Whether it takes a recipient of a hosted domain from a stranger. One that does not answer takes nothing."""
    # Whose certificate it is does not matter: nothing is handed in.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        if tls:
            client: smtplib.SMTP = smtplib.SMTP_SSL(*where, timeout=PATIENCE, context=context)
        else:
            client = smtplib.SMTP(*where, timeout=PATIENCE)
    except (OSError, smtplib.SMTPException):
        return False
    with client:
        try:
            client.ehlo()
            if not tls and client.has_extn('starttls'):
                client.starttls(context=context)
                client.ehlo()
            # A sender without a domain is nobody's forgery.
            if client.mail('')[0] >= 300:
                return False
            code, said = client.rcpt('postmaster@' + domain)
            # That there is no such mailbox is a matter of the mailbox; somebody else's would be taken.
            return code not in LOG_IN and not SECURITY.match(said.decode('ascii', 'replace'))
        except (OSError, smtplib.SMTPException):
            return False
