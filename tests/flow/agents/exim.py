# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exim's part of agent.py: its queue, and how it is flushed."""

from __future__ import annotations

import base64
import re
import subprocess

FLUSH_SECONDS = 120
# What the list of those who have the message already begins with; XX is an empty one.
_TREE = (b'XX', b'YY', b'YN', b'NY', b'NN')
_HEADER = re.compile(rb'(\d{3,})(.) ', re.DOTALL)


def _exim_queue(directory, run, known):
    """Entries of the run: a file with envelope and headers (-H) each, with the body (-D), and a log of tries."""
    for control in sorted((directory / 'input').glob('**/*-H')):
        try:
            sender, recipients, headers = _exim_control(control.read_bytes())
            body = control.with_name(control.name[:-1] + 'D').read_bytes() if str(control) not in known else b''
        except FileNotFoundError:
            continue  # delivered in this moment
        content = headers + b'\n' + body.partition(b'\n')[2]
        if str(control) not in known and run not in content:
            continue
        journal, log = control.with_name(control.name[:-1] + 'J'), directory / 'msglog' / control.name[:-2]
        gone = set(journal.read_text().split('\n')) if journal.exists() else set()
        tries = [line for line in log.read_text().split('\n') if ' defer (' in line] if log.exists() else []
        yield {
            'key': str(control),
            'queue': 'deferred' if tries else 'active',
            'sender': sender,
            'content': base64.b64encode(content[:SHOWN]).decode(),  # noqa: F821
            'recipients': [[one, tries[-1] if tries else ''] for one in recipients if one not in gone],
        }


def _exim_control(data):
    """Sender, the recipients that are left, and the headers. Each of these has its length and a letter in front, which
    is a star for one that was taken away."""
    lines, gone = data.split(b'\n'), set()
    place = next(number for number, line in enumerate(lines) if number > 3 and line[:2] in _TREE)
    while not lines[place].isdigit():
        gone.add(lines[place][3:])
        place += 1
    first = place + 1
    left = first + int(lines[place])
    recipients = [line.split(b' ')[0] for line in lines[first:left] if line.split(b' ')[0] not in gone]
    rest, headers = b'\n'.join(lines[left + 1 :]), b''
    while found := _HEADER.match(rest):
        end = found.end() + int(found.group(1))
        headers += rest[found.end() : end] if found.group(2) != b'*' else b''
        rest = rest[end:]
    return lines[2].decode().strip('<>'), [one.decode() for one in recipients], headers


def exim_flush(request):
    # It returns when all has been tried, also what is frozen.
    subprocess.run(['exim4', '-qff'], timeout=FLUSH_SECONDS, check=True)
    return {}


QUEUES['exim_queues'] = (_exim_queue, 'input/**/*-H')  # noqa: F821
