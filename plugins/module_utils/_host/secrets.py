# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of configuration files without the passwords and keys in it, so that it can be shown."""

from __future__ import annotations

import re

HIDDEN = '(hidden)'

# Names of settings whose value is a secret, whichever program's: Dovecot's, rspamd's, Postfix's, Sendmail's.
_SECRET = r'(?:pass(?:word|wd|phrase|code)?|secret|token|credentials?|(?:api|private|shared)_?key)(?![a-z])'
_NAME = rf'[\w.$-]*(?:(?<![a-z])|(?<=dn)|(?<=db)|(?<=auth)){_SECRET}[\w.-]*'
# A name that ends in "key" may have the path of a key, which is none.
_KEY = r'(?:[\w.-]*[_.-])?key'
_PATH = r'["\']?(?:[</$]|[a-z]+:/)'
# Where Postfix looks passwords up.
_TABLE = r'(?:proxy:)?(?:hash|btree|lmdb|cdb|dbm|texthash|regexp|pcre|cidr|ldap|mysql|pgsql|sqlite):/[^\s:@]+[ \t]*$'
# What Exim itself shows to nobody, and what it says to log in.
_EXIM = r'(?:hide[ \t]+\w+|client_send)[ \t]*=[ \t]*'
_SIGN = r'["\']?[ \t]*[=:][ \t]*'

# A setting on a line of its own: everything behind its sign is hidden.
LINE = re.compile(
    rf'^(?P<name>[ \t]*["\']?(?:{_NAME}{_SIGN}(?!{_TABLE})|{_KEY}{_SIGN}(?!{_PATH})|{_EXIM}))(?P<value>\S.*)$',
    re.IGNORECASE,
)
# What goes on behind a backslash.
EXIM = re.compile(rf'[ \t]*{_EXIM}')
# A name whose value is on the lines below, as main.cf allows.
OPEN = re.compile(rf'^[ \t]*["\']?{_NAME}{_SIGN}$', re.IGNORECASE)
# Settings within the value of another one: a connection string, the fields of a user, a define in m4.
WITHIN = re.compile(
    rf'(?P<name>(?<![\w.-]){_NAME}["\'`]?[ \t]*[=:,][ \t]*)(?!{_TABLE})(?P<value>["\'`][^"\']*["\']|[^\s"\',;]+)', re.I
)
# user:password@ in a URL; "P:password" of Sendmail's AuthInfo.
URL = re.compile(r'(?P<name>\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)(?P<value>[^\s/@]+)(?=@)', re.IGNORECASE)
AUTHINFO = re.compile(r'(?P<name>"P[:=])(?P<value>[^"]*)(?=")')
PEM_BEGIN, PEM_END = re.compile('-----BEGIN [A-Z ]*PRIVATE KEY-----'), re.compile('-----END [A-Z ]*PRIVATE KEY-----')


def _line(line: str) -> str:
    line = LINE.sub(lambda found: found.group('name') + HIDDEN, line)
    for pattern in (WITHIN, URL, AUTHINFO):
        line = pattern.sub(lambda found: found.group('name') + HIDDEN, line)
    return line


def without_secrets(text: str) -> str:
    """Return text of a configuration file with what looks like a password or a key hidden."""
    lines: list[str] = []
    open_value = in_key = goes_on = False
    for line in text.split('\n'):
        open_value = open_value and line[:1] in (' ', '\t') and '=' not in line
        if in_key or goes_on or open_value and line.strip() and not re.match(_TABLE, line.strip(), re.IGNORECASE):
            lines.append(line[: len(line) - len(line.lstrip())] + HIDDEN)
        else:
            lines.append(_line(line))
        goes_on = line.endswith('\\') and (goes_on or bool(EXIM.match(line)))
        in_key = bool(PEM_BEGIN.search(line)) or in_key and not PEM_END.search(line)
        open_value = open_value or bool(OPEN.match(line))
    return '\n'.join(lines)
