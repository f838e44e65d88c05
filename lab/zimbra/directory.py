# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modifications of an entry as the LDAP server of the double of Zimbra (not Zimbra) takes them: all or nothing.

Wording of the refusals: OpenLDAP's, from memory; match on Zimbra's code in front of it, never on the wording.
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import LdapError
from .schema import Attribute, find
from .store import Values


@dataclass(frozen=True)
class Modification:
    """operation: add, replace or delete; values: None deletes all."""

    operation: str
    name: str
    values: tuple[str, ...] | None


def modify(entry: Values, kind: str, modifications: list[Modification]) -> Values:
    """The entry's values afterwards; the one given stays as it is. Raises LdapError."""
    known = [(change, _checked(change)) for change in modifications]
    changed = {name: list(values) for name, values in entry.items()}
    for change, attribute in known:
        _carry_out(changed, change, attribute.name)
    for dummy, attribute in known:
        values = changed.get(attribute.name, [])
        if len(values) > 1 and not attribute.multi:
            raise LdapError('constraint violation', f"attribute '{attribute.name}' cannot have multiple values")
        if values and not attribute.allowed(kind):
            raise LdapError('object class violation', f"attribute '{attribute.name}' not allowed")
    return {name: values for name, values in changed.items() if values}


def _checked(change: Modification) -> Attribute:
    attribute = find(change.name)
    if attribute is None:
        raise LdapError('undefined type', f'{change.name}: attribute type undefined')
    values = change.values or ()
    for number, value in enumerate(values):
        if not attribute.valid_syntax(value):
            raise LdapError('invalid syntax', f'{attribute.name}: value #{number} invalid per syntax')
    if len(values) > 1 and not attribute.multi:
        raise LdapError('constraint violation', f'{attribute.name}: multiple values provided')
    seen = set()
    for number, value in enumerate(values):
        if value.lower() in seen:
            raise LdapError('value exists', f'{attribute.name}: value #{number} provided more than once')
        seen.add(value.lower())
    return attribute


def _carry_out(values: Values, change: Modification, name: str) -> None:
    here = values.get(name, [])
    if change.operation == 'replace':
        values[name] = list(change.values)
    elif change.operation == 'add':
        for number, value in enumerate(change.values):
            if value.lower() in [each.lower() for each in here]:
                raise LdapError('value exists', f'modify/add: {name}: value #{number} already exists')
        values[name] = here + list(change.values)
    elif change.values is None:
        if not here:
            raise LdapError('no such attribute', f'modify/delete: {name}: no such attribute')
        values[name] = []
    else:
        gone = {value.lower() for value in change.values}
        if not gone <= {value.lower() for value in here}:
            raise LdapError('no such attribute', f'modify/delete: {name}: no such value')
        values[name] = [value for value in here if value.lower() not in gone]
