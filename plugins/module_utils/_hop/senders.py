# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose mail without a sender, or of a server's own sender, the hop takes for what. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.null_sender import (
    DOUBLE_BOUNCE,
    origin,
    own_sender,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.patterns import literal
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.marks import BY_USER


def _own(expanded: Mapping[str, str]) -> str:
    """The sender of the hop's own notices, which has the mail server's domain."""
    return f'{DOUBLE_BOUNCE}@{origin(expanded)}'


def own_mail(expanded: Mapping[str, str], back: str) -> str:
    """Return the regexp(5) table of the senders whose mail goes back to the mail server: what the hop writes itself.

    Args:
        expanded: the mail server's parameters.
        back: transport and next hop.
    """
    address = literal(_own(expanded))
    return f'/^<>$/ {back}\n/^{address}$/ {back}\n'


def senders(info: Mapping[str, Any], action: str, ordinary: str) -> dict[str, str]:
    """Return the access(5) table of the senders that are nobody: the action for each.

    Their mail would be taken for the hop's own notices if nothing routed it when it comes in.

    Args:
        info: what is known of the mail server.
        action: for mail without a sender, and for notices of the mail server, if it is a Postfix.
        ordinary: for the sender of the hop's own notices, of whom none come in.
    """
    nobody = ['<>'] + ([own_sender(info['expanded'])] if 'services' in info else [])
    return {_own(info['expanded']): ordinary, **dict.fromkeys(nobody, action)}


def _told_apart(settings: Mapping[str, Any]) -> bool:
    """Whether mail without a sender goes direct only if the server wrote it, and no user."""
    return settings['bypass_null_sender'] == 'server'


def user_rules(settings: Mapping[str, Any], gateway: str) -> str:
    """Return the rules of header_checks(5) for mail without a sender that the mail server marks as a user's."""
    return f'/^{BY_USER}$/ FILTER {gateway}\n' if _told_apart(settings) else ''


def user_parameters(settings: Mapping[str, Any], config_dir: str, taken: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of main.cf that take this mark off again: it is nobody's business outside.

    Args:
        taken: parameters that the hop takes over.
    """
    checks = f'regexp:{config_dir}/without_mark {taken.get("smtp_header_checks", "")}'.strip()
    return {'smtp_header_checks': checks} if _told_apart(settings) else {}


def user_options(settings: Mapping[str, Any], config_dir: str) -> dict[str, str]:
    """Return the options of the listener to which the mail server leads what users hand in."""
    table = f'check_sender_access texthash:{config_dir}/user_senders'
    return {'smtpd_sender_restrictions': table} if _told_apart(settings) else {}


def user_tables(settings: Mapping[str, Any], info: Mapping[str, Any], gateway: str) -> list[dict[str, Any]]:
    """Return the tables of these."""
    if not _told_apart(settings):
        return []
    mark = BY_USER.partition(':')[0]
    return [
        {'path': 'without_mark', 'type': 'regexp', 'content': f'/^{mark}:/ IGNORE\n'},
        {
            'path': 'user_senders',
            'type': 'texthash',
            'entries': senders(info, 'FILTER ' + gateway, 'FILTER ' + gateway),
        },
    ]
