# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What zmprov of the double of Zimbra (not Zimbra) works on: Zimbra's library for the directory with its caches.

`zmprov -l` has such a library in its own process; over SOAP it is that of a mailboxd, whose caches outlive a command.
"""

from __future__ import annotations

import copy
import re

from ..directory import Modification, modify
from ..errors import SERVICE, LdapError, ServiceError, failure, from_ldap, invalid_request
from ..schema import find
from ..store import MAX_AGE, Store, Values, inherited, own

NO_SUCH = {'servers': 'SERVER', 'domains': 'DOMAIN', 'cos': 'COS', 'accounts': 'ACCOUNT'}
Wanted = dict[str, list[str]]


def hash_order(names: list[str]) -> list[str]:
    """Names in the order in which a Java HashMap that they were put into gives them back."""
    size = 16
    while len(names) > size * 3 // 4:
        size *= 2
    return sorted(names, key=lambda name: _java_hash(name) & (size - 1))


def _java_hash(text: str) -> int:
    number = 0
    units = text.encode('utf-16-be')
    for high, low in zip(units[::2], units[1::2]):
        number = (number * 31 + (high << 8 | low)) & 0xFFFFFFFF
    return number ^ number >> 16


class Provisioning:
    """cache: {"config": values, "servers": {name: {"own", "defaults", "at"}}, ...}, filled by use; replica: whether
    reads go to a replica of the directory; log: takes what Zimbra's library logs; deprecated: whether deprecated
    attributes may be written."""

    def __init__(self, store: Store, cache: dict, clock, replica=False, log=lambda line: None, deprecated=True):
        self.store = store
        self.cache = cache
        self.clock = clock
        self.replica = replica
        self.log = log
        self.deprecated = deprecated

    # -- reading

    def _directory(self, master: bool = False) -> dict:
        return self.store.read_replica() if self.replica and not master else self.store.read()

    def config(self) -> Values:
        if 'config' not in self.cache:
            self.cache['config'] = self._directory()['config']
        return self.cache['config']

    def names(self, kind: str) -> list[str]:
        return sorted(self._directory()[kind])

    def find(self, kind: str, key: str) -> str:
        """The name of the entry with that name in any case, identity (a UUID) or, of an account, alias. Raises
        ServiceError."""
        found = self._find(kind, key)
        if found is None:
            raise ServiceError(f'account.NO_SUCH_{NO_SUCH[kind]}', f'no such {NO_SUCH[kind].lower()}: {key}')
        return found

    def _find(self, kind: str, key: str) -> str | None:
        entries = self._directory()[kind]
        if re.fullmatch(r'.{8}-.{4}-.{4}-.{4}-.{12}', key):
            return next((name for name, values in entries.items() if key in values.get('zimbraId', [])), None)
        if kind == 'accounts' and '@' not in key:
            key = '@'.join([key, *self.config().get('zimbraDefaultDomainName', [])])
        for name, values in entries.items():
            others = values.get('zimbraMailAlias', []) if kind == 'accounts' else []
            if key.lower() in [each.lower() for each in (name, *others)]:
                return name
        return None

    def search(self, test, domain: str = '') -> list[tuple[str, str]]:
        """[(kind, name)] of accounts and lists that match, sorted by name; domain: only those in it."""
        directory = self._directory()
        return sorted(
            (
                (kind, name)
                for kind in ('accounts', 'lists')
                for name, values in directory.get(kind, {}).items()
                if test(values) and name.endswith(f'@{domain}' if domain else '')
            ),
            key=lambda found: found[1],
        )

    def entry(self, kind: str, name: str, fresh: bool = False) -> dict:
        """{"own", "defaults"} of an entry, from the cache unless it is too old or to be read again."""
        known = self.cache.setdefault(kind, {}).get(name)
        if fresh or known is None or self.clock() - known['at'] > MAX_AGE:
            known = self._load(kind, name, self._directory(master=fresh))
            self.cache[kind][name] = known
        return known

    def listed(self, kind: str, name: str) -> dict:
        """An entry as a listing of all reads it, from the directory; servers and classes of service are then cached
        anew."""
        entry = self._load(kind, name, self._directory())
        if kind in ('servers', 'cos'):
            self.cache.setdefault(kind, {})[name] = entry
        return entry

    def _load(self, kind: str, name: str, directory: dict) -> dict:
        # What is inherited from the global configuration comes from its cache, however old that is.
        data = {**directory, 'config': self.config()}
        return {
            'own': copy.deepcopy(own(data, kind, name)),
            'defaults': copy.deepcopy(inherited(data, kind, name)),
            'at': self.clock(),
        }

    def flush(self, kind: str, names: list[str]) -> None:
        """Forget cached entries; no names: all of that kind. kind 'all': everything."""
        if kind == 'all':
            self.cache.clear()
        elif kind == 'config' or not names:
            self.cache.pop(kind, None)
        for name in names:
            self.cache.get(kind, {}).pop(name, None)

    # -- writing

    def modify(self, kind: str, name: str, wanted: Wanted) -> None:
        """Check and write; wanted: {attribute with + or - in front or without: values}. Raises ServiceError."""
        entry = {'own': self.config(), 'defaults': {}} if kind == 'config' else self.entry(kind, name)
        for key in hash_order(list(wanted)):
            self._check(key, wanted, entry)
        try:
            changes = modifications(wanted, entry['own'])
            if changes:
                with self.store.change() as data:
                    there = own(data, kind, name)
                    after = modify(there, kind, changes)
                    there.clear()
                    there.update(after)
        except LdapError as error:
            raise from_ldap(error) from None
        finally:
            # What is cached is read again from the master, also after a refusal.
            if kind == 'config':
                self.cache['config'] = self.store.read()['config']
            else:
                self.entry(kind, name, fresh=True)

    def _check(self, key: str, wanted: Wanted, entry: dict) -> None:
        name = key[1:] if key[0] in '+-' else key
        attribute = find(name)
        if attribute is None:
            self.log(f'checkValue: no attribute info for: {name}')
            return
        if attribute.deprecated:
            self.log(f'Attempt to modify a deprecated attribute: {name}')
        for value in wanted[key]:
            if attribute.immutable:
                raise invalid_request(f'{attribute.name} is immutable')
            attribute.check(value)
        if attribute.deprecated and not self.deprecated:
            raise failure(f'modifying deprecated attribute is not allowed: {attribute.name}')
        if attribute.one_value:
            _check_one_value(name, wanted, {**entry['defaults'], **entry['own']})


def _check_one_value(name: str, wanted: Wanted, effective: Values) -> None:
    """What the attribute would hold, counting inherited values as the entry's, must be one value."""
    now = set(effective.get(find(name).name, []))
    if name in wanted:
        new = set() if wanted[name] == [''] else set(wanted[name])
    elif f'+{name}' in wanted:
        new = now | set(wanted[f'+{name}'])
    else:
        new = now - set(wanted.get(f'-{name}', []))
    if len(new) > 1:
        raise invalid_request(f'{name} can only have one value')


def modifications(wanted: Wanted, entry: Values) -> list[Modification]:
    """What is sent to the LDAP server, against the entry's own values as the library knows them."""
    changes = []
    for key in hash_order(list(wanted)):
        values = wanted[key]
        sign = key[0] if key[0] in '+-' else ''
        name = key[1:] if sign else key
        if sign and name in wanted:
            inner = "invalid request: can't mix +attrName/-attrName with attrName"
            raise failure(f'unable to modify attrs: {inner}', (SERVICE, inner))
        attribute = find(name)
        here = entry.get(attribute.name, []) if attribute else []
        known = {value.lower() for value in here}
        if sign == '+':
            new = [value for value in values if value.lower() not in known]
            changes += [Modification('add', name, tuple(new))] if new else []
        elif sign == '-':
            gone = [value for value in values if value.lower() in known]
            changes += [Modification('delete', name, tuple(gone))] if gone else []
        elif values == ['']:
            changes += [Modification('delete', name, None)] if here else []
        else:
            changes.append(Modification('replace', name, tuple(values)))
    return changes
