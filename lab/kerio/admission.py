# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may say what on which port: each check with its exception group. Each returns a refusal, or None."""

from __future__ import annotations

import ipaddress
import time
from collections import Counter

from . import message

# What the double does with a refusal of a service's group.
CLOSE = ''
RELAYING = '550 5.7.1 Relaying is denied'
LOG_IN = '550 5.7.1 Authentication Required'
HOUR = 60
# Addresses that are asked of no list in the DNS.
NEVER_LISTED = ('127.0.0.1', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16')


class Guest:
    """A client of one connection, as the checks see it."""

    def __init__(self, address: str, service: str):
        self.address = address
        self.service = service
        self.user = ''
        self.tls = False
        self.sender = ''
        self.recipients = 0
        # What blacklists have given the client, and with them SPF and the like the message.
        self.listed = self.score = 0


class Admission:
    """The checks, with what they remember of addresses."""

    def __init__(self, state):
        self.state = state
        self.open: Counter = Counter()
        self.messages: Counter = Counter()
        self.unknown: Counter = Counter()
        self.triplets: dict[tuple, float] = {}
        self.locked: dict[str, float] = {}

    # --- at connect

    def allowed(self, guest: Guest) -> bool:
        """By the group of the service."""
        group = self.state.service(guest.service)['group']
        return not group['isUsed'] or self.state.in_group(group['ipGroup']['id'], guest.address)

    def connect(self, guest: Guest) -> str | None:
        data = self.state.data
        if not self.allowed(guest):
            self.state.journal.log('security', f'{guest.service}: connection from {guest.address} rejected by group')
            refusal = self.state.profile.group_refusal
            return CLOSE if refusal == 'close' else f'{refusal} 4.3.2 Connection rejected by policy'
        limit = self.state.service(guest.service)['connectionLimit']
        if limit['isSet'] and sum(self.open.values()) >= limit['value']:
            return '421 4.7.0 Too many connections'
        if not self._unlimited(guest):
            if time.monotonic() < self.locked.get(guest.address, 0):
                return '421 4.7.0 Too many unknown recipients'
            if self._over('maximumConnections', self.open[guest.address] + 1):
                return '421 4.7.0 Too many connections from your address'
        if self._blacklisted(guest):
            return '554 5.7.1 Your address is on a blacklist'
        if data['smtp']['verifyClientRDnsEntry'] and guest.address not in self.state.world.named:
            return '554 5.7.1 Your address has no name in the DNS'
        return None

    def _blacklisted(self, guest):
        """By the administrator's own list, whatever the address; by lists in the DNS but for the white list."""
        setting, lists = self.state.data['antispam'], []
        black = setting['customBlackList']
        if black['enabled'] and self.state.in_group(black['id'], guest.address):
            lists.append(black)
        excepted = _within(guest.address, NEVER_LISTED) or self.state.excepted(
            setting['customWhiteList'], guest.address
        )
        if not excepted and _within(guest.address, self.state.world.listed):
            lists += [one for one in self.state.data['blacklists'] if one['enabled']]
        guest.listed = sum(one['score'] for one in lists if one['action'] == 'ScoreMessage')
        return any(one['action'] == 'BlockMessage' for one in lists)

    def greeting_delay(self, guest: Guest) -> float:
        """Seconds of the spam repellent; who talks before they are over is sent away."""
        repellent = self.state.data['antispam']['repellentSetting']
        if not repellent['enabled'] or self.state.excepted(repellent['customWhiteList'], guest.address):
            return 0
        return repellent['delay'] * self.state.world.second

    def _unlimited(self, guest):
        return self.state.in_group(self.state.data['smtp']['ipBasedLimit']['ipAddressGroupId'], guest.address)

    def _over(self, name, number):
        limit = self.state.data['smtp']['ipBasedLimit'][name]
        return limit['isActive'] and number > limit['limit']

    # --- the sender

    def mail(self, guest: Guest, size: int) -> str | None:
        state, smtp = self.state, self.state.data['smtp']
        if (refusal := self._policy(guest)) is not None:
            return refusal
        limit = state.bytes(smtp['messageSize'])
        if limit and size > limit:
            return '552 5.3.4 Message is too large'
        if not self._unlimited(guest) and self._over('maximumFromIp', self.messages[guest.address] + 1):
            return '450 4.7.1 Too many messages from your address'
        name = guest.sender.rpartition('@')[2].lower()
        domain = state.domain(name) if name else None
        if smtp['blockUnknownDns'] and name and not domain and name not in state.world.exchangers:
            return '550 5.1.8 The domain of the sender does not exist'
        return self._own_sender(guest, domain) if domain else None

    def _policy(self, guest):
        """By the service and the security policy."""
        profile, security = self.state.profile, self.state.data['security']
        required = security['mode'] == 'SPEncryptionRequired' and profile.encryption_required_on_25
        excepted = self.state.excepted(security['encryptionExceptionGroup'], guest.address)
        if required and not guest.tls and not excepted:
            return '530 5.7.0 Must issue a STARTTLS command first'
        if guest.user or guest.service == 'SMTP':
            return None
        open_port = profile.open_465 if guest.service == 'Secure SMTP' else profile.open_587
        return None if open_port else '530 5.7.0 Authentication Required'

    def _own_sender(self, guest, domain):
        """A sender of this server, from outside."""
        policy, smtp = self.state.data['sender_policy'], self.state.data['smtp']
        if self.state.excepted(policy['IPWhiteList'], guest.address):
            return None
        if guest.user:
            mine = guest.user.rpartition('@')[2].lower() in (domain['name'], *domain['aliasList'])
            return '550 5.7.1 Not your address' if policy['antiSpoofingEnabled'] and not mine else None
        if policy['authenticationRequired'] or smtp['requireLocalDomainSenderAuth']:
            return LOG_IN
        if policy['antiSpoofingEnabled'] or domain['checkSpoofedSender']:
            return '550 5.7.1 The sender is spoofed'
        return None

    # --- each recipient

    def recipient(self, guest: Guest, address: str) -> str | None:
        state, smtp = self.state, self.state.data['smtp']
        limit = smtp['maximumRecipients']
        if limit['isActive'] and guest.recipients >= limit['limit']:
            return '452 4.5.3 Too many recipients'
        local_part, dummy, name = address.rpartition('@')
        domain = state.domain(name)
        if domain is None:
            return self._relay(guest)
        if not self._known(domain, local_part):
            return self._unknown_recipient(guest, address)
        if guest.user or state.in_group(smtp['relayControl']['ipAddressGroupId'], guest.address):
            return None
        return self._origin(guest) or self._greylisted(guest, address)

    def _relay(self, guest):
        control = self.state.data['smtp']['relayControl']
        if not control['isRestricted'] or (guest.user and control['authenticateOutgoing']):
            return None
        if self.state.in_group(control['ipAddressGroupId'], guest.address):
            return None
        self.state.journal.count('smtpServer.rejectedRelays')
        return RELAYING

    def _known(self, domain, local_part):
        state = self.state
        return bool(
            state.user(domain, local_part)
            or state.named('aliases', domain, local_part)
            or state.named('lists', domain, local_part)
            or domain['forwardingOptions']['isEnabled']
        )

    def _unknown_recipient(self, guest, address):
        if not self._unlimited(guest):
            self.unknown[guest.address] += 1
            if self._over('maximumUnknowns', self.unknown[guest.address]):
                self.locked[guest.address] = time.monotonic() + HOUR * self.state.world.minute
        return f'550 5.1.1 <{address}>: the user is not known here'

    def _origin(self, guest):
        """SPF and Caller ID, which say the same here: from which networks a domain sends."""
        setting, name = self.state.data['antispam'], guest.sender.rpartition('@')[2].lower()
        allowed = self.state.world.senders.get(name)
        if allowed is None or _within(guest.address, allowed):
            return None
        for check in (setting['spfSetting'], setting['callerSetting']):
            if not check['enabled'] or self.state.excepted(check['exceptionIpGroup'], guest.address):
                continue
            if check['action'] == 'BlockAction':
                return f'550 5.7.23 {guest.address} does not send for {name}'
            if check['action'] == 'ScoreAction':
                guest.score += check['score']
        return None

    def _greylisted(self, guest, address):
        setting = self.state.data['antispam']['greylistingStatus']
        if not setting['enabled'] or self.state.excepted(setting['customWhiteList'], guest.address):
            return None
        key = (guest.address, guest.sender.lower(), address.lower())
        known = self.triplets.setdefault(key, time.monotonic())
        if time.monotonic() - known >= self.state.world.minute:
            return None
        self.state.journal.count('greylisting.messagesDelayed')
        return '451 4.7.1 Greylisted: try again later'

    # --- the message

    def content(self, raw: bytes) -> str | None:
        smtp = self.state.data['smtp']
        limit = self.state.bytes(smtp['messageSize'])
        if limit and len(raw) > limit:
            return '552 5.3.4 Message is too large'
        if len(message.values(raw, 'Received')) > smtp['readerHops']:
            return '554 5.4.6 Too many hops: this is a loop'
        return None

    def accepted(self, guest: Guest) -> None:
        self.messages[guest.address] += 1
        self.state.journal.count('smtpServer.acceptedMessages')


def _within(address, networks):
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(network) for network in networks)
