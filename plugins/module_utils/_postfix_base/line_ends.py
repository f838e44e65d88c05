# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One end of a message only, CR LF . CR LF, so that no second message hides in a first (CVE-2023-51764)."""

from __future__ import annotations

import re

# By release, the first version with smtpd_forbid_bare_newline, and the first in which it has the value "normalize".
SINCE = {(3, 5): (23, 24), (3, 6): (13, 14), (3, 7): (9, 10), (3, 8): (4, 5)}
NEWER = (3, 9)


def line_ends(version: str) -> dict[str, str]:
    """Return the parameters with which a smtpd(8) takes no other end of a message; empty where it knows none.

    Args:
        version: of Postfix.
    """
    release, patch = _release(version)
    first, normalizing = SINCE.get(release, (0, 0) if release >= NEWER else (patch + 1, patch + 1))
    if patch < first:
        return {}
    # A value of the first versions: a line that ends in LF ends the session.
    value = 'normalize' if patch >= normalizing else 'yes'
    return {'smtpd_forbid_bare_newline': value, 'smtpd_forbid_bare_newline_exclusions': ''}


def _release(version: str) -> tuple[tuple[int, ...], int]:
    # A snapshot is 3.9-20240101.
    numbers = [int(part) for part in re.findall(r'\d+', version.partition('-')[0])]
    return tuple(numbers[:2]), numbers[2] if len(numbers) > 2 else 0


def warning(version: str) -> list[str]:
    """Return what a person should know of a version that takes other ends, as a list of at most one text."""
    if line_ends(version):
        return []
    return [
        f'Postfix {version} takes other line ends than CR LF for the end of a message, so that a second one may be'
        ' hidden in a message (SMTP smuggling). It cannot be told not to: versions from 3.5.23, 3.6.13,'
        ' 3.7.9, 3.8.4 and 3.9 can.'
    ]
