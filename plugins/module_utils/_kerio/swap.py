# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hop at port 25 of this host's addresses, and Kerio Connect at that of loopback, where the firewall cannot turn
the gateway's connections. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import listener, redirect
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.hop import pid, way_in
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.site import Site
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.arrival import Handover
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import hop_address, there
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Hop, Part

IN_USE = redirect.IN_USE.format('swap')


def used(settings: Mapping[str, Any]) -> bool:
    """Whether the hop takes the gateway's mail at port 25 itself."""
    return redirect.used(settings) and not redirect.turned(settings)


def port(settings: Mapping[str, Any]) -> int:
    """The port that Kerio Connect leaves to the hop; 0 for none."""
    return settings['roles']['inbound_firewall']['port'] if used(settings) else 0


def listeners(site: Site, settings: Mapping[str, Any]) -> listener.Listeners | None:
    """Where the service SMTP listens when the hop has the port; None where it stays as it is."""
    return listener.left(site, port(settings)) if port(settings) else None


def handover(site: Site, settings: Mapping[str, Any], hop: Hop, give: Part, back: Part) -> Handover | None:
    """How the port goes to the hop; None where Kerio Connect has it not.

    Args:
        hop: as it is when it has the port.
        give: has Kerio Connect leave it.
        back: takes that back.
    """
    if not hop.inbound or not port(settings) or not listener.for_strangers(site, port(settings)):
        return None
    own = settings['roles']['kerio_smarthost']
    waiting = hop.inbound.arrival._replace(
        variable='kerio_smarthost_inbound_port', port=own['inbound_port'], places=(hop_address(settings),)
    )
    first = replace(hop, inbound=replace(hop.inbound, arrival=waiting), return_address=way_in(site))
    return Handover(first, give, back, pid())


def problems(settings: Mapping[str, Any]) -> list[str]:
    """Why it cannot be, beside what stands against a redirect as well."""
    own, found = settings['roles']['kerio_smarthost'], []
    if not own['inbound_addresses']:
        found.append(
            'kerio_smarthost_inbound_addresses: is empty. Say at which addresses of this host the gateway connects to'
            f' port {port(settings)}: the hop listens there instead of Kerio Connect'
        )
    found += [
        f'kerio_smarthost_inbound_addresses: {address!r} is not an address of this host by now. The hop would not start'
        for address in dict.fromkeys(own['inbound_addresses'])
        if not there(address)
    ]
    if settings['allowed_networks']:
        found.append(
            'conbool_smtp_allowed_networks: {}: {}these would meet the hop, which knows neither who may relay nor'
            ' log-ins. Have them hand in their mail on port 587, and take them out, or set kerio_smarthost_inbound to'
            ' redirect'.format(', '.join(settings['allowed_networks']), IN_USE)
        )
    return found
