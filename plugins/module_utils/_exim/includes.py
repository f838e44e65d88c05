# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines in a configuration of somebody else's that include texts of ours: put in, and taken out byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import EximError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode, heading

OWNER = 'exim'
_INCLUDED = re.compile(f'^{re.escape(heading(OWNER))}\n\\.include_if_exists \\S+\n', re.MULTILINE)


def without(data: bytes) -> bytes:
    """Return a file without our lines."""
    return encode(_INCLUDED.sub('', decode(data)))


def included(data: bytes, places: Iterable[tuple[int, str]], directory: str) -> bytes:
    """Return a file that has none of our lines with one for each text.

    Args:
        places: offset and name of each text, in the order in which those at the same offset stand.
        directory: where the texts are.

    Raises:
        EximError: the last line, behind which one should stand, has no end.
    """
    text, made, done = decode(data), '', 0
    for offset, name in sorted(places, key=_offset):
        made += text[done:offset]
        if made and not made.endswith('\n'):
            raise EximError(f'The last line has no end ({made.rpartition(chr(10))[2]!r}): write one behind it')
        made += f'{heading(OWNER)}\n.include_if_exists {directory}/{name}\n'
        done = offset
    return encode(made + text[done:])


def _offset(place: tuple[int, str]) -> int:
    return place[0]
