# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the daemon that runs knows the lists in its files: it does not say what it has read, but answers by it.

It is asked as a stranger, from an address of this host that is not loopback; no message is sent. What its files say to
the same stranger, Exim says itself (-bh).
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import smtplib
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import OUTSIDE

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import Program

# Seconds for each answer.
PATIENCE = 5
_ANSWER = re.compile(r'^(\d\d\d)[ -]', re.MULTILINE)


def own_address(networks: list[str]) -> str:
    """Return the address from which this host speaks to the first of some networks, empty where there is none but
    loopback."""
    for network in networks:
        other = str(ipaddress.ip_network(network)[0])
        with contextlib.suppress(OSError), socket.socket(_family(other), socket.SOCK_DGRAM) as probe:
            # Nothing is sent.
            probe.connect((other, 9))
            found = probe.getsockname()[0]
            if not ipaddress.ip_address(found).is_loopback:
                return found
    return ''


def _family(address: str) -> int:
    return socket.AF_INET6 if ':' in address else socket.AF_INET


def by_files(program: Program, address: str, recipient: str) -> int:
    """Return the code with which a stranger's recipient is answered by what the files say, 0 for none."""
    talk = f'EHLO {OUTSIDE}\nMAIL FROM:<someone@{OUTSIDE}>\nRCPT TO:<{recipient}>\nQUIT\n'
    codes = _ANSWER.findall(program.run('-bh', address, data=talk)[1])
    # The last one is about QUIT.
    return int(codes[-2]) if len(codes) > 1 else 0


def by_daemon(address: str, port: int, recipient: str) -> int:
    """Return the code with which the daemon answers it, 0 for none."""
    try:
        with smtplib.SMTP(address, port, OUTSIDE, PATIENCE, (address, 0)) as session:
            session.ehlo()
            session.mail(f'someone@{OUTSIDE}')
            return session.rcpt(recipient)[0]
    except (OSError, smtplib.SMTPException):
        return 0


def unread(program: Program, settings: Mapping[str, Any]) -> str:
    """Return what the daemon says to a stranger, in words, where its files would refuse him and it does not; empty
    otherwise, or where that cannot be asked."""
    address, port = own_address(settings['networks']), settings['roles']['inbound_firewall']['port']
    recipient = 'postmaster@' + settings['domains'][0]
    if not address or by_files(program, address, recipient) < 500:
        return ''
    code = by_daemon(address, port, recipient)
    return f'port {port} answers {code} to a stranger' if 200 <= code < 300 else ''
