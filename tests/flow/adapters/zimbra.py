# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of Zimbra (not Zimbra) with the outbound hop: its real Postfix, amavis and OpenDKIM, and a Dovecot that files as
Zimbra's mailbox server does."""

from __future__ import annotations

from tests.flow.adapters import DOVECOT_RELOADS, postfix

COMMON = '/opt/zimbra/common'
MTA = f'{COMMON}/conf'


class Adapter(postfix.Adapter):
    default_host = 'zimbra-debian12'
    other_hosts = ()
    service = 'zimbra'
    # Every message passes amavis, and what leaves passes it twice.
    deadline = 240.0
    variables = {'conbool_preflight': 'skip'}
    expected_failures = dict(postfix.Adapter.expected_failures)
    mailboxes = {user: f'/opt/zimbra/store/{user}@example.com/Maildir' for user in ('alice', 'bob')}
    reordered = []
    reload_message = DOVECOT_RELOADS
    size_limit_command = (f'{COMMON}/sbin/postconf', '-hx', 'message_size_limit')

    def look_request(self):
        return dict(super().look_request(), postfix_queues=[MTA, postfix.HOP])

    def waiting_request(self):
        return dict(super().waiting_request(), postfix_queues=[MTA, postfix.HOP])

    def flush_request(self):
        return dict(super().flush_request(), postfix_queues=[MTA, postfix.HOP])

    def kill_request(self):
        return dict(super().kill_request(), queue_directory='/opt/zimbra/data/postfix/spool')
