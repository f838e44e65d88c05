# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time that a server has, step by step."""

from __future__ import annotations

import time

from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.wire import Stopped


class Clock:
    """Limits each step and the whole; a server gains no time by sending a byte now and then."""

    def __init__(self, timeout: float, deadline: float) -> None:
        """Take the seconds for each step, and the time.monotonic() at which everything has to be over."""
        self.timeout = timeout
        self.deadline = deadline
        self.timings: dict[str, float] = {}
        self.step = ''
        self._started = self._limit = 0.0

    def start(self, step: str) -> None:
        self.step = step
        self._started = time.monotonic()
        self._limit = min(self._started + self.timeout, self.deadline)

    def finish(self) -> None:
        self.timings[self.step] = round(self.timings.get(self.step, 0) + time.monotonic() - self._started, 4)

    def left(self) -> float:
        """Seconds left for this step; Stopped when there are none."""
        left = self._limit - time.monotonic()
        if left <= 0:
            raise self.expired()
        return left

    def expired(self, seen: str | None = None) -> Stopped:
        if time.monotonic() >= self.deadline:
            return Stopped(self.step, f'the overall deadline passed during: {self.step}', seen, 'deadline')
        return Stopped(self.step, f'no complete answer within {self.timeout:g} s during: {self.step}', seen)
