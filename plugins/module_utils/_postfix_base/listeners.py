# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entries of master.cf on which other servers bring mail, and those that others can reach."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Container, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.document import items
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.values import effective

SMTP = ('smtp', '25')
PROXY_PROTOCOL = {'smtpd': 'smtpd_upstream_proxy_protocol', 'postscreen': 'postscreen_upstream_proxy_protocol'}
# How the listeners of our own detours log.
OURS = re.compile(r'postfix/conbool-')


def command_of(entry: Mapping[str, Any]) -> str:
    """Return the daemon of an entry, without its arguments."""
    return entry['command'].split()[0]


def behind(postscreen: Mapping[str, Any], info: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the smtpd(8) to which a postscreen(8) hands its clients."""
    name = effective(postscreen, info['expanded'], 'smtpd_service_name') or 'smtpd'
    return [entry for entry in info['services'] if entry['type'] == 'pass' and entry['name'] == name]


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
    postscreens = [entry for entry in entries if command_of(entry) == 'postscreen']
    handed_on = [entry['name'] for postscreen in postscreens for entry in behind(postscreen, info)]
    smtpds = [entry for entry in entries if command_of(entry) == 'smtpd']
    smtpds += [entry for entry in info['services'] if entry['type'] == 'pass' and entry['name'] in handed_on]
    return smtpds, postscreens


def is_proxied(entry: Mapping[str, Any], info: Mapping[str, Any]) -> bool:
    """Return whether a service has the client's address from a proxy in front of it."""
    parameter = PROXY_PROTOCOL.get(command_of(entry))
    return parameter is not None and bool(effective(entry, info['expanded'], parameter))


def is_ours(entry: Mapping[str, Any]) -> bool:
    """Return whether a service is the listener of a detour of ours."""
    return OURS.match(entry['options'].get('syslog_name', '')) is not None


def _is_loopback(text: str) -> bool:
    address = re.sub(r'[\[\]]', '', text).lower()
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address in ('localhost', 'loopback-only', 'ip6-localhost')


def is_reachable(entry: Mapping[str, Any], info: Mapping[str, Any]) -> bool:
    """Return whether clients of other hosts get to an inet service, directly or through a proxy."""
    if is_proxied(entry, info):
        return True
    host = entry['name'].rpartition(':')[0]
    if host:
        return not _is_loopback(host)
    interfaces = items(info['expanded'].get('inet_interfaces', 'all'))
    return not all(map(_is_loopback, interfaces))
