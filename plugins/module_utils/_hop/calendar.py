# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hop's table that sends calendar messages direct. Private to this collection."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.calendar import pattern


def calendar_checks(mode: object, action: str = 'FILTER direct:') -> str:
    """Return the mime_header_checks(5) table for the C(Content-Type) of a message and of its parts.

    Postfix looks at each header by itself: of two C(Content-Type) lines, either counts.

    Args:
        mode: as for pattern().
        action: for such messages.
    """
    return '/^Content-Type[[:space:]]*:{}/ {}\n'.format(pattern(mode).replace('/', '\\/'), action)
