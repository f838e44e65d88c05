# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in a DMARC record, and what of it receivers cannot use (RFC 7489, 6.3 and 6.6.3; RFC 9989, 4.7 to 4.10.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

# v is the first tag; its value is case-sensitive.
RECORD = re.compile(r'[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;.*)?', re.DOTALL)
POLICIES = ('none', 'quarantine', 'reject')
# With a value that is none of these, the whole record counts for nothing, or as p=none.
POLICY_TAGS = ('p', 'sp', 'np')
MAILTO = re.compile(r'mailto:[^\s@,;!]+@[^\s@,;!?]+(\?[^\s,;!]*)?', re.IGNORECASE | re.ASCII)
OTHER_URI = re.compile(r'(?!mailto:)[a-z][a-z0-9+.-]*:[^\s,;!]+', re.IGNORECASE | re.ASCII)
# Of RFC 7489: the largest report that is wanted.
SIZE = re.compile(r'![0-9]+[kmgt]?', re.IGNORECASE | re.ASCII)


def parse(record: str) -> dict[str, str]:
    """Tags of a record. What is not a tag is ignored (RFC 9989, 4.8); the first of two equal tags counts."""
    tags: dict[str, str] = {}
    for name, value in _pairs(record):
        tags.setdefault(name, value)
    return tags


def _pairs(record: str) -> list[tuple[str, str]]:
    pieces = [[piece.strip() for piece in part.partition('=')] for part in record.split(';')]
    return [(name.lower(), value) for name, equals, value in pieces if equals]


def _report_addresses(value: str) -> list[bool]:
    """Whether each of the addresses for reports can be used."""
    addresses = [SIZE.sub('', address.strip()) for address in value.split(',')]
    return [bool(MAILTO.fullmatch(address) or OTHER_URI.fullmatch(address)) for address in addresses]


def _words(*allowed: str) -> Callable[[str], bool]:
    return lambda value: value.lower() in allowed


def _failure_options(value: str) -> bool:
    options = value.lower().split(':')
    once = len(set(options)) == len(options)
    return once and set(options) <= {'0', '1', 'd', 's'} and not {'0', '1'} <= set(options)


def _number(high: int) -> Callable[[str], bool]:
    return lambda value: bool(re.fullmatch('[0-9]{1,10}', value, re.ASCII)) and int(value) <= high


# Tag: whether its value can be used, and what it has to be. One that cannot counts as if it were not there.
OTHER_TAGS: dict[str, tuple[Callable[[str], bool], str]] = {
    'adkim': (_words('r', 's'), 'r or s'),
    'aspf': (_words('r', 's'), 'r or s'),
    'fo': (_failure_options, '0 or 1, d and s, each once, with ":" between them'),
    'pct': (_number(100), 'a number from 0 to 100'),
    'psd': (_words('y', 'n', 'u'), 'y, n or u'),
    'rf': (_words('afrf'), 'afrf'),
    'ri': (_number(2**32 - 1), 'a number of seconds'),
    'rua': (lambda value: all(_report_addresses(value)), 'addresses such as mailto:dmarc@example.com'),
    'ruf': (lambda value: all(_report_addresses(value)), 'addresses such as mailto:dmarc@example.com'),
    't': (_words('y', 'n'), 'y or n'),
}


def repeated(record: str) -> list[str]:
    """Return the tags that the record has more than once: a list of tags with one of them is none (RFC 6376, 3.2)."""
    names = [name for name, dummy in _pairs(record)]
    return [name for name in dict.fromkeys(names) if names.count(name) > 1]


def bad_policies(tags: Mapping[str, str]) -> list[str]:
    """Return the tags whose value ought to be a policy and is none, as they are written."""
    return [f'{tag}={tags[tag]}' for tag in POLICY_TAGS if tag in tags and tags[tag].lower() not in POLICIES]


def counts_as_none(tags: Mapping[str, str]) -> bool:
    """Whether receivers take a record whose policy they cannot use for p=none, since they can send reports about it
    (RFC 9989, 4.10.1). Otherwise they ignore it."""
    return any(_report_addresses(tags.get('rua', '')))


def remarks(tags: Mapping[str, str]) -> list[str]:
    """Return what is wrong with tags that do not decide on the policy; receivers do without them."""
    found = [
        f'{tag}={tags[tag]} is ignored, it has to be {wanted}'
        for tag, (usable, wanted) in OTHER_TAGS.items()
        if tag in tags and not usable(tags[tag])
    ]
    if 'p' not in tags:
        found.append('without p= the policy is none, and receivers that go by RFC 7489 ignore a record without rua=')
    elif list(tags)[1] != 'p':
        found.append('receivers that go by RFC 7489 want p= directly behind v=')
    return found
