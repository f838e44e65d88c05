# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the double writes down: the logs and counters of a server, and what only a test wants to know."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from pathlib import Path

LOGS = ('config', 'debug', 'error', 'mail', 'operations', 'security', 'spam', 'warning')


class Journal:
    """Logs in store/logs; violations and calls beside them, as lines of JSON.

    A violation is something that no client of a real server may do, whatever the answer: a test with one has failed.
    """

    def __init__(self, folder: Path):
        self.logs = folder / 'store/logs'
        self.logs.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.lock = threading.Lock()
        self.counters: Counter = Counter()
        self.violations: list[str] = []
        self.calls: list[str] = []

    def log(self, name: str, text: str) -> None:
        stamp = time.strftime('[%d/%b/%Y %H:%M:%S]')
        with self.lock, (self.logs / f'{name}.log').open('a', encoding='utf-8') as file:
            file.write(f'{stamp} {text}\n')

    def lines(self, name: str) -> list[str]:
        path = self.logs / f'{name}.log'
        return path.read_text(encoding='utf-8').splitlines() if path.exists() else []

    def violation(self, text: str) -> None:
        self.violations.append(text)
        self._append('violations', text)

    def call(self, method: str, code: int) -> None:
        """Names only: parameters may hold passwords."""
        self.calls.append(method)
        self._append('calls', {'method': method, 'code': code, 'time': time.time()})

    def _append(self, name, record):
        with self.lock, (self.folder / f'{name}.jsonl').open('a', encoding='utf-8') as file:
            file.write(json.dumps(record) + '\n')

    def count(self, *names: str) -> None:
        with self.lock:
            self.counters.update(names)
