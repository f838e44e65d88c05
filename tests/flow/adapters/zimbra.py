# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of Zimbra (not Zimbra) with the outbound hop: its real Postfix, amavis and OpenDKIM, and a Dovecot that files as
Zimbra's mailbox server does."""

from __future__ import annotations

from tests.flow.adapters import postfix

COMMON = '/opt/zimbra/common'
MTA = f'{COMMON}/conf'


# The role's README says so, and how a site can choose the other way round.
FORGED = 'behind amavis nothing tells a user who logged in from a program of the server'


class Adapter(postfix.Adapter):
    default_host = 'zimbra-debian12'
    is_double = True
    other_hosts = ()
    service = 'zimbra'
    # Every message passes amavis, and what leaves passes it twice.
    deadline = 240.0
    pace = 0.8
    variables: dict = {}
    # Of these, Zimbra itself does every one without the gateway, too.
    expected_failures = {
        **postfix.Adapter.expected_failures,
        'O2.unknown': 'the submission services take every recipient, and a bounce follows',
        'T2': 'amavis offers no 8BITMIME for what leaves, so that nothing is recoded behind the DKIM signature',
        **dict.fromkeys(('T3', 'T3.direct'), 'smtputf8_enable is off, and belongs to the configuration daemon'),
        'T4': 'what amavis and OpenDKIM add counts for the size limit when a message comes back from them',
        'I3.user': 'amavis takes away an X-Spam-Flag that is not its own',
        'I6.server': 'reject_non_fqdn_recipient refuses alice@localhost, in words of its own',
        'N7.daemon': 'the site has mail of programs written as from its domain, of which mailer-daemon is the null sender',
        **dict.fromkeys(('O11', 'O11.all', 'O11.line', 'O11.calendar', 'O11.submissions', 'O11.local'), FORGED),
    }
    whole = 'default'
    # The others say something of the hop, which is the same with Postfix, or are refused. A client certificate is shown by
    # molecule/all_variables; that Zimbra itself keeps strangers out by the configuration without a firewall.
    by_default = ('default', 'scope_senders', 'inbound_without_certificate')
    refused = {
        'inbound_washed': 'Zimbra has no place where headers could be taken away by the address of a client',
        'spam_header': 'Zimbra has no place where headers could be taken away by the address of a client',
        'narrow_bypass': "conbool_bypass_null_sender: 'server': a Zimbra cannot tell",
    }
    mailboxes = {user: f'/opt/zimbra/store/{user}@example.com/Maildir' for user in ('alice', 'bob')}
    reordered = []
    # To read a rule of SpamAssassin's amavis is stopped and started. What it has passed on and not said so comes a second time.
    reload_message = ' said: 421 4.3.2 Service shutting down'
    size_limit_command = (f'{COMMON}/sbin/postconf', '-hx', 'message_size_limit')

    def look_request(self):
        return dict(super().look_request(), postfix_queues=[MTA, postfix.HOP])

    def waiting_request(self):
        return dict(super().waiting_request(), postfix_queues=[MTA, postfix.HOP])

    def flush_request(self):
        return dict(super().flush_request(), postfix_queues=[MTA, postfix.HOP])

    def kill_request(self):
        return dict(super().kill_request(), queue_directory='/opt/zimbra/data/postfix/spool')
