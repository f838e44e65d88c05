# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose mail without a sender, or of a server's own sender, the hop takes for what. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode

# Postfix's default of double_bounce_sender; the hop leaves it so.
DOUBLE_BOUNCE = 'double-bounce'


def origin(expanded: Mapping[str, str]) -> str:
    """Return the domain that an MTA adds to addresses without one. On Debian, myorigin may be the file that has it."""
    value = expanded.get('myorigin') or expanded['myhostname']
    if value.startswith('/'):
        value = decode(read_file(value).data or b'').partition('\n')[0].strip() or expanded['myhostname']
    return value.lower()


def own_senders(expanded: Mapping[str, str]) -> list[str]:
    """Return the senders of notices that this host's Postfix, the hop's or the mail server's, writes itself: of nobody
    else's, who can write C(double-bounce@) in front of any domain."""
    domain = origin(expanded)
    names = [expanded.get('double_bounce_sender') or DOUBLE_BOUNCE, DOUBLE_BOUNCE]
    return sorted({f'{name.lower()}@{domain}' for name in names})


def own_mail(expanded: Mapping[str, str], back: str) -> str:
    """Return the regexp(5) table of the senders whose mail goes back to the mail server: what the hop writes itself.

    Args:
        expanded: the mail server's parameters.
        back: transport and next hop.
    """
    address = re.sub(r'([^A-Za-z0-9@-])', r'\\\1', f'{DOUBLE_BOUNCE}@{origin(expanded)}')
    return f'/^<>$/ {back}\n/^{address}$/ {back}\n'


def senders(expanded: Mapping[str, str], action: str) -> dict[str, str]:
    """Return the access(5) table of the senders that are nobody: the action for each.

    Mail without a sender would be taken for the hop's own bounces if nothing routed it when it comes in.
    """
    return dict.fromkeys(['<>', *own_senders(expanded)], action)
