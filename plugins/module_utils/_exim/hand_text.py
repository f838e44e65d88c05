# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a configuration by hand: its lines as Exim takes them, and where in it a text of ours belongs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.debian import LISTS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import split_lines

MAIN, ACLS, ROUTERS, TRANSPORTS, RETRIES = '', 'acls', 'routers', 'transports', 'retrys'
_BEGIN = re.compile(r'begin +(\w+)', re.IGNORECASE)
# Lines that Exim judges by themselves, within others that go on as well.
_DIRECTIVE = re.compile(r'#|\.(?:if|el|end|include)')


class Place(NamedTuple):
    """Where a text belongs: its C(name), and the C(section) in whose beginning it stands, or the C(label) in front of
    or, for a list, behind which it stands. With neither, it is in front of all, with C(new), of all sections."""

    name: str
    section: str = ''
    label: str = ''
    new: bool = False


def section_of(text: str) -> str:
    """Return the section that a line begins, in the plural, empty when it begins none."""
    found = _BEGIN.match(text)
    if not found:
        return ''
    name = found.group(1).lower()
    return name if name.endswith('s') else name + 's'


def label_of(text: str) -> str:
    """Return the name of a list, router or transport whose definition a line begins."""
    found = re.match(r'(\w+)\s*:', text)
    return found.group(1) if found else ''


def logical(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield begin, end and content of each line of a file that is a whole for Exim; comments and directives are
    none."""
    start, place, held = -1, 0, ''
    for line in split_lines(text):
        begin, place, words = place, place + len(line), line.strip()
        if _DIRECTIVE.match(words):
            continue
        start = begin if start < 0 else start
        held += words
        if held.endswith('\\'):
            held = held[:-1]
        else:
            if held:
                yield start, place, held
            start, held = -1, ''


def places_of(text: str, section: str, place: Place) -> list[int]:
    """Return where in a file a text belongs: at each line that would do, of which Exim reads one.

    Args:
        section: the one in which the file begins.
    """
    parts = []
    for start, end, words in logical(text):
        section = section_of(words) or section
        parts.append((start, end, words, section))
    if place.label:
        same = [part for part in parts if label_of(part[2]) == place.label]
        # A file that was included in between may have begun the section.
        same = [part for part in same if part[3] == place.section] or same
        if place.name in LISTS:
            return [end for dummy, end, dummy, dummy in same]
        return [_above(text, start) for start, dummy, dummy, dummy in same]
    if place.section:
        return [end for dummy, end, words, dummy in parts if section_of(words) == place.section]
    return [start for start, dummy, words, dummy in parts if section_of(words)][:1] if place.new else [0]


def _above(text: str, offset: int) -> int:
    """Return where the remarks right above a line begin."""
    while offset:
        begin = text.rfind('\n', 0, offset - 1) + 1
        if not text[begin:offset].lstrip().startswith('#'):
            break
        offset = begin
    return offset
