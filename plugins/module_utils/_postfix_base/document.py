# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Line-wise editing of Postfix configuration files: what nobody asked to change stays byte for byte."""

from __future__ import annotations

import re

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import split_lines

# What C isspace() knows; Python's own idea of white space is larger than Postfix's.
SPACES = ' \t\n\v\f\r'
TAKEN_OUT = '# Taken out by the Ansible collection conbool.smtp_relay'


def items(value: str | None) -> list[str]:
    """Return the items of a list of Postfix's, separated by commas or blanks."""
    return [item for item in re.split(r'[\s,]+', value or '') if item]


def _end(line: str) -> str:
    """Return the line end of a physical line: LF, CR LF or nothing."""
    return line[len(line.rstrip('\r\n')) :]


class LogicalLine:
    """One logical line: the physical lines C(first) to C(last), with the comment lines in between."""

    def __init__(self, first: int, lines: list[str]) -> None:
        self.first = first
        self.last = first
        self.pieces = [lines[first]]
        # Continuation without a beginning: Postfix warns and goes on without it.
        self.orphan = lines[first][0] in SPACES

    def extend(self, index: int, line: str) -> None:
        self.last = index
        self.pieces.append(line)

    def words(self) -> str:
        """Return the content on one line, blanks around each piece reduced to one; a NUL ends what Postfix sees."""
        joined = ' '.join(piece.strip(SPACES) for piece in self.pieces)
        return joined.split('\0', 1)[0]


class Document:
    """A file in the syntax that main.cf and master.cf share (postconf(5), "multi-line text")."""

    def __init__(self, text: str) -> None:
        self.lines = split_lines(text)

    def text(self) -> str:
        return ''.join(self.lines)

    def logical_lines(self) -> list[LogicalLine]:
        found: list[LogicalLine] = []
        for index, line in enumerate(self.lines):
            bare = line.lstrip(SPACES)
            if not bare or bare[0] == '#':
                continue
            if found and line[0] in SPACES:
                found[-1].extend(index, line)
            else:
                found.append(LogicalLine(index, self.lines))
        return [line for line in found if not line.orphan]

    def span(self, entry: LogicalLine) -> str:
        """Return the entry's own text, without the end of its last line."""
        text = ''.join(self.lines[entry.first : entry.last + 1])
        return text[: len(text) - len(_end(self.lines[entry.last]))]

    def replace(self, first: int, last: int, text: str) -> None:
        """Put text in the place of the physical lines first to last; the last line's end stays as it was."""
        self.lines[first : last + 1] = split_lines(text + _end(self.lines[last]))

    def insert(self, index: int, text: str) -> None:
        """Insert text as lines of its own. Behind a last line without end, the missing end moves along."""
        if index == len(self.lines) and self.lines and not self.lines[-1].endswith('\n'):
            self.lines[-1] += '\n'
            self.lines += split_lines(text)
        else:
            self.lines[index:index] = split_lines(text + '\n')

    def delete(self, first: int, last: int) -> None:
        """Delete physical lines; the reverse of insert() also for a last line without end."""
        unfinished = not self.lines[last].endswith('\n')
        del self.lines[first : last + 1]
        if unfinished and first and first == len(self.lines):
            self.lines[-1] = self.lines[-1][:-1]

    def find_line(self, wanted: str) -> int | None:
        """Return the index of the last physical line with this content, or None."""
        for index in range(len(self.lines) - 1, -1, -1):
            if self.lines[index].rstrip('\r\n') == wanted:
                return index
        return None

    def append(self, heading: str, texts: list[str]) -> None:
        """Add entries below our heading, which is made at the end of the file when it is not there."""
        if not texts:
            return
        at = self.find_line(heading)
        if at is None or self._inside_entry(at):
            self.insert(len(self.lines), '\n'.join([heading] + texts))
        elif at + 1 == len(self.lines):
            self.insert(at + 1, '\n'.join(texts))
        else:
            self.lines[at + 1 : at + 1] = split_lines('\n'.join(texts) + '\n')

    def drop_heading(self, heading: str) -> None:
        """Delete our heading, and another one that had to be made because somebody's line had got in between."""
        at = self.find_line(heading)
        while at is not None:
            self.delete(at, at)
            at = self.find_line(heading)

    def _inside_entry(self, at: int) -> bool:
        """Tell whether a continuation line follows: a new entry here would take it over."""
        for line in self.lines[at + 1 :]:
            bare = line.lstrip(SPACES)
            if bare and bare[0] != '#':
                return line[0] in SPACES
        return False


def placeholder(owner: str, what: str, number: int) -> str:
    """Return the comment line that keeps the place of something that was taken out."""
    return f'{TAKEN_OUT} ({owner}): {what}, {number}'
