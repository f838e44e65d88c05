# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where flagged and released mail goes in a Zimbra. Private to this collection."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import RED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import commands, sieve
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.directory import CONFIG, Entry
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.facts import (
    RELEASED,
    RELEASED_VALUE,
    SERVICES,
    ZimbraFacts,
    is_alias,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.ours import SIEVE
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.plan import Plan
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.record import AttributeRecord

HEADER = 'X-Conbool-Released'
# A regular expression of Java's that has to fit the whole value.
VALUE = '(?i)\\s*yes\\s*'
# The file for the rules of a site, which amavisd reads when it starts.
RULES_FILE = 'data/spamassassin/localrules/sauser.cf'
# A user of this server who forges the header is trusted all the way, and scored as before.
RULES = f"""\
{sieve.BEGIN}
header   __CONBOOL_RELEASED {HEADER} =~ /^\\s*yes\\s*$/i
meta     CONBOOL_RELEASED (__CONBOOL_RELEASED && !ALL_TRUSTED)
describe CONBOOL_RELEASED Released at the Conbool gateway
score    CONBOOL_RELEASED -1000
tflags   CONBOOL_RELEASED nice noautolearn
{sieve.END}
"""


def rules_path() -> str:
    """Return the path of the file for SpamAssassin's rules."""
    return os.path.join(commands.PREFIX, RULES_FILE)


def with_rules(data: bytes) -> bytes:
    """Return the file with our rule behind those of the site."""
    own = without_rules(data)
    return own + (b'\n' if own and not own.endswith(b'\n') else b'') + encode(RULES)


def without_rules(data: bytes) -> bytes:
    """Return the file without our rule."""
    return encode(sieve.BLOCK.sub('', decode(data)))


def files(settings: Mapping[str, Any]) -> bool:
    """Return whether what the gateway has judged is filed here."""
    return settings['inbound'] and settings['roles']['spam_delivery']['state'] == 'present'


def filing(settings: Mapping[str, Any], facts: ZimbraFacts, record: AttributeRecord) -> Plan:
    """Return what has flagged mail be filed as spam, and released mail not."""
    plan = Plan()
    if not files(settings):
        return plan
    if settings['spam_delivery'] == 'header':
        plan.problems.append(
            'conbool_spam_delivery: header is not possible with a Zimbra, which can add no header by a rule; it files'
            ' flagged mail itself. Use auto or folder'
        )
    for domain in settings['domains']:
        if is_alias(facts.own, domain):
            # Mail for it is that of the accounts of another one.
            continue
        key = (Entry('domain', domain), SIEVE)
        plan.values[key] = (sieve.with_rule(''.join(facts.without_us(key, record))),)
    # Also one that somebody has set in the place of ours.
    before, now = facts.without_us((CONFIG, RELEASED), record), facts.own.get((CONFIG, RELEASED), ())
    if now and now[0].lower() != HEADER.lower():
        plan.problems.append(
            f'{RELEASED}: {now[0]!r} is set already, and Zimbra knows one such header only. It was not overwritten:'
            f' unset it (zmprov mcf {RELEASED} "" {RELEASED_VALUE} ""), or set spam_delivery_state: absent'
        )
    else:
        # Whoever has set it by hand may have written it in other letters.
        plan.values[CONFIG, RELEASED] = before or (HEADER,)
        plan.values[CONFIG, RELEASED_VALUE] = (VALUE,)
    plan.rules = bool({'antispam', 'amavis'} & set(facts.own[facts.this, SERVICES]))
    return plan


def hidden_rows(settings: Mapping[str, Any], facts: ZimbraFacts) -> list[dict[str, Any]]:
    """Return the rows on entries whose own script hides that of the domain, where we write one."""
    found = [f'COS {name}' for name in facts.cos] + [f'account {name}' for name in facts.accounts]
    if not found or not files(settings):
        return []
    return [
        row(
            'inbound.hidden',
            ', '.join(found),
            RED,
            f'has a {SIEVE} of its own, which hides that of the domain: flagged mail is not filed there',
            f'Put the blocks between the markers in {SIEVE} of the domain at its beginning, too.',
            'medium',
        )
    ]
