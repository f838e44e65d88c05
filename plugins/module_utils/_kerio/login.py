# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the administration of a Kerio Connect may have let nobody in. Private to this collection.

Code and words of a refusal are not known of each version, and are in the language of the server. So the words decide as
far as they tell, and whatever else it may be is said where they do not.
"""

from __future__ import annotations

import re

# Of JSON-RPC calls: the account may not do that.
NO_RIGHTS = 1004
ANOTHER = 'take the built-in Admin, or an account with full access in a domain that does not demand two factors'
TWO_FACTORS = (
    f'The account has to show a second factor (2FA), which nobody is there to do: {ANOTHER}. That an application'
    ' password opens the administration, is not known.'
)
BLOCKED = (
    'The server blocks this address for some minutes, after failures of anybody who comes from it. Wait, then check'
    ' user name and password.'
)
NO_ADMINISTRATOR = 'The account is no administrator: give it full access, or take the built-in Admin.'
ANYTHING = (
    'Check user name and password. If they are right: the domain of the account may demand two factors (2FA), then'
    f' {ANOTHER}; {{switched_off}}or the server blocks this address for some minutes, after several failures.'
)
SWITCHED_OFF = 'the built-in account may be switched off (remote administration, Administration Settings); '
CUT_OFF = (
    'Something listens, and does not talk to this address: remote administration is probably switched off in Kerio'
    ' Connect, or limited to a group of IP addresses without this one (Administration Settings).'
)
WORDS = (
    (
        re.compile(r'two.?(factor|step)|second factor|\b2FA\b|verification code|zwei.?(faktor|stufen)', re.I),
        TWO_FACTORS,
    ),
    (re.compile(r'too many|blocked|locked', re.I), BLOCKED),
)


def why_refused(said: str, code: int, user: str) -> str:
    """The likely cause of a refusal, and what to do.

    Args:
        said: by the server.
        user: without a domain, it may be the built-in account.
    """
    for words, cause in WORDS:
        if words.search(said):
            return cause
    if code == NO_RIGHTS:
        return NO_ADMINISTRATOR
    return ANYTHING.format(switched_off='' if '@' in user else SWITCHED_OFF)
