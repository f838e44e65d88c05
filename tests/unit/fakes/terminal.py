# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run that is not green looks like in a terminal."""

from __future__ import annotations

import re

WIDTH = 100
# What Ansible adds of the source of a task, and of what stands behind an error.
SOURCE = ('Origin: ', '^ column', 'caused by', 'Traceback')


def faults(text, part, hosts=('mx',)):
    """Return what is wrong with the output of a run that is red because of one part, a text for each."""
    lines, found = text.splitlines(), [f'there is {each!r}' for each in SOURCE if each in text]
    for host in hosts:
        heads = [line for line in lines if re.match(f'{host}: [a-z]+, [0-9]+ ', line)]
        if not re.fullmatch(rf'{host}: {part}, [1-9][0-9]* of [0-9]+ checks are not green', heads[-1] if heads else ''):
            found.append(f'{host} has no table of {part} that says how many checks are not green')
        if len({head.partition(',')[0] for head in heads}) != len(heads):
            found.append(f'{host} has a table twice')
        fatal = [line for line in lines if line.startswith(f'fatal: [{host}]')]
        if len(fatal) != 1 or 'see the table above' not in fatal[0]:
            found.append(f'{host} has {len(fatal)} lines on its failure: {fatal}')
    if len(re.findall('^host +mta +state +result$', text, re.MULTILINE)) != 1:
        found.append('the table of the hosts is not there once')
    inside = False
    for line in lines:
        inside = line.startswith(('  status', 'host ')) or inside and not line.startswith(('ok: ', 'fatal: ', 'TASK'))
        if inside and len(line) > WIDTH:
            found.append(f'a table is {len(line)} columns wide')
    return found
