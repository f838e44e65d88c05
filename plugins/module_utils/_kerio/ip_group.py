# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A group of IP addresses: flat entries that share its id. A group is there as long as it has an entry.

An entry is known by what it stands for, since ids may change. What shuts the caller out of the administration, or
empties a group that something uses, is not done.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import Client, ItemErrors, KerioError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.options import EVERYTHING

GROUP = 'group:'
MACHINE = 'this machine'
# Where the id of a group may stand: method, member of the result, in words.
USERS = (
    ('Smtp.get', 'server', 'the SMTP server'),
    ('Services.get', 'services', 'services'),
    ('Content.getAntiSpamSetting', 'setting', 'the spam filter'),
    ('SenderPolicy.get', 'options', 'the sender policy'),
    ('SecurityPolicy.get', 'options', 'the security policy'),
    ('Server.getRemoteAdministration', 'setting', 'remote administration'),
)


# The members with the values of an entry, by its type.
AS_IT_IS = {'Host': ('host',), 'IpPrefix': ('host',), 'Network': ('addr1', 'addr2'), 'Range': ('addr1', 'addr2')}


@dataclass
class Wanted:
    """What is asked for; members as the options of the module kerio_ip_group."""

    name: str
    entries: list[str]
    state: str = 'present'
    exclusive: bool = True
    description: str = ''


def canonical(text: str) -> str:
    """An entry as it is compared: an address, a network, FIRST-LAST, `this machine`, `group:NAME`.

    Raises:
        ValueError: it is none of these.
    """
    text = text.strip()
    if text.lower() == MACHINE:
        return MACHINE
    if text.startswith(GROUP):
        if not text[len(GROUP) :].strip() or not text.isprintable():
            raise ValueError('the name of a group is missing')
        return GROUP + text[len(GROUP) :].strip()
    if '-' in text:
        first, last = (ipaddress.ip_address(part.strip()) for part in text.split('-', 1))
        if first.version != last.version or int(first) > int(last):
            raise ValueError('the range ends before it begins')
        return f'{first}-{last}'
    network = ipaddress.ip_network(text)
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)


def problems(wanted: Wanted) -> list[str]:
    """What is wrong with the options, each with its name and value."""
    found = []
    if not wanted.name.strip() or not wanted.name.isprintable():
        found.append(f'name: {wanted.name!r} is no name')
    for number, entry in enumerate(wanted.entries):
        try:
            if canonical(entry) == GROUP + wanted.name:
                raise ValueError('a group cannot consist of itself')
        except ValueError as error:
            found.append(f'entries[{number}]: {entry!r}: {error}')
    if wanted.state == 'present' and not wanted.entries:
        found.append('entries: a group needs an entry')
    return found


def told(entry: dict[str, Any]) -> str:
    """An entry of the server as canonical() has it; one that cannot be understood as its type and values."""
    kind = entry['type']
    try:
        if kind == 'ThisMachine':
            return MACHINE
        if kind == 'ChildGroup':
            return GROUP + entry['childGroupName']
        if kind == 'Range':
            return canonical(f'{entry["addr1"]}-{entry["addr2"]}')
        if kind == 'Network':
            # Whoever names a host of it means the network.
            return canonical(str(ipaddress.ip_network(f'{entry["addr1"]}/{entry["addr2"]}', strict=False)))
        return canonical(entry['host'])
    except ValueError:
        members = AS_IT_IS.get(kind, ('host', 'addr1', 'addr2'))
        return ' '.join([kind, *(str(entry[name]) for name in members if entry.get(name))])


def _as_it_is(text: str) -> bool:
    """Whether told() has an entry so that it is made again as it was, and not understood."""
    kind, *values = text.split(' ')
    return kind in AS_IT_IS and len(values) == len(AS_IT_IS[kind])


def values(entry: str, groups: dict[str, str]) -> dict[str, str]:
    """The members of a structure that stand for an entry.

    Args:
        groups: name -> id.

    Raises:
        KerioError: there is no group of that name.
    """
    if entry == MACHINE:
        return {'type': 'ThisMachine'}
    if _as_it_is(entry):
        kind, *members = entry.split(' ')
        return {'type': kind, **dict(zip(AS_IT_IS[kind], members))}
    if entry.startswith(GROUP):
        name = entry[len(GROUP) :]
        if name not in groups:
            raise KerioError(f'entries: there is no group {name!r}')
        return {'type': 'ChildGroup', 'childGroupId': groups[name], 'childGroupName': name}
    if '-' in entry:
        first, last = entry.split('-')
        return {'type': 'Range', 'addr1': first, 'addr2': last}
    network = ipaddress.ip_network(entry)
    if '/' not in entry:
        return {'type': 'Host', 'host': entry}
    if network.version == 6:
        return {'type': 'IpPrefix', 'host': entry}
    return {'type': 'Network', 'addr1': str(network.network_address), 'addr2': str(network.netmask)}


def contains(entries: list[dict[str, Any]], group: str, address: str, above: tuple[str, ...] = ()) -> bool:
    """Whether an address is in a group for sure: names are not looked up, and this machine is 127.0.0.1 and ::1.

    Args:
        entries: those of all groups.
        group: its id.
        above: groups of which it is a part.
    """
    wanted = ipaddress.ip_address(address)
    for entry in entries:
        if entry['groupId'] != group or not entry['enabled']:
            continue
        child = entry['childGroupId']
        if entry['type'] == 'ChildGroup' and child not in above:
            if contains(entries, child, address, (*above, group)):
                return True
        elif _covers(told(entry), wanted):
            return True
    return False


