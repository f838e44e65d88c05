# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entries of master.cf on which other servers bring mail."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.outbound import effective

SMTP = ('smtp', '25')


def _command(entry: Mapping[str, Any]) -> str:
    return entry['command'].split()[0]


def listeners(info: Mapping[str, Any], further: Container[str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the entries of master.cf that take mail from other servers.

    Args:
        info: what C(postfix_info) returned.
        further: names of inet services that do so on another port.

    Returns:
        The smtpd(8) entries, and the postscreen(8) entries in front of them.
    """
    entries = [
        entry
        for entry in info['services']
        if entry['type'] == 'inet' and (entry['name'].rpartition(':')[2] in SMTP or entry['name'] in further)
    ]
    postscreens = [entry for entry in entries if _command(entry) == 'postscreen']
    behind = {effective(entry, info['expanded'], 'smtpd_service_name') or 'smtpd' for entry in postscreens}
    smtpds = [entry for entry in entries if _command(entry) == 'smtpd']
    smtpds += [entry for entry in info['services'] if entry['type'] == 'pass' and entry['name'] in behind]
    return smtpds, postscreens


def behind_a_proxy(info: Mapping[str, Any], named: Container[str]) -> list[str]:
    """Return the names of the inet services that take the client's address from a proxy, all but those named."""
    return [
        entry['name']
        for entry in info['services']
        if entry['type'] == 'inet'
        and entry['name'] not in named
        and (
            'smtpd_upstream_proxy_protocol' in entry['options']
            or 'postscreen_upstream_proxy_protocol' in entry['options']
        )
    ]
