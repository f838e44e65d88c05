# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would change if everything were made anew, as rows. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED, UNKNOWN

TARGET = 'this host'
REPAIR = 'Run site.yml: it brings back what is wanted. With --check --diff it shows the lines, and changes nothing.'
REFUSED = 'Run site.yml once this is mended: until then it would refuse, and repair nothing.'
# How many names of one file, and how many files, a row has.
NAMES, FILES = 5, 4
# What is set in a line, with or without an option's -o before it; and the name of an entry of master.cf.
_SET = re.compile(r'\s*(?:-o\s*\{?\s*)?([A-Za-z_][\w.-]*)\s*=')
_ENTRY = re.compile(r'([A-Za-z0-9_][\w.:\[\]-]*)[ \t]')


def drift_row(part: str, result: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the row on one part, None for one that is as it should be.

    Args:
        part: its name.
        result: what it would do, with its C(diff), and C(unrecorded), what no undo will know.
    """
    if result['changed']:
        return row('drift.' + part, TARGET, RED, 'is not as wanted: ' + differences(result), REPAIR)
    if result.get('unrecorded'):
        return row(
            'drift.' + part,
            TARGET,
            RED,
            ' '.join(result['unrecorded']),
            'Run site.yml: that of the hop is made anew. Any other has to come back from a backup.',
        )
    return None


def refused_row(part: str, message: str) -> dict[str, Any]:
    """Return the row on a part, or on all of them, of which it cannot be told whether it is as wanted."""
    return row('drift.' + part, TARGET, RED, message, REFUSED)


def busy_row() -> dict[str, Any]:
    """Return the row on a host that somebody is changing."""
    return row('drift.busy', TARGET, UNKNOWN, 'another run is at work on this host', 'Verify again when it has ended.')


def green_row(parts: Iterable[str]) -> dict[str, Any]:
    """Return the row on all parts that are as they should be."""
    return row('drift.ok', TARGET, GREEN, 'as site.yml would make it: ' + ', '.join(parts))


def note_row(warning: str) -> dict[str, Any]:
    """Return the row on something that site.yml would warn of."""
    return row('drift.note', TARGET, GREEN, printable(warning), severity='low')


def differences(result: Mapping[str, Any]) -> str:
    """Return in short what differs: files and what is set in them, never values, some of which are secrets."""
    found = [_difference(entry) for entry in result.get('diff', [])]
    packages = result.get('packages', [])
    if packages and not any(entry.startswith('package') for entry in found):
        found.append('packages ({})'.format(', '.join(packages)))
    found = list(dict.fromkeys(filter(None, found)))
    # Of a run that was killed there may be nothing to see.
    return '; '.join(_first(found, FILES)) or 'the last run did not come to its end'


def _first(texts: list[str], most: int) -> list[str]:
    """Return so many of them, and how many more there are."""
    more = len(texts) - most
    return texts[:most] + [f'and {more} more'] * (more > 0)


def _difference(entry: Mapping[str, Any]) -> str:
    header, before, after = entry.get('after_header', ''), entry.get('before') or '', entry.get('after') or ''
    if header == 'systemctl':
        return 'needs ' + ', '.join(f'systemctl {line}' for line in after.splitlines())
    if before == after:
        return header
    if not before or not after:
        return '{} ({})'.format(header, 'is missing' if after else 'has to go')
    lines = before.splitlines(), after.splitlines()
    known = [set(each) for each in lines]
    changed = [line for line in lines[0] if line not in known[1]] + [line for line in lines[1] if line not in known[0]]
    patterns = (_SET, _ENTRY) if header.endswith('master.cf') else (_SET,)
    names = list(dict.fromkeys(filter(None, (_name(line, patterns) for line in changed))))
    return '{} ({})'.format(header, ', '.join(_first(names, NAMES))) if names else header


def _name(line: str, patterns: Iterable[re.Pattern[str]]) -> str | None:
    return next((match.group(1) for match in (pattern.match(line) for pattern in patterns) if match), None)
