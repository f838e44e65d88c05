# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What C(nft -j -n list ruleset) prints, as chains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.nft_values import Sets, compared, value_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.packet import (
    ACCEPT,
    GOTO,
    JUMP,
    REFUSE,
    RETURN,
    TURN,
    UNKNOWN,
    UNTRACK,
    Base,
    Packet,
    Rule,
    Ruleset,
    Step,
    every,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import nft

VERSIONS = {'ip': (4,), 'ip6': (6,), 'inet': (4, 6)}
# Hooks that packets to this host pass.
HOOKS = ('prerouting', 'input')
# 'queue', 'synproxy' and 'tproxy' hand the packet to somebody else.
VERDICTS = {
    'redirect': TURN,
    'dnat': TURN,
    'accept': ACCEPT,
    'drop': REFUSE,
    'reject': REFUSE,
    'return': RETURN,
    'jump': JUMP,
    'goto': GOTO,
    'queue': UNKNOWN,
    'synproxy': UNKNOWN,
    'tproxy': UNKNOWN,
}
# What does something to a packet, and has the next statement follow.
PASSING = frozenset(
    [
        'comment',
        'continue',
        'counter',
        'dup',
        'flow',
        'last',
        'log',
        'mangle',
        'map',
        'secmark',
        'set',
        'tunnel',
    ]
)
PASSING |= {'ct helper', 'ct timeout', 'ct expectation'}


def read(
    text: str, but: frozenset[tuple[str, str]] = frozenset(), kind_of_chain: str = 'filter'
) -> tuple[Ruleset, list[str]]:
    """Return the chains of all tables, and the addresses that are named in them.

    Args:
        text: the listing.
        but: tables that are left out, by family and name.
        kind_of_chain: by which chains a packet begins, C(filter) or C(nat). They are in the order of their priority.

    Raises:
        ValueError: it is no listing.
    """
    chains: dict[str, list[Rule]] = {}
    bases, addresses, sets, listed = [], [], {}, []
    for kind, content in nft.entries(text):
        table = (content.get('family', ''), content.get('table', content.get('name', '')))
        if table[0] in VERSIONS and table not in but:
            listed.append((kind, content, table))
    asleep = {table for kind, content, table in listed if kind == 'table' and _asleep(content.get('flags', []))}
    for kind, content, table in listed:
        if kind in ('set', 'map'):
            sets[table, content['name']] = content.get('elem', [])
            addresses += _addresses(content.get('elem', []))
    for kind, content, table in listed:
        if table in asleep:
            continue
        known = Sets(lambda name, table=table: sets.get((table, name)))
        if kind == 'chain':
            key = _key(table, content['name'])
            chains.setdefault(key, [])
            if content.get('hook') in HOOKS and content.get('type') == kind_of_chain:
                words = 'the policy of the chain {} of the table {} {}'.format(content['name'], *table)
                policy = REFUSE if content.get('policy') == 'drop' else ACCEPT
                place = content['hook'], content.get('prio', 0)
                bases.append(Base(VERSIONS[table[0]], key, policy, words, table, *place))
        elif kind == 'rule':
            chains.setdefault(_key(table, content['chain']), []).append(_rule(content, table, known))
            addresses += _addresses(content['expr'])
    return Ruleset(chains, sorted(bases, key=lambda base: base.priority)), addresses


def _asleep(flags: Any) -> bool:
    """Whether a table is dormant. The nft of Debian 12 has other words in place of this flag."""
    return not set([flags] if isinstance(flags, str) else flags) <= {'owner', 'persist'}


def _key(table: tuple[str, str], name: str) -> str:
    return ' '.join([*table, name])


def _addresses(value: Any) -> list[str]:
    """Return both ends of all addresses, networks and ranges that are somewhere in it."""
    found = nft.span(value)
    if found:
        return nft.ends(found) if found[0] else []
    if isinstance(value, Mapping):
        value = list(value.values())
    return [address for each in value for address in _addresses(each)] if isinstance(value, list) else []


def _rule(content: Mapping[str, Any], table: tuple[str, str], sets: Sets) -> Rule:
    words = 'rule {} of the chain {} of the table {} {}'.format(content.get('handle', '?'), content['chain'], *table)
    statements = [item for statement in content['expr'] for item in statement.items()]
    asked: list[Callable[[Packet], bool | None]] = []
    taken: list[Callable[[Packet], list[Step]]] = []
    for name, said in statements:
        if name in VERDICTS:
            target = _key(table, said['target']) if VERDICTS[name] in (JUMP, GOTO) else ''
            kind = TURN + _place(said) if VERDICTS[name] == TURN else VERDICTS[name]
            taken.append(_verdict(asked, kind, target))
            break
        if name == 'vmap':
            taken.append(_map(asked, said, table, sets))
            break
        if name == 'notrack':
            # What stands behind it is asked after that.
            taken.append(_verdict(list(asked), UNTRACK, ''))
            continue
        asked.append(_asked(name, said, sets))
    return Rule(lambda packet: [step for steps in taken for step in steps(packet)], words)


def _place(said: Any) -> str:
    """Return where a packet is turned to: a port of this host, or what else the rule says."""
    return str(said['port']) if isinstance(said, Mapping) and set(said) == {'port'} else str(said)


def _asked(name: str, said: Any, sets: Sets) -> Callable[[Packet], bool | None]:
    if name == 'match':
        return lambda packet: _fits(said, packet, sets)
    if name in PASSING and not (isinstance(said, Mapping) and said.get('stmt')):
        return lambda packet: True
    # A rate, a count, a quota, a module of iptables.
    return lambda packet: None


def _fits(said: Mapping[str, Any], packet: Packet, sets: Sets) -> bool | None:
    try:
        return compared(value_of(said['left'], packet), said['op'], said['right'], sets)
    except (AttributeError, LookupError, TypeError):
        # Written in a way that another version of nft has.
        return None


def _verdict(asked: list[Callable[[Packet], bool | None]], kind: str, target: str) -> Callable[[Packet], list[Step]]:
    def steps(packet: Packet) -> list[Step]:
        answer = every(question(packet) for question in asked)
        return [] if answer is False else [Step(answer is True, kind, target)]

    return steps


def _map(
    asked: list[Callable[[Packet], bool | None]], said: Mapping[str, Any], table: tuple[str, str], sets: Sets
) -> Callable[[Packet], list[Step]]:
    """Return what a verdict map does: the first entry that certainly fits is the one, no other can be."""
    data = said['data']
    entries = (sets.members(data[1:]) or []) if isinstance(data, str) else data.get('set', [])

    def steps(packet: Packet) -> list[Step]:
        before = every(question(packet) for question in asked)
        if before is False:
            return []
        found: list[Step] = []
        value = value_of(said['key'], packet)
        for element, verdict in entries:
            answer = compared(value, '==', {'set': [element]}, sets)
            ((name, more),) = verdict.items() if isinstance(verdict, Mapping) else [(verdict, None)]
            if answer is False or name == 'continue':
                continue
            kind = VERDICTS.get(name, UNKNOWN)
            target = _key(table, more['target']) if kind in (JUMP, GOTO) else ''
            certain = answer is True and before is True
            found.append(Step(certain, kind, target))
            if answer is True:
                break
        return found

    return steps
