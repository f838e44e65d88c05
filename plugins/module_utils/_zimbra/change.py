# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes brought to wanted own values as one change, and put back to what they were. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, List

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import values as judged
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.commands import ZimbraError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.directory import (
    Directory,
    Key,
    Values,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.record import AttributeRecord, Remembered

Finish = Callable[[Iterable[Key], bool], List[str]]


def equal(first: Values, second: Values) -> bool:
    """Return whether two lists of values are the same; the directory promises no order."""
    return sorted(first) == sorted(second)


def original_of(
    key: Key, present: Values, remembered: Remembered | None, partly: Mapping[str, Callable[[str], str]]
) -> Values:
    """Return the own values that an attribute has without us. Where a value is ours in part only, whatever a person
    changed beside it counts.

    Args:
        key: the attribute.
        present: its values now.
        remembered: what the record has of it, None for nothing.
        partly: attribute to what takes our part out of a value.
    """
    without = partly.get(key[1])
    if remembered and (without is None or known(present, remembered)):
        return remembered.original
    return tuple(filter(None, map(without, present))) if without else present


def known(values: Values, remembered: Remembered) -> bool:
    """Return whether an attribute was left as it was before or as it was written here."""
    return any(equal(values, each) for each in (remembered.original, *remembered.wrote))


class AttributeChange:
    """What brings attributes to their wanted own values. What is recorded, but not wanted any more, is put back.

    C(changes) has each attribute that differs, with the values that it has and those that it gets.

    Args:
        record: of the owner of the change.
        wanted: attribute to values, none for unset.
        present: the own values of all attributes that are wanted or recorded.
        partly: of what is ours in part, attribute to what takes that out of a value.
    """

    def __init__(
        self,
        record: AttributeRecord,
        wanted: Mapping[Key, Values],
        present: Mapping[Key, Values],
        partly: Mapping[str, Callable[[str], str]] | None = None,
    ) -> None:
        self.record, self._partly = record, partly or {}
        self.warnings: list[str] = []
        self.changes: dict[Key, tuple[Values, Values]] = {}
        self._kept: dict[Key, Remembered] = {}
        for key, values in wanted.items():
            self._arrive(key, present[key], values)
        for key, remembered in record.attributes.items():
            if key not in wanted:
                self._leave(key, present[key], remembered)

    def _arrive(self, key: Key, before: Values, after: Values) -> None:
        remembered = self.record.attributes.get(key)
        original = original_of(key, before, remembered, self._partly)
        if not equal(before, after):
            self.changes[key] = (before, after)
        elif not remembered and equal(original, after):
            # Somebody else has set it, whose it stays.
            return
        if remembered and not known(before, remembered) and key[1] not in self._partly:
            done = 'and is brought back to what is wanted' if key in self.changes else 'to what is wanted'
            self.warnings.append(f'{_words(key)} was changed by somebody since, {done}')
        if not equal(original, after):
            wrote = remembered.wrote if remembered else ()
            self._kept[key] = Remembered(original, (*(each for each in wrote if not equal(each, after)), after))

    def _leave(self, key: Key, before: Values, remembered: Remembered) -> None:
        original = original_of(key, before, remembered, self._partly)
        if equal(before, original):
            return
        if known(before, remembered) or key[1] in self._partly:
            self.changes[key] = (before, original)
        else:
            self.warnings.append(f'{_words(key)} was changed by somebody since, and stays as it is')

    @property
    def unrecorded(self) -> list[str]:
        """Return what is to be said when something of ours is there, and no record of what was there before. Of what
        servers have in common, another one may have the record."""
        lost = [
            _words(key)
            for key in self._kept
            if key[0].kind in ('server', 'main.cf') and key not in self.record.attributes
        ]
        if self.changes or not lost:
            return []
        names = ', '.join(lost)
        return [f'There is no record {self.record.path} of what {names} was before. An undo will not put it back']

    @property
    def settled(self) -> bool:
        """Whether the directory is as it should be, and no run before this one was cut short."""
        return not self.changes and not self.record.pending

    def after(self, present: Mapping[Key, Values]) -> dict[Key, Values]:
        """Return the own values of all these attributes when the change is made."""
        return {key: self.changes[key][1] if key in self.changes else values for key, values in present.items()}

    def diff(self) -> list[dict[str, str]]:
        """Return what changes, one element for each attribute."""
        return [
            difference(f'Zimbra, {_words((entry, attribute))}', *(_lines(attribute, values) for values in both))
            for (entry, attribute), both in self.changes.items()
        ]

    def carry_out(self, directory: Directory, finish: Finish) -> list[str]:
        """Write the attributes, look whether they are there, and finish.

        Args:
            finish: brings in force what was written: takes the attributes, and whether they were put back; returns
                warnings.

        Raises:
            SwitchError: it failed; with whether everything is as it was before.
        """
        during = dict(self.record.attributes)
        for key, (before, after) in self.changes.items():
            remembered = during.get(key) or Remembered(original_of(key, before, None, self._partly), ())
            during[key] = Remembered(remembered.original, (*remembered.wrote, after))
        if self.changes:
            self.record.save(during, True)
        warnings: list[str] = []
        try:
            if self.changes:
                warnings += directory.write({key: after for key, (dummy, after) in self.changes.items()})
                self._look(directory)
            warnings += finish(self.changes, False)
        except (HostError, OSError) as exc:
            raise SwitchError(*self._back(directory, finish, exc), warnings) from exc
        if self.record.pending or self._kept != self.record.attributes:
            try:
                self.record.save(self._kept, False)
            except HostError as exc:
                # What is in force needs the files that it names.
                raise SwitchError(f'{exc}. What was wanted is in force', False, warnings) from exc
        return warnings

    def _look(self, directory: Directory) -> None:
        """Raise ZimbraError when an attribute is not what it was given."""
        seen = directory.read(self.changes)[0]
        lost = [_words(key) for key in self.changes if not equal(seen[key], self.changes[key][1])]
        if lost:
            raise ZimbraError('{} did not take the value that was written'.format(', '.join(lost)))

    def _back(self, directory: Directory, finish: Finish, cause: Exception) -> tuple[str, bool]:
        """Put back what was there before. Returns what is said of it, and whether it could be."""
        try:
            seen = directory.read(self.changes)[0]
            left = {key: before for key, (before, dummy) in self.changes.items() if not equal(seen[key], before)}
            if left:
                directory.write(left)
                finish(left, True)
            self.record.restore()
        except (HostError, OSError) as exc:
            return f'{cause}. What was there before could not be put back: {exc}', False
        return f'{cause}. Everything is as it was before', True


def shown_values(attribute: str, values: Values) -> list[str]:
    """Return the values of an attribute as they may be shown."""
    return [judged.shown(attribute, value) for value in values]


def _lines(attribute: str, values: Values) -> str:
    # As main.cf has it, whose lines stand beside.
    return ''.join(f'{attribute} = {value}\n' for value in shown_values(attribute, values))


def result_of(change: AttributeChange) -> list[dict[str, Any]]:
    """Return the changes as a module returns them."""
    return [
        {
            'entry': entry.kind,
            'name': entry.name,
            'attribute': attribute,
            'before': shown_values(attribute, before),
            'after': shown_values(attribute, after),
        }
        for (entry, attribute), (before, after) in change.changes.items()
    ]


def _words(key: Key) -> str:
    return '{}: {}'.format(*key)
