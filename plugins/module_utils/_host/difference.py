# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change as Ansible shows it. Private to this collection."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.secrets import without_secrets
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode, visible

HIDDEN = '(not shown: the file is not readable for everybody)\n'
UNREADABLE = '(binary, %d bytes)\n'


def difference(
    header: str, before: bytes | str | None, after: bytes | str | None, secret: bool = False, binary: bool = False
) -> dict[str, str]:
    """Return what changes in one file, or in something else that can be put into words.

    Args:
        header: path of the file.
        before: its content, as bytes or as text of decode(); None for no file.
        after: likewise.
        secret: only whether there is something may be shown.
        binary: of what is no text only the size is shown.
    """
    texts = [_shown(content or b'', secret, binary) for content in (before, after)]
    return {'before_header': header, 'after_header': header, 'before': texts[0], 'after': texts[1]}


def _shown(content: bytes | str, secret: bool, binary: bool) -> str:
    data = encode(content) if isinstance(content, str) else content
    if data and secret:
        return HIDDEN
    if binary and b'\0' in data:
        return UNREADABLE % len(data)
    return visible(without_secrets(decode(data)), keep='\n\t')
