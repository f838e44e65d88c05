# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to a mail server: its addresses, and a socket to one of them, each within the time that there is."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.names import is_address
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.wire import Stopped

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.clock import Clock

FAMILIES = {'any': socket.AF_UNSPEC, 'ipv4': socket.AF_INET, 'ipv6': socket.AF_INET6}


def resolve(name: str, settings: Mapping[str, Any], clock: Clock) -> list[tuple[Any, ...]]:
    """Addresses of the server as socket.getaddrinfo() returns them, within the step's time, which getaddrinfo() knows
    nothing of."""
    family = FAMILIES[settings['address_family']]
    if is_address(name):
        try:
            return socket.getaddrinfo(name, settings['port'], family, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)
        except socket.gaierror as error:
            raise Stopped(
                'resolve', 'the address is not of the wanted family ({})'.format(settings['address_family'])
            ) from error
    answers: queue.Queue[list[tuple[Any, ...]] | OSError] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(name, settings['port'], family, socket.SOCK_STREAM))
        except OSError as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=clock.left())
    except queue.Empty:
        raise clock.expired() from None
    if isinstance(answer, OSError):
        raise Stopped('resolve', f'the host name has no address ({answer.strerror})') from answer
    return answer


def connect(
    candidates: Sequence[tuple[Any, ...]], settings: Mapping[str, Any], clock: Clock
) -> tuple[socket.socket, str]:
    """A socket to the first address that accepts a connection, and that address."""
    source = settings['source_address']
    if source:
        family = socket.AF_INET6 if ':' in source else socket.AF_INET
        candidates = [candidate for candidate in candidates if candidate[0] == family]
        if not candidates:
            raise Stopped('source_address', f'the server has no address of the family of source_address {source}')
    refusals = []
    for candidate in candidates:
        address = candidate[4][0]
        clock.start('connect')
        try:
            sock = _dial(candidate, source, clock)
        except socket.timeout:
            refusals.append(f'{address}: no answer within {clock.timeout:g} s')
        except OSError as error:
            refusals.append(f'{address}: {error.strerror}')
        else:
            clock.finish()
            return sock, address
    if time.monotonic() >= clock.deadline:
        raise clock.expired('; '.join(refusals))
    raise Stopped('connect', 'no connection to port {}'.format(settings['port']), '; '.join(refusals))


def _dial(candidate: tuple[Any, ...], source: str | None, clock: Clock) -> socket.socket:
    family, kind, protocol, _canonical, address = candidate
    with contextlib.ExitStack() as undo:
        sock = undo.enter_context(socket.socket(family, kind, protocol))
        if source:
            try:
                sock.bind((source, 0))
            except OSError as error:
                raise Stopped('source_address', f'source_address {source} cannot be used ({error.strerror})') from error
        sock.settimeout(clock.left())
        sock.connect(address)
        # Each command is a segment of its own that the server is waiting for.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        undo.pop_all()
        return sock
