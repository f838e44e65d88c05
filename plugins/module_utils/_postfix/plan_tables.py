# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the lookup tables."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan import Plan, PlanError, left_alone
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.request import INDEXED

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.request import Table

FRESH, STALE, MISSING = 'fresh', 'stale', 'missing'


class TableState:
    """A table's file: content (None when there is no such file), mode, and for indexed types the state of the index."""

    def __init__(self, content: bytes | None = None, mode: int | None = None, index: str = FRESH) -> None:
        self.content = content
        self.mode = mode
        self.index = index

    @classmethod
    def original(cls, record: Mapping[str, Any]) -> TableState:
        """Return what there was before a table was first written."""
        original = record['original']
        return cls() if original is None else cls(encode(original['content']), original['mode'])

    def digest(self) -> str | None:
        return None if self.content is None else hashlib.sha256(self.content).hexdigest()


class TableChange:
    """A table to write (or to remove, when there is no content after), and the types that it had before."""

    def __init__(self, kind: str, old_kinds: Iterable[str], before: TableState, after: TableState) -> None:
        self.kind = kind
        self.old_kinds = [old_kind for old_kind in old_kinds if old_kind != kind]
        self.before = before
        self.after = after

    @property
    def needed(self) -> bool:
        """Whether a wanted table is not there as it should be."""
        return (
            self.before.digest() != self.after.digest()
            or self.before.mode != self.after.mode
            or self.before.index != FRESH
            or bool(self.old_kinds)
        )


class TablePlan(Plan):
    """Which tables are to be written or removed.

    Args:
        owner: see Plan.
        recorded: likewise.
        present: takes path and type.
        adopted: whether what is there was made here, though there is no record of it.

    Attributes:
        changes: {path: TableChange}.
    """

    def __init__(
        self, owner: str, recorded: dict[str, Any], present: Callable[[str, str], TableState], adopted: bool = False
    ) -> None:
        super().__init__(owner, recorded)
        self._present, self._adopted = present, adopted
        self.changes: dict[str, TableChange] = {}

    def reach(self, wanted: Mapping[str, Table]) -> None:
        """Plan what makes the wanted tables, and of those recorded only these.

        Args:
            wanted: {path: Table}.

        Raises:
            PlanError: somebody else's index would be overwritten.
        """
        for path, record in self.recorded.items():
            if path not in wanted:
                self._undo(path, record)
        for path, table in wanted.items():
            self._set(path, table)

    def _undo(self, path: str, record: Mapping[str, Any]) -> None:
        """Bring one table back, unless somebody else has changed it."""
        kind = record['types'][-1]
        before, original = self._present(path, kind), TableState.original(record)
        # No original has an index here, see _set(); one that is there is ours, left by a run that was killed.
        leftover = any(kind in INDEXED and self._present(path, kind).index != MISSING for kind in record['types'])
        if before.digest() in record['written'] or (before.digest() == original.digest() and leftover):
            self.changes[path] = TableChange(kind, record['types'], before, original)
        elif before.digest() != original.digest():
            self.warnings.append(left_alone(f'The table {path}'))

    def _set(self, path: str, table: Table) -> None:
        """Write one table where it is not as wanted."""
        record = self.recorded.get(path)
        if self._adopted:
            record = {'types': [table.kind], 'original': None, 'written': []}
        kinds, written = (record['types'], record['written']) if record else ([], [])
        before, after = self._present(path, table.kind), TableState(encode(table.content), table.mode)
        if table.kind in INDEXED and before.index != MISSING and table.kind not in kinds:
            raise PlanError(f'tables.path: {path!r} has an index that was not made here; choose another path')
        change = TableChange(table.kind, kinds, before, after)
        if not change.needed:
            if record:
                self.settled[path] = dict(record, written=[after.digest()])
            return
        self.changes[path] = change
        original = record['original'] if record else None
        if not record and before.content is not None:
            original = {'content': decode(before.content), 'mode': before.mode}
        self.settled[path] = {'types': [table.kind], 'original': original, 'written': [after.digest()]}
        self.pending[path] = {
            'types': change.old_kinds + [table.kind],
            'original': original,
            'written': written + [after.digest()],
        }
