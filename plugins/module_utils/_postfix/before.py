# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a customer's Postfix had before outbound mail was led to the hop, and what still has to go by it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

TRANSPORT = 'conbool-hop'
SENDERS_TABLE = 'conbool_senders'

# A value that was set here, and Postfix's own default.
_OURS = {
    'default_transport': (re.compile(rf'{TRANSPORT}:'), 'smtp'),
    'sender_dependent_default_transport_maps': (re.compile(rf'texthash:\S*/{SENDERS_TABLE}([,\s]+|\Z)'), ''),
}


def former(info: Mapping[str, Any], name: str) -> str:
    """Return the value that one of the parameters which lead mail to the hop has had before.

    Args:
        info: what C(postfix_info) returned; nothing of it is known of another MTA.
        name: C(default_transport) or C(sender_dependent_default_transport_maps).
    """
    ours, default = _OURS[name]
    value = info.get('parameters', {}).get(name, default)
    if not ours.match(value):
        return value
    # What somebody has added behind ours counts, and not what was there once.
    rest = value[ours.match(value).end() :] if name != 'default_transport' else ''
    recorded = info.get('originals', {}).get(name)
    return rest or (recorded if name == 'default_transport' and recorded is not None else default)


def probes(info: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    """Return the parameters with which address verification goes on asking whom it asked before.

    Each C(address_verify_<name>) follows C($<name>). The hop takes every recipient, and would call all of them
    deliverable.

    Args:
        info: what C(postfix_info) returned.
        names: of the parameters that are set.
    """
    found = {}
    for name in names:
        probe = 'address_verify_' + name
        # One that follows nothing is as the site has it, or as it was set here.
        value = info.get('configured', {}).get(probe, info['parameters'].get(probe))
        if value is not None:
            follows = re.compile(rf'\$({name}\b|\{{{name}\}}|\({name}\))')
            found[probe] = follows.sub(lambda match, name=name: former(info, name), value)
    return found
