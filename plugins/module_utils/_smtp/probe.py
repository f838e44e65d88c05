# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be learned from a mail server without sending it mail: the facts, not yet judged."""

from __future__ import annotations

import concurrent.futures
import ssl
import time
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.clock import Clock
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.connection import connect, resolve
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.conversation import Conversation
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.names import matching_name
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.tls import (
    certificate_facts,
    chain_error,
    decoded,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.wire import Stopped


class Facts(dict):
    """The facts of one server, and the trouble met on the way. What could not be found out stays None."""

    def __init__(self, server: str, settings: Mapping[str, Any]) -> None:
        super().__init__(
            host=server,
            port=settings['port'],
            address=None,
            tls_name=settings['tls_name'] or server,
            reachable=False,
            banner=None,
            extensions=[],
            starttls_offered=None,
            tls_negotiated=None,
            chain_verified=None,
            name_verified=None,
            matched_name=None,
            client_certificate_requested=None,
            tls_version=None,
            cipher=None,
            certificate={},
            plaintext_injected=None,
            recipients=[],
            timings={},
        )
        self.troubles: list[dict[str, Any]] = []
        # The certificate (DER), kept until the conversation is over: the server should not wait while it is read.
        self.unread: bytes | None = None
        # The certificate (DER) that all of this is about.
        self.shown: bytes | None = None

    def trouble(self, kind: str, finding: str, seen: str | None = None, hint: str | None = None) -> None:
        self.troubles.append({'kind': kind, 'finding': finding, 'seen': seen, 'hint': hint})


def note_certificate(facts: Facts, der: bytes) -> None:
    """Put what the certificate says into the facts."""
    facts.shown = der
    try:
        certificate = decoded(der)
        facts['certificate'] = certificate_facts(der, certificate)
    except (ValueError, OSError, OverflowError) as error:
        facts.trouble('certificate', 'the certificate cannot be read', str(error))
        return
    facts['matched_name'] = matching_name(certificate, facts['tls_name'])
    facts['name_verified'] = facts['matched_name'] is not None


def examine(
    server: str, settings: Mapping[str, Any], contexts: tuple[ssl.SSLContext, ssl.SSLContext], deadline: float
) -> Facts:
    """The facts of one server.

    A server whose chain is not verified is asked again without verification, since OpenSSL ends the first handshake
    there: what else there is to know comes from the second connection, the verdict and the certificate from the first.

    Args:
        server: as _smtp_names.host() returns it.
        settings: the module's options.
        contexts: TLS contexts: the one that verifies, the one that does not.
        deadline: the time.monotonic() at which everything has to be over.
    """
    facts = Facts(server, settings)
    clock = Clock(settings['timeout'], deadline)
    started = time.monotonic()
    try:
        clock.start('resolve')
        candidates = resolve(server, settings, clock)
        clock.finish()
        sock, facts['address'] = connect(candidates, settings, clock)
        conversation = Conversation(facts, settings, clock, sock, contexts[0])
        try:
            conversation.run()
        except ssl.SSLCertVerificationError as error:
            facts['chain_verified'] = False
            if conversation.handshake.shown_certificate:
                note_certificate(facts, conversation.handshake.shown_certificate)
            finding, hint = chain_error(error, facts['certificate'])
            facts.trouble('chain', finding, f'OpenSSL: {error.verify_message} ({error.verify_code})', hint)
            same = [candidate for candidate in candidates if candidate[4][0] == facts['address']]
            sock, _address = connect(same, settings, clock)
            Conversation(facts, settings, clock, sock, contexts[1]).run()
    except Stopped as stop:
        facts.trouble(stop.kind, stop.finding, stop.seen, stop.hint)
    if facts.unread:
        note_certificate(facts, facts.unread)
    facts['timings'] = dict(clock.timings, total=round(time.monotonic() - started, 4))
    return facts


def examine_all(settings: Mapping[str, Any], contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> list[Facts]:
    """The facts of all servers, asked side by side."""
    deadline = time.monotonic() + settings['deadline']
    servers = settings['hosts']
    with concurrent.futures.ThreadPoolExecutor(min(settings['concurrency'], len(servers))) as pool:
        return list(pool.map(lambda server: examine(server, settings, contexts, deadline), servers))
