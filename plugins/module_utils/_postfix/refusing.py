# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookup tables of the site's own that refuse the gateway, in lists that are asked beside the one that has our
restrictions."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.judging import KEPT_FROM_TRUST, checks_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.listeners import listeners
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.strangers import REFUSING, network_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.table_entries import ORDERED, kind_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import RED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.networks import Networks

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.strangers import Entries

REFUSES = re.compile(r'(REJECT|DEFER|DEFER_IF_\w+|DISCARD|[45]\d\d)(?!\S)', re.IGNORECASE)
PERMITS = re.compile(r'(OK|PERMIT|\d+)$', re.IGNORECASE)
BY_CLIENT = re.compile(r'check_client_access\s+([a-z]+:\S+)$', re.IGNORECASE)
BY_NAME = re.compile(r'check_(?:helo|reverse_client_hostname)_access\s+([a-z]+:\S+)$', re.IGNORECASE)
# A table without a restriction is the list's own (postconf(5)): in the others it judges sender or recipient.
BARE = re.compile(r'[a-z]+:\S+$', re.IGNORECASE)
OWN = {'smtpd_client_restrictions': 'check_client_access', 'smtpd_helo_restrictions': 'check_helo_access'}
# What lets nobody past who is no user or neighbour of this host.
HARMLESS = re.compile(
    r'(reject_|defer_|permit_(mynetworks|sasl_authenticated|inet_interfaces)\b|sleep\b)', re.IGNORECASE
)
# Ours are in front of the list of recipients. Those that other things are asked in, are left out.
LISTS = (*(f'smtpd_{stage}_restrictions' for stage in ('client', 'helo', 'sender')), KEPT_FROM_TRUST)
# They are asked for whole names and addresses only (DICT_FLAG_FIXED).
WHOLE = (*ORDERED, 'socketmap', 'tcp')
HINT = (
    'Take it out, or have an entry for the gateway in front, such as "{} OK"; then build the table anew where it has an'
    ' index (postmap).'
)
EXCEPTION = (
    'Put "check_client_access cidr:/etc/postfix/gateway" before it in {}, with these lines in the file: {}. Or set'
    ' conbool_inbound_trust: true, which does it for you.'
)
MEND = 'Mend the table, or take it out: mail of the gateway waits for it.'
MOST_ASKED = 16


def refusing(
    settings: Mapping[str, Any],
    info: Mapping[str, Any],
    entries: Entries,
    ask: Callable[[str, str], str],
    further: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Return a row for each table that refuses the gateway on the services of its mail.

    Args:
        settings: the normalised settings.
        info: what C(postfix_info) returned.
        entries: see Stranger.
        ask: takes a table and a key, and returns its answer, empty for none. One that cannot be asked is a HostError.
        further: see judging().
    """
    found: dict[str, dict[str, Any]] = {}
    ask = _Once(ask).answer
    names = (KEPT_FROM_TRUST,) if settings['inbound_trust'] else LISTS
    for entry in listeners(info, further)[0]:
        for name, checks in checks_of(entry, info, settings['networks'], entries, names, refusals=True):
            rows = _List(settings, entries, ask, name).rows(checks)
            found.update((entry['target'], entry) for entry in rows)
    return list(found.values())


class _Once:
    """What asks tables, each for a key once, and one that cannot be asked not again."""

    def __init__(self, ask: Callable[[str, str], str]) -> None:
        self._ask = ask
        self._known: dict[tuple[str, str], str] = {}
        self._failed: dict[str, HostError] = {}

    def answer(self, table: str, key: str) -> str:
        if table in self._failed:
            raise self._failed[table]
        try:
            if (table, key) not in self._known:
                self._known[table, key] = self._ask(table, key)
        except HostError as exc:
            self._failed[table] = exc
            raise
        return self._known[table, key]


class _List:
    """One list of restrictions, asked about the gateway."""

    def __init__(
        self, settings: Mapping[str, Any], entries: Entries, ask: Callable[[str, str], str], name: str
    ) -> None:
        self._settings, self._entries, self._ask, self._name = settings, entries, ask, name

    def rows(self, checks: Sequence[str]) -> list[dict[str, Any]]:
        spared, certain = False, True
        for check in checks:
            full = f'{OWN[self._name]} {check}' if BARE.match(check) and self._name in OWN else check
            table = BY_CLIENT.match(full) or BY_NAME.match(full)
            if spared:
                spared = False
            elif check.lower() in REFUSING:
                return [self._whoever_comes(check)] if certain else []
            elif table:
                by_name = bool(BY_NAME.match(full))
                try:
                    found, permits = self._table(check, table[1], by_name)
                except HostError as exc:
                    # It is not asked for the next key: each time may take as long.
                    return [row('inbound.refused', table[1], RED, f'cannot be asked, says {exc}', MEND, 'low')]
                if found or (permits and not by_name):
                    return found
                certain = certain and not permits
            elif check.lower() == 'warn_if_reject':
                spared = True
            elif not HARMLESS.match(check):
                certain = False
        return []

    def _whoever_comes(self, check: str) -> dict[str, Any]:
        lines = ', '.join(f'"{network} OK"' for network in self._settings['networks'])
        finding = 'refuses whoever is not named before it, and the gateway is not: all of its mail'
        return row('inbound.refused', f'{self._name}: {check}', RED, finding, EXCEPTION.format(self._name, lines))

    def _table(self, check: str, table: str, by_name: bool) -> tuple[list[dict[str, Any]], bool]:
        """Return the row on a table that refuses the gateway, and whether one lets it past all else."""
        permits = []
        for address, keys in _questions(self._settings, table, self._entries, by_name):
            answers = ((key, self._ask(table, key)) for key in keys)
            key, action = next(((key, said) for key, said in answers if said), ('', ''))
            if REFUSES.match(action):
                finding = f'"{key} {action}" in {table} refuses the gateway, and its mail with it'
                hint = HINT.format(address or key)
                return [row('inbound.refused', f'{self._name}: {check}', RED, finding, hint)], False
            permits.append(bool(PERMITS.match(action)))
        return [], all(permits)


def _questions(
    settings: Mapping[str, Any], table: str, entries: Entries, by_name: bool
) -> Iterator[tuple[str, list[str]]]:
    """Yield addresses of the gateway, each with the keys for which smtpd(8) asks a table, in its order
    (check_namadr_access() in smtpd_check.c)."""
    whole, host = kind_of(table) in WHOLE, settings['relay_host']
    names = [host] if whole else _parents(host)
    if by_name:
        yield '', names
        return
    for address in _addresses(settings, entries(table) or []):
        yield address, names + ([address] if whole or ':' in address else _cuts(address))


def _parents(host: str) -> list[str]:
    labels = host.split('.')
    return [host] + [mark + '.'.join(labels[cut:]) for cut in range(1, len(labels)) for mark in ('', '.')]


def _cuts(address: str) -> list[str]:
    return [address.rsplit('.', cut)[0] for cut in range(4)]


def _addresses(settings: Mapping[str, Any], listed: Sequence[tuple[str, str]]) -> list[str]:
    """Return one of each network of the gateway, and those that a table names in one."""
    networks = [ipaddress.ip_network(network) for network in settings['networks']]
    gateway, found = Networks(networks), [str(network[0]) for network in networks]
    for network in filter(None, (network_of(key) for key, dummy in listed)):
        if gateway.cover(network):
            found.append(str(network[0]))
    return list(dict.fromkeys(found))[:MOST_ASKED]
