# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a lab node: how far connections come. Orders: [[source address, target address, port], ...] as JSON."""

from __future__ import annotations

import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

SECONDS = 3


def connect(order):
    source, target, port = order
    try:
        with socket.create_connection(
            (target, port), timeout=SECONDS, source_address=(source, 0) if source else None
        ) as connection:
            return 'open' if connection.recv(3) else 'closed'
    except OSError as exc:
        return type(exc).__name__


with ThreadPoolExecutor(max_workers=32) as pool:
    print(json.dumps(list(pool.map(connect, json.loads(sys.argv[1])))))
