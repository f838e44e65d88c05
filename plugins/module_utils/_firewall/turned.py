# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where connections to the mail port arrive that network address translation turns elsewhere: asked of the rules in the
kernel. Of those that turn, only the ones of nftables are looked at, and not what iptables keeps there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall import nft_rules, nftables, way_in
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.packet import (
    ACCEPT,
    TURN,
    UNTRACK,
    Packet,
    Ruleset,
    outcomes,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.sources import versions
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import FirewallError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import nft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import Host
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.sources import Routes
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import Redirect, Wanted

NOWHERE = 'no rule turns it to another port'


def read(host: Host) -> Ruleset:
    """Return the chains that translate addresses.

    Raises:
        FirewallError: they cannot be asked.
    """
    command = host.find('nft')
    if not command:
        raise FirewallError('there is no command nft')
    try:
        return nft_rules.read(host.text([command, *nft.LIST, 'ruleset']), kind_of_chain='nat')[0]
    except (AttributeError, LookupError, TypeError, ValueError) as exc:
        raise FirewallError(f'nft list ruleset: what it lists cannot be read: {exc!r}') from exc


def place(ruleset: Ruleset, packet: Packet) -> tuple[str, str]:
    """Return where a packet arrives that comes to the mail port, empty for there, and because of what."""
    for base in ruleset.bases:
        if packet.version not in base.versions:
            continue
        found = outcomes(ruleset, base, packet)
        other = [outcome for outcome in found if outcome.kind != ACCEPT]
        if other:
            # What only some rule may do, a person has to look at.
            sure = len(found) == 1 and other[0].kind.startswith(TURN)
            return other[0].kind[len(TURN) :] if sure else '?', other[0].words
    return '', NOWHERE


def astray(ruleset: Ruleset, wanted: Wanted, routes_of: Callable[[int], Routes]) -> list[way_in.Found]:
    """Return from where connections to the mail port do not arrive where they have to, and because of what.

    Args:
        ruleset: of read().
        routes_of: returns the routes of an IP version.
    """
    found = []
    for source, packet in _packets(wanted.port, wanted.redirect, routes_of):
        to, words = place(ruleset, packet)
        if to != str(wanted.redirect.port):
            found.append(way_in.Found(to, words, source, packet.interface))
    return found


def in_front(ruleset: Ruleset, port: int, redirect: Redirect, routes_of: Callable[[int], Routes]) -> list[way_in.Found]:
    """Return from where connections to the mail port may be led elsewhere before ours is asked, and by what.

    Args:
        ruleset, routes_of: as of astray().
    """
    before = Ruleset(ruleset.chains, [base for base in ruleset.bases if base.priority < nftables.TURNING])
    tried = [(source, packet, *place(before, packet)) for source, packet in _packets(port, redirect, routes_of)]
    return [way_in.Found(to, words, source, packet.interface) for source, packet, to, words in tried if to]


def untracked(rules: way_in.Rules, port: int, redirect: Redirect) -> list[way_in.Found]:
    """Return from where connections to the mail port may be kept from connection tracking, and by what: these are not
    turned, whatever else there is."""
    return [
        way_in.Found(UNTRACK, f'{words} (no connection tracking)', source, packet.interface)
        for source, packet in _packets(port, redirect, rules.routes)
        for words in rules.untracked(packet)
    ]


def _packets(port: int, redirect: Redirect, routes_of: Callable[[int], Routes]) -> Iterator[tuple[str, Packet]]:
    """Yield those that are tried, and from where they come."""
    for version in versions():
        routes = routes_of(version)
        for source in way_in.ends(redirect.networks[version], version):
            for interface in routes.interfaces(int(source)):
                yield str(source), Packet(version, int(source), interface, port, routes.own)
