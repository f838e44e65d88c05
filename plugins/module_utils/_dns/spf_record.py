# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SPF records as text: grammar and macros of RFC 7208, sections 4.5, 4.6.1, 5, 6, 7 and 12."""

from __future__ import annotations

import functools
import ipaddress
import re
import urllib.parse
from collections.abc import Mapping

_MACRO = r'%\{[A-Za-z][0-9]*[rR]?[.\-+,/_=]*\}'
_MACRO_STRING = rf'(?:{_MACRO}|%[%_\-]|[!-$&-~])*'
# A top label is not all digits and has no hyphen at its edges. The look-ahead keeps a hostile record from costing
# quadratic time.
_TOP_LABEL = r'(?=[0-9]*[A-Za-z-])[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?'
DOMAIN_SPEC = re.compile(rf'{_MACRO_STRING}(?:\.{_TOP_LABEL}\.?|{_MACRO})')
MACRO_STRING = re.compile(_MACRO_STRING)
MACRO = re.compile(r'%\{([A-Za-z])([0-9]*)([rR]?)([.\-+,/_=]*)\}|%([%_\-])')
MODIFIER = re.compile(r'([A-Za-z][A-Za-z0-9\-_.]*)=(.*)')
DIRECTIVE = re.compile(r'([+\-?~]?)([A-Za-z][A-Za-z0-9\-_.]*)(.*)')
CIDR = re.compile(r'(.*?)(?:/(0|[1-9][0-9]?))?(?://(0|[1-9][0-9]{0,2}))?')
IP4 = re.compile(r'(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})')
IP6 = re.compile(r'[0-9A-Fa-f:.]+')

RESULTS = {'': 'pass', '+': 'pass', '-': 'fail', '~': 'softfail', '?': 'neutral'}
# What a macro in a domain-spec may be; c, r and t are for explanations only (7.2).
DOMAIN_LETTERS = 'slodiphv'
LONGEST_NAME = 253


class SpfSyntaxError(ValueError):
    """The record is a permerror (4.6)."""


class Mechanism:
    """One directive: its result when it matches, and what it compares with."""

    __slots__ = ('result', 'name', 'spec', 'network', 'prefixes', 'text')

    def __init__(
        self,
        result: str,
        name: str,
        text: str,
        spec: str | None = None,
        network: ipaddress.IPv4Network | ipaddress.IPv6Network | None = None,
        prefixes: tuple[int, int] = (32, 128),
    ) -> None:
        self.result = result
        self.name = name
        self.text = text
        # domain-spec before macro expansion, None means the current domain.
        self.spec = spec
        self.network = network
        # Prefix lengths for A and AAAA addresses.
        self.prefixes = prefixes


class Record:
    """A parsed policy."""

    __slots__ = ('mechanisms', 'redirect')

    def __init__(self, mechanisms: list[Mechanism], redirect: str | None) -> None:
        self.mechanisms = mechanisms
        self.redirect = redirect


def is_policy(content: bytes) -> bool:
    """Whether the bytes of a TXT record are an SPF record (4.5)."""
    start = content[:7].lower()
    return start == b'v=spf1 ' or content.lower() == b'v=spf1'


@functools.lru_cache(maxsize=4096)
def parse(content: bytes) -> Record:
    """The Record in the bytes of a TXT record; SpfSyntaxError names the term that is wrong."""
    if not content.isascii():
        raise SpfSyntaxError('the record contains characters that are not ASCII')
    mechanisms, modifiers = [], {}
    for term in content.decode('ascii').split(' ')[1:]:
        if not term:
            continue
        modifier = MODIFIER.fullmatch(term)
        if modifier is None:
            mechanisms.append(_mechanism(term))
            continue
        name, value = modifier.group(1).lower(), modifier.group(2)
        if name in ('redirect', 'exp'):
            if name in modifiers:
                raise SpfSyntaxError(f'"{name}" occurs twice')
            modifiers[name] = _domain_spec(value, term)
        elif not MACRO_STRING.fullmatch(value):
            raise SpfSyntaxError(f'"{term}" is not valid')
    return Record(mechanisms, modifiers.get('redirect'))


