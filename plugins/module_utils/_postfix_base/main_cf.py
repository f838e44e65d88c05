# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""main.cf as a document: find, set, take out and put back parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import heading, split_lines
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.document import (
    SPACES,
    Document,
    LogicalLine,
    placeholder,
)

ASSIGNMENT = re.compile(rf'([^={SPACES}]+)[{SPACES}]*=(.*)', re.DOTALL)


def value_of(text: str) -> str | None:
    """Return the value in the text of one definition as Postfix reads it, or None when there is no definition."""
    lines = split_lines(text)
    entry = LogicalLine(0, lines)
    for index, line in enumerate(lines[1:], 1):
        bare = line.lstrip(SPACES)
        if bare and bare[0] != '#':
            entry.extend(index, line)
    match = ASSIGNMENT.match(entry.words())
    return match.group(2).strip(SPACES) if match else None


def render(name: str, value: str) -> str:
    return (f'{name} = {value}').rstrip(SPACES)


class MainCf(Document):

    def definitions(self, name: str | None = None) -> list[tuple[str, str, LogicalLine]]:
        """Return (name, value, logical line) of each definition in file order; of several, Postfix takes the last."""
        found = []
        for entry in self.logical_lines():
            match = ASSIGNMENT.match(entry.words())
            if match and name in (None, match.group(1)):
                found.append((match.group(1), match.group(2).strip(SPACES), entry))
        return found

    def values(self) -> dict[str, str]:
        return {name: value for name, value, dummy in self.definitions()}

    def get(self, name: str) -> str | None:
        found = self.definitions(name)
        return found[-1][1] if found else None

    def texts(self, name: str) -> list[str]:
        return [self.span(entry) for dummy, dummy, entry in self.definitions(name)]

    def all_texts(self) -> dict[str, list[str]]:
        """Return what texts() tells of each parameter, read in one go."""
        found: dict[str, list[str]] = {}
        for name, dummy, entry in self.definitions():
            found.setdefault(name, []).append(self.span(entry))
        return found

    def set(self, name: str, value: str) -> bool:
        """Give an existing definition, the last one, a new value. Returns whether there was one."""
        found = self.definitions(name)
        if found:
            self.replace(found[-1][2].first, found[-1][2].last, render(name, value))
        return bool(found)

    def add(self, owner: str, values: Iterable[tuple[str, str]]) -> None:
        self.append(heading(owner), [render(name, value) for name, value in values])

    def take_out(self, owner: str, name: str) -> None:
        """Replace every definition by a comment line that keeps its place."""
        for number, (dummy, dummy, entry) in reversed(list(enumerate(self.definitions(name), 1))):
            self.replace(entry.first, entry.last, placeholder(owner, name, number))

    def put_back(self, owner: str, name: str, originals: Sequence[str]) -> None:
        """Bring back the recorded definitions of a parameter in place of the present one.

        Args:
            originals: text of the definitions that were there before; empty when there was none.
        """
        places = self._places(owner, name, len(originals))
        if any(place is not None for place in places):
            for dummy, dummy, entry in reversed(self.definitions(name)):
                self.delete(entry.first, entry.last)
            missing = []
            for number, text in enumerate(originals, 1):
                at = self.find_line(placeholder(owner, name, number))
                if at is None:
                    missing.append(text)
                else:
                    self.replace(at, at, text)
            for text in missing:
                self.insert(len(self.lines), text)
            return
        last = self.definitions(name)[-1:]
        if last and originals:
            self.replace(last[0][2].first, last[0][2].last, originals[-1])
        elif last:
            self.delete(last[0][2].first, last[0][2].last)
        else:
            for text in originals:
                self.insert(len(self.lines), text)

    def forget_places(self, owner: str, name: str, count: int) -> None:
        """Delete the comment lines that kept the place of a parameter which somebody has defined anew."""
        for place in reversed([place for place in self._places(owner, name, count) if place is not None]):
            self.delete(place, place)

    def _places(self, owner: str, name: str, count: int) -> list[int | None]:
        return [self.find_line(placeholder(owner, name, number)) for number in range(1, count + 1)]
