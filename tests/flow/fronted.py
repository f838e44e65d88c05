# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server with a Postfix in front that takes all mail from outside: two hosts of the lab as one site."""

from __future__ import annotations

from tests.flow import playbook
from tests.flow.adapters import postfix
from tests.flow.relayed import Relayed

FRONT = 'front'
# Debian's Postfix as the administrator of such a host has it: no mailboxes, and none that the mail server does not know. It
# takes what that takes, and no more.
RELAYING = """set -e
postconf -e 'mydestination = $myhostname, localhost' 'relay_domains = {domains}' 'relay_transport = relay:[{address}]:25' \
    'smtpd_recipient_restrictions = permit_mynetworks, reject_unverified_recipient' 'unverified_recipient_reject_code = 550' \
    'address_verify_poll_delay = 1s' 'address_verify_poll_count = 10' 'message_size_limit = {size}'
sed -i 's/^root:.*/root: alice@example.com/' /etc/aliases
newaliases
postfix reload
"""


class Fronted(Relayed):
    """Mail from outside, from devices of the house as well, comes to the host in front. What waits, waits there or at the
    mail server, to which users and programs hand in theirs."""

    beside = (f'{FRONT}=postfix-debian12',)
    queues = [postfix.MTA, postfix.HOP]

    def __init__(self, lab, host, adapter):
        super().__init__(lab, host, FRONT, adapter)

    def entrance(self, via):
        return FRONT

    def apply(self, configuration, more):
        """The configuration is that of the host in front; the adapter says what the mail server has of its own."""
        domains = ', '.join(configuration['conbool_domains'])
        address = self.lab.addresses[self.host][0]
        text = RELAYING.format(domains=domains, address=address, size=self.size_limit())
        self.lab.run(FRONT, ['sh', '-c', text])
        own = {FRONT: configuration, self.host: {**configuration, **self.adapter.variables}}
        return playbook.run_each(self.lab, 'site.yml', own, more)
