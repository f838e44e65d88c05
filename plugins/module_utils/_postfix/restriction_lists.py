# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of restrictions that get some of ours in front, and keep what they said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

RESTRICTIONS, DATA_RESTRICTIONS, CLASSES = (
    'smtpd_recipient_restrictions',
    'smtpd_data_restrictions',
    'smtpd_restriction_classes',
)
POSTSCREEN_LIST = 'postscreen_access_list'
EXCEPTIONS = 'smtpd_client_event_limit_exceptions'
# Lists in which a site may judge the client or the sender before it knows a recipient, or when it has the message.
JUDGING = {
    'smtpd_client_restrictions': 'client',
    'smtpd_helo_restrictions': 'helo',
    'smtpd_sender_restrictions': 'sender',
    'smtpd_end_of_data_restrictions': 'end_of_data',
}

# Parameters of our own, in master.cf only, that keep what a list said before: as the service or as main.cf had it.
KEPT = {
    RESTRICTIONS: 'restrictions',
    DATA_RESTRICTIONS: 'data',
    CLASSES: 'classes',
    POSTSCREEN_LIST: 'postscreen',
    EXCEPTIONS: 'exceptions',
    **JUDGING,
}


def original(entry: Mapping[str, Any], parameters: Mapping[str, str], name: str, begin: str) -> tuple[str, str]:
    """Return where a list comes from and what it said before it was changed here.

    Args:
        begin: how a list that was changed here begins.
    """
    options = entry['options']
    if options.get(name, '').startswith(begin):
        if f'conbool_service_{KEPT[name]}' in options:
            return 'service', options[f'conbool_service_{KEPT[name]}']
    elif name in options:
        return 'service', options[name]
    return 'main', parameters.get(name, '')


def in_front(
    entry: Mapping[str, Any], parameters: Mapping[str, str], name: str, begin: str, ours: Iterable[str]
) -> dict[str, str]:
    """Return the options that put restrictions of ours in front of a list, and keep the list as it was.

    Parameters cannot refer to themselves, so what main.cf says is copied; the copy's name tells the next run where it
    is from.
    """
    origin, value = original(entry, parameters, name, begin)
    copy = f'conbool_{origin}_{KEPT[name]}'
    return {copy: value, name: '{}, ${}'.format(', '.join(ours), copy)}
