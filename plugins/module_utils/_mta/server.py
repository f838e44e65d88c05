# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a mail server has to be able to do, so that everything else need not know which one it is. Private to this
collection.

One class for each, in C(_<name>/server.py); the modules C(<name>_info), C(<name>_smarthost) and C(<name>_verify) hand
it to C(_module).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.arrival import Arrival, Handover, Inbound
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import Shown
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.provenance import Provenance


@dataclass
class Facts:
    """What is known of a mail server.

    C(deliveries) say for each hosted domain who writes its mail into mailboxes, see M(conbool.smtp_relay.postfix_info);
    the agent C(own) is the mail server itself, which files flagged mail by a part of its own.
    C(relay_networks) are those whose clients may send through it to anybody, in CIDR notation; C(relay_networks_from)
    is where it says so, C(relay_networks_row) the id of the row that is made of them. C(parts) are those of its
    configuration that we have changed. C(native) is for the adapter alone. C(lost) is what there is to say of one that
    runs, while its pid file does not name it. C(certificate_files) are those that it shows as a server. C(gateway) is
    what the gateway shows as a server; whoever asks it puts it there before wanted().
    """

    version: str
    running: bool
    queue_directory: str
    deliveries: list[dict[str, str]]
    relay_networks: list[str]
    relay_networks_from: str
    relay_networks_row: str
    parts: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    native: dict[str, Any] = field(default_factory=dict)
    certificate_files: list[str] = field(default_factory=list)
    gateway: list[Shown] = field(default_factory=list)
    lost: str = ''


@dataclass
class Hop:
    """What the outbound hop has to know of the mail server that it serves.

    C(identity) has C(expanded), parameters in Postfix's terms, and whatever else M(conbool.smtp_relay.postfix_info)
    tells of a Postfix. With C(own_programs) the mail server is no Postfix of whose programs the hop could be made.
    C(wash_port) is the port for mail in which trust headers count for nothing, 0 for none, and C(wash_variable) the
    variable that has it. C(return_address) is where a part of ours takes the hop's own bounces, in Postfix's next-hop
    syntax; empty for the mail server's port 25.
    C(users) are those that the mail server's deliveries run as, beside root. C(beside) are ports of further listeners
    on loopback that only they may use. C(remote) is whether the mail servers are on other machines, which the
    hop has to listen for. C(inbound) is Inbound where the hop takes the gateway's mail, C(provenance) Provenance where
    it has to find out who handed in a message.
    """

    identity: dict[str, Any]
    own_programs: bool = False
    wash_port: int = 0
    return_address: str = ''
    wash_variable: str = ''
    users: tuple[str, ...] = ()
    beside: tuple[int, ...] = ()
    remote: bool = False
    inbound: Inbound | None = None
    provenance: Provenance | None = None

    @property
    def protocols(self) -> str:
        """C(inet_protocols) of the mail server."""
        return self.identity.get('expanded', {}).get('inet_protocols', 'all')


class Listener(NamedTuple):
    """A listener of ours on loopback: the variable that has its port, the words for whose it is, where it is, and the
    process that should be there, None while that does not run."""

    variable: str
    whose: str
    address: str
    port: int
    pid: int | None


class Part(NamedTuple):
    """One part of a mail server's configuration, with a record and an undo of its own.

    C(converge) takes an AnsibleModule, and returns the part's result and warnings, as all modules of this collection
    that change a host do.
    """

    name: str
    converge: Callable[[Any], tuple[dict[str, Any], list[str]]]


@dataclass
class Wanted:
    """What makes a mail server use the gateway. With C(problems) nothing may be changed.

    C(tls_files) are options of M(conbool.smtp_relay.tls_files) with files that the configuration names, beside those
    of the settings. C(hop) is None where the mail server decides by itself. C(listeners) are those on loopback that the
    configuration of the mail server itself will have. C(handover) is Handover where the mail server has a port that the
    hop shall have. C(last) are the parts that must not come before the mail port is as wanted, and where it shall be.
    """

    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    tls_files: list[dict[str, Any]] = field(default_factory=list)
    hop: Hop | None = None
    listeners: list[Listener] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    last: list[Part] = field(default_factory=list)
    handover: Handover | None = None


class Route(NamedTuple):
    """The way of a message: in words, and whether it leads to the gateway (or to the hop in front of it)."""

    way: str
    through: bool


class Verdict(NamedTuple):
    """What a header line does: whether the message goes direct, and the words in which the mail server said so."""

    direct: bool
    said: str


class QueueLook(ABC):
    """Two looks at a queue, and what happened in between."""

    @abstractmethod
    def begin(self) -> None:
        """Take the first look."""

    @abstractmethod
    def end(self) -> tuple[list[str], list[str]]:
        """Take the second look.

        Returns:
            The messages in it, a line each; and those of them that were put off since the first look.
        """

    def stuck(self) -> list[str]:
        """Return those of the second look that wait for something that a person has to mend, each with the line that
        end() has of it."""
        return []


