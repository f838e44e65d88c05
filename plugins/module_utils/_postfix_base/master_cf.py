# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""master.cf as a document: whole entries, and single -o options of entries that belong to somebody else."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, heading, printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.document import (
    SPACES,
    TAKEN_OUT,
    Document,
    placeholder,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_entry import (
    MasterEntry,
    render_option,
)

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_entry import Service

# Behind the comment line of an option that was cut out of a longer line: whether that line went on before and after it.
JOINS = {(True, True): ' <>', (True, False): ' <', (False, True): ' >', (False, False): ''}


class MasterCf(Document):

    @classmethod
    def of(cls, config_dir: str, visible: bool = False) -> MasterCf:
        """Return the master.cf of a configuration directory, an empty one where there is none.

        Args:
            visible: whether what is in it is shown to people.
        """
        text = decode(read_file(os.path.join(config_dir, 'master.cf')).data or b'')
        return cls(printable(text) if visible else text)

    def entries(self) -> list[MasterEntry]:
        """Return the entries with all eight fields; the others make postconf(1) stop, which is where they are
        reported."""
        found = [MasterEntry(line, self.span(line)) for line in self.logical_lines()]
        return [entry for entry in found if entry.complete]

    def services(self) -> dict[str, Service]:
        """Return the services by key; of several entries for one service, Postfix takes the last."""
        return {service.key: service for service in (entry.service() for entry in self.entries())}

    def find(self, key: str) -> MasterEntry | None:
        found = [entry for entry in self.entries() if entry.service().key == key]
        return found[-1] if found else None

    def put(self, owner: str, services: Iterable[Service]) -> None:
        """Write whole entries, over those with the same key or below our heading."""
        new = []
        for service in services:
            entry = self.find(service.key)
            if entry:
                self.replace(entry.line.first, entry.line.last, service.render())
            else:
                new.append(service.render())
        self.append(heading(owner), new)

    def put_back(self, key: str, original: str | None) -> None:
        """Bring back the recorded text of an entry; None deletes the entry."""
        entry = self.find(key)
        if entry and original is None:
            self.delete(entry.line.first, entry.line.last)
        elif entry:
            self.replace(entry.line.first, entry.line.last, original)
        elif original is not None:
            self.insert(len(self.lines), original)

    def option(self, key: str, name: str) -> str | None:
        return self.find(key).service().options.get(name)

    def set_option(self, key: str, name: str, value: str) -> None:
        """Add a -o line to an entry and leave the rest of it as it is: the last -o of a name wins.

        Raises:
            ValueError: the command's own arguments begin in the middle of a line, so that no line can go before them.
        """
        entry = self.find(key)
        at = entry.line.last + 1
        # An option that was cut out at the end of the entry still has its place there.
        while at < len(self.lines) and self.lines[at].startswith(TAKEN_OUT):
            at += 1
        if entry.arguments:
            before = entry.text[: entry.arguments[0].start]
            at = entry.line.first + before.count('\n')
            if before.rpartition('\n')[2].strip(SPACES) or at == entry.line.first:
                raise ValueError('the arguments of its command begin in the middle of a line')
        self.insert(at, render_option(name, value))

    def unset_option(self, key: str, name: str, value: str) -> bool:
        """Take the last -o with this name and value out of an entry, however it is written by now. Returns whether
        there was one."""
        entry = self.find(key)
        found = [(first, last) for option, given, first, last in entry.overrides if (option, given) == (name, value)]
        if not found:
            return False
        first, last = found[-1]
        before, after = entry.text[: first.start].rpartition('\n'), entry.text[last.end :].partition('\n')[0]
        if before[1] and not before[2].strip(SPACES) and not after.strip(SPACES):
            self.delete(
                entry.line.first + before[0].count('\n') + 1, entry.line.first + entry.text[: last.end].count('\n')
            )
        else:
            self.replace(
                entry.line.first, entry.line.last, entry.text[: first.start].rstrip(' \t') + entry.text[last.end :]
            )
        return True

    def change_option(self, key: str, name: str, value: str) -> None:
        """Give the -o of this name that is in force another value, in its place."""
        entry = self.find(key)
        first, last = [override for override in entry.overrides if override[0] == name][-1][2:]
        text = entry.text[: first.start] + render_option(name, value).lstrip() + entry.text[last.end :]
        self.replace(entry.line.first, entry.line.last, text)

    def cut_option(self, owner: str, key: str, name: str) -> list[str]:
        """Take every -o of this name out of an entry; a comment line keeps each place.

        Returns:
            The texts that were cut out, in order.
        """
        found = [override for override in self.find(key).overrides if override[0] == name]
        cuts: list[str] = []
        for number in range(len(found), 0, -1):
            entry = self.find(key)
            dummy, dummy, first, last = [override for override in entry.overrides if override[0] == name][-1]
            start = entry.text.rfind('\n', 0, first.start) + 1
            stop = (entry.text + '\n').find('\n', last.end)
            before, after = entry.text[start : first.start], entry.text[last.end : stop]
            goes_on = (bool(before.strip(SPACES)), bool(after.strip(SPACES)))
            if goes_on[0]:
                # The blanks in front belong to the option.
                start += len(before.rstrip(SPACES))
            end = last.end if goes_on[1] else stop
            mark = placeholder(owner, f'-o {name} of {key}', number) + JOINS[goes_on]
            text = (
                entry.text[:start]
                + ('\n' if goes_on[0] else '')
                + mark
                + ('\n' if goes_on[1] else '')
                + entry.text[end:]
            )
            cuts.insert(0, entry.text[start:end])
            self.replace(entry.line.first, entry.line.last, text)
        return cuts

    def paste_option(self, owner: str, key: str, name: str, cuts: list[str]) -> bool:
        """Put back what cut_option() took out. Returns whether every place was still there."""
        complete = True
        for number, text in enumerate(cuts, 1):
            at, (before, after) = self._find_mark(owner, key, name, number)
            if at is None:
                complete = False
                continue
            first = last = at
            if before and not self._join_later(at - 1, (False, True)):
                first, text = at - 1, self.lines[at - 1].rstrip('\n') + text
            if after and not self._join_later(at + 1, (True, False)):
                last, text = at + 1, text + self.lines[at + 1].rstrip('\r\n')
            self.replace(first, last, text)
        return complete

    def forget_cuts(self, owner: str, key: str, name: str, cuts: list[str]) -> None:
        """Delete the comment lines that kept the places of an option which somebody has set anew."""
        for number in range(len(cuts), 0, -1):
            at = self._find_mark(owner, key, name, number)[0]
            if at is not None:
                self.delete(at, at)

    def _find_mark(self, owner: str, key: str, name: str, number: int) -> tuple[int | None, tuple[bool, bool]]:
        for goes_on, sign in JOINS.items():
            at = self.find_line(placeholder(owner, f'-o {name} of {key}', number) + sign)
            if at is not None:
                return at, (goes_on[0] and at > 0, goes_on[1] and at + 1 < len(self.lines))
        return None, (False, False)

    def _join_later(self, at: int, sides: tuple[bool, bool]) -> bool:
        """Hand the join over when the neighbour is itself the place of an option that was taken out."""
        line = self.lines[at].rstrip('\r\n')
        if not line.startswith(TAKEN_OUT):
            return False
        sign = next(sign for sign in ('<>', '<', '>', '') if line.endswith(sign))
        goes_on = ('<' in sign or sides[0], '>' in sign or sides[1])
        self.replace(at, at, line[: len(line) - len(sign)].rstrip(' ') + JOINS[goes_on])
        return True
