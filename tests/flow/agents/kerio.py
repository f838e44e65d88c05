# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kerio Connect's part of agent.py: its double's queue."""

from __future__ import annotations

import base64
import json


def _kerio_queue(directory, run, known):
    for described in sorted(directory.glob('*.json')):
        try:
            entry, content = json.loads(described.read_text()), described.with_suffix('.eml').read_bytes()
        except (FileNotFoundError, ValueError):
            continue  # delivered in this moment
        if str(described) in known or run in content:
            yield {
                'key': str(described),
                'queue': 'deferred' if entry['status'] else 'active',
                'sender': entry['sender'],
                'content': base64.b64encode(content[:SHOWN]).decode(),  # noqa: F821
                'recipients': [[recipient, entry['status']] for recipient in entry['recipients']],
            }


QUEUES['kerio_queues'] = (_kerio_queue, '*.json')  # noqa: F821
