# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of names that a configuration names. getaddrinfo() knows no limit, and a resolver that is away takes its
time for each of them."""

from __future__ import annotations

import contextlib
import ipaddress
import queue
import socket
import threading
import time

LONGEST = 5.0


class Names:
    """What is asked of it, each name once.

    Args:
        seconds: for all names together; from then on none has an answer.
    """

    def __init__(self, seconds: float = LONGEST) -> None:
        self._left = seconds
        self._known: dict[str, frozenset[str]] = {}

    def addresses(self, name: str) -> frozenset[str]:
        """Return the addresses of a name, or of an address itself; none when it has none, or nobody can tell."""
        if name not in self._known:
            begin = time.monotonic()
            self._known[name] = self._ask(name)
            self._left -= time.monotonic() - begin
        return self._known[name]

    def _ask(self, name: str) -> frozenset[str]:
        with contextlib.suppress(ValueError):
            return frozenset([str(ipaddress.ip_address(name.partition("%")[0]))])
        if self._left <= 0:
            return frozenset()
        answers: queue.Queue[frozenset[str]] = queue.Queue()

        def ask() -> None:
            try:
                found = socket.getaddrinfo(name, None)
            except (OSError, UnicodeError):
                found = []
            answers.put(frozenset(str(entry[4][0]).partition('%')[0] for entry in found))

        threading.Thread(target=ask, daemon=True).start()
        try:
            return answers.get(timeout=self._left)
        except queue.Empty:
            return frozenset()
