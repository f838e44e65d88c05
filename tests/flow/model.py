# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the flow table: cases, messages, where they were seen, results."""

from __future__ import annotations

from dataclasses import dataclass, field
from email import message_from_bytes, policy
from functools import cached_property

# Places where a message waits rather than has arrived.
QUEUE = 'queue'


@dataclass(frozen=True)
class Place:
    """One expectation: a message for these recipients is seen here `count` times."""

    where: str
    recipients: tuple[str, ...] = ()
    count: int = 1
    client_certificate: bool | None = None
    sender: str | None = None
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    contains: str | None = None
    esmtp: tuple[str, ...] = ()
    reason: str | None = None

    def __str__(self):
        times = '' if self.count == 1 else f' {self.count} times'
        return self.where + (' ({})'.format(', '.join(self.recipients)) if self.recipients else '') + times


@dataclass(frozen=True)
class Configuration:
    """A named set of inventory variables; `repeat` names the groups of `like` that must hold here too."""

    name: str
    variables: dict = field(hash=False)
    like: str | None = None
    repeat: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    id: str
    title: str
    group: str
    configuration: str
    inject: dict = field(hash=False)
    expect: tuple[Place, ...] = ()
    meanwhile: tuple[Place, ...] = ()
    gateway: str | None = None
    refused: str | None = None
    or_refused: bool = False  # to refuse it is as good as what is expected
    source: str = ''
    repeated: bool = False  # held under another configuration as well

    @property
    def recipients(self):
        return tuple(self.inject['to'])

    @property
    def name(self):
        return self.id if self.configuration == 'default' else f'{self.id}@{self.configuration}'


@dataclass(frozen=True)
class Outgoing:
    """One message ready to be sent."""

    token: str
    case: Case
    content: bytes = b''


@dataclass(frozen=True)
class Reply:
    """What the server said when the message was handed in."""

    accepted: bool
    text: str


@dataclass(frozen=True)
class Sighting:
    """One copy of a message, seen for one recipient at one place."""

    token: str
    where: str
    recipient: str = ''
    sender: str | None = None
    content: bytes = b''
    encrypted: bool = False
    tls: str = ''  # protocol and cipher, for people
    client_certificate: str | None = None  # common name of the certificate that the client showed
    esmtp: tuple[str, ...] = ()
    reason: str = ''  # in a queue: why it waits; empty: not tried yet
    time: float = 0.0  # when it arrived, in seconds since 1970; not in a queue

    @cached_property
    def message(self):
        return message_from_bytes(self.content, policy=policy.compat32)

    def __str__(self):
        text = self.where + (f' ({self.recipient})' if self.recipient else '')
        if self.where == QUEUE:
            text += ': ' + (self.reason or 'not tried yet')
        return text


@dataclass
class Result:
    case: Case
    token: str
    problems: list[str] = field(default_factory=list)  # about where it is
    unverified: list[str] = field(default_factory=list)  # about how it came to the gateway
    seen: list[Sighting] = field(default_factory=list)
    earlier: list[Sighting] = field(default_factory=list)  # before the gateway was repaired
    verification: dict[str, str] = field(
        default_factory=dict
    )  # recipient -> what the sender's log says of the peer's certificate
    log: list[str] = field(default_factory=list)
    expected_failure: str | None = None

    @property
    def ok(self):
        return not self.problems and not self.unverified

    def expect_failure(self, reason):
        """Turns the verdict round: what fails as foreseen is fine, what passes must leave the list."""
        if self.ok:
            self.problems = [f'it passes, but is listed as impossible for this mail server: {reason}']
        else:
            self.problems, self.unverified = [], []
            self.expected_failure = reason
