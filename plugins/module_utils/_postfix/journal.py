# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of what was there before: one JSON file per instance and owner, written before the first change."""

from __future__ import annotations

import json
import os

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.durable import (
    fingerprint,
    sync_directory,
    write_durably,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError

BASE = '/var/lib/conbool-smtp-relay/postfix'


class JournalError(HostError):
    """The record cannot be read or written."""


def empty():
    return {'created': [], 'directories': [], 'parameters': {}, 'services': {}, 'service_options': {}, 'tables': {}}


def owners(config_dir, base=None):
    """Return the names of the owners of whose changes to an instance there is a record."""
    directory = os.path.join(base or BASE, fingerprint(config_dir))
    if not os.path.isdir(directory):
        return []
    return sorted(name[:-5] for name in os.listdir(directory) if name.endswith('.json'))


class Journal:
    """The record of one owner.

    C(pending) is true from before the first changed file until the last reload: a run that finds it set
    has to assume that files are switched but Postfix has not read them.
    """

    def __init__(self, config_dir, owner, base=None):
        self.config_dir = os.path.realpath(config_dir)
        self.owner = owner
        self.directory = os.path.join(base or BASE, fingerprint(config_dir))
        self.path = os.path.join(self.directory, owner + '.json')
        self.exists, self.pending, self.records = False, False, empty()
        saved = self._load(self.path)
        if saved:
            self.exists, self.pending, self.records = True, saved['pending'], saved['records']

    def others(self):
        """Return the records of the other owners: {owner: records}."""
        return {
            name: self._load(os.path.join(self.directory, name + '.json'))['records']
            for name in owners(self.config_dir, os.path.dirname(self.directory))
            if name != self.owner
        }

    def save(self, records, pending):
        """Replace the record. With nothing left to remember, the file and its empty directories go."""
        if not pending and records == empty():
            self._remove()
            return
        content = json.dumps(
            {'version': 1, 'owner': self.owner, 'config_dir': self.config_dir, 'pending': pending, 'records': records},
            indent=1,
            sort_keys=True,
        )
        try:
            os.makedirs(self.directory, mode=0o700, exist_ok=True)
            write_durably(self.path + '.new', content.encode('ascii'), 0o600)
            os.rename(self.path + '.new', self.path)
            sync_directory(self.directory)
        except OSError as exc:
            raise JournalError(f'The record {self.path} cannot be written: {exc}') from exc

    def restore(self):
        """Bring the record back to what it was when it was loaded."""
        self.save(self.records, self.pending)

    def _remove(self):
        try:
            for path in (self.path, self.path + '.new'):
                if os.path.exists(path):
                    os.unlink(path)
                    sync_directory(self.directory)
            base = os.path.dirname(self.directory)
            for directory in (self.directory, base, os.path.dirname(base)):
                if os.path.isdir(directory) and not os.listdir(directory):
                    os.rmdir(directory)
        except OSError as exc:
            raise JournalError(f'The record {self.path} cannot be removed: {exc}') from exc

    @staticmethod
    def _load(path):
        try:
            with open(path, 'rb') as stream:
                saved = json.loads(stream.read().decode('ascii'))
            if saved['version'] != 1 or not isinstance(saved['pending'], bool) or set(saved['records']) != set(empty()):
                raise ValueError('it has not the expected form')
            return saved
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise JournalError(
                f'The record {path} of the original configuration is damaged ({exc}). Nothing was changed. '
                'Without it nothing can be undone: repair it, or move it away to begin with the present state.'
            ) from exc
