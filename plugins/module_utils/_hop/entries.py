# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How entries of the hop's master.cf and its tables are written down. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def service(name: str, command: str, kind: str = 'unix', **fields: Any) -> dict[str, Any]:
    """Return an entry of master.cf."""
    options = fields.pop('options', {})
    return dict({'name': name, 'type': kind, 'chroot': 'n', 'command': command, 'options': options}, **fields)


def cleanup(name: str, directory: str, tables: Iterable[str], **options: str) -> dict[str, Any]:
    """Return a cleanup service for mail that comes to the hop once more: nothing but these tables is asked.

    Args:
        directory: where the tables are.
        tables: of regexp(5), for header_checks.
        options: further parameters.
    """
    checks = ' '.join(f'regexp:{directory}/{table}' for table in tables)
    own = {**dict.fromkeys(('mime_header_checks', 'nested_header_checks', 'body_checks'), ''), **options}
    return service(name, 'cleanup', private='n', max_processes='0', options=dict(own, header_checks=checks))


def passing(name: str, way: str) -> dict[str, str]:
    """Return the options of a listener on loopback for mail that the hop hands to itself, to look at its header.

    Args:
        name: of the cleanup service that does.
        way: transport and next hop of what that leads nowhere else.
    """
    return {
        'cleanup_service_name': name,
        'smtpd_sender_restrictions': '',
        'smtpd_recipient_restrictions': 'permit_mynetworks, reject',
        'smtpd_data_restrictions': always(way),
        'smtpd_client_connection_count_limit': '0',
    }


def always(way: str) -> str:
    """Return the restriction that leads every message a way."""
    return f'check_client_access static:{{FILTER {way}}}'


def table(path: str, kind: str, content: str, mode: str = '0644') -> dict[str, Any]:
    """Return a lookup table whose content is text."""
    return {'path': path, 'type': kind, 'content': content, 'mode': mode}
