# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets to the mail port through all that filters on a host, whoever made it: asked of the rules in the kernel.

A packet has to be accepted by every table that it passes. Network address translation, rules below IP (ingress, bridge,
eBPF) and rules of a router are not looked at.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, Union

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall import detect, nft_rules, nftables, xt_rules
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import read_text
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.packet import (
    ACCEPT,
    REFUSE,
    Base,
    Outcome,
    Packet,
    Ruleset,
    outcomes,
    untracked,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.sources import OTHERS, Routes, versions
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import FirewallError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import nft

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import Host
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import Wanted

    Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

# Some that nobody has in a list, of a documentation's network and of none: lists of networks that cannot be in use are
# common.
STRANGERS = {4: ('198.51.100.77', '8.7.6.5'), 6: ('2001:db8:5bd0::77', '2600:5bd0::77')}
# Addresses that rules name are strangers too; so many of them are tried.
MOST = 60
MOST_SAID = 3
KINDS = {4: ipaddress.IPv4Address, 6: ipaddress.IPv6Address}
COMMANDS = {4: 'iptables', 6: 'ip6tables'}


class Found(NamedTuple):
    """What becomes of a packet, and what a person has to look at; and whether it comes from a peer of a tunnel."""

    kind: str
    words: str
    source: str
    interface: str
    by_tunnel: bool = False


def told(found: list[Found]) -> str:
    """Return whom it is about, and because of what."""
    sources = list(dict.fromkeys(each.source for each in found))
    more = [f'and {len(sources) - MOST_SAID} more'] if len(sources) > MOST_SAID else []
    reasons = list(dict.fromkeys(each.words for each in found))[:MOST_SAID]
    return '{}: {}'.format(', '.join(sources[:MOST_SAID] + more), '; '.join(reasons))


class Rules:
    """All that filters on this host. C(unread) says what could not be asked, C(blind) for which IP versions: there it
    is certain who is refused, and never who gets in.

    Args:
        but: tables that are left out, by family and name.
    """

    def __init__(self, host: Host, but: Iterable[tuple[str, str]] = ()) -> None:
        self._sources: list[str] = []
        self._rulesets: list[Ruleset] = []
        self._unread: list[str] = []
        self._host = host
        self._routes: dict[int, Routes] = {}
        self.blind: set[int] = set()
        left_out = frozenset(but)
        managed = {name for version in versions() for name in self._read_iptables(host, version, left_out)}
        command = host.find('nft')
        if command:
            # What iptables keeps in nftables has expressions that only iptables can tell.
            self._read_nft(host, command, left_out | managed)
        elif _may_need_nft(host):
            self._not_read('there is no command nft, and the rules of this host may be those of nftables', *COMMANDS)

    @property
    def unread(self) -> str:
        return '; '.join(self._unread)

    def _not_read(self, why: str, *of: int) -> None:
        self._unread.append(why)
        self.blind.update(of)

    def _add(self, ruleset: Ruleset, sources: list[str]) -> None:
        self._rulesets.append(ruleset)
        self._sources += sources

    def _read_nft(self, host: Host, command: str, but: frozenset[tuple[str, str]]) -> None:
        status, text, err = host.run([command, *nft.LIST, 'ruleset'])
        if status != 0:
            self._not_read(f'nft list ruleset: {err.strip() or f"exit status {status}"}', *COMMANDS)
            return
        try:
            self._add(*nft_rules.read(text, but))
        except (AttributeError, LookupError, TypeError, ValueError) as exc:
            self._not_read(f'nft list ruleset: what it lists cannot be read: {exc!r}', *COMMANDS)

    def _read_iptables(self, host: Host, version: int, but: frozenset[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        """Read what iptables knows of, and return the tables of nftables that this is."""
        name = COMMANDS[version]
        legacy = 'filter' in read_text(detect.LEGACY_TABLES[(4, 6).index(version)]).split()
        seen: set[str] = set()
        for command in [f'{name}-save'] + [f'{name}-legacy-save'] * legacy:
            path = host.find(command)
            status, text, err = host.run([path]) if path else (0, '', '')
            if status != 0:
                self._not_read(f'{command}: {err.strip() or f"exit status {status}"}', version)
            # Where there is one command for both kinds, it is the same twice.
            if status != 0 or not path or text in seen:
                continue
            seen.add(text)
            try:
                self._add(*xt_rules.read(text, version, but))
            except (IndexError, ValueError) as exc:
                self._not_read(f'{command}: what it lists cannot be read: {exc!r}', version)
            if _is_of_nftables(text):
                yield from (
                    (xt_rules.FAMILY[version], line[1:].strip()) for line in text.split('\n') if line[:1] == '*'
                )
        if legacy and all(map(_is_of_nftables, seen)) and version not in self.blind:
            self._not_read(f'there is no {name}-legacy-save, and the kernel has such rules', version)

    def routes(self, version: int) -> Routes:
        """Return the routes of this host."""
        if version not in self._routes:
            command = self._host.find('ip') if version == 4 else None
            self._routes[version] = Routes(version, self._host.run([command, *OTHERS])[1] if command else '')
        return self._routes[version]

    def sources(self) -> list[str]:
        """Return the addresses and networks that rules name."""
        return list(dict.fromkeys(self._sources))

    def fate(self, packet: Packet) -> tuple[str, str]:
        """Return what becomes of a packet, empty when that is not certain; and why."""
        unsure: list[Outcome] = []
        accepted: list[Outcome] = []
        for ruleset, base in self._bases(packet.version):
            found = outcomes(ruleset, base, packet)
            kinds = {outcome.kind for outcome in found}
            if kinds == {REFUSE}:
                return REFUSE, found[0].words
            if kinds == {ACCEPT}:
                accepted += found[:1]
            else:
                unsure += found
        if unsure:
            return '', '; '.join(f'{outcome.words} ({outcome.kind})' for outcome in unsure[:3])
        # A policy says nothing of whom it lets in; a rule does.
        rules = [outcome.words for outcome in accepted if not outcome.words.startswith('the policy')]
        return ACCEPT, '; '.join(rules) or 'no rule refuses it'

    def untracked(self, packet: Packet) -> list[str]:
        """Return what may keep a packet from connection tracking."""
        return [found.words for ruleset in self._rulesets for found in untracked(ruleset, packet)]

    def _bases(self, version: int) -> list[tuple[Ruleset, Base]]:
        return [(ruleset, base) for ruleset in self._rulesets for base in ruleset.bases if version in base.versions]


def shut_out(
    rules: Rules, wanted: Wanted, every: bool = False, turned: bool = False
) -> tuple[list[Found], list[Found]]:
    """Return who of the list certainly cannot connect; and of whom that cannot be told. One for each network, and for
    each address in it that a rule names.

    Args:
        every: all networks are tried, from end to end; otherwise so many of them.
        turned: whether they are turned to this port by network address translation.
    """
    refused, unsure = [], []
    for version in versions():
        listed, routes = _Listed(wanted.networks[version]), rules.routes(version)
        # Those that ours name are tried as it is.
        named = [each for each in ends(rules.sources(), version) if listed.has(each) and each not in listed.ends]
        for source in dict.fromkeys((sorted(listed.ends) if every else listed.first(MOST)) + named[:MOST]):
            found = _found(rules, source, routes, wanted.port, turned)
            if found and all(each.kind == REFUSE for each in found):
                refused.append(found[0])
            elif found and not any(each.kind == ACCEPT for each in found):
                unsure += [each for each in found if not each.kind][:1]
    return refused, unsure


def let_in(rules: Rules, wanted: Wanted) -> tuple[list[Found], list[Found]]:
    """Return who certainly gets in without being in the list, by which interface; and of whom that cannot be told."""
    accepted, unsure = [], []
    for version in versions():
        listed, routes = _Listed(wanted.networks[version]), rules.routes(version)
        named = [address for address in ends(rules.sources(), version) if _is_usable(address)]
        neighbours = [KINDS[version](number) for number in routes.neighbours()]
        known = [*map(ipaddress.ip_address, STRANGERS[version]), *filter(_is_usable, neighbours)]
        strangers = [address for address in known + named if not listed.has(address)]
        for source in list(dict.fromkeys(strangers))[: MOST + len(known)]:
            for found in _found(rules, source, routes, wanted.port):
                # What was not read may refuse it.
                if found.kind == ACCEPT and version not in rules.blind:
                    accepted.append(found)
                elif not found.kind:
                    unsure.append(found)
    return accepted, unsure


def closed(refused: list[Found], wanted: Wanted) -> bool:
    """Whether mail cannot come in as it should. Where IPv4 is open, whoever fails over IPv6 comes over IPv4."""
    kinds = {ipaddress.ip_address(found.source).version for found in refused}
    return bool(kinds) and (4 in kinds or not wanted.networks[4])


def warnings(rules: Rules, wanted: Wanted, turned: bool = False) -> list[str]:
    """Return what there is to say of filters that are not ours, and keep out who is to get in.

    Args:
        turned: as of shut_out().
    """
    refused = shut_out(rules, wanted, turned=turned)[0]
    if not refused:
        said = f'Whether another filter of this host closes port {wanted.port} cannot be told. {rules.unread}'
        return [said] if rules.unread else []
    return [
        f'Another filter of this host closes port {wanted.port} to {told(refused)}. Who is listed there cannot deliver'
        ' mail here until that lets them in too'
    ]


def _is_of_nftables(text: str) -> bool:
    """Whether what an iptables-save printed is kept in nftables."""
    return 'nf_tables' in text.partition('\n')[0]


def _may_need_nft(host: Host) -> bool:
    """Whether rules of nftables may be in force on a host without nft: firewalld does not need that command."""
    if not host.find('systemctl'):
        return True
    try:
        # What is ours stays in force when the package goes.
        return bool(set(host.managers()) - {'ufw'} or nftables.Nftables(host).traces())
    except FirewallError:
        # Where systemd does not run, it cannot be told.
        return True


def _found(rules: Rules, source: Address, routes: Routes, port: int, turned: bool = False) -> list[Found]:
    """Return what becomes of packets from an address, one for each interface by which they may come."""
    number, version = int(source), source.version
    ways = [
        (interface, Packet(version, number, interface, port, routes.own, turned))
        for interface in routes.interfaces(number)
    ]
    return [
        Found(*rules.fate(packet), str(source), interface, routes.by_tunnel(number, interface))
        for interface, packet in ways
    ]


def ends(texts: Iterable[str], version: int) -> list[Address]:
    """Return both ends of what rules name."""
    networks = [ipaddress.ip_network(text, strict=False) for text in texts]
    ends = [end for network in networks if network.version == version for end in (network[0], network[-1])]
    return list(dict.fromkeys(ends))


def _is_usable(address: Address) -> bool:
    """Whether a connection can come from there."""
    unusable = address.is_loopback or address.is_multicast or address.is_unspecified or address.is_link_local
    return not unusable and str(address) != '255.255.255.255'


class _Listed:
    """The networks of one IP version that are to get in, of which there may be thousands. Sorted, without overlaps."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = [ipaddress.ip_network(text) for text in networks]
        self._lows = [int(network[0]) for network in self._networks]
        self.ends = {end for network in self._networks for end in (network[0], network[-1])}

    def first(self, most: int) -> list[Address]:
        """Return the first address of so many of them, the others being like these."""
        return [network[0] for network in self._networks[:most]]

    def has(self, address: Address) -> bool:
        place = bisect_right(self._lows, int(address)) - 1
        return place >= 0 and address in self._networks[place]
