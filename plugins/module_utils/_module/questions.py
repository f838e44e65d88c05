# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server and its hop asked what they would do, as rows. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import guests
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.verify import HopServer
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import NO_ANSWER, reason
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.process import spend
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import services
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.firewall import port_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.gateway import (
    asks_for_certificate,
    known_rows,
    shown_by_gateway,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.local_command import command_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import RED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.units import boot_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.verify import header_row, queue_row, route_row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import (
    certain_headers,
    certain_routes,
)

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import Shown
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import MailServer, QueueLook

# What to do about a question that has no answer.
UNANSWERED = 'Mostly something does not run, or is not there yet: start it, or run site.yml.'


def hop_of(server: MailServer) -> HopServer | None:
    """Return the hop of a mail server, None where that decides by itself."""
    if not server.hop_decides:
        return None
    return HopServer(server.module, server.settings, server.hop_wash, server.arrival, server.provenance)


def rows_of(
    server: MailServer,
    settings: Mapping[str, Any],
    shown: list[Shown] | None = None,
    more: Iterable[tuple[str, str, Callable[[], list[dict[str, Any]]]]] = (),
    stuck: bool = False,
) -> list[dict[str, Any]]:
    """Return all rows on a mail server, and on the hop where that decides.

    Args:
        settings: what M(conbool.smtp_relay.settings) returned.
        shown: what the gateway shows; None when it has not been asked yet.
        more: further questions, as of asked(). Whoever has just made all of it need not compare it, and what was
            asked of the gateway before is no matter of the change.
        stuck: whether mail is judged that waited before. A change that mends something finds it waiting still.
    """
    hop = hop_of(server)
    watched = [Watched('hop', hop)] if hop else []
    if server.here:
        watched.append(Watched('mail server', server))

    def work() -> list[dict[str, Any]]:
        rows = asked('route', 'mail server', lambda: route_rows(server, settings))
        rows += asked('header', 'hop' if hop else 'mail server', lambda: header_rows(hop or server, settings))
        rows += hop_rows(hop) if hop else []
        rows += asked('running', 'mail server', server.running)
        rows += asked('running.boot', 'mail server', lambda: boot_rows(server.module, services(server.NAME)))
        rows += asked('local', 'mail server', lambda: command_rows(server.NAME))
        rows += asked('detour', 'mail server', server.listener_rows)
        rows += asked('inbound.listens', 'mail server', server.arrivals) if settings['inbound'] else []
        rows += asked('inbound.certificate', 'gateway', lambda: certificate_rows(server, settings, shown))
        rows += asked('inbound.copy', 'mail server', server.stale)
        rows += asked('inbound.door', 'mail server', server.doors)
        if guests(settings) and settings['state'] == 'present':
            rows += asked('firewall', 'mail port', lambda: port_rows(server.module, settings, server.redirect_port))
        return rows + [entry for question in more for entry in asked(*question)]

    for queue in watched:
        queue.begin()
    rows = spend(settings['roles']['verify']['queue_seconds'], work)
    return rows + [queue.row(stuck) for queue in watched]


def asked(
    identifier: str, target: str, function: Callable[[], list[dict[str, Any]]], hint: str = UNANSWERED
) -> list[dict[str, Any]]:
    """Return the rows of a question, or the one that says why it has no answer, with a hint."""
    try:
        return function()
    except NO_ANSWER as exc:
        return [row(identifier + '.failed', target, RED, printable(reason(exc)), hint)]


def hop_rows(hop: HopServer) -> list[dict[str, Any]]:
    """Return the rows on the hop itself."""
    return [
        entry
        for identifier, question in (
            ('hop', hop.listener),
            ('hop.return', hop.way_back),
            ('hop.client', hop.clients),
            ('hop.route', hop.way),
            ('running', hop.running),
        )
        for entry in asked(identifier, 'hop', question)
    ]


def route_rows(server: MailServer, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each message whose way is certain."""
    samples = certain_routes(settings)
    null_sender, hint = server.null_sender_through(), server.BYPASS_HINT
    return [
        route_row(
            dict(sample, hop=sample['hop'] and (null_sender or bool(sample['sender']))),
            seen.through,
            seen.way,
            hint,
        )
        for sample, seen in zip(samples, server.routes(samples))
    ]


def certificate_rows(
    server: MailServer, settings: Mapping[str, Any], shown: list[Shown] | None
) -> list[dict[str, Any]]:
    """Return the rows on whether the gateway is let in."""
    if shown is None:
        shown = shown_by_gateway(settings) if asks_for_certificate(settings) else []
    return known_rows(settings, shown, server.knows)


def header_rows(decider: MailServer | HopServer, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each header line whose effect is certain.

    Args:
        decider: whoever decides which mail goes direct, the mail server or the hop.
    """
    samples = certain_headers(settings)
    verdicts = decider.headers([sample['header'] for sample in samples])
    return [header_row(sample, verdict.direct, verdict.said) for sample, verdict in zip(samples, verdicts)]


class Watched:
    """A queue that is looked at twice.

    Args:
        name: whose it is.
        owner: MailServer or HopServer.
    """

    def __init__(self, name: str, owner: MailServer | HopServer) -> None:
        self._name, self._owner = name, owner
        self._look: QueueLook | None = None
        self._failed: dict[str, Any] | None = None

    def begin(self) -> None:
        try:
            self._look = self._owner.queue()
            self._look.begin()
        except NO_ANSWER as exc:
            self._failed = self._unread(exc)

    def row(self, stuck: bool = False) -> dict[str, Any]:
        """Take the second look, and return the row on both.

        Args:
            stuck: whether mail is judged that waited before, and not only what was put off since the first look.
        """
        if self._failed:
            return self._failed
        try:
            messages, put_off = self._look.end()
            waiting = self._look.stuck()
            # That some other server wants its mail later is no matter of the way to the gateway.
            put_off = [message for message in put_off if message in waiting]
            return queue_row(self._name, messages, put_off, waiting if stuck else ())
        except NO_ANSWER as exc:
            return self._unread(exc)

    def _unread(self, exc: Exception) -> dict[str, Any]:
        return row('queue.failed', self._name, RED, printable(reason(exc)), UNANSWERED)
