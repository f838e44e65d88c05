# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Search filters of the directory of the double of Zimbra (not Zimbra): RFC 4515 with presence, equality, and, or,
not."""

from __future__ import annotations

import re
from collections.abc import Callable

from .errors import ServiceError
from .store import Values

Test = Callable[[Values], bool]
ITEM = re.compile(r'\(([A-Za-z][\w-]*)=([^()]*)\)')


def compile_filter(query: str) -> Test:
    """What says whether an entry's own values match. Raises ServiceError."""
    test, end = _filter(query, 0)
    if end != len(query):
        raise _bad(query)
    return test


def _filter(query: str, at: int) -> tuple[Test, int]:
    if query[at : at + 2] in ('(&', '(|', '(!'):
        return _combined(query, at)
    item = ITEM.match(query, at)
    if not item or '*' in item.group(2)[:-1] or (item.group(2).endswith('*') and len(item.group(2)) > 1):
        raise _bad(query)
    name, value = item.group(1).lower(), re.sub(r'\\([0-9a-fA-F]{2})', _unescape, item.group(2)).lower()

    def test(values: Values) -> bool:
        said = [each.lower() for other, many in values.items() if other.lower() == name for each in many]
        return bool(said) if item.group(2) == '*' else value in said

    return test, item.end()


def _combined(query: str, at: int) -> tuple[Test, int]:
    sign, tests, end = query[at + 1], [], at + 2
    while query[end : end + 1] == '(':
        test, end = _filter(query, end)
        tests.append(test)
    if query[end : end + 1] != ')' or (sign == '!' and len(tests) != 1):
        raise _bad(query)
    if sign == '!':
        return (lambda values: not tests[0](values)), end + 1
    combine = all if sign == '&' else any
    return (lambda values: combine(test(values) for test in tests)), end + 1


def _unescape(found: re.Match) -> str:
    return chr(int(found.group(1), 16))


def _bad(query: str) -> ServiceError:
    return ServiceError('ldap.INVALID_SEARCH_FILTER', f'invalid search filter - {query}')
