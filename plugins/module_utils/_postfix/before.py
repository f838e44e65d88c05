# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a customer's Postfix had before outbound mail was led to the hop, and what still has to go by it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

TRANSPORT = 'conbool-hop'
SENDERS_TABLE, OVERRIDE_TABLE, OUTSIDE_TABLE = 'conbool_senders', 'conbool_override', 'conbool_outside'
BY_SENDER, BY_RECIPIENT = 'sender_dependent_default_transport_maps', 'transport_maps'
ROUTES = (BY_SENDER, BY_RECIPIENT, 'default_transport')

# Ours is one map in front of what is there.
OURS = re.compile(rf'\A(?:texthash|regexp):[^\s,]*/(?:{SENDERS_TABLE}|{OVERRIDE_TABLE}|{OUTSIDE_TABLE})(?:[,\s]+|\Z)')
# Ours takes the place of what was there, which is Postfix's default where main.cf said nothing.
_INSTEAD = {'default_transport': (TRANSPORT + ':', 'smtp')}


def former(info: Mapping[str, Any], name: str) -> str:
    """Return the value that a parameter has without what leads mail to the hop.

    Args:
        info: what C(postfix_info) returned; nothing of it is known of another MTA.
        name: of the parameter.
    """
    ours, default = _INSTEAD.get(name, ('', ''))
    value = info.get('parameters', {}).get(name, default)
    if ours and value.startswith(ours):
        recorded = info.get('originals', {}).get(name)
        return default if recorded is None else recorded
    return OURS.sub('', value.strip()) if name in (BY_SENDER, BY_RECIPIENT) else value


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
