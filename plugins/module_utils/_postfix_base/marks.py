# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that nobody can guess, by which the mail server behind the hop knows what the gateway said of a message. They
stand in the first line of the first header, as a comment. Private to this collection."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Mapping

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.patterns import literal

# The clients that write one: into released mail, into flagged mail, and into all other mail of the gateway.
RELEASED, FLAGGED, PLAIN = 'released', 'flagged', 'mailboxes'
NAMES = (RELEASED, FLAGGED, PLAIN)
BYTES = 16
MARK = re.compile(r'REPLACE Received: \(([0-9a-f]{32})\) \$\{1\}$', re.MULTILINE)


def adding(mark: str, hop: str) -> str:
    """Return the table for smtp_header_checks that puts a mark into the line of the hop itself.

    Args:
        hop: the name of the hop.
    """
    return f'/^Received: (.*[[:space:]]by {literal(hop)} .*)$/ REPLACE Received: ({mark}) ${{1}}\n'


def refusing(marks: Mapping[str, str]) -> str:
    """Return the rule for header_checks by which a line with a mark is gone: nobody outside can have it rightly."""
    return f'/^Received[[:space:]]*:.*({"|".join(sorted(marks.values()))})/ IGNORE\n' if marks else ''


def removing(marks: Mapping[str, str]) -> str:
    """Return the rule for header_checks by which a mark is gone, and its line stays."""
    return f'/^{_pattern(marks)} (.*)$/ REPLACE Received: ${{2}}\n' if marks else ''


def counting(marks: Mapping[str, str], action: str) -> str:
    """Return the rule for header_checks with an action for a line with a mark."""
    return f'/^{_pattern(marks)} / {action}\n' if marks else ''


def _pattern(marks: Mapping[str, str]) -> str:
    """The beginning of a line with a mark."""
    return 'Received: \\(({})\\)'.format('|'.join(sorted(marks.values())))


def known(config_dir: str, names: Iterable[str] = NAMES) -> dict[str, str]:
    """Return the marks of this host, by name: those of the hop's tables, or new ones."""
    found = {}
    for name in names:
        text = decode(read_file(os.path.join(config_dir, name)).data or b'')
        mark = MARK.search(text)
        found[name] = mark.group(1) if mark else secrets.token_hex(BYTES)
    return found
