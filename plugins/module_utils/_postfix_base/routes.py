# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a running Postfix where it would send a message: the question that its queue manager asks trivial-rewrite(8)."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance

# Bits of the reply's flags (resolve_clnt.h in Postfix's source).
FAILED = 1 << 3
CLASSES = {1 << 8: 'local', 1 << 9: 'alias', 1 << 10: 'virtual', 1 << 11: 'relay', 1 << 12: 'default'}

# A route is a few host names long.
LONGEST_REPLY = 65536


class RewriteError(HostError):
    """Postfix could not be asked, or could not tell."""


def encode(pairs: Iterable[tuple[str, str]]) -> bytes:
    """Return an attribute list in Postfix's null-delimited form."""
    return (
        b''.join(name.encode() + b'\0' + value.encode('utf-8', 'surrogateescape') + b'\0' for name, value in pairs)
        + b'\0'
    )


def decode(data: bytes) -> tuple[list[tuple[str, str]] | None, bytes]:
    """Return (list of pairs, rest) for the first whole attribute list in data, or (None, data) when it is not whole
    yet."""
    position = 0
    pairs: list[tuple[str, str]] = []
    while True:
        end = data.find(b'\0', position)
        if end < 0:
            return None, data
        name = data[position:end]
        if not name:
            return pairs, data[end + 1 :]
        last = data.find(b'\0', end + 1)
        if last < 0:
            return None, data
        pairs.append((name.decode(), data[end + 1 : last].decode('utf-8', 'surrogateescape')))
        position = last + 1


def _ask(connection: socket.socket, request: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    connection.sendall(encode(request))
    data = b''
    while len(data) < LONGEST_REPLY:
        pairs, rest = decode(data)
        if pairs == []:
            raise RewriteError('trivial-rewrite sent an empty reply')
        if pairs is not None and pairs[0][0] != 'protocol':
            return pairs
        if pairs is not None:
            # Postfix 3.6 and newer greet with the protocol's name.
            data = rest
            continue
        chunk = connection.recv(4096)
        if not chunk:
            raise RewriteError('trivial-rewrite closed the connection')
        data += chunk
    raise RewriteError('trivial-rewrite sent an endless reply')


def route(queue_directory: str, sender: str, recipient: str, timeout: float = 10) -> dict[str, str]:
    """Return the route that the running Postfix has for one message.

    Args:
        queue_directory: queue of the instance.
        sender: envelope sender, empty for the null sender.
        recipient: envelope recipient.
        timeout: seconds for each step of the dialogue.

    Returns:
        C(transport), C(next_hop), C(recipient) and C(address_class) (local, alias, virtual, relay or default).

    Raises:
        RewriteError: Postfix does not run, or a lookup of its own failed.
    """
    path = os.path.join(queue_directory, 'private', 'rewrite')
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(path)
            reply = _ask(connection, [('request', 'resolve'), ('sender', sender), ('address', recipient)])
    except OSError as error:
        raise RewriteError(
            f'Postfix cannot be asked for routes, does it run? {path}: {error.strerror or error}'
        ) from error
    known = dict(reply)
    flags = int(known.get('flags', FAILED))
    if flags & FAILED or 'transport' not in known:
        raise RewriteError(
            f'Postfix cannot tell the route of mail from <{sender}> to <{recipient}>: a lookup table fails'
        )
    return {
        'transport': known['transport'],
        'next_hop': known.get('nexthop', ''),
        'recipient': known.get('recipient', recipient),
        'address_class': next((name for bit, name in CLASSES.items() if flags & bit), 'unknown'),
    }


def routes_of(queue_directory: str, domains: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the routes of mail to these domains, by domain.

    Args:
        queue_directory: queue of the instance.
        domains: mail domains, in ASCII.

    Raises:
        RewriteError: as of route().
    """
    return {domain: route(queue_directory, '', 'postmaster@' + domain) for domain in domains}


def foreign(routes: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return those of the domains for which the running Postfix is not responsible (ADDRESS_CLASS_README)."""
    return [domain for domain in routes if routes[domain]['address_class'] in ('default', 'unknown')]


def way(transport: str, next_hop: str) -> str:
    """Return transport and next hop as one text."""
    return f'{transport}:{next_hop}' if next_hop else transport


def ways(queue_directory: str, samples: Iterable[Mapping[str, str]]) -> list[str]:
    """Return for each message with C(sender) and C(recipient) where it would go, as one text."""
    seen = [route(queue_directory, sample['sender'], sample['recipient']) for sample in samples]
    return [way(found['transport'], found['next_hop']) for found in seen]


class HeaderChecks:
    """The header checks of an instance, asked with postmap(1) as cleanup(8) asks its tables.

    Args:
        instance: the instance's commands (postfix_instance.Instance).
        parameters: its C(header_checks) and C(mime_header_checks), with C($name) expanded.
    """

    def __init__(self, instance: Instance, parameters: Mapping[str, str]) -> None:
        self._instance = instance
        self._tables = {
            name: re.split(r'[\s,]+', parameters.get(name, '').strip())
            for name in ('header_checks', 'mime_header_checks')
        }

    def action(self, header: str) -> str:
        """Return the action of the first table that has one for this header line, or an empty string."""
        mime = re.match(r'(MIME-Version|Content-[\w-]+):', header, re.IGNORECASE)
        for table in self._tables['mime_header_checks' if mime else 'header_checks']:
            status, out, err = (
                self._instance.run('postmap', '-c', self._instance.config_dir, '-q', header, table)
                if table
                else (1, b'', b'')
            )
            if status == 0:
                return out.decode('utf-8', 'surrogateescape').strip()
            # Not found is status 1 too, but without a word.
            if err.strip():
                raise RewriteError(
                    'postmap -q {!r} {}: {}'.format(header, table, err.decode('utf-8', 'replace').strip())
                )
        return ''


def recipient_keys(domain: str) -> list[str]:
    """Return what Postfix looks for in transport_maps for a recipient in a domain."""
    labels = domain.split('.')
    return ['postmaster@' + domain, domain] + ['.' + '.'.join(labels[n:]) for n in range(1, len(labels))]
