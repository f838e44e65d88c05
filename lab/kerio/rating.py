# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spam: custom rules in their order, the score, and what comes of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import getaddresses

from . import message

# The vendor's list; "others are not supported".
KNOWN_HEADERS = ('from', 'to', 'cc', 'subject', 'sender', 'x-envelope-to', 'received')
# What the double's own engine knows: spam, and what is worse and passes over all rules.
SPAM, MALWARE = b'LAB-SPAM', b'LAB-MALWARE'
SPAM_HEADERS = ('x-spam-flag', 'x-spam-status', 'x-spam-level')


@dataclass
class Verdict:
    rated: bool = False
    score: int = 0
    tagged: bool = False
    # '' for delivery; 'refuse' while the client waits; 'discard'.
    end: str = ''
    bounce: bool = False
    quarantine: str = ''
    # What decided.
    why: str = ''


def rate(state, raw: bytes, recipients: list[str], address: str, user: str, score: int = 0) -> Verdict:
    """The verdict on a message.

    Args:
        user: who logged in; empty for nobody.
        score: what checks of the connection have given it already.
    """
    setting, data = state.data['antispam'], state.data
    malware = state.profile.numbers >= (9,) and setting['integratedAntiSpamSetting']['enabled'] and MALWARE in raw
    if malware:
        return Verdict(True, end='refuse', why='malware')
    own = user or state.in_group(data['smtp']['relayControl']['ipAddressGroupId'], address)
    if own and not setting['isRatingRelayEnabled']:
        return Verdict(why='of a client that may relay')
    verdict = Verdict(rated=True, score=score)
    if not _rules(state, raw, recipients, verdict):
        return verdict
    if not setting['isRatingEnabled']:
        verdict.rated, verdict.score = False, 0
        return verdict
    _engine(state, raw, verdict)
    verdict.tagged = verdict.score >= setting['tagScore']
    off = 10 * state.profile.score_scale
    if verdict.score >= setting['blockScore'] and setting['blockScore'] < off:
        verdict.end, verdict.why = 'discard', 'score'
        verdict.bounce, verdict.quarantine = setting['sendBounce'], _optional(setting['quarantineAddress'])
    return verdict


def _optional(setting):
    return setting['value'] if setting['enabled'] else ''


def _rules(state, raw, recipients, verdict):
    """Goes through the custom rules; False when one of them ended it."""
    setting = state.data['antispam']
    for rule in state.data['custom_rules']:
        if not rule['enabled'] or not matches(rule, raw, recipients, state.profile):
            continue
        verdict.why = rule['description']
        if rule['action'] == 'TreatAsNotSpam':
            verdict.score = 0
            return False
        if rule['action'] == 'TreatAsSpam':
            verdict.end = 'refuse' if setting['useCustomRulesInSmtp'] else 'discard'
            verdict.bounce = setting['sendBounceCustom']
            verdict.quarantine = _optional(setting['quarantineAddressCustom'])
            return False
        if rule['action'] == 'IncreaseSpamScore':
            verdict.score += rule['score']
    return True


def _engine(state, raw, verdict):
    if SPAM in raw:
        verdict.score += 6 * state.profile.score_scale
    own = state.data['antispam']['integratedAntiSpamSetting']
    if state.profile.antispam_reads_received and state.profile.numbers >= (9,) and own['enabled']:
        lines = ' '.join(message.values(raw, 'Received'))
        if any(f'[{address}]' in lines for address in state.world.infamous):
            verdict.score += own['score']


def matches(rule: dict, raw: bytes, recipients: list[str], profile) -> bool:
    """Whether a custom rule holds for a message."""
    if rule['kind'] == 'Body':
        body = raw.partition(b'\r\n\r\n')[2].decode('utf-8', 'replace').replace('\r\n', '\n')
        return re.search(rule['content'], body, re.MULTILINE) is not None
    name = rule['header'].lower()
    if name not in KNOWN_HEADERS and profile.custom_headers != 'any':
        return False
    if name == 'x-envelope-to':
        held = list(recipients)
    else:
        held = [
            message.unfolded(value) if profile.custom_folded == 'unfolded' else value.partition('\r\n')[0].strip()
            for key, value in message.fields(raw)
            if key == name
        ]
    if name == 'received' and profile.custom_received == 'first':
        held = held[:1]
    return _holds(rule['type'], rule['content'], held)


def _holds(kind, content, held):
    if kind == 'IsMissing':
        return not held
    if kind == 'IsEmpty':
        return any(not value for value in held)
    if kind == 'ContainsSubstring':
        return any(_wildcards(content).search(value) for value in held)
    addresses = [address.lower() for dummy, address in getaddresses(held)]
    if kind == 'ContainsAddress':
        return content.lower() in addresses
    if kind == 'ContainsDomain':
        return any(address.endswith('@' + content.lower().lstrip('@')) for address in addresses)
    if kind == 'ContainsBinary':
        return any(content in value for value in held)
    # Of a later version.
    return False


def _wildcards(content):
    pattern = ''.join({'*': '.*', '?': '.'}.get(sign, re.escape(sign)) for sign in content)
    return re.compile(pattern, re.IGNORECASE)


def marked(state, raw: bytes, verdict: Verdict) -> bytes:
    """With the headers of its verdict."""
    if state.profile.strip_spam_headers:
        raw = message.without(raw, SPAM_HEADERS)
    if not verdict.rated:
        return raw
    setting, scale = state.data['antispam'], state.profile.score_scale
    shown, tag = verdict.score / scale, setting['tagScore'] / scale
    said = 'Yes' if verdict.tagged else 'No'
    raw = message.prepended(
        raw,
        f'X-Spam-Level: {"*" * int(shown)}',
        f'X-Spam-Status: {said}, hits={shown:.1f} required={tag:.1f}',
    )
    if state.profile.rules and setting['integratedAntiSpamSetting']['enabled']:
        raw = message.prepended(raw, f'X-Kerio-Anti-Spam: lab-double; score={shown:.1f}')
    return message.prepended(raw, 'X-Spam-Flag: YES') if verdict.tagged else raw
