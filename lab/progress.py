# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import sys
import threading
import time

_start = time.monotonic()
_lock = threading.Lock()


def say(text: str) -> None:
    with _lock:
        print(f'[{time.monotonic() - _start:5.1f}s] {text}', file=sys.stderr, flush=True)
