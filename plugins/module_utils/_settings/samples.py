# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages and header lines whose effect is certain under the settings. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# No such domain will ever exist (RFC 2606).
OUTSIDE = 'conbool-verify.invalid'


def certain_routes(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return messages whose way is certain, each with C(sender), C(recipient) and whether it goes through the
    C(hop)."""
    domains, outside = settings['domains'], 'someone@' + OUTSIDE
    samples = [{'sender': outside, 'recipient': 'postmaster@' + domain, 'hop': False} for domain in domains]
    if settings['scope'] == 'all':
        # Forwarded mail and notices leave through the gateway too.
        senders = ['postmaster@' + domain for domain in domains] + ['forwarded@' + OUTSIDE, '']
        return samples + [{'sender': sender, 'recipient': outside, 'hop': True} for sender in senders]
    listed = settings['scope_senders']
    samples += [
        {'sender': 'conbool-verify' + sender if sender.startswith('@') else sender, 'recipient': outside, 'hop': True}
        for sender in listed
    ]
    others = ['conbool-verify@' + domain for domain in domains + [OUTSIDE] if '@' + domain not in listed]
    return samples + [{'sender': sender, 'recipient': outside, 'hop': False} for sender in others]


def certain_headers(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return header lines, each with C(header) and whether the message goes C(direct)."""
    marks = [f'{header}: true' for header in settings['loop_headers']] + ['X-Conbool-Released: yes']
    samples = [{'header': header, 'direct': True} for header in marks]
    calendar = settings['bypass_calendar']
    samples.append({'header': 'Content-Type: text/calendar; method=REQUEST', 'direct': bool(calendar)})
    if calendar == 'itip':
        samples.append({'header': 'Content-Type: text/calendar', 'direct': False})
    return samples + [
        {'header': header, 'direct': False}
        for header in (
            'Subject: X-Conbool-Released: yes',
            'Content-Type: text/plain',
            'X-Conbool-{}: true'.format(OUTSIDE.replace('.', '-')),
        )
    ]
