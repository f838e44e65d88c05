# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The attributes that the double of Zimbra (not Zimbra) knows, from schema.json: one attribute a line.

Fields there: type, values (of an enum, in the schema's order), min, max (numbers: bounds; texts: characters), multi,
in (classes of entries), inherited (from where an entry takes the value that it has not itself), immutable, deprecated
(the version since when), one_value (more than one is refused whatever the cardinality), default (of a fresh global
configuration), cos_default (of a fresh class of service).
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path

from .errors import invalid_value

# What the store calls a kind of entries: its class in the schema.
KINDS = {
    'config': 'globalConfig',
    'servers': 'server',
    'domains': 'domain',
    'cos': 'cos',
    'accounts': 'account',
    'lists': 'distributionList',
}
MAIL_RECIPIENTS = ('accounts', 'domains', 'lists')
# Bounds of a number in Java.
RANGES = {'integer': (-(2**31), 2**31 - 1), 'long': (-(2**63), 2**63 - 1), 'port': (0, 65535)}
TEXTS = ('string', 'astring', 'ostring', 'cstring', 'phone', 'email', 'emailp', 'cs_emailp')
ASCII_ONLY = ('astring', 'email', 'emailp', 'cs_emailp', 'duration')
BINARY = ('binary', 'certificate')


@dataclass(frozen=True)
class Attribute:
    name: str
    type: str
    values: tuple[str, ...]
    minimum: int | None
    maximum: int | None
    multi: bool
    entries: frozenset[str]
    inherited: frozenset[str]
    immutable: bool
    deprecated: str | None
    one_value: bool
    default: tuple[str, ...]
    cos_default: tuple[str, ...]

    @property
    def binary(self) -> bool:
        return self.type in BINARY

    def allowed(self, kind: str) -> bool:
        """Whether entries of a kind (a key of KINDS) may carry the attribute."""
        return KINDS[kind] in self.entries or (kind in MAIL_RECIPIENTS and 'mailRecipient' in self.entries)

    def check(self, value: str) -> None:
        """Zimbra's own check of a value; an empty one means "unset" and passes. Raises ServiceError."""
        if value == '':
            return
        if self.type == 'boolean' and value not in ('TRUE', 'FALSE'):
            raise invalid_value(f'{self.name} must be TRUE or FALSE')
        if self.type == 'enum' and value not in self.values:
            raise invalid_value(f'{self.name} must be one of: {",".join(self.values)}')
        if self.type in RANGES:
            self._check_number(value)
        if self.type in TEXTS and self.maximum is not None and len(value) > self.maximum:
            raise invalid_value(f'{self.name} value length({len(value)}) larger than max allowed: {self.maximum}')
        if self.type in ('email', 'emailp') and '@' not in value:
            raise invalid_value(f"address '{value}' does not include domain")
        if self.type == 'duration' and not re.fullmatch(r'\d+(ms|[hmsd])?', value):
            raise invalid_value(f'{self.name} Must be in valid duration format')

    def _check_number(self, value: str) -> None:
        least, most = RANGES[self.type]
        number = int(value) if re.fullmatch(r'[+-]?[0-9]+', value) else None
        if number is None or not least <= number <= most:
            cause = None if self.type == 'port' else ('java.lang.NumberFormatException', f'For input string: "{value}"')
            raise invalid_value(f'{self.name} must be a valid {self.type}: {value}', cause)
        if self.minimum is not None and number < self.minimum:
            raise invalid_value(f'{self.name} value({number}) smaller than minimum allowed: {self.minimum}')
        if self.maximum is not None and number > self.maximum:
            raise invalid_value(f'{self.name} value({number}) larger than max allowed: {self.maximum}')

    def valid_syntax(self, value: str) -> bool:
        """What the LDAP server itself asks of a value."""
        if self.type in ASCII_ONLY:
            return value.isascii()
        if self.type == 'ostring' or self.binary:
            return True
        return value != ''


def _attribute(name: str, said: dict) -> Attribute:
    return Attribute(
        name=name,
        type=said['type'],
        values=tuple(said['values'].split(',')) if 'values' in said else (),
        minimum=said.get('min'),
        maximum=said.get('max'),
        multi=said.get('multi', False),
        entries=frozenset(said['in'].split(',')),
        inherited=frozenset(filter(None, said.get('inherited', '').split(','))),
        immutable=said.get('immutable', False),
        deprecated=said.get('deprecated'),
        one_value=said.get('one_value', False),
        default=tuple(said.get('default', ())),
        cos_default=tuple(said.get('cos_default', ())),
    )


@functools.lru_cache(maxsize=1)
def attributes() -> dict[str, Attribute]:
    """All attributes by their names."""
    said = json.loads(Path(__file__).with_name('schema.json').read_text(encoding='utf-8'))
    return {name: _attribute(name, fields) for name, fields in said.items()}


@functools.lru_cache(maxsize=1)
def _by_lower_case() -> dict[str, Attribute]:
    return {name.lower(): attribute for name, attribute in attributes().items()}


def find(name: str) -> Attribute | None:
    """The attribute of that name in any case."""
    return _by_lower_case().get(name.lower())


def config_defaults() -> dict[str, list[str]]:
    """What a fresh global configuration holds."""
    return {name: list(attribute.default) for name, attribute in attributes().items() if attribute.default}


def cos_defaults() -> dict[str, list[str]]:
    """What a fresh class of service holds."""
    return {name: list(attribute.cos_default) for name, attribute in attributes().items() if attribute.cos_default}