class MailServer(ABC):
    """A mail server of this host.

    Args:
        settings: what M(conbool.smtp_relay.settings) returned.
    """

    NAME = ''
    # What its modules are told beside the settings: secrets, which nothing else may know or show.
    OPTIONS: dict[str, dict[str, Any]] = {}
    # What may lead mail past the gateway, for whoever reads that it does.
    BYPASS_HINT = ''
    # The variable with the hop's port for mail whose trust headers count for nothing, and the port; 0 for none.
    hop_wash: tuple[str, int] = ('', 0)
    # Where it has Postfix's programs, of which the hop is made; empty for where they usually are.
    hop_sbin_dir = ''
    # Whether it is on this host. One that is not has no queue here, and no version.
    here = True

    def __init__(self, module: AnsibleModule, settings: dict[str, Any]) -> None:
        self.module = module
        self.settings = settings
        self.options = settings['roles'].get(self.NAME + '_smarthost', {})
        # Whether there are programs for a hop of which this mail server is none, or can be had. Whoever makes the
        # server knows.
        self.hop_possible: Callable[[], bool] = lambda: False

    @abstractmethod
    def lock_directories(self) -> list[str]:
        """Return the directories in which no other run may be at work."""

    def places(self) -> list[str]:
        """Return the files that its parts change, and directories of such files."""
        return []

    @abstractmethod
    def facts(self) -> Facts:
        """Return what there is to know.

        Raises:
            HostError: it cannot be asked, or is not responsible for a hosted domain.
            OSError: a file cannot be read.
        """

    @abstractmethod
    def wanted(self, facts: Facts, flag: bool) -> Wanted:
        """Return what makes it use the gateway.

        Args:
            facts: of facts().
            flag: whether the gateway's flagged mail has to get C(X-Spam-Flag), since nothing here files it.
        """

    @abstractmethod
    def undo(self) -> list[Part]:
        """Return what takes all of it away again, in order. After the first, it takes mail from everybody again."""

    def undo_after_hop(self) -> list[Part]:
        """Return what takes away the parts that the hop needs until it is gone."""
        return []

    @abstractmethod
    def leads_to_hop(self) -> list[str]:
        """Return the files whose text still leads mail to the hop."""

    @abstractmethod
    def routes(self, samples: list[dict[str, Any]]) -> list[Route]:
        """Return the ways of messages with C(sender) and C(recipient), none of which is sent."""

    def headers(self, lines: list[str]) -> list[Verdict] | None:
        """Return what header lines do; None where the hop decides about them."""
        return None

    @abstractmethod
    def queue(self) -> QueueLook:
        """Return a look at its queue."""

    @abstractmethod
    def knows(self, certificate: Shown) -> str:
        """Return by what a gateway that brings mail and shows this is known, in words; empty when it is not."""

    @property
    def provenance(self) -> Provenance | None:
        """Return the ports at which the hop finds out who handed in a message; None where that is known."""
        return None

    @property
    def arrival(self) -> Arrival | None:
        """Return where the hop takes the gateway's mail; None where the mail server itself does."""
        return None

    @property
    def left_to_hop(self) -> int:
        """Return the port that an earlier run has made it leave to the hop; 0 for none."""
        return 0

    @property
    def redirect_port(self) -> int:
        """Return to which port connections of the gateway's networks to the mail port are turned; 0 for none."""
        return self.arrival.port if self.arrival else 0

    @property
    def redirect_variable(self) -> str:
        """Return the variable that says so."""
        return self.arrival.variable if self.arrival else 'redirect_port'

    @property
    @abstractmethod
    def hop_decides(self) -> bool:
        """Whether mail goes through the outbound hop."""

    def null_sender_through(self) -> bool:
        """Whether a message without a sender is handed to the hop or the gateway like any other."""
        return True

    def obstacles(self, facts: Facts) -> list[dict[str, Any]]:
        """Return the rows of a preflight on its own configuration, of which facts() told: what would stand against the
        gateway's mail, or lead mail past the gateway."""
        return []

    def doors(self) -> list[dict[str, Any]]:
        """Return the rows of a verification on ways past the gateway that are open."""
        return []

    def arrivals(self) -> list[dict[str, Any]]:
        """Return rows, before a change and after it, on whether other hosts get to a mail port that is limited."""
        return []

    def listener_rows(self) -> list[dict[str, Any]]:
        """Return rows on listeners of ours on loopback in its configuration, and on mail that waits for them."""
        return []

    def running(self) -> list[dict[str, Any]]:
        """Return rows on what runs, and whether it knows what its files say."""
        return []

    def stale(self) -> list[dict[str, Any]]:
        """Return rows on what was made of a configuration that has changed since."""
        return []
