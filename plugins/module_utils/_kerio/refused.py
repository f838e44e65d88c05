# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the change of a Kerio Connect is refused, as far as the settings say. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import outbound, redirect, swap
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.site import Site


def problems(present: Site, settings: Mapping[str, Any], active: list[str]) -> list[str]:
    """Return what cannot be, naming the variable.

    Args:
        active: the files with the certificate that Kerio Connect shows.
    """
    found = []
    for rule in outbound.past_the_gateway(present, settings):
        found.append(
            f'the relay rule {rule["description"]!r} may lead mail of hosted senders, or forwarded mail, to'
            f' {rule["hostName"]}, past the gateway. Take it out, or set conbool_site_routes: override, which'
            ' switches it off'
        )
    if settings['wash_networks']:
        found.append(
            'conbool_wash_networks: {}: Kerio Connect has no place where headers could be taken away by the address'
            ' of a client. Leave it unset; those of users who have logged in are taken away in any case'.format(
                ', '.join(settings['wash_networks'])
            )
        )
    if settings['bypass_null_sender'] == 'server':
        found.append(
            "conbool_bypass_null_sender: 'server': Kerio Connect cannot tell mail without a sender of a user from"
            ' the notices of the server. Set it to true or false'
        )
    if redirect.used(settings):
        found += redirect.problems(present, settings, active)
        found += swap.problems(settings) if swap.used(settings) else []
    elif settings['inbound'] and settings['inbound_require_certificate']:
        found.append(
            'conbool_inbound_require_certificate: true: Kerio Connect asks nobody for TLS or for a certificate. Set'
            ' kerio_smarthost_inbound: redirect, which has the hop ask for them; or set it to false for this host,'
            ' which is known by the address of the gateway then; or have a Linux host with postfix_smarthost in'
            ' front, whose address conbool_networks of this host is then, and set kerio_smarthost_inbound: front'
            ' beside it'
        )
    return found
