# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first packet of a connection on its way through the chains of a firewall, as far as that can be told.

What a rule asks for may be unknown (a mark, a rate, the time of day). Then both ways are gone, and what comes of it is
not certain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

ACCEPT, REFUSE, UNKNOWN = 'accept', 'refuse', 'unknown'
JUMP, GOTO, RETURN = 'jump', 'goto', 'return'
# Of network address translation, with the port or the place behind it.
TURN = 'turn to '
# It is kept from connection tracking, and so from network address translation, and goes on.
UNTRACK = 'untrack'
# Where a client's connections come from.
SOURCE_PORT = 40000
# Where connection tracking is among the chains at its hook, and the table of iptables that is passed before.
TRACKING, RAW = -200, -300
# The kernel itself goes no deeper.
DEEPEST = 16


class Packet(NamedTuple):
    """A TCP packet to this host that begins a connection: SYN, part of nothing that there was. C(own) are both ends of
    each range of this host's addresses; it has one of them, and nobody knows which. None when they are not known.
    C(turned) is whether its port is one to which network address translation has turned it."""

    version: int
    source: int
    interface: str
    port: int
    own: tuple[tuple[int, int], ...] | None = None
    turned: bool = False

    def may_go_to(self, low: int, high: int) -> bool:
        """Return whether any address between these may be the one that it has."""
        return self.own is None or any(first <= high and low <= last for first, last in self.own)


class Step(NamedTuple):
    """What a rule does with a packet: whether it certainly does, what, and where to."""

    certain: bool
    kind: str
    target: str = ''


class Rule(NamedTuple):
    """A rule by what it does, and the words in which a person finds it."""

    steps: Callable[[Packet], list[Step]]
    words: str


class Base(NamedTuple):
    """A chain by which packets begin: IP versions, key of the chain, what becomes of those that no rule decides on, and
    its words. C(table) is the family and the name of its table; of chains at one hook, that of the lower priority is
    passed first."""

    versions: tuple[int, ...]
    chain: str
    policy: str
    words: str
    table: tuple[str, str]
    hook: str = ''
    priority: int = 0

    @property
    def early(self) -> bool:
        """Whether packets pass it before connection tracking."""
        return self.hook == 'prerouting' and self.priority < TRACKING


class Outcome(NamedTuple):
    """What can become of a packet, and because of what."""

    kind: str
    words: str


class Ruleset(NamedTuple):
    """Chains by key, and those by which packets begin."""

    chains: dict[str, list[Rule]]
    bases: list[Base]


def every(answers: Iterable[bool | None]) -> bool | None:
    """Whether all is so: True, False, or None when that is not known."""
    found = set(answers)
    return False if False in found else None if None in found else True


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """Whether one of them is so."""
    found = set(answers)
    return True if True in found else None if None in found else False


def negated(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def outcomes(ruleset: Ruleset, base: Base, packet: Packet) -> list[Outcome]:
    """Return all that can become of a packet in one base chain; one alone is certain."""
    found, falls = _Walk(ruleset.chains, packet).through(base.chain, 0)
    if falls:
        found = {**found, Outcome(base.policy, base.words): None}
    return [outcome for outcome in found if outcome.kind != UNTRACK]


def untracked(ruleset: Ruleset, packet: Packet) -> list[Outcome]:
    """Return what may keep a packet from connection tracking."""
    bases = [base for base in ruleset.bases if base.early and packet.version in base.versions]
    found = [outcome for base in bases for outcome in _Walk(ruleset.chains, packet).through(base.chain, 0)[0]]
    return [outcome for outcome in found if outcome.kind == UNTRACK]


class _Walk:
    """The ways of a packet. Each chain is passed once for each depth: a chain to which a dozen uncertain rules jump,
    from chains of which the same is true, would be passed a billion times."""

    def __init__(self, chains: dict[str, list[Rule]], packet: Packet) -> None:
        self._chains, self._packet = chains, packet
        self._known: dict[tuple[str, int], tuple[dict[Outcome, None], bool]] = {}

    def through(self, chain: str, depth: int) -> tuple[dict[Outcome, None], bool]:
        """Return what can become of a packet in a chain, in order, and whether it may come out at its end."""
        if depth > DEEPEST:
            return {Outcome(UNKNOWN, chain): None}, True
        if (chain, depth) not in self._known:
            self._known[chain, depth] = self._passed(chain, depth)
        return self._known[chain, depth]

    def _passed(self, chain: str, depth: int) -> tuple[dict[Outcome, None], bool]:
        found: dict[Outcome, None] = {}
        leaves = False
        for rule in self._chains.get(chain, ()):
            for step in rule.steps(self._packet):
                ends = True
                if step.kind in (JUMP, GOTO):
                    more, out = self.through(step.target, depth + 1)
                    found.update(more)
                    leaves = leaves or (out and step.kind == GOTO)
                    ends = not out or step.kind == GOTO
                elif step.kind == RETURN:
                    leaves = True
                elif step.kind == UNTRACK:
                    found[Outcome(step.kind, rule.words)] = None
                    ends = False
                else:
                    found[Outcome(step.kind, rule.words)] = None
                if step.certain and ends:
                    return found, leaves
        return found, True
