# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Custom rules of the spam filter: ours first or last, those of others as they are.

Headers are those that the vendor says rules know. A rule for another one may be stored and never hold.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import rule_list
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import Client, KerioError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.options import EVERYTHING

GET, SET = 'Content.getCustomRuleList', 'Content.setCustomRuleList'
HEADERS = ('From', 'To', 'Cc', 'Subject', 'Sender', 'X-Envelope-To', 'Received')
ACTIONS = {'not_spam': 'TreatAsNotSpam', 'reject': 'TreatAsSpam', 'score': 'IncreaseSpamScore'}
NEVER_USED = {'type': 'dtNull', 'timeSpan': {'days': 0, 'hours': 0, 'minutes': 0}}


@dataclass
class Wanted:
    """What is asked for; members as the options of the module kerio_spam_rule."""

    rules: list[dict[str, Any]]
    state: str = 'present'
    position: str = 'first'


def problems(wanted: Wanted) -> list[str]:
    """What is wrong with the options, each with its name and, unless it is a secret, its value."""
    found = []
    for number, rule in enumerate(wanted.rules):
        where = f'rules[{number}]'
        found += rule_list.name_problems(wanted.rules, number)
        if wanted.state == 'absent':
            continue
        if len(rule['contains'].strip()) < 3 or not rule['contains'].isprintable():
            found.append(f'{where}.contains: a text of one line is needed, of 3 characters or more')
        if rule['score'] is not None and (rule['action'] != 'score' or rule['score'] < 1):
            found.append(f'{where}.score: {rule["score"]} does not go with action {rule["action"]}')
    return found


def read(client: Client) -> list[dict[str, Any]]:
    """The rules as the server has them."""
    return client.call(GET, query=EVERYTHING)['list']


def planned(before: list[dict[str, Any]], wanted: Wanted, setting: dict[str, Any]) -> list[dict[str, Any]]:
    """The whole list as it has to be.

    Args:
        setting: AntiSpamSetting, which has the scores.

    Raises:
        KerioError: two rules have the name of one of ours, or a score would be of no effect or of too much.
    """
    held, others = rule_list.split(before, [rule['name'] for rule in wanted.rules])
    if wanted.state == 'absent':
        return others
    ours = [_rule(rule, held.get(rule['name']), setting) for rule in wanted.rules]
    return rule_list.placed(ours, others, wanted.position)


def _rule(wanted: dict[str, Any], held: dict[str, Any] | None, setting: dict[str, Any]) -> dict[str, Any]:
    rule: dict[str, Any] = copy.deepcopy(held) if held else {'id': '', 'lastUsed': copy.deepcopy(NEVER_USED)}
    rule.update(
        enabled=wanted['enabled'],
        kind='Header',
        header=wanted['header'],
        content=wanted['contains'],
        description=wanted['name'],
        type='ContainsSubstring',
        action=ACTIONS[wanted['action']],
        score=_score(wanted, setting) if wanted['action'] == 'score' else 0,
    )
    return rule


def _score(wanted: dict[str, Any], setting: dict[str, Any]) -> int:
    """As much as makes mail spam, and less than has it thrown away, on whatever scale the server has."""
    tag, block, name = setting['tagScore'], setting['blockScore'], wanted['name']
    if not setting['isRatingEnabled']:
        raise KerioError(f'the spam filter does not rate mail: the rule {name!r} would be of no effect')
    score = tag if wanted['score'] is None else wanted['score']
    if not tag <= score < block:
        raise KerioError(
            f'the score {score} of the rule {name!r} is not between {tag}, from which mail is spam, and {block}, from'
            ' which it is thrown away'
        )
    return score


def shown(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rules to look at and to compare: without ids, which may be others after each set, and their last use."""
    return [{name: value for name, value in rule.items() if name not in ('id', 'lastUsed')} for rule in rules]


def put(client: Client, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    """Have the list be as it has to be, unless somebody else changes it; and look whether it is."""
    rule_list.write(lambda: read(client), lambda: client.call(SET, list=after), before, shown(after), shown)


def converge(client: Client, wanted: Wanted, check_mode: bool) -> dict[str, Any]:
    """Makes the list as it has to be, and looks whether it is.

    Returns:
        changed, before, after (rules as shown).
    """
    setting = client.call('Content.getAntiSpamSetting')['setting']
    before = read(client)
    after = planned(before, wanted, setting)
    told = {'changed': shown(after) != shown(before), 'before': shown(before), 'after': shown(after)}
    if told['changed'] and not check_mode:
        put(client, before, after)
    return told
