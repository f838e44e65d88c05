# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nft lists as JSON, in one form whatever its version. Private to this collection.

The text of a listing differs between versions of nft, and so do handles, counters and how a set is put together.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Mapping
from typing import Any

# Numbers for names: ports, users and states of connections are names otherwise.
LIST = ('-j', '-n', 'list')
# What each kind of entry is known by. A version may tell more of it.
KEPT = {
    'table': ('family', 'name', 'flags'),
    'chain': ('family', 'table', 'name', 'type', 'hook', 'prio', 'policy', 'dev'),
    'set': ('family', 'table', 'name', 'type', 'flags', 'elem'),
    'map': ('family', 'table', 'name', 'type', 'map', 'flags', 'elem'),
    'rule': ('family', 'table', 'chain', 'expr'),
}
BITS = {4: 32, 6: 128}


def entries(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the kind of each entry of a listing, and the entry.

    Raises:
        ValueError: it is no such listing.
    """
    listed = json.loads(text)
    if not isinstance(listed, dict) or not isinstance(listed.get('nftables'), list):
        raise ValueError('nft has listed something else than its tables')
    found = [item for entry in listed['nftables'] for item in entry.items()]
    return [(kind, content) for kind, content in found if kind != 'metainfo']


def canonical(text: str) -> list[str]:
    """Return a line for each entry; equal for rulesets that do the same in the same order.

    Raises:
        ValueError: it is no listing.
    """
    lines = []
    for kind, content in entries(text):
        known = {name: content[name] for name in KEPT.get(kind, content) if content.get(name) not in (None, [])}
        if 'expr' in known:
            known['expr'] = [_plain(part) for part in known['expr'] if 'counter' not in part]
        if 'elem' in known:
            known['elem'] = _elements(known['elem'])
        if isinstance(known.get('flags'), str):
            known['flags'] = [known['flags']]
        lines.append(json.dumps({kind: known}, sort_keys=True))
    # Chains and sets have no order; rules have one in their chain.
    return sorted(line for line in lines if not line.startswith('{"rule"')) + [
        line for line in lines if line.startswith('{"rule"')
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    if set(value) == {'set'} and isinstance(value['set'], list):
        members = _elements(value['set'])
        # A set of one is written without braces by some.
        return members[0] if len(members) == 1 else {'set': members}
    if set(value) == {'|'}:
        return _plain(value['|'])
    return {name: _plain(each) for name, each in value.items()}


def _elements(elements: Iterable[Any]) -> list[Any]:
    """Return the members of a set: numbers and addresses as merged ranges, anything else as it is."""
    spans, others = [], []
    for element in elements if isinstance(elements, list) else [elements]:
        found = span(element)
        if found:
            spans.append(found)
        else:
            others.append(_plain(element))
    shown = [_shown(each) for each in merged(spans)]
    return shown + sorted(others, key=lambda each: json.dumps(each, sort_keys=True))


def merged(spans: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Return spans in order, those that touch as one."""
    found: list[tuple[int, int, int]] = []
    for version, low, high in sorted(spans):
        if found and found[-1][0] == version and low <= found[-1][2] + 1:
            found[-1] = (version, found[-1][1], max(high, found[-1][2]))
        else:
            found.append((version, low, high))
    return found


def _shown(found: tuple[int, int, int]) -> Any:
    low, high = ends(found) if found[0] else found[1:]
    return low if low == high else {'range': [low, high]}


def ends(found: tuple[int, int, int]) -> list[str]:
    """Return the first and the last address of what span() has found."""
    size = BITS[found[0]] // 8
    return [str(ipaddress.ip_address(number.to_bytes(size, 'big'))) for number in found[1:]]


def span(element: Any) -> tuple[int, int, int] | None:
    """Return the IP version, 0 for plain numbers, and both ends of what an element of a set covers; None for what is
    neither an address nor a number."""
    if isinstance(element, Mapping):
        if isinstance(element.get('elem'), Mapping):
            # With a timeout, a counter or a comment.
            return span(element['elem'].get('val'))
        if isinstance(element.get('prefix'), Mapping):
            first = span(element['prefix']['addr'])
            if not first or not first[0]:
                return None
            rest = BITS[first[0]] - element['prefix']['len']
            return first[0], first[1] >> rest << rest, first[1] | (1 << rest) - 1
        if isinstance(element.get('range'), list):
            ends = [span(end) for end in element['range']]
            return (ends[0][0], ends[0][1], ends[1][2]) if all(ends) and ends[0][0] == ends[1][0] else None
        return None
    if isinstance(element, bool) or not isinstance(element, (int, str)):
        return None
    if isinstance(element, int):
        return 0, element, element
    try:
        address = ipaddress.ip_address(element)
    except ValueError:
        return None
    return address.version, int(address), int(address)
