# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be so once a mail server uses the gateway, as rows. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED

CAPTURED = (
    'Make the mail server responsible for the domain, or take out what leads this sender to the gateway. Then run'
    ' site.yml.'
)
WRONG = 'Run site.yml: it makes anew what looks at headers.'
WAITS = (
    'Mend what the reason says; rows on the gateway and on drift tell more. Nothing of it is lost. What waits is tried'
    ' again later, or at once: postqueue -f, with -c and the configuration directory for the hop, or sendmail -q.'
)


def route_row(sample: Mapping[str, Any], through: bool, way: str, hint: str) -> dict[str, Any]:
    """Return the row on the way of one message.

    Args:
        sample: of certain_routes(); its C(hop) says whether it has to go C(through).
        through: whether it does.
        way: which way it goes.
        hint: what may lead it past the gateway.
    """
    target = '<{}> to <{}>'.format(sample['sender'], sample['recipient'])
    if through == sample['hop']:
        return row('route.ok', target, GREEN, way)
    if sample['hop']:
        return row('route.bypass', target, RED, f'{way}, which is not the way to the gateway', hint)
    return row('route.captured', target, RED, f'{way}, though this mail must not go there', CAPTURED)


def header_row(sample: Mapping[str, Any], direct: bool, said: str) -> dict[str, Any]:
    """Return the row on one header line: of certain_headers(), whether such a message goes direct, and who said
    what."""
    if direct == sample['direct']:
        return row('header.ok', sample['header'], GREEN, 'goes direct' if direct else 'goes to the gateway')
    return row('header.wrong', sample['header'], RED, said, WRONG)


def queue_row(name: str, messages: Sequence[str], put_off: Sequence[str], stuck: Sequence[str] = ()) -> dict[str, Any]:
    """Return the row on a queue.

    Args:
        name: whose queue it is.
        messages: the messages in it, a line each.
        put_off: those of them that were put off while somebody looked, for something that a person has to mend.
        stuck: those that wait for something that a person has to mend.
    """
    if put_off:
        return row(
            'queue.grows',
            name,
            RED,
            '{} messages, put off while we looked: {}'.format(len(messages), '; '.join(put_off[:3])),
            WAITS,
        )
    if stuck:
        return row(
            'queue.stuck',
            name,
            RED,
            '{} of {} messages do not get on: {}'.format(len(stuck), len(messages), '; '.join(stuck[:3])),
            WAITS,
        )
    if messages:
        return row('queue.waiting', name, GREEN, f'{len(messages)} messages, such as {messages[0]}', severity='low')
    return row('queue.ok', name, GREEN, 'empty')
