# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be done to a Kerio Connect, step by step, found out from what it has; nothing is asked or changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import (
    groups,
    ip_group,
    listener,
    outbound,
    relay,
    spam_rules,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import Client
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.mail_port import (
    clients_of,
    for_both,
    service_step,
    shown,
    still_there,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.names import CLIENTS, GATEWAY
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.record import Remembered
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.references import (
    NONE,
    PLACES,
    effective,
    used_elsewhere,
    write,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.site import Site
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.step import Step

# Parts of a change: who may connect, which checks let the gateway pass, the spam filter's rules, the relay rules, and
# where port 25 is.
SERVICE, EXCEPTIONS, SPAM, RULES, LISTENERS = 'service', 'exceptions', 'spam', 'rules', 'listeners'
ALL = frozenset((SERVICE, EXCEPTIONS, SPAM, RULES, LISTENERS))


@dataclass
class Wanted:
    """What a Kerio Connect has to have of ours; nothing of all this for an undo.

    C(gateway) and C(clients) are entries of groups: who brings mail of the gateway, and who may connect to port 25;
    none of the latter when that is not limited. C(rules) are of C(outbound.wanted_rules). C(kept) has what keeps
    passwords of the rules of others. C(marks) are the texts by which the spam filter knows released and flagged mail.
    C(only) are the parts of it that are looked at; of the others nothing changes. With C(opening), port 25 is for those
    of before and for those that it is for by now, since one of these still brings mail. C(left) is the port that it
    leaves to the hop, 0 for none.
    """

    settings: Mapping[str, Any]
    gateway: list[str] = field(default_factory=list)
    clients: list[str] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)
    kept: relay.Wanted = field(default_factory=lambda: relay.Wanted([]))
    marks: Mapping[str, str] = field(default_factory=dict)
    only: frozenset[str] = ALL
    opening: bool = False
    left: int = 0


@dataclass
class Plan:
    """C(steps) in their order, what is to be remembered while they are there, why they must not be done, and what a
    person should know."""

    steps: list[Step]
    remembered: Remembered
    problems: list[str]
    warnings: list[str]


def plan(site: Site, remembered: Remembered, wanted: Wanted) -> Plan:
    """What brings the site to what is wanted.

    Every step leaves it so that mail has a way: who shall be let in is known before anybody is shut out, and a group
    is there as long as something uses it.
    """
    kept, warnings = copy.deepcopy(remembered), []
    if wanted.opening:
        wanted = replace(wanted, clients=for_both(site, remembered))
    problems = _names_taken(site, wanted) if wanted.rules else []
    service, opens, children, places, spam, rules = [], not wanted.clients, [], [], [], []
    if SERVICE in wanted.only:
        service, opens = service_step(site, remembered, wanted.clients, kept, warnings)
    if EXCEPTIONS in wanted.only:
        kept.references = {}
        children, places = _exceptions(site, remembered, wanted, kept, problems, warnings)
    if SPAM in wanted.only:
        spam = spam_rules.steps(site, wanted.marks, problems)
    if RULES in wanted.only:
        rules = _rules(site, remembered, wanted, kept, problems, warnings)
    if not wanted.rules:
        # That there were rules of ours tells whose the rest is, until that has gone as well.
        kept.rules = [] if EXCEPTIONS in wanted.only else remembered.rules
    moved = listener.steps(site, remembered, wanted.left, kept) if LISTENERS in wanted.only else []
    groups_too, clients = EXCEPTIONS in wanted.only, clients_of(site, wanted.clients, SERVICE in wanted.only)
    # Who comes back to the port is there before anybody looks for it; who leaves it has all else done.
    steps = [*([] if wanted.left else moved), *(service if opens else [])]
    if not wanted.rules:
        steps += rules
    # A group comes before all that uses it, and goes after that.
    steps += [] if opens and not wanted.clients else _group(site, CLIENTS, clients)
    steps += _group(site, GATEWAY, wanted.gateway) if wanted.gateway and groups_too else []
    steps += children + places + spam
    if wanted.rules:
        steps += rules
    steps += [] if opens else service
    steps += _group(site, CLIENTS, []) if opens and not wanted.clients and SERVICE in wanted.only else []
    steps += [] if wanted.gateway or not groups_too else _group(site, GATEWAY, [])
    return Plan(steps + (moved if wanted.left else []), kept, problems, warnings)


def _names_taken(site: Site, wanted: Wanted) -> list[str]:
    """What is called like something of ours and is not, as problems."""
    rules = dict.fromkeys(outbound.taken(site, wanted.rules), 'the relay rule')
    held = {name: 'the group of IP addresses' for name in (GATEWAY, CLIENTS) if groups.foreign(site, name)}
    spam = dict.fromkeys(spam_rules.foreign(site), 'the rule of the spam filter') if wanted.marks else {}
    return [
        f'{what} {name!r} is called like one of ours, and is none: there is no record of it. Give it another name'
        for found in (rules, held, spam)
        for name, what in found.items()
    ]


def _group(site: Site, name: str, entries: list[str]) -> list[Step]:
    if not entries and (name not in site.groups or groups.foreign(site, name)):
        return []
    new, gone, held, after = ip_group.planned(site.entries, groups.wanted(name, entries))
    if not new and not gone:
        return []
    before = sorted(held)
    return [
        Step(
            f'group {name!r}',
            _lines(before),
            _lines(after),
            lambda client, site: groups.converge(client, site, name, entries),
            lambda client, site: groups.converge(client, site, name, before),
        )
    ]


def _exceptions(
    site: Site,
    remembered: Remembered,
    wanted: Wanted,
    kept: Remembered,
    problems: list[str],
    warnings: list[str],
) -> tuple[list[Step], list[Step]]:
    """The gateway's group as a part of groups that checks let pass, and as the group of those that have none."""
    joined: dict[str, list[str]] = {}
    changes: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    own = site.groups.get(GATEWAY, '')
    for place in PLACES:
        held, group = place.held(site), effective(site, place)
        ours = bool(own) and held['id'] == own
        if not wanted.gateway:
            if ours:
                before = still_there(site, remembered.references.get(place.key, NONE), place.words, warnings)
                changes[place.key] = (held, before)
        elif group and not ours:
            joined.setdefault(group, []).append(place.words)
        else:
            kept.references[place.key] = remembered.references.get(place.key, NONE) if ours else held
            if not ours or not held['enabled']:
                changes[place.key] = (held, {'enabled': True, 'id': own, 'name': GATEWAY})
    steps = []
    parents = groups.parents(site, GATEWAY)
    for group in joined:
        uses = used_elsewhere(site, group)
        if uses and group not in parents:
            problems.append(
                f'the group of IP addresses {site.group_name(group)!r} is for {", ".join(joined[group])}, where the'
                f' gateway has to be let pass, but also for {", ".join(uses)}, which the gateway must not get. Have a'
                ' group of its own for each'
            )
    for group in sorted({*joined, *parents}, key=site.group_name):
        if (group in joined) != (group in parents):
            steps.append(_child(site.group_name(group), group in joined))
    return steps, _places(changes)


def _child(name: str, there: bool) -> Step:
    entry = f'{ip_group.GROUP}{GATEWAY}\n'

    return Step(
        f'group {name!r}',
        '' if there else entry,
        entry if there else '',
        lambda client, site: groups.join(client, site, name, there),
        lambda client, site: groups.join(client, site, name, not there),
    )


def _places(changes: Mapping[str, tuple[dict[str, Any], dict[str, Any]]]) -> list[Step]:
    """One step for all of a part, which is one call."""
    steps = []
    for part in dict.fromkeys(place.part for place in PLACES):
        words = {place.key: place.words for place in PLACES if place.part == part and place.key in changes}
        if not words:
            continue
        texts = [''.join(f'{said}: {shown(changes[key][side])}\n' for key, said in words.items()) for side in (0, 1)]
        before, after = ({key: changes[key][side] for key in words} for side in (0, 1))
        steps.append(Step(part, *texts, _writing(after), _writing(before)))
    return steps


def _writing(entities: Mapping[str, Mapping[str, Any]]) -> Callable[[Client, Site], None]:
    def write_them(client: Client, site: Site) -> None:
        write(client, site, {key: groups.named(site, entity) for key, entity in entities.items()})

    return write_them


def _rules(
    site: Site,
    remembered: Remembered,
    wanted: Wanted,
    kept: Remembered,
    problems: list[str],
    warnings: list[str],
) -> list[Step]:
    after, kept.switched_off, said = outbound.planned(site, remembered, wanted.rules, wanted.settings)
    ours = set(outbound.names(wanted.rules))
    kept.rules = sorted({rule['description'] for rule in after} & ours)
    warnings += said
    if relay.shown(after) == relay.shown(site.rules):
        return []
    lost = relay.at_risk(after, wanted.kept)
    if lost:
        problems.append(
            'kerio_smarthost_relay_passwords: the relay rules {} log in. Kerio Connect takes the list as a whole and'
            ' never tells a password: give them here, by the name of each rule; or set'
            ' kerio_smarthost_keep_passwords_by_id, if this server keeps a password whose place the id of its rule'
            ' takes, as its interface is described'.format(', '.join(map(repr, lost)))
        )

    def back(client: Client, site: Site) -> None:
        present = relay.read(client)
        if relay.shown(present) != relay.shown(before):
            relay.put(client, present, groups.with_ids(before, present), wanted.kept)

    before = site.rules
    texts = [json.dumps(relay.shown(rules), indent=1, sort_keys=True) + '\n' for rules in (before, after)]
    return [Step('relay rules', *texts, lambda client, site: relay.put(client, before, after, wanted.kept), back)]


def _lines(entries: list[str]) -> str:
    return ''.join(f'{entry}\n' for entry in entries)
