# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that control scripts of the double of Zimbra (not Zimbra) start and stop.

services.json names those that really run: {name: {"start": [argv], "pid": file}}; "start" returns when the program was
started. All others are played: they run unless the file run/NAME.stopped is there.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .world import World

# A program that takes longer to start or to end than this many steps of a second has failed.
PATIENCE = 30


class Services:
    def __init__(self, world: World):
        self.world = world
        table = world.state / 'services.json'
        self.real = json.loads(table.read_text('utf-8')) if table.exists() else {}

    def pid(self, name: str) -> int | None:
        """The process number of a running program, 0 for one that is played; None if it does not run."""
        if name not in self.real:
            return None if self._stopped(name).exists() else 0
        try:
            pid = int(Path(self.real[name]['pid']).read_text())
            os.kill(pid, 0)
        except PermissionError:
            return pid
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return None
        return pid

    def running(self, name: str) -> bool:
        return self.pid(name) is not None

    def start(self, name: str) -> bool:
        """Start and wait; whether it runs."""
        if name not in self.real:
            self._stopped(name).unlink(missing_ok=True)
            return True
        self.world.run(self.real[name]['start'], self.world)
        return self._within(PATIENCE, lambda: self.running(name))

    def stop(self, name: str, step: float = 1.0) -> bool:
        """Ask it to end and look every `step` seconds; whether it is gone. The first look comes after one step."""
        pid = self.pid(name)
        if pid == 0:
            self._stopped(name).parent.mkdir(exist_ok=True)
            self._stopped(name).touch()
        elif pid:
            os.kill(pid, signal.SIGTERM)
        self.world.pause(step)
        return self._within(PATIENCE, lambda: not self.running(name))

    def _within(self, times: int, test) -> bool:
        for dummy in range(times):
            if test():
                return True
            # Real time, whatever pauses are played: a program needs what it needs.
            self.world.sleep(1.0 if self.world.switch('pauses', 1) else 0.1)
        return test()

    def _stopped(self, name: str) -> Path:
        return self.world.state / 'run' / f'{name}.stopped'
