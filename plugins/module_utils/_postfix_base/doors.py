# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of a Postfix that take mail for hosted domains from somebody who is a stranger to them."""

from __future__ import annotations

import ipaddress
from collections.abc import Container, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.access_tables import mynetworks_entries
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.listeners import (
    behind,
    command_of,
    is_proxied,
    is_reachable,
    listeners,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.strangers import Stranger

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.strangers import Entries

CLOSED = '-o smtpd_client_restrictions=permit_sasl_authenticated,reject'


class Door(NamedTuple):
    """An entry of master.cf that others reach, the smtpd(8) that takes mail from them, and whether that is one of
    those that are limited to the gateway."""

    entry: Mapping[str, Any]
    taker: Mapping[str, Any]
    ours: bool
    proxied: bool

    @property
    def finding(self) -> str:
        proxy = 'it is behind a proxy and ' if self.proxied else 'it '
        return (
            f'{proxy}takes mail for hosted domains from anybody, past the gateway, and headers that only the gateway'
            ' may write with it'
        )

    @property
    def where(self) -> str:
        """The entry that has the options, in words."""
        return '{}/{}'.format(*_key(self.taker))


def open_doors(
    settings: Mapping[str, Any],
    info: Mapping[str, Any],
    entries: Entries,
    further: Container[str] = (),
    changed: bool = True,
) -> Iterator[Door]:
    """Yield the services that are open to anybody.

    Args:
        settings: the normalised settings.
        info: what C(postfix_info) returned.
        entries: see Stranger.
        further: names of inet services that are limited to the gateway, beside those of port 25.
        changed: whether they are by now. Before, they do not count.
    """
    known = [ipaddress.ip_network(item) for item in settings['networks'] + settings['allowed_networks']]
    known += mynetworks_entries(info['expanded'].get('mynetworks', ''))
    stranger = Stranger(entries, known)
    limited = [_key(entry) for entry in listeners(info, further)[0]]
    for entry in info['services']:
        if entry['type'] != 'inet' or not is_reachable(entry, info):
            continue
        command = command_of(entry)
        takers = [entry] if command == 'smtpd' else behind(entry, info) if command == 'postscreen' else []
        for taker in takers:
            ours = _key(taker) in limited
            if (changed or not ours) and not stranger.is_refused(taker, info):
                yield Door(entry, taker, ours, is_proxied(entry, info))


def _key(entry: Mapping[str, Any]) -> tuple[str, str]:
    return entry['name'], entry['type']
