# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Content-Type is that of a calendar message, in the one language that Postfix and Sendmail both have: POSIX
extended regular expressions, in which case does not matter."""

from __future__ import annotations

# A comment may stand wherever white space may (RFC 2045 5.1, RFC 5322 3.2.2), and have others in it: three deep here.
_TEXT = r'[^()\]|\\.'
_COMMENT = rf'[(]({_TEXT})*[)]'
for _dummy in range(2):
    _COMMENT = rf'[(]({_TEXT}|{_COMMENT})*[)]'
_BLANK = rf'([[:space:]]|{_COMMENT})*'
_TYPE = rf'{_BLANK}text{_BLANK}/{_BLANK}calendar{_BLANK}'
# What stands between two semicolons: a semicolon in a quoted string or a comment is none.
_PARAMETER = rf'([^;"(]|"([^"\]|\\.)*"|{_COMMENT})*'
_METHOD = rf'{_BLANK}method{_BLANK}={_BLANK}("[^"]+"|[^[:space:];"()]+)'


def pattern(mode: object) -> str:
    """Return an expression for the value of a Content-Type header, from its beginning.

    Args:
        mode: C(itip) for those that say what is to be done with the calendar (C(method=), RFC 6047), anything else for
            all.
    """
    return rf'{_TYPE}(;{_PARAMETER})*;{_METHOD}' if mode == 'itip' else rf'{_TYPE}([;(]|$)'
