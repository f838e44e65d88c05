# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One attempt to deliver a message: mailboxes, aliases, forwardings, lists, and the way out."""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from email.message import EmailMessage
from email.policy import SMTP

from . import bounces, message, outgoing
from .routing import Route, route

DELIVERED = (250, 'delivered')
UNKNOWN = (550, '5.1.1 The user is not known here')
INBOX, JUNK = 'INBOX', 'Junk E-mail'


class Delivery:
    """`deliver(queued)` for the queue."""

    def __init__(self, state):
        self.state = state
        self.queue = None
        # Who was told already that somebody is away: (user, sender).
        self.answered: set = set()

    def deliver(self, queued) -> dict:
        """Returns recipient -> (code, text) of those that were not delivered."""
        replies, outside = {}, defaultdict(list)
        for recipient in queued.recipients:
            for address in self._expanded(queued, recipient, replies):
                outside[str(address[0])].append((address[0], address[1], recipient))
        for group in outside.values():
            self._send(queued, group, replies)
        return {recipient: reply for recipient, reply in replies.items() if reply[0] >= 400}

    # --- people of this server

    def _expanded(self, queued, recipient, replies):
        """Delivers what is local; returns (route, address) of what is not."""
        state = self.state
        local_part, dummy, name = recipient.rpartition('@')
        with state.lock:
            domain = state.domain(name)
            if domain is None:
                return [(route(state, queued.sender, recipient), recipient)]
            replies[recipient] = DELIVERED
            mailing_list = state.named('lists', domain, local_part)
            if mailing_list:
                self._to_list(queued, recipient, mailing_list)
                return []
            alias = state.named('aliases', domain, local_part)
            if alias:
                return self._onward(queued, recipient, _addresses(alias['deliverTo']), replies)
            user = state.user(domain, local_part)
            if user:
                return self._to_user(queued, recipient, user, replies)
            forwarding = domain['forwardingOptions']
            if forwarding['isEnabled']:
                if state.profile.domain_forwarding == 'rules':
                    return [(route(state, queued.sender, recipient), recipient)]
                return [(Route('forward', forwarding['host'], forwarding['port']), recipient)]
            replies[recipient] = UNKNOWN
            return []

    def _onward(self, queued, recipient, addresses, replies):
        """The same message to other addresses: sender and headers stay."""
        found = []
        for address in addresses:
            key = address.lower()
            if key in queued.seen:
                continue
            queued.seen.append(key)
            inner: dict = {}
            found += self._expanded(queued, address, inner)
            for reply in inner.values():
                if reply[0] >= 400:
                    self._undelivered(queued, address, recipient, reply, replies)
        return found

    def _to_user(self, queued, recipient, user, replies):
        state, own = self.state, self.state.address(user)
        forwarding = user['emailForwarding']
        if forwarding['mode'] != 'UForwardYes':
            self._store(queued, recipient, user, own)
        found = []
        if forwarding['mode'] in ('UForwardYes', 'UForwardDeliver'):
            found = self._forward(queued, recipient, forwarding['emailAddresses'], own, replies)
        for address in user.get('_redirect', []):
            sender = {'original': queued.sender, 'user': own, 'null': ''}[state.profile.redirect_sender]
            self.queue.add(sender, [address], queued.raw, 'Sieve')
        self._answer(queued, user, own)
        return found

    def _forward(self, queued, recipient, addresses, own, replies):
        profile = self.state.profile
        if profile.forward_sender == 'original' and profile.forward_headers == 'kept':
            return self._onward(queued, recipient, addresses, replies)
        sender = queued.sender if profile.forward_sender == 'original' else own
        raw = queued.raw if profile.forward_headers == 'kept' else _attached(queued.raw, own, addresses)
        self.queue.add(sender, addresses, raw, 'Queue')
        return []

    def _answer(self, queued, user, own):
        automatic = message.values(queued.raw, 'Auto-Submitted') or message.values(queued.raw, 'List-Id')
        key = (own, queued.sender.lower())
        if not user.get('_vacation') or not queued.sender or automatic or queued.tagged or key in self.answered:
            return
        self.answered.add(key)
        sender = '' if self.state.profile.vacation_sender == 'null' else own
        self.queue.add(sender, [queued.sender], bounces.away(self.state, own, queued.sender), 'Sieve')

    def _to_list(self, queued, recipient, mailing_list):
        owner = mailing_list['name'] + '-owner@' + recipient.rpartition('@')[2]
        sender = owner if self.state.profile.list_sender == 'owner' else queued.sender
        raw = message.without(queued.raw, ('list-id', 'reply-to'))
        raw = message.prepended(raw, f'List-Id: <{recipient.replace("@", ".")}>', f'Reply-To: {recipient}')
        self.queue.add(sender, mailing_list['_members'], raw, 'List')

    def _store(self, queued, recipient, user, own):
        state = self.state
        folder = INBOX
        flagged = any(value.upper() == 'YES' for value in message.values(queued.raw, 'X-Spam-Flag'))
        if user.get('_junk_rule') and (queued.tagged or (state.profile.junk_rule == 'header' and flagged)):
            folder = JUNK
        raw = message.prepended(queued.raw, f'Return-Path: <{queued.sender}>')
        if state.data['advanced']['miscellaneous']['insertXEnvelopeTo']:
            raw = message.prepended(raw, f'X-Envelope-To: {recipient}')
        place = mailbox(state, own, folder)
        place.mkdir(parents=True, exist_ok=True)
        name = f'{queued.identity}-{secrets.token_hex(4)}.eml'
        # Whoever looks sees whole messages only.
        (place.parent / name).write_bytes(raw)
        (place.parent / name).replace(place / name)
        state.journal.count('deliveredToLocals')
        self._log(queued, own, 'delivered', (250, '2.0.0 delivered'))

    # --- everybody else

    def _send(self, queued, group, replies):
        """One connection for all recipients of a route; group is (route, address, recipient that it stands for)."""
        way = group[0][0]
        addresses = list(dict.fromkeys(address for dummy, address, dummy2 in group))
        raw = queued.raw
        if queued.sender and not message.values(raw, 'X-Footer'):
            raw = message.prepended(raw, message.footer(queued.sender))
        self.state.journal.count('smtpClient.connectionAttempts')
        outcome = outgoing.send(self.state, way, queued.sender, addresses, raw)
        for dummy, address, recipient in group:
            code, text = outcome.replies[address]
            if code < 400:
                self.state.journal.count('transmitted', 'relay' if way.way == 'relay' else 'mx')
                self._log(queued, address, 'relayed', (code, text), outcome.address)
                replies.setdefault(recipient, DELIVERED)
                continue
            self._log(queued, address, 'failed' if code >= 500 else 'delayed', (code, text), outcome.address)
            self._undelivered(queued, address, recipient, (code, text), replies)

    def _undelivered(self, queued, address, recipient, reply, replies):
        if address == recipient:
            replies[recipient] = reply
            return
        # The other copies are delivered: this one goes on by itself.
        replies.setdefault(recipient, DELIVERED)
        if reply[0] < 500:
            self.queue.add(queued.sender, [address], queued.raw, 'Queue', next_try=self._later())
        elif queued.sender:
            told = bounces.notice(self.state, queued.sender, {address: reply}, 'failed', queued.raw)
            self.queue.add('', [queued.sender], told, 'DSN')

    def _later(self):
        return time.time() + self.state.seconds(self.state.data['smtp']['retryInterval'])

    def _log(self, queued, recipient, result, reply, host=''):
        where = f', Remote-Host: {host}' if host else ''
        self.state.journal.log(
            'mail',
            f'Sent: Queue-ID: {queued.identity}, Recipient: <{recipient}>, Result: {result}, '
            f'Status: {reply[0]} {reply[1]}{where}',
        )


def mailbox(state, address: str, folder: str):
    """The directory of a folder's messages."""
    local_part, dummy, domain = address.rpartition('@')
    return state.folder / 'store/mail' / domain / local_part / folder / '#msgs'


def _addresses(text):
    return [part.strip() for part in text.split(',') if part.strip()]


def _attached(raw, own, addresses):
    told = EmailMessage(policy=SMTP)
    told['From'], told['To'], told['Subject'] = own, ', '.join(addresses), 'Forwarded message'
    told.set_content('A message was forwarded.\n')
    told.add_attachment(raw, maintype='application', subtype='octet-stream', filename='message.eml')
    return told.as_bytes()
