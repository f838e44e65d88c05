# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of what is said over the interface: api-schema.json, as a profile has it."""

from __future__ import annotations

import copy
import json
from functools import lru_cache
from pathlib import Path

INVALID_PARAMS = -32602
STRANGE_VALUE = 'ValueOfALaterVersion'
BASIC = {
    'boolean': (bool, False),
    'integer': (int, 0),
    **dict.fromkeys(
        ('string', 'KId', 'IpAddress', 'LogType', 'JavaScriptDate', 'HighlightColor', 'password'), (str, '')
    ),
    'DateTimeStamp': (int, 0),
}
# Structure -> (member that has an id, member that has the name that goes with it, which the server fills in).
NAMED = {
    'Relay': ('ipAddressGroupId', 'ipAddressGroupName'),
    'IpLimit': ('ipAddressGroupId', 'ipAddressGroupName'),
    'IpAddressEntry': ('childGroupId', 'childGroupName'),
    'OptionalEntity': ('id', 'name'),
    'IpAddressGroup': ('id', 'name'),
    'BlackListSetting': ('id', 'name'),
    'Administration': ('groupId', 'groupName'),
}


class RpcError(Exception):
    """What a call is answered with instead of a result."""

    def __init__(self, code, message, *parameters):
        super().__init__(message)
        self.code = code
        self.message = message
        self.parameters = list(parameters)


def invalid(where, why):
    return RpcError(INVALID_PARAMS, f'Invalid params: {where}: {why}')


@lru_cache
def _file():
    return json.loads(Path(__file__).with_name('api-schema.json').read_text(encoding='utf-8'))