def _covers(entry: str, wanted: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if entry == MACHINE:
        return str(wanted) in ('127.0.0.1', '::1')
    try:
        if '-' in entry:
            first, last = (ipaddress.ip_address(part) for part in entry.split('-'))
            return first.version == wanted.version and int(first) <= int(wanted) <= int(last)
        return wanted in ipaddress.ip_network(entry)
    except ValueError:
        return False


def planned(
    entries: list[dict[str, Any]], wanted: Wanted
) -> tuple[list[str], list[dict[str, Any]], set[str], list[str]]:
    """What brings a group to what it has to be.

    Args:
        entries: those of all groups.

    Returns:
        The entries that come, those that go, those that are in force, and those that will be.
    """
    ours = [entry for entry in entries if entry['groupName'] == wanted.name]
    names = [entry if _as_it_is(entry) else canonical(entry) for entry in wanted.entries]
    held = {told(entry) for entry in ours if entry['enabled']}
    if wanted.state == 'absent':
        new, gone = [], [entry for entry in ours if not names or told(entry) in names]
    else:
        new = [name for name in dict.fromkeys(names) if name not in held]
        gone = [entry for entry in ours if told(entry) not in names] if wanted.exclusive else []
    # One of ours that somebody has switched off is made anew.
    gone += [entry for entry in ours if told(entry) in new and entry not in gone]
    kept = [entry for entry in ours if entry not in gone]
    return new, gone, held, sorted({*(told(entry) for entry in kept if entry['enabled']), *new})


def converge(client: Client, wanted: Wanted, check_mode: bool) -> dict[str, Any]:
    """Makes the group as it has to be, and looks whether it is.

    Returns:
        changed, before, after (entries in order, those that are off left out), group_id ('' for none).
    """
    entries = _all(client)
    new, gone, held, after = planned(entries, wanted)
    ours = [entry for entry in entries if entry['groupName'] == wanted.name]
    kept = [entry for entry in ours if entry not in gone]
    result = {'changed': bool(new or gone), 'before': sorted(held), 'after': after}
    if gone and not kept and not new:
        _refuse_used(client, entries, ours[0]['groupId'], wanted.name)
    groups = {entry['groupName']: entry['groupId'] for entry in entries}
    made = [values(name, groups) for name in new]
    leaving = [entry['id'] for entry in gone]
    if check_mode and leaving and new and not kept:
        client.warnings.append('Whether the server lets the old entries go cannot be foretold while they are the last.')
    elif check_mode:
        _foretell(client, leaving)
    elif result['changed']:
        created = _create(client, wanted, made, groups.get(wanted.name, ''))
        try:
            # Only now: the last entry of a group that is used cannot go.
            _foretell(client, leaving)
        except KerioError:
            _remove(client, created)
            raise
        _remove(client, leaving)
        ours = [entry for entry in _all(client) if entry['groupName'] == wanted.name]
        if sorted({told(entry) for entry in ours if entry['enabled']}) != after:
            raise KerioError(f'the server has taken the group {wanted.name!r}, and holds other entries: look at them')
    return {**result, 'group_id': ours[0]['groupId'] if ours else ''}


def _all(client: Client) -> list[dict[str, Any]]:
    return client.call('IpAddressGroups.get', query=EVERYTHING)['list']


def _create(client: Client, wanted: Wanted, made: list[dict[str, str]], group: str) -> list[str]:
    """The first entry makes a group that is not there yet; the others go into it. Returns the ids of all."""
    identities: list[str] = []
    for entry in made:
        whole = {
            **dict.fromkeys(('id', 'sharedId', 'host', 'addr1', 'addr2', 'childGroupId', 'childGroupName'), ''),
            'groupId': group,
            'groupName': wanted.name,
            'description': wanted.description,
            'enabled': True,
            'status': 'StoreStatusNew',
            **entry,
        }
        identities += [one['id'] for one in client.call('IpAddressGroups.create', groups=[whole])['result']]
        if not group:
            group = next(entry['groupId'] for entry in _all(client) if entry['groupName'] == wanted.name)
    return identities


def _foretell(client: Client, identities: list[str]) -> None:
    """Raises KerioError when the server says what would come of a removal."""
    try:
        if identities:
            client.call('IpAddressGroups.validateRemove', groupIds=identities)
    except ItemErrors as error:
        raise KerioError(f'nothing was changed, since the server says: {error}') from error


def _remove(client: Client, identities: list[str]) -> None:
    if identities:
        client.call('IpAddressGroups.remove', groupIds=identities)


def _refuse_used(client: Client, entries: list[dict[str, Any]], group: str, name: str) -> None:
    """Raises KerioError when something uses a group that would be gone: a server may leave it without any."""
    users = [
        entry['groupName'] for entry in entries if entry['type'] == 'ChildGroup' and entry['childGroupId'] == group
    ]
    found = [f'the group {user!r}' for user in sorted(set(users))]
    for method, member, words in USERS:
        answer = client.attempt(method)
        if answer and holds(answer.get(member), group):
            found.append(words)
    if found:
        raise KerioError(f'the group {name!r} is used by {", ".join(found)}: nothing was changed')


def holds(value: Any, wanted: str) -> bool:
    """Whether a text stands anywhere in a structure."""
    if isinstance(value, dict):
        return any(holds(inner, wanted) for inner in value.values())
    if isinstance(value, list):
        return any(holds(inner, wanted) for inner in value)
    return bool(value == wanted)
