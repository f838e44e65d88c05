# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the spam filter that know released and flagged mail by the marks of the outbound hop. Private."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import facts, spam_rule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import Client, KerioError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.names import FLAGGED_RULE, RELEASED_RULE
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.site import Site
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.step import Step
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.marks import FLAGGED, RELEASED

# Who is released is no spam, whatever else is said of the message: that rule comes first.
RULES = {RELEASED: (RELEASED_RULE, 'not_spam'), FLAGGED: (FLAGGED_RULE, 'score')}


def _rule(name: str, action: str, mark: str) -> dict[str, Any]:
    return {'name': name, 'header': 'Received', 'contains': mark, 'action': action, 'score': None, 'enabled': True}


def foreign(site: Site) -> list[str]:
    """The names of ours that rules of others have: we have made nothing here, and these look for no mark."""
    ours = {name for name, dummy in RULES.values()}
    return [
        rule['description']
        for rule in site.spam_rules
        if rule['description'] in ours and not site.made and not facts.TOKEN.search(rule['content'])
    ]


def steps(site: Site, marks: Mapping[str, str], problems: list[str]) -> list[Step]:
    """The step that brings the rules there; without marks, none of ours is left.

    Args:
        problems: gets why it cannot be.
    """
    rules = [_rule(*RULES[name], marks[name]) for name in RULES if name in marks]
    others = foreign(site)
    gone = [{'name': name} for name, dummy in RULES.values() if name not in others]
    wanted = spam_rule.Wanted(rules or gone, 'present' if rules else 'absent')
    try:
        after = spam_rule.planned(site.spam_rules, wanted, site.antispam)
    except KerioError as error:
        problems.append(f'kerio_smarthost_inbound: flagged mail cannot be filed: {error}. Mend that there')
        return []
    before = site.spam_rules
    if spam_rule.shown(after) == spam_rule.shown(before):
        return []

    def back(client: Client, site: Site) -> None:
        present = spam_rule.read(client)
        if spam_rule.shown(present) != spam_rule.shown(before):
            spam_rule.put(client, present, _with_ids(before, present))

    texts = [
        json.dumps(facts.shown(spam_rule.shown(each)), indent=1, sort_keys=True) + '\n' for each in (before, after)
    ]
    return [Step('spam filter', *texts, lambda client, site: spam_rule.put(client, before, after), back)]


def _with_ids(rules: list[dict[str, Any]], present: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rules of before with the ids that they have by now."""
    left, found = list(present), copy.deepcopy(rules)
    for rule in found:
        same = next((other for other in left if spam_rule.shown([other]) == spam_rule.shown([rule])), None)
        rule['id'] = same['id'] if same else ''
        if same:
            left.remove(same)
    return found
