# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one line of ours in a sendmail.mc: it includes our m4 file, last of all."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode, split_lines

NOTE = 'Conbool gateway, managed by Ansible'


def line(m4_path: str) -> str:
    return f"include(`{m4_path}')dnl {NOTE}\n"


def holds(data: bytes, m4_path: str) -> bool:
    return line(m4_path).strip() in [found.strip() for found in split_lines(decode(data))]


def without(data: bytes, m4_path: str) -> bytes:
    """Return the content without our line."""
    return encode(''.join(found for found in split_lines(decode(data)) if found.strip() != line(m4_path).strip()))


def with_include(data: bytes, m4_path: str) -> bytes:
    """Return the content with our line at its end."""
    text = decode(without(data, m4_path))
    return encode(text + ('\n' if text and not text.endswith('\n') else '') + line(m4_path))
