# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How variables of role kerio_smarthost are read where their type is not strict enough. Private."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Mapping

from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import clients, grammars, kinds, readers

ADMINISTRATION = 4040
URL = re.compile(r'https://(?P<host>\[[0-9A-Fa-f:]+\]|[^/:\[\]@]+)(?::(?P<port>[0-9]{1,5}))?/?(?:admin/?)?')
SHA256 = 64
# Ways of inbound mail in which the hop takes it: by the firewall, or at port 25 itself.
BY_HOP = ('redirect', 'swap')


def place_of(text: str) -> tuple[str, int]:
    """Host and port of the administration.

    Raises:
        ValueError: it is no such address.
    """
    found = URL.fullmatch(text)
    if not found:
        raise ValueError('is not the address of the administration, such as https://127.0.0.1:4040')
    return found['host'].strip('[]'), readers.port(found['port'] or ADMINISTRATION)


def url(value: Any) -> str:
    """Where the administration is, as a browser takes it."""
    found = readers.text(value)
    grammars.host(place_of(found)[0])
    return found


def fingerprint(value: Any) -> str:
    """SHA-256 of a certificate in hexadecimal, with or without colons."""
    digits = readers.text(value).replace(':', '').lower()
    if not re.fullmatch('[0-9a-f]*', digits) or len(digits) != SHA256:
        raise ValueError('is not a SHA-256 fingerprint: 64 hexadecimal digits, with or without ":" between pairs')
    return digits


def hop_source(value: Any) -> str:
    """The address from which the hop hands in the gateway's mail."""
    address = ipaddress.ip_address(kinds.loopback_address(value))
    if address.version == 6 or address == ipaddress.ip_address('127.0.0.1'):
        raise ValueError('is not an address of 127.0.0.0/8 of its own, other than 127.0.0.1, such as 127.25.0.10')
    if address == ipaddress.ip_address('127.0.0.2'):
        raise ValueError('is the address by which DNS blacklists are tried: each has it')
    return str(address)


def user(value: Any) -> str:
    """The name of an administrator, with or without a domain."""
    name = readers.text(value)
    if not all(sign.isalnum() or sign in '._@+-' for sign in name):
        raise ValueError('is not the name of an administrator: letters, digits and . _ @ + -')
    return name


def password(value: Any) -> str:
    """A password on one line. It is sent as JSON, and written nowhere."""
    if not isinstance(value, str):
        # YAML makes 83 of 0123, modules are handed that, and a wrong password locks an account.
        raise ValueError('must be text, in quotes; in AWX, choose one that does not look like a number, a date or yes')
    return readers.text(value, blanks=True)


READERS = {
    'ca_file': readers.file_path,
    'client_ca_file': readers.file_path,
    'fingerprint': fingerprint,
    'hop_source': hop_source,
    'inbound_addresses': clients.listen_address,
    'inbound_port': readers.port,
    'judged_port': readers.port,
    'judging_port': readers.port,
    'keep_passwords_by_id': readers.boolean,
    'marking_port': readers.port,
    'password': password,
    'relay_passwords': kinds.mapping(kinds.words, password, lenient=False),
    'url': url,
    'user': user,
}


def listeners(values: Mapping[str, Any]) -> list[str]:
    """Return the variables with the ports on which something will listen."""
    by_hop = values['kerio_smarthost_inbound'] in BY_HOP
    inbound = ['kerio_smarthost_inbound_port', 'kerio_smarthost_marking_port'] if by_hop else []
    return ['outbound_hop_port', 'kerio_smarthost_judging_port', 'kerio_smarthost_judged_port', *inbound]
