# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How flagged mail of the gateway gets a header that every mail program and spam filter knows, where nothing here files
it.

Header checks see one line at a time, and they belong to a listener, not to a client. So all of the gateway's mail makes
a detour, whose cleanup service marks what is flagged. Released mail is led on from there to a second one, which removes
the mark again, from whomever it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.detour import (
    behind_proxy_filter,
    detour_services,
    route,
)

FLAG_TABLE = 'conbool_flag'
RELEASE_TABLE = 'conbool_release'
RULE = '/^%s[[:space:]]*:[[:space:]]*yes[[:space:]]*$/ %s\n'
RELEASE_RULES = '/^X-Spam-Flag[[:space:]]*:/ IGNORE\n'


def flag_configuration(
    info: Mapping[str, Any], options: Mapping[str, Any], smtpds: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the detours of the gateway's mail.

    Args:
        info: what C(postfix_info) returned.
        options: C(flag), whether flagged mail is to be marked, C(flag_port) and C(release_port).
        smtpds: the entries of master.cf on which the gateway hands in mail.

    Returns:
        C(services), C(tables) and C(warnings); nothing when no mail is to be marked.
    """
    found: dict[str, list[Any]] = {'services': [], 'tables': [], 'warnings': []}
    if not options['flag']:
        return found
    passed = behind_proxy_filter(smtpds, info)
    if passed:
        found['warnings'].append(
            f'Flagged mail from {passed} is not marked with X-Spam-Flag: smtpd_proxy_filter passes it on before.'
        )
    flag_rules = RULE % ('X-Conbool-Released', route('release', options['release_port'], info)) + RULE % (
        'X-Conbool-Flag',
        'PREPEND X-Spam-Flag: YES',
    )
    found['tables'] = [
        {'path': FLAG_TABLE, 'type': 'regexp', 'content': flag_rules},
        {'path': RELEASE_TABLE, 'type': 'regexp', 'content': RELEASE_RULES},
    ]
    for name, table in (('flag', FLAG_TABLE), ('release', RELEASE_TABLE)):
        found['services'] += detour_services(name, options[name + '_port'], table, info, smtpds)
    return found


def flag_restriction(info: Mapping[str, Any], options: Mapping[str, Any]) -> list[str]:
    """Return the restrictions of the gateway's class that send its mail on the detour."""
    if not options['flag']:
        return []
    return ['check_client_access static:{{{}}}'.format(route('flag', options['flag_port'], info))]
