# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares where a message was seen with where it must be: exactly there, exactly as often."""

from __future__ import annotations

import re
from collections import Counter

from tests.flow.model import QUEUE


def problems(places, sightings):
    """What is wrong, one line each; nothing means that the message is where it must be."""
    wanted = Counter()
    for place in places:
        if place.where != 'nowhere':
            for recipient in place.recipients or ('',):
                wanted[place.where, recipient.lower()] += place.count
    seen = Counter((sighting.where, sighting.recipient.lower()) for sighting in sightings)
    found = []
    for key in sorted(wanted | seen):
        if wanted[key] != seen[key]:
            found.append(_difference(key, wanted[key], seen[key]))
    for sighting in sightings:
        found += _always(sighting)
    for place in places:
        for sighting in sightings:
            if sighting.where == place.where and (
                not place.recipients or sighting.recipient.lower() in map(str.lower, place.recipients)
            ):
                found += [f'{sighting}: {text}' for text in _details(place, sighting)]
    return found


def _difference(key, wanted, seen):
    where, recipient = key
    name = where + (f' ({recipient})' if recipient else '')
    if not wanted:
        return f'must not be at {name}, but is there {_times(seen)}'
    return f'expected at {name} {_times(wanted)}, is there {_times(seen)}'


def _times(count):
    return {0: 'never', 1: 'once'}.get(count, f'{count} times')


def _always(sighting):
    """What holds for every message, whatever the case is about."""
    if sighting.where == QUEUE and not sighting.reason:
        yield f'still waiting in a queue for its first try ({sighting.recipient})'
    if sighting.where.endswith('gateway') and not sighting.encrypted:
        yield 'reached the gateway in clear text'


def unverified(sightings, verification):
    """Copies at the gateway whose way there was not verified; `verification`: recipient -> what the sending side's log
    says."""
    levels = {
        sighting.recipient: verification.get(sighting.recipient.lower(), 'nothing')
        for sighting in sightings
        if sighting.where == 'gateway'
    }
    return [
        f"the gateway's certificate was not verified by name: the log says {level} for {recipient}"
        for recipient, level in levels.items()
        if level != 'Verified'
    ]


def _details(place, sighting):
    if place.client_certificate is True and sighting.client_certificate is None:
        yield 'no client certificate was shown'
    if place.client_certificate is False and sighting.client_certificate is not None:
        yield f'the client certificate {sighting.client_certificate} was shown'
    if place.sender is not None and (sighting.sender or '<>') != place.sender:
        yield f'envelope sender is {sighting.sender!r}, not {place.sender!r}'
    if place.reason is not None and not re.search(place.reason, sighting.reason):
        yield f'the reason does not match {place.reason!r}'
    for name in place.present:
        if name not in sighting.message:
            yield f'header {name} is missing'
    for name in place.absent:
        if name in sighting.message:
            yield f'header {name}: {sighting.message[name]} is there'
    if place.contains is not None and place.contains.encode() not in sighting.content:
        yield f'the text {place.contains!r} is not in it'
    given = {item.upper() for item in sighting.esmtp}
    for parameter in place.esmtp:
        if parameter.upper() not in given:
            yield 'ESMTP parameter {} did not arrive, only {}'.format(parameter, ' '.join(sighting.esmtp) or 'none')
