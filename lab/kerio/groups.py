# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP address groups: flat entries that share a group's id and name, and which address is in which group."""

from __future__ import annotations

import ipaddress

TYPES = ('Host', 'Network', 'Range', 'ChildGroup', 'ThisMachine', 'IpPrefix')


def names(entries: list[dict]) -> dict[str, str]:
    """id -> name, in the order of the entries."""
    return {entry['groupId']: entry['groupName'] for entry in entries}


def network(entry: dict):
    """Raises ValueError for host bits and what is no mask."""
    return ipaddress.ip_network(f'{entry["addr1"]}/{entry["addr2"]}')


def problem(entry: dict, entries: list[dict]) -> str:
    """What is wrong with an entry; empty if nothing is."""
    try:
        kind = entry['type']
        if kind == 'Host' and not entry['host'].strip():
            return 'a host is missing'
        if kind == 'Network':
            network(entry)
        if kind == 'Range' and ipaddress.ip_address(entry['addr1']) > ipaddress.ip_address(entry['addr2']):
            return 'the range ends before it begins'
        if kind == 'IpPrefix':
            ipaddress.ip_network(entry['host'])
    except (ValueError, TypeError) as error:
        return str(error)
    if entry['type'] == 'ChildGroup':
        if entry['childGroupId'] not in names(entries):
            return 'there is no such child group'
        if entry['groupId'] in _below(entry['childGroupId'], entries, set()):
            return 'the group would contain itself'
    return ''


def _below(group, entries, seen):
    """The groups that a group consists of, itself among them."""
    if group not in seen:
        seen.add(group)
        for entry in entries:
            if entry['groupId'] == group and entry['type'] == 'ChildGroup':
                _below(entry['childGroupId'], entries, seen)
    return seen


def contains(group: str, address: str, entries: list[dict], own: tuple[str, ...], net: bool) -> bool:
    """Whether an address is in a group.

    Args:
        own: addresses of the machine itself.
        net: whether ThisMachine is all of 127.0.0.0/8.
    """
    wanted = ipaddress.ip_address(address)
    groups = _below(group, entries, set())
    return any(
        _matches(entry, wanted, own, net) for entry in entries if entry['groupId'] in groups and entry['enabled']
    )


def _matches(entry, wanted, own, net):
    kind = entry['type']
    if kind == 'Host':
        # Names are not looked up here: a group with one is a group without that host.
        return entry['host'] == str(wanted)
    if kind == 'Network':
        return wanted in network(entry)
    if kind == 'Range':
        first, last = (ipaddress.ip_address(entry[name]) for name in ('addr1', 'addr2'))
        return first.version == wanted.version and first <= wanted <= last
    if kind == 'IpPrefix':
        return wanted in ipaddress.ip_network(entry['host'])
    if kind == 'ThisMachine':
        return str(wanted) in own or (net and wanted.is_loopback)
    return False
