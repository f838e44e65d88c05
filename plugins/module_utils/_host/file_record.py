# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of what files were before they were changed: one JSON file per owner, written before the first change."""

from __future__ import annotations

import base64
import hashlib
import json
import os

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.durable import sync_directory, write_durably
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError

BASE = '/var/lib/conbool-smtp-relay/files'
FIELDS = {'path', 'original', 'mode', 'wrote'}


class ChangeError(HostError):
    """A change cannot be made: its validation failed, it did not come into force, or its record cannot be read or
    written."""


def digest(data):
    """Return what tells one content from another; no file has none."""
    return None if data is None else hashlib.sha256(data).hexdigest()


def file_owners():
    """Return the names of the owners of whose files there is a record."""
    return sorted(name[:-5] for name in os.listdir(BASE) if name.endswith('.json')) if os.path.isdir(BASE) else []


class FileRecord:
    """What one owner has changed.

    C(entries) has one dict per file, in the order in which they were written: C(path), C(original) in base64 or None
    for no file, its C(mode), and C(wrote), the digests of what was written, or was about to be when a run ended.
    C(directories) are those that were made for the files. C(pending) is true from before the first changed file until
    the change is in force.
    """

    def __init__(self, owner):
        self.owner = owner
        self.path = os.path.join(BASE, owner + '.json')
        self._loaded = self._load()
        self.entries, self.directories, self.pending = self._loaded

    def entry(self, path):
        return next((entry for entry in self.entries if entry['path'] == path), None)

    @staticmethod
    def original(entry):
        """Return content and mode of a file as it was before; None and None when there was none."""
        return None if entry['original'] is None else base64.b64decode(entry['original']), entry['mode']

    @staticmethod
    def new_entry(path, original, mode, wrote):
        return {
            'path': path,
            'original': None if original is None else base64.b64encode(original).decode('ascii'),
            'mode': mode,
            'wrote': [digest(wrote)],
        }

    def save(self, entries, directories, pending):
        """Replace the record. With nothing left to remember, the file and its empty directories go."""
        self.entries, self.directories, self.pending = entries, directories, pending
        try:
            if entries or pending:
                self._write()
            else:
                self._remove()
        except OSError as exc:
            raise ChangeError(f'The record {self.path} cannot be written: {exc}') from exc

    def restore(self):
        """Bring the record back to what it was when it was loaded."""
        self.save(*self._loaded)

    def sweep(self):
        """Remove what a run that was killed before the record was complete has left."""
        if not self.entries:
            self.restore()

    def _write(self):
        os.makedirs(BASE, mode=0o700, exist_ok=True)
        content = json.dumps(
            {'version': 1, 'files': self.entries, 'directories': self.directories, 'pending': self.pending}, indent=1
        )
        write_durably(self.path + '.new', content.encode('ascii'), 0o600)
        os.rename(self.path + '.new', self.path)
        sync_directory(BASE)

    def _remove(self):
        for path in (self.path, self.path + '.new'):
            if os.path.exists(path):
                os.unlink(path)
                sync_directory(BASE)
        for directory in (BASE, os.path.dirname(BASE)):
            if os.path.isdir(directory) and not os.listdir(directory):
                os.rmdir(directory)

    def _load(self):
        try:
            with open(self.path, 'rb') as stream:
                saved = json.loads(stream.read().decode('ascii'))
            if (
                saved['version'] != 1
                or not isinstance(saved['pending'], bool)
                or any(set(entry) != FIELDS for entry in saved['files'])
            ):
                raise ValueError('it has not the expected form')
            return saved['files'], saved['directories'], saved['pending']
        except FileNotFoundError:
            return [], [], False
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise ChangeError(
                f'The record {self.path} of the original files is damaged ({exc}). Nothing was changed. Without it'
                ' nothing can be undone: repair it, or move it away to begin with the present state.'
            ) from exc
