# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the interface shall misbehave: said by a test in the same process, or in control.json from elsewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Control:
    """From now on. Methods by name; '*' stands for each."""

    # A JSON object with some of the members below; it is to be replaced, not edited.
    file: Path
    hang: list = field(default_factory=list)
    reset: list = field(default_factory=list)
    slow: dict = field(default_factory=dict)  # method -> seconds
    errors_without_data: bool = False
    # The session ends once, before this call of all (1 is the next), as if it had been idle for too long.
    expire_before: int = 0
    # Why no set is allowed at present: "check mode", "second run".
    forbid_sets: str = ''
    # (method, function of the state): once, right after this method was answered.
    second_admin: tuple = ()
    _seen: tuple = ()

    def read(self) -> None:
        """Takes over what the file says, if there is one and it is new.

        Raises:
            AttributeError: it names something that is no member.
        """
        if not self.file.exists():
            return
        status = self.file.stat()
        seen = (status.st_ino, status.st_mtime_ns)
        if seen == self._seen:
            return
        self._seen = seen
        for name, value in json.loads(self.file.read_text(encoding='utf-8')).items():
            if not hasattr(self, name) or name in ('file', 'second_admin'):
                raise AttributeError(f'{self.file.name}: there is no {name}')
            setattr(self, name, value)
