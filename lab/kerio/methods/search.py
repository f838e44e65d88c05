# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SearchQuery: conditions, order, and a part of the result."""

from __future__ import annotations

import operator
import re

from ..schema import invalid

QUERY = {'fields': [], 'conditions': [], 'combining': 'Or', 'start': 0, 'limit': -1, 'orderBy': []}
COMPARED = {
    'Eq': operator.eq,
    'NotEq': operator.ne,
    'LessThan': operator.lt,
    'GreaterThan': operator.gt,
    'LessEq': operator.le,
    'GreaterEq': operator.ge,
}


def search(api, kind: str, found: list[dict], query: dict, ordered: bool = True) -> dict:
    """{list, totalItems}; the total is what there is before start and limit.

    Args:
        found: elements as they are shown.
        ordered: whether orderBy counts.
    """
    query = api.state.schema.take('SearchQuery', query, QUERY, 'query', partial=True)
    known = set(api.state.schema.structs[kind])
    if strange := set(query['fields']) - known:
        raise invalid('query.fields', f'no field {min(strange)}')
    for condition in query['conditions']:
        if condition['fieldName'] not in known | {'QUICKSEARCH'}:
            raise invalid('query.conditions', f'no field {condition["fieldName"]}')
    if query['conditions']:
        together = all if query['combining'] == 'And' else any
        found = [one for one in found if together(_meets(one, condition) for condition in query['conditions'])]
    if ordered:
        for order in reversed(query['orderBy']):
            found = sorted(found, key=lambda one: _key(one, order), reverse=order['direction'] == 'Desc')
    end = None if query['limit'] < 0 else query['start'] + query['limit']
    part = found[query['start'] : end]
    if query['fields']:
        part = [{name: one[name] for name in query['fields']} for one in part]
    return {'list': part, 'totalItems': len(found)}


def _key(one, order):
    text = str(one.get(order['columnName'], ''))
    return text if order['caseSensitive'] else text.lower()


def _meets(one, condition):
    value, comparator = condition['value'], condition['comparator']
    if condition['fieldName'] == 'QUICKSEARCH':
        return any(value.lower() in str(held).lower() for held in one.values())
    held = one[condition['fieldName']]
    text = str(held).lower() if isinstance(held, bool) else str(held)
    if comparator == 'Like':
        return re.search('.*'.join(map(re.escape, value.split('%'))), text, re.IGNORECASE) is not None
    if isinstance(held, int) and not isinstance(held, bool) and re.fullmatch(r'-?\d+', value):
        return COMPARED[comparator](held, int(value))
    return COMPARED[comparator](text, value)
