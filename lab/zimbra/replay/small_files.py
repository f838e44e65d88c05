# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The small files that the daemon writes, as recordings have their content."""

from __future__ import annotations

import re


def _active(content):
    return [line for line in content.splitlines() if line.strip() and not line.startswith('#')]


def table(content: str) -> list:
    """Return [{pattern, action}] of a lookup table of patterns."""
    pairs = [line.split(None, 1) for line in _active(content)]
    return [{'action': action, 'pattern': pattern} for pattern, action in pairs]


def header_checks(content: str) -> dict:
    """Return how many rules there are, and the file name extensions that they name."""
    rules = [line for line in _active(content) if line.startswith('/')]
    named = [re.findall(r'\\\.\(([^()]*)\)', rule) for rule in rules]
    extensions = {extension for groups in named for group in groups for extension in group.split('|')}
    return {'active_rules': len(rules), 'extensions': sorted(extensions)}


def assignments(content: str) -> dict:
    return dict(line.split('=', 1) for line in _active(content))


READERS = {
    'common/conf/tag_as_foreign.re': table,
    'common/conf/tag_as_originating.re': table,
    'conf/mta_milter_options': assignments,
    'conf/postfix_header_checks': header_checks,
}
