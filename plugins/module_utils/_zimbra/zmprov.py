# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The batch mode of zmprov(1): one start for many commands, and what each of them answered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.commands import Programs, ZimbraError

# Is written before each line that is read, also from a file.
PROMPT = re.compile(r'(?:(?m:^)|(?<=prov> ))prov> ')
# Active inside quotes, too.
ESCAPES = {'\\': '\\\\', "'": "\\'", '\n': '\\n', '\t': '\\t', '\r': '\\r'}


class Answer(NamedTuple):
    """C(outputs) is what each command wrote, C(errors) the errors of all of them: they cannot be told apart."""

    outputs: list[str]
    errors: list[str]


def quoted(word: str) -> str:
    """Return a word as a line of a batch has it."""
    return "'" + ''.join(ESCAPES.get(character, character) for character in word) + "'"


class Zmprov:
    """zmprov(1) of this host.

    It talks to the master of the directory itself: that is never old, needs no mailboxd, and works on every server.
    """

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self.starts = 0

    def batch(self, commands: Sequence[Sequence[str]]) -> Answer:
        """Carry out commands one after the other, those after a failed one, too.

        Raises:
            ZimbraError: it did not come to its end.
        """
        return self._start(['-l', '-m'], commands)

    def flush(self, server: str, kinds: Sequence[str]) -> list[str]:
        """Have the mailbox servers forget what they know of entries of these kinds.

        Args:
            server: one of them, which tells the others.

        Returns:
            What went wrong.
        """
        try:
            return self._start(['-s', server], [['fc', '-a', kind] for kind in kinds]).errors
        except ZimbraError as exc:
            return [str(exc)]

    def _start(self, options: Sequence[str], commands: Sequence[Sequence[str]]) -> Answer:
        lines = [' '.join([command, *map(quoted, words)]) for command, *words in commands]
        data = ''.join(line + '\n' for line in [*lines, 'exit'])
        self.starts += 1
        status, out, err = self._programs.run('bin/zmprov', *options, '-f', '/dev/stdin', data=data)
        errors = [printable(line) for line in err.split('\n') if line.startswith(('ERROR:', 'error:'))]
        # What was written before the first prompt, an answer for each command, and what "exit" said.
        parts = PROMPT.split(out)
        if len(parts) != len(commands) + 2:
            words = ' '.join(errors) or ' '.join(printable(err or out).split())[:500]
            raise ZimbraError(f'zmprov answered {len(parts) - 2} of {len(commands)} commands: {words}')
        if status and not errors:
            raise ZimbraError(f'zmprov ended with {status}: ' + ' '.join(printable(err or out).split())[:500])
        return Answer(parts[1:-1], errors)
