# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of files as bytes that are not ours keep them, and what of it can be shown (runs on the host)."""

from __future__ import annotations

import re


def decode(data: bytes) -> str:
    """Return the bytes of a configuration file as text that encode() turns back into the same bytes."""
    return data.decode('utf-8', 'surrogateescape')


def encode(text: str) -> bytes:
    return text.encode('utf-8', 'surrogateescape')


def printable(text: str) -> str:
    """Return text without the stand-ins for foreign bytes, which JSON could not carry."""
    return encode(text).decode('utf-8', 'backslashreplace')


def split_lines(text: str) -> list[str]:
    """Split at line feeds only (str.splitlines() knows many more), line ends kept."""
    return re.findall(r'[^\n]*\n|[^\n]+', text)


def heading(owner: str) -> str:
    return f'# Added by the Ansible collection conbool.smtp_relay ({owner})'
