# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay rules that lead mail to the hop: which there have to be, and which way a message takes by a list of rules.

That the first rule that fits decides, is assumed: no document says it, and the administration has arrows for the order.
So nothing depends on it but which route of the administrator's own wins.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import relay
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.names import RULE
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.record import Remembered
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.site import Site
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import IPV6
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import certain_routes

EVERYBODY = relay.TESTS['all']
AGAIN = '(again)'


def _pattern(sender: str) -> str:
    return '*' + sender if sender.startswith('@') else sender


def _ours(name: str, host: str, port: int, sender: str = '') -> dict[str, Any]:
    kind = 'sender' if sender else 'all'
    more = {'enabled': True, 'applies_to': kind, 'pattern': _pattern(sender) if sender else '', 'inverted': False}
    return {'name': name, 'host': host, 'port': port, **more}


def wanted_rules(settings: Mapping[str, Any], address: str) -> list[dict[str, Any]]:
    """The rules of ours, in their order, as options of M(conbool.smtp_relay.kerio_relay).

    Args:
        settings: what M(conbool.smtp_relay.settings) returned.
        address: where the hop listens.
    """
    port = settings['roles']['outbound_hop']['port']
    if settings['scope'] == 'senders':
        return [_ours(f'{RULE} {sender}', address, port, sender) for sender in settings['scope_senders']]
    return [_ours(RULE, address, port)]


def mine(site: Site, rule: Mapping[str, Any]) -> bool:
    """Whether a rule is one of ours: of a name that we recorded, or as we make them. A name alone may be anybody's."""
    return rule['description'] in site.made or _as_made(rule)


def _as_made(rule: Mapping[str, Any]) -> bool:
    condition, host = rule['condition'], rule['hostName']
    pattern = condition['pattern']
    sender = pattern[1:] if pattern.startswith('*@') else pattern
    test = relay.TESTS['sender'] if sender else EVERYBODY
    name = f'{RULE} {sender}' if sender else RULE
    here = host == IPV6 or host.startswith('127.')
    return here and condition['test'] == test and rule['description'] in (name, f'{name} {AGAIN}')


def names(rules: list[dict[str, Any]]) -> list[str]:
    """What the rules of wanted_rules() may be called."""
    return [name for rule in rules for name in (rule['name'], f'{rule["name"]} {AGAIN}')]


def taken(site: Site, rules: list[dict[str, Any]]) -> list[str]:
    """The names of ours that rules of others have."""
    return sorted({rule['description'] for rule in site.rules if not mine(site, rule)} & set(names(rules)))


def known_by(rule: dict[str, Any]) -> dict[str, Any]:
    """What a rule of others is known by, since ids may be others after each change: all but whether it is in force."""
    return {name: value for name, value in relay.shown([rule])[0].items() if name != 'isEnabled'}


def planned(
    site: Site, remembered: Remembered, rules: list[dict[str, Any]], settings: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
    """The whole list as it has to be.

    Args:
        remembered: what was there before us.
        rules: of wanted_rules(); none when everything is to be as it was.
        settings: what M(conbool.smtp_relay.settings) returned.

    Returns:
        The list, the rules of others that are switched off in it because of us, and warnings.
    """
    # The first of a name; any other one goes.
    held = {rule['description']: rule for rule in reversed(site.rules) if mine(site, rule)}
    others = [copy.deepcopy(rule) for rule in site.rules if not mine(site, rule)]
    off, seen = [], [known_by(rule) for rule in others]
    # Of two that are alike, one may have been off before.
    left = list(remembered.switched_off)
    for rule in others:
        known = known_by(rule)
        switched_off = not rule['isEnabled'] and known in left
        if switched_off:
            left.remove(known)
        if rules and _in_the_way(rule, settings):
            if rule['isEnabled'] or switched_off:
                off.append(known)
            rule['isEnabled'] = False
        elif switched_off:
            rule['isEnabled'] = True
    warnings = [
        f'the relay rule {rule["description"]!r}, which was switched off, is not there any more, or was changed'
        for rule in remembered.switched_off
        if rule not in seen
    ]
    ours = [relay.made(rule, held.get(rule['name'])) for rule in rules]
    if settings['scope'] == 'all':
        return [*others, *ours], off, warnings
    # Should the last rule that fits decide, the mail of listed senders would go by a rule of others: these come twice.
    again = [dict(rule, name=f'{rule["name"]} {AGAIN}') for rule in rules if any(rule['isEnabled'] for rule in others)]
    return [*ours, *others, *(relay.made(rule, held.get(rule['name'])) for rule in again)], off, warnings


def _in_the_way(rule: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    """Whether a rule of others has to be off: the smart host of before, or one that would win, if that is not wanted.

    With a scope of some senders our rules are the first ones, and everybody else keeps the route that they had.
    """
    if settings['scope'] != 'all':
        return False
    return rule['condition']['test'] == EVERYBODY or settings['site_routes'] == 'override' and _wins(rule, settings)


def _wins(rule: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    """Whether a rule in front of ours may be for mail of which it is certain that the gateway has to get it."""
    ours = [sample for sample in certain_routes(settings) if sample['hop']]
    return any(_may_fit(rule['condition'], sample['sender'], sample['recipient']) for sample in ours)


def decides(rules: list[dict[str, Any]], sender: str, recipient: str) -> dict[str, Any] | None:
    """The rule by which a message leaves; None for the recipient's own server."""
    return next((rule for rule in rules if rule['isEnabled'] and fits(rule['condition'], sender, recipient)), None)


def fits(condition: Mapping[str, Any], sender: str, recipient: str) -> bool:
    """Whether a condition is met; one of a kind that nobody here knows is not."""
    return _answers(condition, sender, recipient)[0]


def _may_fit(condition: Mapping[str, Any], sender: str, recipient: str) -> bool:
    """Whether it is met in any way in which a server may read its pattern."""
    return any(_answers(condition, sender, recipient))


def _answers(condition: Mapping[str, Any], sender: str, recipient: str) -> list[bool]:
    if condition['test'] == EVERYBODY:
        return [True]
    address = {relay.TESTS['sender']: sender, relay.TESTS['recipient']: recipient}.get(condition['test'], '')
    # That mail without a sender meets no condition on it, is assumed.
    if not address:
        return [False]
    equal = [reading.fullmatch(address) is not None for reading in _readings(condition['pattern'])]
    return [each == (condition['comparator'] == 'RelayCompEqual') for each in equal]


def _readings(pattern: str) -> list[re.Pattern[str]]:
    """A pattern in each way that no document rules out, the likeliest first: "?" for any sign, a domain alone for its
    addresses, a domain for those below it, capitals for themselves."""
    plain = '.*'.join(map(re.escape, pattern.split('*')))
    user, at, domain = plain.rpartition('@')
    ways = [plain, plain.replace(r'\?', '.'), rf'{user}@.*\.{domain}' if at else f'.*@{plain}']
    return [re.compile(way, flags) for flags in (re.IGNORECASE, 0) for way in ways]


def past_the_gateway(site: Site, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rules of others that are in force, stay so, and may win over ours."""
    if settings['scope'] != 'all':
        return []
    return [
        rule
        for rule in site.rules
        if rule['isEnabled'] and not mine(site, rule) and not _in_the_way(rule, settings) and _wins(rule, settings)
    ]


def leading_to_hop(site: Site, address: str, port: int) -> list[str]:
    """The names of the rules in force that are ours, or lead to where the hop listens."""
    return [
        rule['description']
        for rule in site.rules
        if rule['isEnabled'] and (mine(site, rule) or (rule['hostName'] == address and rule['port'] == port))
    ]
