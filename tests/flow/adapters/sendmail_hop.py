# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sendmail in front of the outbound hop: inbound mail is Sendmail's affair, outbound mail the hop's, which is a
Postfix."""

from __future__ import annotations

from tests.flow.adapters import postfix, sendmail


class Adapter(sendmail.Adapter):
    default_host = 'sendmail-hop-debian12'
    other_hosts = ('sendmail-hop-debian13',)
    sends = 'conbool-hop'
    variables = {'sendmail_smarthost_decision': 'hop'}
    judges_on_arrival = False
    # What the others say is the hop's affair, as with Postfix, or inbound mail, as without the hop. A client certificate is
    # shown by molecule/all_variables.
    by_default = ('default', 'inbound_washed', 'scope_senders')
    # What the hop sees, Sendmail need not see.
    expected_failures = {
        **{case: reason for case, reason in sendmail.Adapter.expected_failures.items() if reason != sendmail.NESTED},
        **{case: reason for case, reason in postfix.Adapter.expected_failures.items() if reason != postfix.NUL},
    }

    def look_request(self):
        return dict(super().look_request(), postfix_queues=[postfix.HOP])

    def waiting_request(self):
        return dict(super().waiting_request(), postfix_queues=[postfix.HOP])

    def flush_request(self):
        return dict(super().flush_request(), postfix_queues=[postfix.HOP])

    @staticmethod
    def lines_about(token, lines):
        chosen = set(sendmail.Adapter.lines_about(token, lines) + postfix.Adapter.lines_about(token, lines))
        return [line for line in lines if line in chosen]

    @staticmethod
    def verification(tokens, lines, gateway):
        """Only the hop speaks to the gateway."""
        return postfix.Adapter.verification(tokens, lines, gateway)
