# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway's mail, where the outbound hop takes it for the mail server. Private to this collection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import Shown
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Hop, Part


class Arrival(NamedTuple):
    """Where the outbound hop takes the gateway's mail: the port to which the gateway's connections are turned, that of
    a listener on loopback, which the mail passes after that, 0 for none, and the variables that have them. C(source) is
    the address of this host from which the hop hands the mail on, empty for any. C(places) are the addresses at which
    it takes it, none for all of this host's: with some, the gateway itself connects there, and nobody turns it."""

    variable: str
    port: int
    marking_variable: str = ''
    marking_port: int = 0
    source: str = ''
    places: tuple[str, ...] = ()


@dataclass
class Inbound:
    """What the outbound hop has to know where it takes the gateway's mail for a mail server that cannot ask for TLS and
    a certificate itself: beside it, or on another machine.

    C(certificate) and C(key) are files that the hop shows, C(client_ca_file) has the authorities of the gateway's
    certificate, empty for those of the settings. C(gateway) is what the gateway shows as a server. With C(marks),
    flagged and released mail is handed on with a text in its first header line that nobody else can know, without with
    the header that every mail server and program knows.
    """

    arrival: Arrival
    certificate: str
    key: str
    client_ca_file: str = ''
    gateway: list[Shown] = field(default_factory=list)
    marks: dict[str, str] = field(default_factory=dict)


class Handover(NamedTuple):
    """The mail port that a mail server still has, and shall leave to the hop: the hop as it is until then, the part
    that has the mail server leave the port, and the one that has it come back. C(pid) is its process, None where that
    is not known."""

    hop: Hop
    give: Part
    back: Part
    pid: int | None = None
