# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How variables of role remote_smarthost are read where their type is not strict enough. Private."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import grammars, readers


def mail_server(value: Any) -> str:
    """Where the hop hands on the gateway's mail: a next hop of Postfix of which no MX records are looked up."""
    text = readers.text(value)
    try:
        place = grammars.NEXT_HOP.fullmatch(grammars.next_hop(f'[{text}]' if readers.is_address(text) else text))
    except ValueError as exc:
        raise ValueError('is no mail server such as mail.example.com, 192.0.2.10:2525 or [2001:db8::10]:25') from exc
    return f'[{place["inside"] or place["name"]}]:{place["port"] or 25}'


READERS = {'inbound_port': readers.port, 'mail_server': mail_server}


def listeners(values: Mapping[str, Any]) -> list[str]:
    """Return the variables with the ports on which something will listen."""
    # One is at all addresses, and in the way of the others.
    front = (
        ['outbound_hop_listen_port', 'remote_smarthost_inbound_port'] if values['remote_smarthost_mail_server'] else []
    )
    return ['outbound_hop_port', *front]
