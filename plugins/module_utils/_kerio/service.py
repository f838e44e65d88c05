# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For which group of IP addresses a service is, or that it is for everybody."""

from __future__ import annotations

import copy
import ipaddress
from dataclasses import dataclass
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import Client, KerioError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.ip_group import contains
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.options import EVERYTHING


@dataclass
class Wanted:
    """What is asked for; members as the options of the module kerio_service_access."""

    service: str
    # Name of the group; empty for everybody.
    group: str
    # Addresses that must be in it.
    must_include: list[str]


def read(client: Client, name: str) -> dict[str, Any]:
    """The service as the server has it. Raises KerioError when there is none of that name."""
    services = client.call('Services.get')['services']
    found = [service for service in services if service['name'] == name]
    if len(found) != 1:
        known = ', '.join(service['name'] for service in services)
        raise KerioError(f'service: there is no {name!r} here, but {known}')
    return found[0]


def converge(client: Client, wanted: Wanted, check_mode: bool) -> dict[str, Any]:
    """Sets the group of the service, and looks whether it is.

    Returns:
        changed, before, after (names of groups, empty for everybody), service (as it was read last).
    """
    service = read(client, wanted.service)
    groups = {group['name']: group['id'] for group in client.call('IpAddressGroups.getGroupList')['groups']}
    if wanted.group and wanted.group not in groups:
        raise KerioError(f'group: there is no group {wanted.group!r}')
    if wanted.group:
        _check(client, wanted, groups[wanted.group])
    before = _group(service, groups)
    result = {'changed': before != wanted.group, 'before': before, 'after': wanted.group}
    if result['changed'] and not check_mode:
        service = put(client, wanted.service, bool(wanted.group), groups.get(wanted.group, ''), wanted.group)
    return {**result, 'service': service}


def put(client: Client, name: str, used: bool, group: str, group_name: str) -> dict[str, Any]:
    """Have a service be for a group, and look whether it is.

    Args:
        used: whether the group counts; the service is for everybody otherwise.
        group: its id.

    Returns:
        The service as it was read last.
    """
    present = read(client, name)
    changed = copy.deepcopy(present)
    changed['group']['isUsed'] = used
    # What else the server knows of it stays.
    changed['group']['ipGroup'].update(id=group, name=group_name)
    if changed == present:
        return present
    client.call('Services.set', services=[changed])
    service = read(client, name)
    limit = service['group']
    if limit['isUsed'] != used or used and limit['ipGroup']['id'] != group:
        raise KerioError(f'the server has taken the group of the service {name!r}, and holds another one')
    return service


def listen(client: Client, name: str, listeners: list[dict[str, Any]]) -> None:
    """Have a service listen there, and look whether it does."""
    changed = copy.deepcopy(read(client, name))
    changed['listeners'] = copy.deepcopy(listeners)
    client.call('Services.set', services=[changed])
    held = read(client, name)['listeners']
    # What else is said of one, is the server's affair.
    if sorted((one['type'], one['port']) for one in held) != sorted((one['type'], one['port']) for one in listeners):
        raise KerioError(f'the server has taken the listeners of the service {name!r}, and holds others')


def _check(client: Client, wanted: Wanted, group: str) -> None:
    """Raises KerioError when the service would be for nobody, or not for whom it has to be."""
    entries = client.call('IpAddressGroups.get', query=EVERYTHING)['list']
    if not any(entry['enabled'] for entry in entries if entry['groupId'] == group):
        raise KerioError(f'group: {wanted.group!r} has no entry that is in force: the service would be for nobody')
    outside = [address for address in wanted.must_include if not contains(entries, group, address)]
    if outside:
        raise KerioError(
            f'must_include: {", ".join(outside)} would not reach the service: not in the group {wanted.group!r}, as far'
            ' as can be seen from here'
        )


def problems(wanted: Wanted) -> list[str]:
    """What is wrong with the options, each with its name and value."""
    found = []
    for number, address in enumerate(wanted.must_include):
        try:
            ipaddress.ip_address(address)
        except ValueError:
            found.append(f'must_include[{number}]: {address!r} is no IP address')
    return found


def _group(service: dict[str, Any], groups: dict[str, str]) -> str:
    """The name of the group that a service is for, by its id; empty for everybody."""
    limit = service['group']
    if not limit['isUsed']:
        return ''
    name = next((name for name, identity in groups.items() if identity == limit['ipGroup']['id']), None)
    return name if name is not None else f'(a group that is gone: {limit["ipGroup"]["name"]})'
