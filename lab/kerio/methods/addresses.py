# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IpAddressGroups.*: entries, and the groups that they make."""

from __future__ import annotations

import copy

from .. import groups
from ..defaults import identity
from ..schema import INVALID_PARAMS, invalid
from .registry import EXISTS, FAILED, MISSING, item, method, shown, stored
from .search import search

CUT_OFF = 'You will be cut off from remote administration!'
# The members that hold the value of a type.
VALUES = {
    'Host': ('host',),
    'Network': ('addr1', 'addr2'),
    'Range': ('addr1', 'addr2'),
    'ChildGroup': ('childGroupId',),
    'IpPrefix': ('host',),
    'ThisMachine': (),
}


@method('IpAddressGroups.get')
def get(api, call):
    return search(
        api, 'IpAddressEntry', shown(api, ['IpAddressEntry'], api.state.data['ip_entries']), call.params['query']
    )


@method('IpAddressGroups.getGroupList')
def group_list(api, call):
    found = [{'id': group, 'name': name} for group, name in api.state.group_names().items()]
    return {'groups': shown(api, ['IpAddressGroup'], found)}


@method('IpAddressGroups.create')
def create(api, call):
    entries = copy.deepcopy(api.state.data['ip_entries'])
    errors, results = [], []
    for number, given in enumerate(call.params['groups']):
        entry = api.state.schema.take('IpAddressEntry', given, None, f'groups[{number}]')
        wrong = _place(api, entry, entries) or _wrong(entry, entries)
        if wrong:
            errors.append(item(number, *wrong))
            continue
        entry['id'], entry['status'] = identity('ipaddress'), 'StoreStatusClean'
        entries.append(entry)
        results.append({'inputIndex': number, 'id': entry['id']})
    stored(api, 'ip_entries', entries, call)
    return {'errors': errors, 'result': results}


def _place(api, entry, entries):
    """Gives an entry its group; (code, text) when there is none for it."""
    names = groups.names(entries)
    if entry['groupId']:
        if entry['groupId'] not in names:
            return MISSING, 'This address group does not exist.'
        entry['groupName'] = names[entry['groupId']]
        return None
    if not entry['groupName'].strip():
        return FAILED, 'The name of the group is empty.'
    known = next((group for group, name in names.items() if name == entry['groupName']), None)
    if known and api.state.profile.group_creation == 'refused':
        return EXISTS, 'This address group already exists!'
    fresh = identity('ipgroup', entry['groupName'] if api.state.profile.group_id_form == 'name' else '')
    entry['groupId'] = known or fresh
    return None


def _wrong(entry, entries):
    problem = groups.problem(entry, entries)
    return (FAILED, 'The entry %1 is not valid: %2', entry['description'], problem) if problem else None


def _changed(api, identities, details, entries):
    """The entries after a change, and errors of those that cannot be changed."""
    given_type = details.get('type')
    after, errors = copy.deepcopy(entries), []
    for number, wanted in enumerate(identities):
        place = next((place for place, entry in enumerate(after) if entry['id'] == wanted), None)
        if place is None:
            errors.append(item(number, MISSING, 'The entry does not exist.'))
            continue
        old = after[place]
        lacking = [name for name in VALUES.get(given_type, ()) if name not in details]
        if given_type and given_type != old['type'] and lacking:
            errors.append(item(number, INVALID_PARAMS, 'The value of the new type is missing: %1', lacking[0]))
            continue
        entry = api.state.schema.take('IpAddressEntry', details, old, 'details', partial=True)
        entry['groupId'], problem = old['groupId'], None
        problem = _wrong(entry, after)
        if problem:
            errors.append(item(number, *problem))
            continue
        if api.state.profile.entry_ids == 'renewed':
            entry['id'] = identity('ipaddress')
        after[place] = entry
        for other in after:
            # A group has one name.
            if other['groupId'] == entry['groupId']:
                other['groupName'] = entry['groupName']
    return after, errors


def _identities(call):
    if not all(isinstance(one, str) for one in call.params['groupIds']):
        raise invalid('groupIds', 'not ids')
    return call.params['groupIds']


def _cut_off(api, call, after):
    allowed = api.state.remote_allowed(call.address)
    return allowed and not api.state.remote_allowed(call.address, after)


def _validated(api, call, after, errors):
    if _cut_off(api, call, after):
        api.warned |= set(_identities(call))
        errors.append(item(0, FAILED, CUT_OFF))
    return {'errors': errors}


def _heeded(api, call):
    if api.warned & set(_identities(call)):
        api.state.journal.violation(f'{call.method} although the server said: {CUT_OFF}')


@method('IpAddressGroups.validateSet')
def validate_set(api, call):
    after, errors = _changed(api, _identities(call), call.params['details'], api.state.data['ip_entries'])
    return _validated(api, call, after, errors)


@method('IpAddressGroups.set')
def set_entries(api, call):
    _heeded(api, call)
    after, errors = _changed(api, _identities(call), call.params['details'], api.state.data['ip_entries'])
    stored(api, 'ip_entries', after, call)
    return {'errors': errors}


def _removed(api, identities):
    entries = api.state.data['ip_entries']
    after, errors = list(entries), []
    for number, wanted in enumerate(identities):
        entry = next((entry for entry in after if entry['id'] == wanted), None)
        if entry is None:
            errors.append(item(number, MISSING, 'The entry does not exist.'))
            continue
        left = [other for other in after if other is not entry]
        gone = entry['groupId'] not in groups.names(left)
        if gone and references(api, entry['groupId']) and api.state.profile.used_group_removal == 'refused':
            errors.append(item(number, FAILED, 'The IP address group %1 is in use.', entry['groupName']))
            continue
        after = left
    return after, errors


@method('IpAddressGroups.validateRemove')
def validate_remove(api, call):
    after, errors = _removed(api, _identities(call))
    return _validated(api, call, after, errors)


@method('IpAddressGroups.remove')
def remove(api, call):
    _heeded(api, call)
    after, errors = _removed(api, _identities(call))
    left = groups.names(after)
    for group in set(api.state.group_names()) - set(left):
        _empty(api.state.data, group)
    stored(api, 'ip_entries', after, call)
    return {'errors': errors}


def references(api, group):
    """Whether anything uses a group."""
    rest = {name: part for name, part in api.state.data.items() if name != 'ip_entries'}
    children = [entry for entry in api.state.data['ip_entries'] if entry['childGroupId'] == group]
    return bool(children) or any(True for dummy in _uses(rest, group))


def _uses(value, group):
    """The dictionaries and keys in which the id of a group stands."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if inner == group:
                yield value, key
            else:
                yield from _uses(inner, group)
    elif isinstance(value, list):
        for inner in value:
            yield from _uses(inner, group)


def _empty(data, group):
    for holder, key in list(_uses({name: part for name, part in data.items() if name != 'ip_entries'}, group)):
        holder[key] = ''
