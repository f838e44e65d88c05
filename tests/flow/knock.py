# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Knocks at port 25 of a host again and again, and tells for how many seconds at a time clients were turned away.

Runs on a node of the lab, standard library only, until its standard input ends.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time

# A client that has to wait is not turned away.
PAUSE, TIMEOUT = 0.01, 60


def greeted(host):
    try:
        with socket.create_connection((host, 25), timeout=TIMEOUT) as client:
            return client.recv(3) == b'220'
    except OSError:
        return False


def main():
    ended, away, since = threading.Event(), [], None
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    print('ready', flush=True)
    while not ended.wait(PAUSE):
        begin = time.monotonic()
        if not greeted(sys.argv[1]):
            since = since or begin
        elif since:
            away.append(time.monotonic() - since)
            since = None
    print(json.dumps(away + ([time.monotonic() - since] if since else [])))


if __name__ == '__main__':
    main()
