# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a recipient's copy goes: a relay rule, the recipient's MX, another host of the same domain."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass
class Route:
    # relay, mx or forward.
    way: str
    host: str
    port: int
    user: str = ''
    password: str = ''
    log_in: bool = False

    def __str__(self):
        return f'{self.way} {self.host}:{self.port}'


def route(state, sender: str, recipient: str) -> Route:
    """The way out for an address that is nobody's here."""
    if not state.profile.rules:
        options = state.data['smtp']['smtpOptions']
        return _relay(options) if options['isUsedRelay'] else _exchanger(recipient)
    rule = chosen(state.data['relay_rules'], sender, recipient, state.profile)
    return _relay(rule) if rule else _exchanger(recipient)


def _relay(rule):
    login = rule['authentication']
    return Route(
        'relay', rule['hostName'], rule['port'], login['userName'], login['password'], bool(login['isRequired'])
    )


def _exchanger(recipient):
    return Route('mx', recipient.rpartition('@')[2].lower(), 25)


def chosen(rules: list[dict], sender: str, recipient: str, profile) -> dict | None:
    """The enabled rule that decides, None for the recipient's MX."""
    found = [rule for rule in rules if rule['isEnabled'] and holds(rule['condition'], sender, recipient, profile)]
    if not found:
        return None
    return found[0] if profile.relay_order == 'first' else found[-1]


def holds(condition: dict, sender: str, recipient: str, profile) -> bool:
    """Whether a rule's condition holds for an envelope."""
    if condition['test'] == 'RelayCondNone':
        return True
    if condition['test'] not in ('RelayCondSender', 'RelayCondRecipient'):
        # Of a later version.
        return False
    address = sender if condition['test'] == 'RelayCondSender' else recipient
    if not address and profile.pattern_null_sender == 'never':
        return False
    equal = like(condition['pattern'], address, profile)
    return equal if condition['comparator'] == 'RelayCompEqual' else not equal


def like(pattern: str, address: str, profile) -> bool:
    """Whether a pattern stands for an address."""
    if '@' not in pattern and '*' not in pattern and profile.pattern_bare_domain == 'addresses':
        pattern = f'*@{pattern}'
    signs = {'*': '.*'} if profile.pattern_question == 'literal' else {'*': '.*', '?': '.'}
    local_part, at, domain = pattern.rpartition('@')
    text = ''.join(signs.get(sign, re.escape(sign)) for sign in local_part) + at
    if profile.pattern_subdomains == 'yes' and at:
        text += r'(?:.*\.)?'
    text += ''.join(signs.get(sign, re.escape(sign)) for sign in domain)
    flags = re.IGNORECASE if profile.pattern_case == 'insensitive' else 0
    return re.fullmatch(text, address, flags) is not None
