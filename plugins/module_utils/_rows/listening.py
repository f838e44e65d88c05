# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who listens where our listeners on loopback are, or have to be, as rows and as problems. Private to this
collection."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.process import alive
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.sockets import (
    diverted,
    for_anybody,
    for_others,
    holders,
    listening,
    not_of,
    strangers,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import in_brackets
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Listener

# Below, ports are root's, unless the host says otherwise.
PRIVILEGED = 1024
ANYBODY = 'any local user may listen on this port, and gets the mail, while {} does not'

NAT = (
    'Take the rule for {} out (nft list ruleset, iptables -t nat -S OUTPUT): a redirect or dnat of what this host sends'
    ' itself.'
)


def _place(listener: Listener) -> str:
    return f'{in_brackets(listener.address)}:{listener.port}'


def problem(listener: Listener) -> str:
    """Return why a listener could not be there, naming the variable and who is in its place; empty when it could."""
    found = strangers(listener.address, listener.port, listener.pid)
    if not found:
        return ''
    return '{}: {} cannot be used, {} is held by {}. End that, or set {} to a port that is free'.format(
        listener.variable, listener.port, _place(listener), ', '.join(found), listener.variable
    )


def _anybody_rows(identifier: str, listener: Listener) -> list[dict[str, Any]]:
    if not for_anybody(listener.port):
        return []
    hint = (
        f'Unless you need this port, take {listener.variable} out of your variables.'
        if listener.port >= PRIVILEGED
        else f'Set the sysctl net.ipv4.ip_unprivileged_port_start to {PRIVILEGED}, unless something here needs less.'
    )
    return [
        row(f'{identifier}.unprivileged', _place(listener), GREEN, ANYBODY.format(listener.whose), hint, severity='low')
    ]


def ready_rows(identifier: str, listener: Listener) -> list[dict[str, Any]]:
    """Return the rows of a preflight on the place of a listener."""
    found = problem(listener)
    if found:
        return [row(f'{identifier}.foreign', _place(listener), RED, found)]
    return _anybody_rows(identifier, listener) or [
        row(f'{identifier}.free', _place(listener), GREEN, f'nobody else than {listener.whose} listens')
    ]


def owner_rows(identifier: str, listener: Listener) -> list[dict[str, Any]]:
    """Return the rows of a verification on who listens."""
    found = strangers(listener.address, listener.port, listener.pid)
    if found:
        return [
            row(
                f'{identifier}.foreign',
                _place(listener),
                RED,
                'held by {}, and not by {}'.format(', '.join(found), listener.whose),
                f'It gets mail that is not meant for it. End it, see what it was, and run site.yml; or set'
                f' {listener.variable} to a port that is free.',
            )
        ]
    if not listening(listener.address, listener.port):
        return [
            row(f'{identifier}.closed', _place(listener), RED, 'nobody listens', 'Run site.yml; mail waits for it.')
        ]
    if diverted(listener.address, listener.port):
        finding = f'what is sent there does not arrive at {listener.whose}: rules of the firewall lead it elsewhere'
        return [row(f'{identifier}.diverted', _place(listener), RED, finding, NAT.format(_place(listener)))]
    return [
        row(f'{identifier}.owner', _place(listener), GREEN, f'{listener.whose}, pid {listener.pid}'),
        *_anybody_rows(identifier, listener),
    ]


def arrival_rows(port: int, pid: int | None, how: str, behind_proxy: Callable[[], bool] = bool) -> list[dict[str, Any]]:
    """Return the row on whether other hosts, of which the gateway is one, get to the mail server.

    Args:
        pid: of the process that listens for the mail server, whose children share its sockets; None when it does not
            run.
        how: what makes the mail server listen for other hosts.
        behind_proxy: asked where somebody else listens: whether the mail server has its clients from a proxy.
    """
    target, sockets = f'port {port}', for_others(port)
    if not sockets:
        finding = 'nobody listens for other hosts: no mail of the gateway arrives'
        # That one does not run has a row of its own.
        hint = f'{how} If no mail is to arrive here, set conbool_inbound: false.' if alive(pid) else 'Start it first.'
        return [row('inbound.closed', target, RED, finding, hint)]
    foreign = not_of(sockets, pid)
    if len(foreign) < len(sockets):
        addresses = sorted({entry.address for entry in sockets if entry not in foreign})
        return [row('inbound.listens', target, GREEN, 'the mail server, at ' + ', '.join(addresses))]
    who = ', '.join(holders(foreign))
    if behind_proxy():
        return [row('inbound.listens', target, GREEN, f'held by {who}, a proxy of the mail server', severity='low')]
    hint = f'End it, then: {how} If no mail is to arrive here, set conbool_inbound: false.'
    return [row('inbound.foreign', target, RED, f'held by {who}, and not by the mail server', hint)]
