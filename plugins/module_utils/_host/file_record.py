# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of what files were before they were changed: one JSON file per owner, written before the first change."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.record import Store, told_as

BASE = '/var/lib/conbool-smtp-relay/files'
FIELDS = {'path', 'original', 'mode', 'wrote'}


class ChangeError(HostError):
    """A change cannot be made: its validation failed, it did not come into force, or its record cannot be read or
    written."""


def digest(data: bytes | None) -> str | None:
    """Return what tells one content from another; no file has none."""
    return None if data is None else hashlib.sha256(data).hexdigest()


def file_owners() -> list[str]:
    """Return the names of the owners of whose files there is a record."""
    return sorted(name[:-5] for name in os.listdir(BASE) if name.endswith('.json')) if os.path.isdir(BASE) else []


class FileRecord:
    """What one owner has changed.

    C(entries) has one dict per file, in the order in which they were written: C(path), C(original) in base64 or None
    for no file, its C(mode), and C(wrote), the digests of what was written, or was about to be when a run ended.
    C(directories) are those that were made for the files. C(pending) is true from before the first changed file until
    the change is in force.
    """

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.path = os.path.join(BASE, owner + '.json')
        self._store = Store(self.path, ours=2, sort_keys=False)
        self._loaded = self._load()
        self.entries, self.directories, self.pending = self._loaded

    def entry(self, path: str) -> dict[str, Any] | None:
        return next((entry for entry in self.entries if entry['path'] == path), None)

    def wrote(self, path: str, data: bytes | None) -> bool:
        """Return whether a file has what was written here last."""
        entry = self.entry(path)
        return bool(entry) and digest(data) in entry['wrote']

    @staticmethod
    def original(entry: Mapping[str, Any]) -> tuple[bytes | None, int | None]:
        """Return content and mode of a file as it was before; None and None when there was none."""
        return None if entry['original'] is None else base64.b64decode(entry['original']), entry['mode']

    @staticmethod
    def new_entry(path: str, original: bytes | None, mode: int | None, wrote: bytes | None) -> dict[str, Any]:
        return {
            'path': path,
            'original': None if original is None else base64.b64encode(original).decode('ascii'),
            'mode': mode,
            'wrote': [digest(wrote)],
        }

    def save(self, entries: list[dict[str, Any]], directories: list[str], pending: bool) -> None:
        """Replace the record. With nothing left to remember, the file and its empty directories go."""
        self.entries, self.directories, self.pending = entries, directories, pending
        with told_as(ChangeError, f'The record {self.path} cannot be written'):
            if entries or pending:
                self._store.save({'files': entries, 'directories': directories, 'pending': pending})
            else:
                self._store.remove()

    def restore(self) -> None:
        """Bring the record back to what it was when it was loaded."""
        self.save(*self._loaded)

    def sweep(self) -> None:
        """Remove what a run that was killed before the record was complete has left."""
        if not self.entries:
            self.restore()

    def _load(self) -> tuple[list[dict[str, Any]], list[str], bool]:
        saved = self._store.load(
            _has_form,
            lambda problem: ChangeError(
                f'The record {self.path} of the original files is damaged ({problem}). Nothing was changed. Without it'
                ' nothing can be undone: repair it, or move it away to begin with the present state.'
            ),
        )
        return (saved['files'], saved['directories'], saved['pending']) if saved else ([], [], False)


def _has_form(saved: Mapping[str, Any]) -> bool:
    return (
        isinstance(saved['pending'], bool)
        and all(set(entry) == FIELDS for entry in saved['files'])
        and isinstance(saved['directories'], list)
    )
