# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a message is spam for the mailboxd of the double of Zimbra (not Zimbra); by what headers say, nothing else.

Run by Dovecot's Sieve with the message as standard input: ends with 0 if it is spam, else with 1.
"""

from __future__ import annotations

import email
import email.policy
import json
import re
import sys
from email.message import Message

SETTINGS = '/opt/zimbra/double/run/mailboxd/spam.json'


def is_spam(message: Message, settings: dict[str, str]) -> bool:
    """settings: the global configuration's zimbraSpamHeader and zimbraSpamWhitelistHeader, each with its Value, a regular
    expression for the whole value of the header."""
    allowed = _values(message, settings['zimbraSpamWhitelistHeader'])
    pattern = settings['zimbraSpamWhitelistHeaderValue']
    # Not one of several will do: every occurrence must say so.
    if allowed and pattern and all(re.fullmatch(pattern, value) for value in allowed):
        return False
    pattern = settings['zimbraSpamHeaderValue']
    return any(re.fullmatch(pattern, value) for value in _values(message, settings['zimbraSpamHeader']))


def _values(message: Message, name: str) -> list[str]:
    """Unfolded, without blanks at the ends, as JavaMail gives them."""
    return [re.sub(r'\r?\n', '', value).strip() for value in message.get_all(name, [])] if name else []


def main() -> int:
    message = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.compat32)
    with open(SETTINGS, encoding='utf-8') as file:
        return 0 if is_spam(message, json.load(file)) else 1


if __name__ == '__main__':
    sys.exit(main())
