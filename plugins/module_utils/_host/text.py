# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of files as bytes that are not ours keep them, and what of it can be shown (runs on the host)."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError


def decode(data: bytes) -> str:
    """Return the bytes of a configuration file as text that encode() turns back into the same bytes."""
    return data.decode('utf-8', 'surrogateescape')


def encode(text: str) -> bytes:
    return text.encode('utf-8', 'surrogateescape')


def printable(text: str) -> str:
    """Return text without the stand-ins for foreign bytes, which JSON could not carry."""
    return encode(text).decode('utf-8', 'backslashreplace')


# Characters that do something instead of being seen: controls (C0, C1), format characters such as those that turn the
# direction of writing, surrogates, private and unassigned ones, and what ends a line or a paragraph.
UNSEEN = ('Cc', 'Cf', 'Cs', 'Co', 'Cn', 'Zl', 'Zp')


def visible(text: str, keep: str = '') -> str:
    """Return text as a terminal can be given it, whoever wrote it: what does something is shown as its escape.

    Args:
        keep: characters that may stay as they are.
    """
    if text.isascii() and text.isprintable():
        return text
    return ''.join(
        (
            character.encode('unicode_escape').decode('ascii')
            if unicodedata.category(character) in UNSEEN and character not in keep
            else character
        )
        for character in printable(text)
    )


def message(text: Any) -> str:
    """Return what a module says to a person, which may have several lines."""
    return visible(str(text), keep='\n')


def all_visible(value: Any) -> Any:
    """Return data with every text in it, in lists and dictionaries too, as visible() shows it."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {name: all_visible(content) for name, content in value.items()}
    return [all_visible(item) for item in value] if isinstance(value, (list, tuple)) else value


def split_lines(text: str) -> list[str]:
    """Split at line feeds only (str.splitlines() knows many more), line ends kept."""
    return re.findall(r'[^\n]*\n|[^\n]+', text)


def heading(owner: str) -> str:
    return f'# Added by the Ansible collection conbool.smtp_relay ({owner})'


def plain_path(name: str, value: str) -> str:
    """Return an absolute path that means the same wherever it is written: in a unit, in m4, to a shell.

    Args:
        name: whose value it is, for the message.

    Raises:
        HostError: it has a blank, a quote or another character in it that would need to be quoted.
    """
    if not re.fullmatch(r'/[A-Za-z0-9/._+@-]*', value):
        raise HostError(f'{name}: {value!r} is not an absolute path of ASCII letters, digits and / . _ + @ -')
    return value
