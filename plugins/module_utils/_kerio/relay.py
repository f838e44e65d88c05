# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of relay rules: ours first or last, those of others as they are, and their passwords where they are.

The interface takes the whole list. It never tells a password, and an empty one wipes what is stored.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import rule_list
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import (
    UNKNOWN_METHOD,
    Client,
    KerioError,
    Refused,
)

GET, SET = 'Smtp.getRelayDeliveryRuleList', 'Smtp.setRelayDeliveryRuleList'
TESTS = {'all': 'RelayCondNone', 'sender': 'RelayCondSender', 'recipient': 'RelayCondRecipient'}


@dataclass
class Wanted:
    """What is asked for; members as the options of the module kerio_relay."""

    rules: list[dict[str, Any]]
    state: str = 'present'
    position: str = 'last'
    switched_off: list[str] = field(default_factory=list)
    switched_on: list[str] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)
    keep_passwords_by_id: bool = False


def problems(wanted: Wanted) -> list[str]:
    """What is wrong with the options, each with its name and value."""
    found = []
    for number, rule in enumerate(wanted.rules):
        where = f'rules[{number}]'
        found += rule_list.name_problems(wanted.rules, number)
        if wanted.state == 'absent':
            continue
        if not rule['host'] or not rule['host'].isprintable() or ' ' in rule['host']:
            found.append(f'{where}.host: {rule["host"]!r} is no host')
        if not 1 <= rule['port'] <= 65535:
            found.append(f'{where}.port: {rule["port"]} is no port')
        if (rule['applies_to'] == 'all') != (not rule['pattern']):
            found.append(f'{where}.pattern: {rule["pattern"]!r} does not go with applies_to {rule["applies_to"]}')
        elif not rule['pattern'].isprintable() or ' ' in rule['pattern']:
            found.append(f'{where}.pattern: {rule["pattern"]!r} is no pattern')
    both = sorted(set(wanted.switched_off) & set(wanted.switched_on))
    ours = sorted({rule['name'] for rule in wanted.rules} & {*wanted.switched_off, *wanted.switched_on})
    found += [f'switched_off: {name!r} is in switched_on too' for name in both]
    found += [f'switched_off, switched_on: {name!r} is one of rules' for name in ours]
    return found


def read(client: Client) -> list[dict[str, Any]]:
    """The rules as the server has them.

    Raises:
        KerioError: it has no such list, or does not tell.
    """
    try:
        return client.call(GET)['list']
    except Refused as error:
        if error.code != UNKNOWN_METHOD:
            raise
        raise KerioError(
            'this Kerio Connect has no list of relay rules: Kerio Connect 9.0 or newer is needed'
        ) from error


def planned(before: list[dict[str, Any]], wanted: Wanted) -> list[dict[str, Any]]:
    """The whole list as it has to be; equal to `before` when nothing has to be done.

    Raises:
        KerioError: two rules have the name of one of ours, or one to be switched is not there.
    """
    held, others = rule_list.split(before, [rule['name'] for rule in wanted.rules])
    for switched, on in ((wanted.switched_off, False), (wanted.switched_on, True)):
        for name in switched:
            found = [rule for rule in others if rule['description'] == name]
            if not found:
                raise KerioError(f'{"switched_on" if on else "switched_off"}: no relay rule is called {name!r}')
            for rule in found:
                rule['isEnabled'] = on
    if wanted.state == 'absent':
        return others
    return rule_list.placed([made(rule, held.get(rule['name'])) for rule in wanted.rules], others, wanted.position)


def made(wanted: dict[str, Any], held: dict[str, Any] | None) -> dict[str, Any]:
    """One of ours, with what else the server knows of it."""
    rule: dict[str, Any] = copy.deepcopy(held) if held else {'id': '', 'authentication': {}, 'condition': {}}
    rule.update(isEnabled=wanted['enabled'], description=wanted['name'], hostName=wanted['host'], port=wanted['port'])
    rule['authentication'].update(isRequired=False, userName='', password='', authType='Auth')
    rule['condition'].update(
        test=TESTS[wanted['applies_to']],
        comparator='RelayCompNotEqual' if wanted['inverted'] else 'RelayCompEqual',
        pattern=wanted['pattern'],
    )
    return rule


def logs_in(rule: dict[str, Any]) -> bool:
    """Whether a rule has, or may have, a password."""
    login = rule['authentication']
    return bool(login['isRequired'] or login['userName'])


def at_risk(rules: list[dict[str, Any]], wanted: Wanted) -> list[str]:
    """The names of rules whose password nobody could send back: it was not given, or its name is that of two rules."""
    if wanted.keep_passwords_by_id:
        return []
    names = [rule['description'] for rule in rules if logs_in(rule)]
    return sorted({name for name in names if not given(wanted, name) or names.count(name) > 1})


def given(wanted: Wanted, name: str) -> str:
    """The password of a rule as it was given; empty for none. An empty one would wipe what is stored, and of a number
    nobody knows how it was typed."""
    found = wanted.passwords.get(name)
    return found if isinstance(found, str) else ''


def with_passwords(after: list[dict[str, Any]], wanted: Wanted) -> list[dict[str, Any]]:
    """The same to be sent: the rules of others with what keeps their passwords.

    Raises:
        KerioError: a password could get lost.
    """
    lost = at_risk(after, wanted)
    if lost:
        told = ', '.join(repr(name) for name in lost)
        raise KerioError(
            f'the passwords of the relay rules {told} could get lost: the server does not tell them, and takes the list'
            ' of rules as a whole. Give them in passwords, as text, by names that are each of one rule; or set'
            ' keep_passwords_by_id, if this server keeps a password whose place the id of its rule takes, as its'
            ' interface is described. Nothing was changed'
        )
    sent = copy.deepcopy(after)
    for rule in sent:
        # A password of that name is none of a rule that does not log in.
        kept = given(wanted, rule['description']) or rule['id'] if logs_in(rule) else ''
        rule['authentication']['password'] = kept
    return sent


def shown(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rules to look at and to compare: without ids, which may be others after each set, and passwords."""
    found = copy.deepcopy(rules)
    for rule in found:
        rule.pop('id', None)
        rule['authentication'].pop('password', None)
    return found


def converge(client: Client, wanted: Wanted, check_mode: bool) -> dict[str, Any]:
    """Makes the list as it has to be, and looks whether it is.

    Returns:
        changed, before, after (rules as shown), switched_off (names of those that this run switched off).
    """
    before = read(client)
    after = planned(before, wanted)
    told = {
        'changed': shown(after) != shown(before),
        'before': shown(before),
        'after': shown(after),
        'switched_off': sorted(
            {rule['description'] for rule in before if rule['isEnabled'] and rule['description'] in wanted.switched_off}
        ),
    }
    if told['changed']:
        put(client, before, after, wanted, check_mode)
    return told


def put(
    client: Client, before: list[dict[str, Any]], after: list[dict[str, Any]], wanted: Wanted, check_mode: bool = False
) -> None:
    """Has the server hold a list, and looks whether it does.

    Args:
        before: the list from which it was made.
        wanted: has what keeps passwords.

    Raises:
        KerioError: a password could get lost, somebody else has changed the list, or the server holds another one.
    """
    client.hide(*(given(wanted, name) for name in wanted.passwords))
    sent = with_passwords(after, wanted)
    if not check_mode:
        rule_list.write(lambda: read(client), lambda: client.call(SET, list=sent), before, shown(after), shown)
