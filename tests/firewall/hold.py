# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a lab node: connects to the addresses given, says so, and for each line on standard input asks every server
for a NOOP."""

from __future__ import annotations

import smtplib
import sys

servers = {target: smtplib.SMTP(target, 25, timeout=10) for target in sys.argv[1:]}
print('connected', flush=True)
for dummy in sys.stdin:
    print(' '.join(f'{target}={server.noop()[0]}' for target, server in servers.items()), flush=True)