class Schema:
    """Structures, enums and methods; `marker` is what the members hold that nobody knows (profile next)."""

    def __init__(self, profile, marker):
        data = _file()
        self.profile = profile
        self.marker = marker
        self.enums = {name: enum['values'] for name, enum in data['enums'].items()}
        # Each profile has its own; what a member is, all have together.
        self.structs = {name: dict(struct['members']) for name, struct in data['structs'].items()}
        self.whole = {name for name, struct in data['structs'].items() if struct.get('whole')}
        # Of these, only what is said to be required has to be there.
        self.partial = {
            name
            for name, struct in data['structs'].items()
            if struct.get('partial') or any('requiredForCreate' in member for member in struct['members'].values())
        }
        self.methods = {name: method for name, method in data['methods'].items() if self._has(method['since'])}
        if profile.numbers < (9,):
            self._as_version_8()
        if profile.tls_options:
            self.structs['SecurityPolicyOptions']['tlsOptions'] = {'type': 'string'}

    def _has(self, since):
        return self.profile.numbers >= tuple(int(part) for part in since.rstrip('?').split('.'))

    def _as_version_8(self):
        self.structs['SmtpServerSettings']['smtpOptions'] = {'type': 'SmtpDelivery'}
        setting, greylisting = self.structs['AntiSpamSetting'], self.structs['Greylisting']
        setting['isDkimEnabled'] = {'type': 'boolean'}
        del setting['integratedAntiSpamSetting']
        greylisting['state'] = greylisting.pop('status')
        self.structs['SecurityPolicyOptions']['authenticationMethods'] = {'type': ['string']}

    def members(self, kind):
        """The members of a structure; None if it is no structure."""
        if isinstance(kind, dict):
            return {name: {'type': inner} for name, inner in kind.items()}
        return self.structs.get(kind)

    def zero(self, kind):
        """What a member holds that was never set."""
        if isinstance(kind, list) or kind == 'UserEmailAddressList':
            return []
        if kind in BASIC:
            return BASIC[kind][1]
        if kind in self.enums:
            return self.enums[kind][0]
        return {name: self.zero(member['type']) for name, member in self.members(kind).items()}

    # --- what the server says

    def answer(self, kind, value, names):
        """A value as it is shown: the structure's members only, no secrets, names beside ids.

        Args:
            names: id of an IP address group -> its name.
        """
        if isinstance(kind, list):
            return [self.answer(kind[0], element, names) for element in value]
        members = self.members(kind)
        if members is None:
            return copy.copy(value)
        shown = {}
        for name, member in members.items():
            hidden = member.get('access') == 'w' or name == 'builtInAdminPassword'
            shown[name] = '' if hidden else self.answer(member['type'], self._held(value, name, member), names)
        if isinstance(kind, str) and kind in NAMED:
            identity, name = NAMED[kind]
            shown[name] = names.get(shown[identity], '')
        if isinstance(kind, str) and self.profile.round_trip:
            shown[self.strange(kind)] = self.marker
        return shown

    def _held(self, value, name, member):
        return value[name] if name in value else self.zero(member['type'])

    @staticmethod
    def strange(kind):
        return f'later{kind}'

    # --- what the server is told

    def take(self, kind, new, old=None, where='', partial=False):
        """What is stored when somebody sets a value.

        Args:
            old: what is stored now; None for something new.
            partial: members that are missing stay as they are, whatever the profile.

        Raises:
            RpcError: it is not of that type, has members too many or too few, or lost what only the server knows.
        """
        if isinstance(kind, list) or kind == 'UserEmailAddressList':
            element = kind[0] if isinstance(kind, list) else 'string'
            if not isinstance(new, list):
                raise invalid(where, 'not a list')
            pairs = [self._partner(element, value, old or []) for value in new]
            return [
                self.take(element, value, pair, f'{where}[{number}]')
                for number, (value, pair) in enumerate(zip(new, pairs))
            ]
        if kind in BASIC:
            return self._basic(kind, new, where)
        if kind in self.enums:
            return self._enum(kind, new, old, where)
        if not isinstance(new, dict):
            raise invalid(where, 'not an object')
        return self._struct(kind, new, old, where, partial)

    def _partner(self, kind, value, old):
        """The stored element that an element of a new list stands for."""
        if not isinstance(value, dict):
            return None
        if value.get('id'):
            return next((element for element in old if element.get('id') == value['id']), None)
        known = self.members(kind) or {}
        plain = {name: inner for name, inner in value.items() if name in known}
        return next((element for element in old if {n: element.get(n) for n in plain} == plain), None)

    def _basic(self, kind, new, where):
        wanted = BASIC[kind][0]
        # In Python, true is an integer.
        if not isinstance(new, wanted) or (wanted is int and isinstance(new, bool)):
            raise invalid(where, f'not a {kind}')
        return new

    def _enum(self, kind, new, old, where):
        self._basic('string', new, where)
        if old == STRANGE_VALUE and new != old:
            raise invalid(where, 'a value was lost that this server knows')
        if new not in self.enums[kind] and not (new == old == STRANGE_VALUE):
            raise invalid(where, f'{new!r} is none of {", ".join(self.enums[kind])}')
        return new

    def _struct(self, kind, new, old, where, partial):
        members = self.members(kind)
        strange = self.strange(kind) if isinstance(kind, str) else None
        allowed = set(members) | ({strange} if self.profile.round_trip else set())
        if (unknown := set(new) - allowed) and self.profile.unknown_members == 'refuse':
            raise invalid(f'{where}.{min(unknown)}', 'unknown member')
        if self.profile.round_trip and new.get(strange, None if old else self.marker) != self.marker and not partial:
            raise invalid(f'{where}.{strange}', 'a member was lost or changed that this server knows')
        taken = {key: value for key, value in (old or {}).items() if key not in members}
        for name, member in members.items():
            before = None if old is None else self._held(old, name, member)
            inner = f'{where}.{name}'.lstrip('.')
            if member.get('access') in ('r', 'r?'):
                # Read-only: ignored, but part of a structure that has to be whole.
                if name not in new and kind in self.whole and not partial:
                    self._missing(kind, name, member, before, inner, False)
                taken[name] = self.zero(member['type']) if old is None else before
            elif name in new:
                taken[name] = self.take(member['type'], new[name], before, inner)
            elif member.get('access') == 'w':
                # The caller knows what becomes of a secret that is left out.
                continue
            else:
                taken[name] = self._missing(kind, name, member, before, inner, partial)
        return taken

    def _missing(self, kind, name, member, before, where, partial):
        may = (
            partial
            or member.get('optional')
            or (isinstance(kind, str) and kind in self.partial and not member.get('requiredForCreate'))
        )
        if not may and self.profile.missing_members == 'refuse':
            raise invalid(where, 'missing')
        kept = may or self.profile.missing_members == 'keep'
        return before if kept and before is not None else self.zero(member['type'])
