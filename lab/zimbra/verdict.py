# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the mailboxd of the double of Zimbra (not Zimbra) files a message.

Whether it is spam is asked first, and with that no script sees it, the administrator's neither, unless
zimbraSpamApplyUserFilters says so. Then come the administrator's script, the user's, and the administrator's second
one; a `stop` ends them all. What none of them files goes to the inbox, or to Junk if it is spam. A script that fails is
left out.

Run by Dovecot's Sieve with the message as standard input and the mailbox in the environment: prints one folder, or
nothing for a message that is thrown away.
"""

from __future__ import annotations

import email
import email.policy
import json
import os
import re
import sys
import syslog
from email.message import Message

from . import sieve

SETTINGS = '/opt/zimbra/double/run/mailboxd/filters.json'
JUNK = 'Junk'


def is_spam(message: Message, spam: dict[str, str]) -> bool:
    """spam: the global configuration's zimbraSpamHeader and zimbraSpamWhitelistHeader, each with its Value, a regular
    expression for the whole value of the header."""
    allowed = _values(message, spam['zimbraSpamWhitelistHeader'])
    pattern = spam['zimbraSpamWhitelistHeaderValue']
    # Not one of several will do: every occurrence must say so.
    if allowed and pattern and all(re.fullmatch(pattern, value) for value in allowed):
        return False
    pattern = spam['zimbraSpamHeaderValue']
    return any(re.fullmatch(pattern, value) for value in _values(message, spam['zimbraSpamHeader']) if pattern)


def _values(message: Message, name: str) -> list[str]:
    return sieve.values(message, name) if name else []


def folders(message: Message, spam: dict[str, str], account: dict) -> list[str]:
    """Where a message goes; none at all if it is discarded.

    account: C(scripts) in their order, C(filters_spam), and C(antispam), whether there is a Junk folder to file in.
    """
    marked = account['antispam'] and is_spam(message, spam)
    chosen, discarded = [], False
    for script in account['scripts'] if account['filters_spam'] or not marked else []:
        try:
            outcome = sieve.run(script, message)
        except sieve.SieveError as error:
            syslog.syslog(syslog.LOG_WARNING, f'mailboxd: a script failed: {error}')
            continue
        chosen += outcome.folders
        discarded = discarded or outcome.discarded
        if outcome.stopped:
            break
    if chosen or discarded:
        return list(dict.fromkeys(chosen))
    return [JUNK if marked else 'INBOX']


def main() -> int:
    message = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.compat32)
    with open(SETTINGS, encoding='utf-8') as file:
        settings = json.load(file)
    found = folders(message, settings['spam'], settings['accounts'][os.environ['USER']])
    if len(found) > 1:
        syslog.syslog(syslog.LOG_WARNING, f'mailboxd: one copy of several, {found}: this double files a message once')
    print(found[0] if found else '', end='')
    return 0


if __name__ == '__main__':
    sys.exit(main())
