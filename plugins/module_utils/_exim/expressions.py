# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Exim is asked about a message, in its own expansion language: whether it is marked, and whose certificate a
client shows.

C($lh_NAME:) has each header of a name as one item, raw. C($h_) would decode encoded words, so that C(=?utf-8?q?yes?=)
counts, and C($rh_) runs several headers together. C(<:) keeps a value that begins with C(<;) from choosing another
separator. C(\\N) keeps dollar signs and backslashes of a regular expression from being expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.calendar import pattern

RELEASED, FLAG = 'X-Conbool-Released', 'X-Conbool-Flag'
# Of a list's item, Exim itself takes away what C calls space at both ends, form feeds among it.
BLANK = r'[ \t\r\n]*'
VERDICT = 'acl_m_conbool_calendar'
PART = f'eq{{${VERDICT}}}{{1}}'
# A group, or what only looks like one: in brackets, or behind a backslash.
_GROUP = re.compile(r'(?P<other>\\.|\[\^?\]?(?:\[:\w+:\]|\\.|[^]\\])*\])|\((?!\?)', re.DOTALL)
# Behind which a part's headers are not seen any more.
BODY_VISIBLE = 65536


def fill(text: str, **values: Any) -> str:
    """Return Exim's text, which is full of braces, with each @name@ replaced."""
    for name, value in values.items():
        text = text.replace(f'@{name}@', str(value))
    return text


def has(header: str, value: str) -> str:
    """Return the condition that a message has this header with this value, in any case."""
    return fill(
        r'forany{<: $lh_@header@:}{match{$item}{\N^(?i)@blank@@value@@blank@$\N}}',
        header=header,
        value=value,
        blank=BLANK,
    )


def released() -> str:
    return has(RELEASED, 'yes')


def flagged() -> str:
    return has(FLAG, 'YES')


def counting(settings: Mapping[str, Any]) -> list[str]:
    """Return the names of all headers that decide something here."""
    return [RELEASED, FLAG, *settings['loop_headers']]


def calendar_pattern(mode: Any) -> str:
    """Return the house's expression for a calendar's Content-Type in Perl's language, where a backslash counts in
    brackets.

    No group captures anything: Exim 4.96 has room for 20, and writes over its user's number with the next ones.
    """
    return _GROUP.sub(lambda found: found.group('other') or '(?:', pattern(mode).replace('\\]', '\\\\]'))


def own_type(mode: Any) -> str:
    """Return the condition that the message itself is a calendar. Of several types, the first is its own."""
    return fill(r'match{${listextract{1}{<: $lh_Content-Type:}}}{\N^(?i)@type@\N}', type=calendar_pattern(mode))


def in_body(mode: Any) -> str:
    """Return the condition that a part is a calendar, by the beginning of the body. Of an attached message, the parts
    count as well."""
    text = calendar_pattern(mode).replace('(?:[[:space:]]|', '(?:[ \\t]|\\n[ \\t]|')
    return fill(
        r'and{{match{$lh_Content-Type:}{\N^(?i)\s*multipart/\N}}'
        r'{match{\n$message_body}{\N(?im)\n--[^\n]+\n(?:[^\n]+\n)*?Content-Type:@type@\N}}}',
        type=text,
    )


def marked(settings: Mapping[str, Any], part: str) -> str:
    """Return the condition that the headers of a message, or what its parts are, lead it past the gateway.

    Args:
        part: the condition on its parts, empty where they do not count.
    """
    found = [released(), *(has(header, 'true') for header in settings['loop_headers'])]
    if settings['bypass_calendar']:
        found.append(own_type(settings['bypass_calendar']))
    return any_of(filter(None, [*found, part]))


def no_sender(mode: Any) -> str:
    """Return the condition that a message without a sender goes direct, empty where none does.

    Args:
        mode: C(bypass_null_sender). With C(server) those of users, who have logged in, do not.
    """
    if mode == 'server':
        return 'and{{eq{$sender_address}{}}{!def:sender_host_authenticated}}'
    return 'eq{$sender_address}{}' if mode else ''


def any_of(conditions: Iterable[str]) -> str:
    return 'or{{{}}}'.format(''.join(f'{{{condition}}}' for condition in conditions))


def by_name(name: str) -> str:
    """Return the condition that a client's certificate is trusted and for this name, by an alternative name, or where
    it has none, by its common name."""
    alternatives = r'${certextract{subj_altname,dns@separator@}{$tls_in_peercert}{$value}{}}'
    return fill(
        r'and{{eq{$tls_in_certificate_verified}{1}}{or{{inlisti{@name@}{<\n @list@}}{and{{eq{@all@}{}}'
        r'{eqi{@name@}{${certextract{subject,CN}{$tls_in_peercert}{$value}{}}}}}}}}}',
        name=name,
        list=fill(alternatives, separator=r',>\n'),
        all=fill(alternatives, separator=''),
    )


def by_fingerprint(digest: str, known: Sequence[str]) -> str:
    """Return the condition that a client's certificate has one of these fingerprints."""
    items = ' : '.join(item.replace(':', '') for item in known)
    return fill('inlisti{${@digest@:$tls_in_peercert}}{@items@}', digest=digest, items=items)


def present(names: Iterable[str]) -> str:
    """Return what is a list, as remove_header wants it, of those of these headers that a message has.

    Of the headers of a thousand hosted domains, the list was longer than Exim can bear: it answered 421.
    """
    return ''.join(f'${{if def:h_{name}:{{{name}:}}}}' for name in names)


# The names of a message's X-Conbool-* headers, as remove_header wants them. It knows no wildcards, and its list is
# separated by colons: with line feeds, several headers stay. One variable has 64 KB of all headers at most.
TRUST_HEADERS = (
    r'${sg{${map{<\n ${filter{<\n $message_headers_raw}{match{$item}{\N^(?i)X-Conbool-[^\s:]*[ \t]*:\N}}}}'
    r'{${sg{$item}{\N(?s)[ \t]*:.*$\N}{}}}}}{\n}{:}}'
)
