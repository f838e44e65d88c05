# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a method gets its name, and what many of them need."""

from __future__ import annotations

from ..schema import RpcError

METHODS: dict = {}
FAILED, EXISTS, MISSING = 1000, 1001, 1002


def method(name):
    def register(function):
        METHODS[name] = function
        return function

    return register


def shown(api, kind, value):
    """A value as the interface shows it."""
    return api.state.schema.answer(kind, value, api.state.group_names())


def item(number, code, message, *parameters):
    """An element of `errors`."""
    return {
        'inputIndex': number,
        'code': code,
        'message': message,
        'messageParameters': {'positionalParameters': list(parameters), 'plurality': 1},
    }


def existing_group(api, identity, needed=False):
    """Raises RpcError when an id that is not empty, or needed, is of no IP address group."""
    if (identity or needed) and identity not in api.state.group_names():
        raise RpcError(MISSING, 'The IP address group %1 does not exist.', identity)


def existing_entity(api, entity):
    """The same for an OptionalEntity."""
    existing_group(api, entity['id'], entity['enabled'])


def own_ids(before, given):
    """Raises RpcError when a rule has an id that this server has not issued."""
    known = {rule['id'] for rule in before} | {''}
    for rule in given:
        if rule.get('id', '') not in known:
            raise RpcError(MISSING, 'The rule %1 does not exist.', rule['id'])


def lost(api, part, before, after, same):
    """Notes what is gone of that which was entrusted to the double.

    Args:
        same: what an entry is known by, whatever its id.
    """
    present = [same(entry) for entry in after]
    for entry in before:
        known = same(entry)
        if known in api.state.entrusted[part] and known not in present:
            api.state.journal.violation(f'an entry of the administrator was lost: {part}: {entry["description"]}')


def noticed(api, part, call):
    """Remembers what the session has read (profile U22)."""
    api.read[call.session.identity, part] = repr(api.state.data[part])


def unchanged(api, part, call):
    """Raises RpcError when somebody else has changed it since (profile U22)."""
    seen = api.read.get((call.session.identity, part))
    if api.state.profile.concurrent_set == 'refused' and seen not in (None, repr(api.state.data[part])):
        raise RpcError(FAILED, 'The settings were changed by another administrator.')


def stored(api, part, value, call):
    """Puts a new value in its place, and tells the mail side."""
    api.state.data[part] = value
    noticed(api, part, call)
    api.state.journal.log('config', f'{call.session.details["loginName"]} - {call.method}')
    api.state.tell(part)