def _mechanism(term: str) -> Mechanism:
    found = DIRECTIVE.fullmatch(term)
    if found is None:
        raise SpfSyntaxError(f'"{term}" is neither a mechanism nor a modifier')
    result, name, rest = RESULTS[found.group(1)], found.group(2).lower(), found.group(3)
    if name == 'all' and not rest:
        return Mechanism(result, name, term)
    if name in ('include', 'exists') and rest.startswith(':'):
        return Mechanism(result, name, term, _domain_spec(rest[1:], term))
    if name == 'ptr' and (not rest or rest.startswith(':')):
        return Mechanism(result, name, term, _domain_spec(rest[1:], term) if rest else None)
    if name in ('a', 'mx') and (not rest or rest[0] in ':/'):
        target, prefix4, prefix6 = CIDR.fullmatch(rest).groups()
        prefixes = _prefix(prefix4, 32, term), _prefix(prefix6, 128, term)
        return Mechanism(result, name, term, _domain_spec(target[1:], term) if target else None, None, prefixes)
    if name in ('ip4', 'ip6') and rest.startswith(':'):
        return Mechanism(result, name, term, None, _network(name, rest[1:], term))
    raise SpfSyntaxError(f'"{term}" is not a valid mechanism')


def _prefix(digits: str | None, longest: int, term: str) -> int:
    length = longest if digits is None else int(digits)
    if length > longest:
        raise SpfSyntaxError(f'the prefix length in "{term}" exceeds {longest}')
    return length


def _network(name: str, text: str, term: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    host, slash, digits = text.partition('/')
    kind, pattern, longest = (ipaddress.IPv4Network, IP4, 32) if name == 'ip4' else (ipaddress.IPv6Network, IP6, 128)
    if not pattern.fullmatch(host) or slash and not re.fullmatch('0|[1-9][0-9]{0,2}', digits, re.ASCII):
        raise SpfSyntaxError(f'"{term}" has no valid address')
    length = _prefix(digits or None, longest, term)
    try:
        return kind(f'{host}/{length}', strict=False)
    except ValueError as exc:
        raise SpfSyntaxError(f'"{term}" has no valid address') from exc


def _domain_spec(text: str, term: str) -> str:
    if not DOMAIN_SPEC.fullmatch(text):
        raise SpfSyntaxError(f'"{term}" has no valid domain name')
    for letter, digits, _reverse, _delimiters, _literal in MACRO.findall(text):
        if letter and letter.lower() not in DOMAIN_LETTERS or digits and not digits.strip('0'):
            raise SpfSyntaxError(f'"{term}" uses a macro that is not valid here')
    return text


def uses(spec: str, letters: str) -> bool:
    """Whether a domain-spec contains one of the macros."""
    return any(found.group(1) and found.group(1).lower() in letters for found in MACRO.finditer(spec))


def expand(spec: str, values: Mapping[str, str]) -> str:
    """A domain-spec with its macros replaced (7.3); values maps lower case letters to text."""

    def replace(found: re.Match[str]) -> str:
        letter, digits, reverse, delimiters, literal = found.groups()
        if literal:
            return {'%': '%', '_': ' ', '-': '%20'}[literal]
        parts = re.split('[{}]'.format(re.escape(delimiters or '.')), values[letter.lower()])
        if reverse:
            parts.reverse()
        if digits:
            # No name has more labels than four digits can say.
            parts = parts[-int(digits.lstrip('0')[:4]) :]
        value = '.'.join(parts)
        return urllib.parse.quote(value, safe='-._~') if letter.isupper() else value

    name = MACRO.sub(replace, spec).rstrip('.')
    # Too long a name loses labels from the left.
    return name if len(name) <= LONGEST_NAME else name[-LONGEST_NAME - 1 :].partition('.')[2]
