# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How lines of a batch are read by zmprov of the double of Zimbra (not Zimbra). [run] in the facts: parser alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

ESCAPES = {'n': '\n', 't': '\t', 'r': '\r', "'": "'", '"': '"'}


def lines(text: str) -> Iterator[str]:
    """Lines of a file; one that ends in a backslash is joined with the next, an empty one ends the joining."""
    begun = None
    split = re.split(r'\r\n|\r|\n', text)
    for line in split[:-1] if split[-1] == '' else split:
        if line.endswith('\\'):
            begun = (begun or '') + line[:-1]
            continue
        yield (begun or '') + line
        begun = None
    if begun is not None:
        yield begun


def parse(line: str) -> list[str]:
    """The words of a line: quotes count at the start of a word only, a backslash everywhere."""
    words, word, inside = [], '', None
    for char, escaped in _characters(line):
        ends = not escaped and (char.isspace() if inside == ' ' else char == inside)
        if inside and ends:
            words.append(word)
            word, inside = '', None
        elif inside:
            word += char
        elif not escaped and char in '\'"':
            inside = char
        elif escaped or not char.isspace():
            word, inside = char, ' '
    return [*words, word] if word else words


def _characters(line: str) -> Iterator[tuple[str, bool]]:
    """Each character, and whether a backslash took its meaning as a quote or a blank."""
    position = 0
    while position < len(line):
        char = line[position]
        position += 1
        if char == '\\' and position < len(line):
            char = line[position]
            position += 1
            yield ESCAPES.get(char, char), char in ESCAPES or char.isspace()
        else:
            yield char, False
