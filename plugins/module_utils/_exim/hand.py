# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration that somebody wrote (exim4.conf), and the files that it includes: where in them our texts belong.

Exim says which lines count, and in which file they are (C(-bP config)): conditions, macros and includes are its own
affair. In that file a line is found by what it says.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import EximError, Program
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.debian import (
    BY_HAND,
    CONFIG_DIR,
    LISTS,
    STAGING,
    THROUGH,
    UNSPLIT,
    hand_path,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.hand_text import (
    ACLS,
    MAIN,
    RETRIES,
    ROUTERS,
    TRANSPORTS,
    Place,
    label_of,
    places_of,
    section_of,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.includes import included, without
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file, staging_directory
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.durable import write_durably
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode

# Behind whose first line a text belongs.
SECTIONS = {'acl': ACLS, 'literals': ROUTERS, 'transport': TRANSPORTS, 'retry': RETRIES}
_HEADING = '# Exim Configuration ('
_POSITION = re.compile(r'# \d+ "(.*)"')
_MACRO = re.compile(r'([A-Z]\w*)\s*==?\s*(.*)')
_INCLUDE = re.compile(r'^([ \t]*\.include(?:_if_exists)?[ \t]+)(.*?)([ \t\r]*)$', re.MULTILINE)


class Line(NamedTuple):
    """A line that counts, as Exim reads it: its file, its section as section_of() says it, and its text."""

    path: str
    section: str
    text: str


class Hand:
    """The configuration, as it is without us.

    Args:
        program: the command.

    Raises:
        EximError: Exim cannot read it.
    """

    def __init__(self, program: Program) -> None:
        self.lines: list[Line] = []
        # File to the section that it begins in.
        self.entered: dict[str, str] = {}
        self.main = hand_path()
        with staging_directory(CONFIG_DIR, STAGING) as directory:
            staged = _beside(directory)
            write_durably(staged, without(read_file(self.main).data or b''), 0o600)
            self._read(program.about(staged).text(), directory)
        self.files = list(self.entered)

    def _read(self, said: str, directory: str) -> None:
        path, section, own = self.main, MAIN, os.path.join(CONFIG_DIR, UNSPLIT, '')
        for line in said.split('\n'):
            text, position = line.strip(), _POSITION.fullmatch(line)
            if position:
                path = position.group(1)
                if path.startswith(directory + '/'):
                    path = CONFIG_DIR + path[len(directory) :]
                if not path.startswith(own):
                    self.entered.setdefault(path, section)
            elif text and not text.startswith(_HEADING):
                section = section_of(text) or section
                if not path.startswith(own):
                    self.lines.append(Line(path, section, text))

    def macros(self) -> dict[str, str]:
        found = (_MACRO.match(line.text) for line in self.lines)
        return {macro.group(1): macro.group(2) for macro in found if macro}

    def sections(self) -> list[str]:
        return [line.section for line in self.lines if section_of(line.text)]

    def labels(self, section: str) -> list[str]:
        found = (label_of(line.text) for line in self.lines if line.section == section)
        return list(filter(None, found))

    def places(self, names: Mapping[str, Any], plan: Mapping[str, Any]) -> dict[str, list[Place]]:
        """Return where in which file each text belongs.

        Args:
            names: the texts.
            plan: C(router), in front of which ours belong, and of C(rcpt) and C(data) the lists.
        """
        found: dict[str, list[Place]] = {self.main: [Place('main')]}
        for name, section in SECTIONS.items():
            if name in names:
                begin = next((line for line in self.lines if section_of(line.text) == section), None)
                first = next(line for line in self.lines if line.section)
                place = Place(name, section) if begin else Place(name, new=True)
                found.setdefault((begin or first).path, []).append(place)
        wanted = [('router', ROUTERS, plan['router'])]
        wanted += [(name, ACLS, label) for name in LISTS if name in names for label in plan[name]]
        for name, section, label in wanted:
            path = next(line.path for line in self.lines if (line.section, label_of(line.text)) == (section, label))
            found.setdefault(path, []).append(Place(name, section, label))
        return found

    def with_includes(self, data: bytes, path: str, places: list[Place], directory: str) -> bytes:
        """Return a file with lines that include our texts.

        Args:
            directory: where they are.

        Raises:
            EximError: it has no line by which a place is found.
        """
        data = without(data)
        text, found = decode(data), []
        for place in places:
            offsets = places_of(text, self.entered.get(path, MAIN), place)
            if not offsets:
                line = f'{place.label}:' if place.label else f'begin {place.section}'
                raise EximError(
                    f'{path} has no line {line!r}, by which the place for our text {place.name} is found, though Exim'
                    ' reads one. Write it as such, not by a macro'
                )
            found += [(offset, place.name) for offset in offsets]
        return included(data, found, directory)

    def wanted(self, texts: Mapping[str, str], plan: Mapping[str, Any]) -> dict[str, Any]:
        """Return what each file has to be, as FileChange takes it. What is included comes last: it counts as soon as
        it is there, and then all of it that is needed is."""
        directory = os.path.join(CONFIG_DIR, UNSPLIT)
        found: dict[str, Any] = {
            path: partial(self.with_includes, path=path, places=places, directory=directory)
            for path, places in self.places(texts, plan).items()
        }
        return {**found, **{os.path.join(directory, name): encode(text) for name, text in texts.items()}}

    @contextlib.contextmanager
    def staged(self, texts: Mapping[str, str] | None = None, plan: Mapping[str, Any] | None = None) -> Iterator[str]:
        """Have a copy, and give its path: without us when there are no texts, else with these."""
        with staging_directory(CONFIG_DIR, STAGING) as directory:
            main, ours = _beside(directory), os.path.join(directory, UNSPLIT)
            os.mkdir(ours)
            for name, text in (texts or {}).items():
                write_durably(os.path.join(ours, name), encode(text), 0o644)
            places = self.places(texts, plan or {}) if texts else {}
            copies = {path: os.path.join(directory, f'included-{number}') for number, path in enumerate(self.files)}
            copies[self.main] = main
            for path in self.files:
                data = without(read_file(path).data or b'')
                if path in places:
                    data = self.with_includes(data, path, places[path], ours)
                write_durably(copies[path], self._redirected(data, os.path.dirname(path), copies), 0o600)
                if path != self.main:
                    _like(path, copies[path])
            yield main

    def _redirected(self, data: bytes, above: str, copies: Mapping[str, str]) -> bytes:
        """Return a file of a directory with copies of what it includes."""
        macros = self.macros()

        def elsewhere(found: re.Match[str]) -> str:
            name = found.group(2).strip('"')
            for macro, value in macros.items():
                name = name.replace(macro, value)
            name = os.path.join(above, name)
            return f'{found.group(1)}{copies.get(name, name)}{found.group(3)}'

        return encode(_INCLUDE.sub(elsewhere, decode(data)))

    def check(self, program: Program, plan: Mapping[str, Any], texts: Mapping[str, str]) -> None:
        """Look whether a copy has each text where it belongs.

        Args:
            program: the command for the copy.

        Raises:
            EximError: it has not.
        """
        ours, own, section, lines = os.path.join(os.path.dirname(program.config or ''), UNSPLIT), '', MAIN, []
        for line in program.text().split('\n'):
            position = _POSITION.fullmatch(line)
            if position:
                own = os.path.basename(position.group(1)) if position.group(1).startswith(ours + '/') else ''
            elif line.strip():
                section = section_of(line.strip()) or section
                lines.append((own, section, label_of(line.strip())))
        read = [own for own, dummy, dummy in lines]
        for name in texts:
            if name not in read:
                raise EximError(f'Exim would not read our text {name}: its place in {self.main} is not one that counts')
        for (own, section, label), (after, dummy, following) in zip(lines, lines[1:]):
            for name in LISTS:
                if name in texts and not own and section == ACLS and label in plan[name] and after != name:
                    raise EximError(f'Exim would not read our text {name} in the list {label}')
            if own == 'router' and not after and following != plan['router']:
                raise EximError(f'Our routers would not stand right in front of {plan["router"]}, but of {following}')


def _like(path: str, copy: str) -> None:
    """Give a copy owner and mode of the original: what is included in or behind C(begin), Exim mostly reads as its own
    user. exim4.conf it opens before."""
    status = os.stat(path)
    os.chown(copy, status.st_uid, status.st_gid)
    os.chmod(copy, status.st_mode)


def _beside(directory: str) -> str:
    """Have a directory be as Exim's own is, but for exim4.conf and our texts, and return where the former goes."""
    # What cannot be read is no error of C(.include_if_exists).
    os.chmod(directory, THROUGH)
    for name in os.listdir(CONFIG_DIR):
        if name not in (BY_HAND, UNSPLIT):
            os.symlink(os.path.join(CONFIG_DIR, name), os.path.join(directory, name))
    return os.path.join(directory, BY_HAND)
