# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What gateway and internet have written down."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

TAIL = 200


class Records:
    """The lines of a file that grows at its end or begins anew, each read once: tests look at them many times a
    second."""

    def __init__(self, path: Path):
        self._path = path
        self._forget()

    def _forget(self) -> None:
        self._end, self._tail, self._records = 0, b'', []

    def all(self) -> list[dict]:
        if not self._path.exists():
            self._forget()
            return []
        with self._path.open('rb') as file:
            file.seek(self._end - len(self._tail))
            if file.read(len(self._tail)) != self._tail:
                self._forget()
                file.seek(0)
            # A line that is being written has no end yet.
            complete = file.read().rpartition(b'\n')[0]
        if complete:
            self._end += len(complete) + 1
            self._tail = (complete + b'\n')[-TAIL:]
            self._records += [_record(line) for line in complete.decode('utf-8').split('\n')]
        return list(self._records)

    def clear(self) -> None:
        """Empty the file. That is remembered: what comes next may end with the same bytes at the same place."""
        if self._path.exists():
            os.truncate(self._path, 0)
        self._forget()


def _record(line: str) -> dict:
    record = json.loads(line)
    certificate = record['client_certificate']
    record['certificate'] = certificate
    record['client_certificate'] = certificate and certificate['common_name']
    if 'raw' in record:
        raw, encoding = record.pop('raw'), record.pop('raw_encoding')
        record['content'] = base64.b64decode(raw) if encoding == 'base64' else raw.encode()
    return record
