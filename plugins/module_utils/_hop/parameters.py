# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every parameter of Postfix 3.1 to 3.10, and what becomes of it in the outbound hop.

What changes the bytes or the envelope of a message that leaves, its bounces, how long it is tried, or as whom the host
speaks, is as it was when the MTA itself sent it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import (
    parameters_left,
    parameters_taken,
    parameters_unread,
)

KINDS = {
    'mta': 'taken over from main.cf of the MTA',
    'client': 'taken over from its smtp(8) client, for all that leaves',
    'direct': 'taken over from its smtp(8) client, for mail that goes direct',
    'mx': 'the same, unless the MTA spoke to a relay host only',
    'hop': 'set for the hop',
    'not': 'on purpose not taken over',
    'unread': 'read by no program of the hop',
}

# What qmgr(8) reads for one transport, here the MTA's client; without a value of its own, from the other name.
LIMITS = {
    'destination_concurrency_failed_cohort_limit': 'default_destination_concurrency_failed_cohort_limit',
    'destination_concurrency_limit': 'default_destination_concurrency_limit',
    'destination_concurrency_negative_feedback': 'default_destination_concurrency_negative_feedback',
    'destination_concurrency_positive_feedback': 'default_destination_concurrency_positive_feedback',
    'destination_rate_delay': 'default_destination_rate_delay',
    'destination_recipient_limit': 'default_destination_recipient_limit',
    'initial_destination_concurrency': 'initial_destination_concurrency',
    'transport_rate_delay': 'default_transport_rate_delay',
}
# Names that Postfix makes of the services in master.cf.
TRANSPORT = re.compile(
    r'[\w.-]+_({}|(delivery_slot_(cost|discount|loan)|extra_recipient_limit|minimum_delivery_slots|recipient_limit'
    r'|recipient_refill_(delay|limit)|time_limit))\Z'.format('|'.join(LIMITS))
)

# Their defaults follow what is another in the hop: its name, and its compatibility_level. The last ones are the
# programs', which the hop's unit names.
ALWAYS = (
    'mydomain',
    'myorigin',
    'smtp_delivery_status_filter',
    'smtp_helo_name',
    'smtp_tls_fingerprint_digest',
    'smtputf8_enable',
    'command_directory',
    'daemon_directory',
    'mail_owner',
    'setgid_group',
)


class Parameter(NamedTuple):
    """What becomes of a parameter, one of KINDS, and why."""

    kind: str
    why: str


_GROUPS = parameters_taken.GROUPS + parameters_left.GROUPS + parameters_unread.GROUPS
PARAMETERS = {name: Parameter(kind, why) for kind, why, names in _GROUPS for name in names.split()}


def of_kind(*kinds: str) -> list[str]:
    """Return the names of the parameters of these kinds."""
    return [name for name, parameter in PARAMETERS.items() if parameter.kind in kinds]


def known(name: str) -> bool:
    """Return whether it is decided what becomes of a parameter."""
    return name in PARAMETERS or TRANSPORT.match(name) is not None
