# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A set of files brought to wanted contents as one change, and put back to what they were."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import disk
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import (
    FileRecord,
    digest,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.transaction import Transaction
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.writable import refuse_obstacles


class FileChange:
    """What brings the files of one owner to their wanted contents. Without any wanted content everything of this owner
    is undone.

    To be made and carried out by the holder of a lock (C(postfix_disk.locked())), since it reads the record and the
    files once.

    Args:
        owner: name of who makes the change; it has a record of its own.
        wanted: absolute path to content. That is bytes, or a function that takes what would be there without
            us, b'' for no file. Files are written in this order. A file that is recorded, but not wanted any more, is
            undone, the one written last first.
        without: path to a function that takes our lines out of a file's present content. Of such a file only
            these lines are ours: whatever a person changes beside them stays. Any other file is ours as a whole.
        modes: path to mode; otherwise a file keeps its mode, and a new one has 0644.
        groups: path to the number of a group; otherwise a file keeps its group. A server that reads a key as a user of
            its own needs that.

    Raises:
        ChangeError: the record is damaged.
        HostError: a file that differs cannot be written.
        OSError: a file cannot be read.
    """

    def __init__(
        self,
        owner: str,
        wanted: Mapping[str, bytes | Callable[[bytes], bytes]],
        without: Mapping[str, Callable[[bytes], bytes]] | None = None,
        modes: Mapping[str, int] | None = None,
        groups: Mapping[str, int] | None = None,
    ) -> None:
        self.record = FileRecord(owner)
        self.warnings: list[str] = []
        self._without, self._modes, self._groups = without or {}, modes or {}, groups or {}
        # Path to content as it is now and as it will be, None for no file.
        self.before: dict[str, bytes | None] = {}
        self.after: dict[str, bytes | None] = {}
        self.writes: list[disk.Write] = []
        self.entries: list[dict[str, Any]] = []
        for path, content in wanted.items():
            self._arrive(path, content)
        for entry in reversed(self.record.entries):
            if entry['path'] not in wanted:
                self._leave(entry)
        missing = sorted(
            {
                found
                for write in self.writes
                if write.data is not None
                for found in _missing(os.path.dirname(write.path))
            }
        )
        self.made = [disk.MakeDirectory(path) for path in missing]
        refuse_obstacles(self.paths())
        # A run that was killed may have written everything and reloaded nothing.
        self.changed = (
            bool(self.writes)
            or self.record.pending
            or any(entry['path'] not in wanted for entry in self.record.entries)
        )

    @property
    def unrecorded(self) -> list[str]:
        """Return what is to be said when all of it is there, and no record of what was there before."""
        if self.changed or self.record.entries or not self.entries:
            return []
        return [
            f'There is no record {self.record.path} of what was there before {self.entries[0]["path"]} was written. An'
            ' undo will not take it away'
        ]

    def diff(self) -> list[dict[str, str]]:
        """Return the files that change, as Ansible shows it."""
        return [difference(write.path, self.before[write.path], write.data, binary=True) for write in self.writes]

    def paths(self) -> list[str]:
        """Return the paths of the files that change."""
        return [write.path for write in self.writes]

    def switch(self, validate: Callable[[], None], activate: Callable[[], None]) -> None:
        """Carry the change out. With nothing to change only what a killed run may have left of a record goes.

        Args:
            validate: is called before the first change, and raises HostError if it must not be made.
            activate: lets what is on disk come into force and looks whether it did; it raises HostError
                if not. When it has, it is called again, after the files are as they were.

        Raises:
            ChangeError: from validate(); nothing was changed.
            SwitchError: it failed half-way.
        """
        if not self.changed:
            self.record.sweep()
            return
        validate()
        _Switch(self, activate).carry_out()

    def _arrive(self, path: str, content: bytes | Callable[[bytes], bytes]) -> None:
        entry, state = self.record.entry(path), disk.read_file(path)
        self.before[path] = state.data
        ours = entry is not None and digest(state.data) in entry['wrote']
        original = disk.FileState(*self.record.original(entry)) if entry else state
        without = self._without.get(path)
        if without and not ours:
            # What a person has changed beside our lines is part of what an undo leaves.
            rest = without(state.data or b'')
            original = disk.FileState(rest if rest or original.data is not None else None, original.mode)
        elif entry and not ours and state.data not in (None, original.data):
            self.warnings.append(f'{path} was changed by somebody since, and is brought back to what is wanted')
        data = content(original.data or b'') if callable(content) else content
        self._write(path, state, data, self._modes.get(path))
        self.after[path] = data
        self.entries.append(self.record.new_entry(path, original.data, original.mode, data))

    def _leave(self, entry: Mapping[str, Any]) -> None:
        path = entry['path']
        state, (original, mode) = disk.read_file(path), self.record.original(entry)
        self.before[path] = state.data
        if digest(state.data) in entry['wrote']:
            data = original
        elif path in self._without and state.data is not None:
            rest = self._without[path](state.data)
            data, mode = (rest if rest or original is not None else None), None
        else:
            data, mode = state.data, None
            if state.data != original:
                self.warnings.append(f'{path} was changed by somebody since, and stays as it is')
        self.after[path] = data
        self._write(path, state, data, mode)

    def _write(self, path: str, state: disk.FileState, data: bytes | None, mode: int | None) -> None:
        group = self._groups.get(path)
        if data != state.data or mode not in (None, state.mode) or group not in (None, state.group):
            self.writes.append(disk.Write(path, data, mode, group=group))

    def pending_entries(self) -> list[dict[str, Any]]:
        """Return the entries for the time in which a file may be what it was or what it will be."""
        entries = {entry['path']: entry for entry in self.record.entries}
        for entry in self.entries:
            former = entries.get(entry['path'])
            entries[entry['path']] = dict(
                entry, wrote=sorted(set(entry['wrote'] + (former['wrote'] if former else [])))
            )
        return list(entries.values())


class _Switch(Transaction):
    """A FileChange on its way.

    Args:
        activate: as for FileChange.switch().
    """

    def __init__(self, change: FileChange, activate: Callable[[], None]) -> None:
        super().__init__(change.warnings)
        self._change, self._record = change, change.record
        self._activate, self._active = activate, False

    def begin(self) -> None:
        directories = self._record.directories + [operation.path for operation in self._change.made]
        self._record.save(self._change.pending_entries(), directories, True)

    def steps(self, undo: disk.Undo) -> None:
        disk.clear_temporary(self._change.before)
        for operation in self._change.made + self._change.writes:
            undo.do(operation)
        self._active = True
        self._activate()

    def in_force_again(self, undo: disk.Undo) -> None:
        undo.back()
        if self._active:
            self._activate()

    def forget(self) -> None:
        self._record.restore()

    def settle(self) -> None:
        left = []
        for path in sorted(self._record.directories, reverse=True):
            if os.path.isdir(path) and not os.listdir(path):
                os.rmdir(path)
            elif self._change.entries:
                left.append(path)
            elif os.path.isdir(path):
                self.warnings.append(f'{path} was made here but holds something else now, and stays')
        self._record.save(self._change.entries, sorted(left), False)


def _missing(directory: str) -> list[str]:
    """Return which directories have to be made for this one to be there."""
    found = []
    while not os.path.isdir(directory):
        found.append(directory)
        directory = os.path.dirname(directory)
    return found
