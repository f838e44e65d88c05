# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The administrator's Sieve script of a domain, with the rule of ours in it. Private to this collection."""

from __future__ import annotations

import itertools
import re

BEGIN, END = '# conbool.smtp_relay: begin', '# conbool.smtp_relay: end'
BLOCK = re.compile(rf'^{re.escape(BEGIN)}\n.*?^{re.escape(END)}\n', re.MULTILINE | re.DOTALL)
REQUIRE = 'require ["fileinto"];\n'
# It keeps blanks behind a value, and knows no regular expressions in Sieve.
BLANKS = [''.join(each) for length in range(4) for each in itertools.product(' \t', repeat=length)]


def _forms(word: str) -> str:
    return '[{}]'.format(', '.join(f'"{word}{blank}"' for blank in BLANKS))


# Runs before the users' own rules. Zimbra has looked at the spam headers by then: mail that is spam for it is in Junk.
RULE = f"""\
if header :is "X-Conbool-Released" {_forms('yes')} {{
  keep;
  stop;
}}
if header :is "X-Conbool-Flag" {_forms('YES')} {{
  fileinto "Junk";
  stop;
}}
"""
# Comments and blanks, of which a script may have some before and between what it requires (RFC 5228, 3.2).
_BLANK = r'(?:\s+|#[^\n]*(?:\n|\Z)|/\*.*?\*/)*'
_STATEMENT = re.compile(
    _BLANK + r'require' + _BLANK + r'(?:"(?:[^"\\]|\\.)*"|\[[^\]]*\])' + _BLANK + r';[ \t]*(?:\r?\n)?',
    re.DOTALL | re.IGNORECASE,
)


def _block(text: str) -> str:
    return f'{BEGIN}\n{text}{END}\n'


def with_rule(script: str) -> str:
    """Return a script with our rule before its own; what it requires stays in front of both."""
    end = 0
    while True:
        found = _STATEMENT.match(script, end)
        if not found:
            break
        end = found.end()
    head, rest = script[:end], script[end:]
    if head and not head.endswith('\n'):
        head += '\n'
    return _block(REQUIRE) + head + _block(RULE) + rest


def without_rule(script: str) -> str:
    """Return a script without what with_rule() has put into it."""
    return BLOCK.sub('', script)
