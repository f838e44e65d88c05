# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a change of a host is carried out, whatever it changes: recorded first, then in force or put back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import final

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError, Undo
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError


class Transaction(ABC):
    """One change on its way.

    A run that is killed leaves a record that says so, and the next run does everything again; it is for a kind of
    change to keep such a record, from begin() to settle() or to forget(). It keeps the record when something could not
    be put back.

    C(warnings) is a list to which each part may add; C(old_state) names what is put back, at the start of a sentence.
    """

    old_state = 'The old state'

    def __init__(self, warnings: list[str]) -> None:
        self.warnings = warnings

    @final
    def carry_out(self) -> None:
        """Bring the change in force.

        Raises:
            HostError, OSError: from begin(), so there is no step to take back; or from settle().
            SwitchError: it failed half-way; the old state is in force again if its C(restored) says so.
        """
        self.begin()
        undo = Undo()
        try:
            self.steps(undo)
        except (OSError, HostError) as exc:
            # Told before anything is put back, for then the logs are full of that.
            message = self.failure(exc)
            raise SwitchError(message, self._put_back(undo), self.warnings) from exc
        try:
            self.settle()
        except (OSError, HostError) as exc:
            # The new state is in force.
            exc.changed = True
            raise

    def _put_back(self, undo: Undo) -> bool:
        """Put the old state back in force. Returns whether that worked, with what failed among the warnings."""
        problems = []
        try:
            self.in_force_again(undo)
        except (OSError, HostError) as exc:
            problems.append(str(exc))
        problems = undo.failed + problems
        try:
            if not problems:
                self.forget()
        except (OSError, HostError) as exc:
            problems.append(str(exc))
        if problems:
            self.warnings.append('{} could not be put back completely: {}'.format(self.old_state, '; '.join(problems)))
        return not problems

    def failure(self, exc: Exception) -> str:
        """Return what is said of a step that failed."""
        return str(exc)

    @abstractmethod
    def begin(self) -> None:
        """Refuse what cannot be done, and record that the change is on its way."""

    @abstractmethod
    def steps(self, undo: Undo) -> None:
        """Change the host until the new state is in force.

        Args:
            undo: disk.Undo, for every operation on files.
        """

    @abstractmethod
    def in_force_again(self, undo: Undo) -> None:
        """Take back what steps() has done, and have the old state in force."""

    @abstractmethod
    def forget(self) -> None:
        """Record the old state as before."""

    @abstractmethod
    def settle(self) -> None:
        """Remove what nothing needs any more, and record that the change is complete."""
