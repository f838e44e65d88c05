# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A JSON object in a file of our own that is on the disk when a call returns: what every record is kept in."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.durable import sync_directory, write_durably

VERSION = 1


class Store:
    """One file with one object.

    Args:
        path: the file.
        ours: how many of the directories above it are ours, and go when they are empty.
        sort_keys: whether the keys are written in alphabetical order, otherwise in the one they are given in.
    """

    def __init__(self, path: str, ours: int = 1, sort_keys: bool = True) -> None:
        self.path = path
        self._ours = ours
        self._sort_keys = sort_keys

    def load(
        self, form: Callable[[dict[str, Any]], bool], damaged: Callable[[Exception], Exception]
    ) -> dict[str, Any] | None:
        """Return the object, None for no file.

        Args:
            form: takes the object and tells whether it has the expected form. It may look at it as if it
                had: whatever that raises, is damage.
            damaged: takes what is wrong, and returns the error to be raised.
        """
        try:
            with open(self.path, 'rb') as stream:
                saved = json.loads(stream.read().decode('ascii'))
            if saved['version'] != VERSION or not form(saved):
                raise ValueError('it has not the expected form')
            return saved
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
            raise damaged(exc) from exc

    def save(self, content: dict[str, Any]) -> None:
        """Replace the object. Whenever this is cut short, the file holds the old one or the new one.

        Raises:
            OSError: it cannot be written.
        """
        directory = os.path.dirname(self.path)
        os.makedirs(directory, mode=0o700, exist_ok=True)
        text = json.dumps(dict({'version': VERSION}, **content), indent=1, sort_keys=self._sort_keys)
        write_durably(self.path + '.new', text.encode('ascii'), 0o600)
        os.rename(self.path + '.new', self.path)
        sync_directory(directory)

    def remove(self) -> None:
        """Remove the file, what a run that was killed in save() left beside it, and the directories of ours.

        Raises:
            OSError: one of them cannot be removed.
        """
        directory = os.path.dirname(self.path)
        for path in (self.path, self.path + '.new'):
            if os.path.exists(path):
                os.unlink(path)
                sync_directory(directory)
        for dummy in range(self._ours):
            if os.path.isdir(directory) and not os.listdir(directory):
                os.rmdir(directory)
            directory = os.path.dirname(directory)


@contextlib.contextmanager
def told_as(error: type[Exception], text: str) -> Iterator[None]:
    """Have a failure of the disk raised as an error of the caller's, with a text of its own before."""
    try:
        yield
    except OSError as exc:
        raise error(f'{text}: {exc}') from exc
