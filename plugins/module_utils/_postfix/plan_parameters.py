# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the parameters of main.cf."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import heading
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan import (
    Plan,
    left_alone,
    rest_of,
    taken_out,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.main_cf import render, value_of

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.main_cf import MainCf


class ParameterPlan(Plan):
    """How main.cf gets the wanted parameters.

    Args:
        owner: see Plan.
        recorded: likewise.
        main: the MainCf, which is edited.
        default: returns the value that a parameter has when main.cf does not name it.
    """

    def __init__(self, owner: str, recorded: dict[str, Any], main: MainCf, default: Callable[[str], str]) -> None:
        super().__init__(owner, recorded)
        self._main = main
        self._default = default

    def reach(self, wanted: Mapping[str, str | None]) -> None:
        """Edit main.cf so that it has the wanted parameters, and of those recorded only these.

        Args:
            wanted: {name: value}; None for a parameter that main.cf must not name.
        """
        for name, record in self.recorded.items():
            self._undo(name, record, name in wanted)
        new = []
        for name, value in wanted.items():
            if not self._set(name, value):
                new.append((name, value))
        self._main.add(self.owner, new)
        # Without any record our heading is what tells that something here is ours.
        if self.recorded and all(record['original'] for record in self.settled.values()):
            self._main.drop_heading(heading(self.owner))

    def _undo(self, name: str, record: Mapping[str, Any], wanted: bool) -> None:
        """Bring one parameter back, as far as nobody else has changed it; one that is wanted still, is only looked
        at."""
        main, originals = self._main, record['original']
        current, original = main.get(name), value_of(originals[-1]) if originals else None
        ours, rest = current in record['written'], None
        if not ours and current not in (None, original):
            before = self._default(name) if original is None else original
            rest = rest_of(current, record['written'], before)
            ours = rest == before
        if wanted:
            if rest is not None and not ours:
                # What somebody else added is part of what an undo leaves.
                self.pending[name]['original'] = [render(name, rest)]
        elif ours:
            main.put_back(self.owner, name, originals)
        elif rest is not None:
            main.set(name, rest)
            self.warnings.append(taken_out(f'main.cf: {name}', rest))
        else:
            main.forget_places(self.owner, name, len(originals))
            if current != original:
                self.warnings.append(left_alone(f'main.cf: {name}'))

    def _set(self, name: str, value: str | None) -> bool:
        """Give one parameter its value. Returns whether it has it now; main.cf may have no place for it yet."""
        main, record, placed = self._main, self.pending.get(name), True
        if main.get(name) == value:
            if record:
                self.settled[name] = dict(record, written=[value])
            return placed
        originals = record['original'] if record else main.texts(name)[-1:]
        back_to_original = record and value == (value_of(originals[-1]) if originals else None)
        if record and (back_to_original or value is None or main.get(name) is None):
            main.put_back(self.owner, name, originals)
        if main.get(name) != value:
            if value is None:
                originals = main.texts(name)
                main.take_out(self.owner, name)
            else:
                placed = main.set(name, value)
            self.settled[name] = {'original': originals, 'written': [value]}
        self.pending[name] = {'original': originals, 'written': (record['written'] if record else []) + [value]}
        return placed
