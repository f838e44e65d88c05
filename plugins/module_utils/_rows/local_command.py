# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose the command is by which programs of this host hand in mail. Private to this collection.

msmtp, ssmtp or nullmailer can be there in its place, by the alternatives or by a link, and send past the gateway.
"""

from __future__ import annotations

import os
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.process import runnable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import MAIL_SERVERS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED

# The second is for programs that are old.
COMMANDS = ('/usr/sbin/sendmail', '/usr/lib/sendmail')
REPAIR = (
    'Have {} lead to the mail server again (on Debian: update-alternatives --config sendmail, or reinstall its'
    ' package).'
)


def command_rows(name: str) -> list[dict[str, Any]]:
    """Return the rows on the command of this host.

    Args:
        name: of the mail server.
    """
    if name not in MAIL_SERVERS or not MAIL_SERVERS[name].command_has:
        return []
    first, *others = COMMANDS
    paths = [first] + [path for path in others if os.path.lexists(path) and not _same(path, first)]
    return [_row(path, MAIL_SERVERS[name].title, MAIL_SERVERS[name].command_has) for path in paths]


def _same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _row(path: str, title: str, sign: str) -> dict[str, Any]:
    if not runnable(path):
        finding = 'is not there or cannot be run: programs of this host cannot hand in mail'
        return row('local.command', path, RED, finding, REPAIR.format(path))
    data = read_file(path).data or b''
    if sign.encode('ascii') in data:
        return row('local.command', path, GREEN, f'is that of {title}')
    real = os.path.realpath(path)
    if data.startswith(b'#!'):
        finding = f'is a script ({real}); what it does with mail is not looked at'
        return row('local.command', path, GREEN, finding, severity='low')
    where = '' if real == path else f' ({real})'
    finding = f'is not that of {title}{where}: mail of programs on this host goes past it, and past the gateway'
    return row('local.command', path, RED, finding, REPAIR.format(path))
