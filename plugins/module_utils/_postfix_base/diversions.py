# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a Postfix's own configuration hands messages to a transport of its choice, whatever their route is: content
filters, and FILTER in checks of headers, bodies and addresses.

A filter that hands messages back is the usual case, and nothing is wrong with it: what it hands back has its route.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.names import Names
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import there
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.access_tables import mynetworks_entries
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.document import items
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.listeners import command_of, is_ours
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.routes import recipient_keys, route
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.table_actions import filters
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.table_entries import look_up
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.values import Values, words
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import OUTSIDE, certain_routes

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance

# Daemons that take messages, and those that speak to other servers. What any other does, it does on this host.
TAKERS, CLIENTS = ('smtpd', 'pickup', 'qmqpd'), ('smtp', 'lmtp')
CHECKS = ('header_checks', 'mime_header_checks', 'nested_header_checks', 'body_checks')
_ACCESS = re.compile(r'check_(\w+)_access$')
# What any message has.
PLAIN = (
    'From: postmaster@{0}',
    f'To: someone@{OUTSIDE}',
    'Subject: Hello',
    'Received: from client.{0} (client.{0} [192.0.2.1]) by {0} (Postfix) with ESMTPS id 4bX1Yz0ABC',
    'Date: Mon, 30 Nov 2026 11:37:17 +0000',
    'Message-ID: <conbool-verify@{0}>',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
)
_MIME = re.compile(r'MIME-|Content-')
PAST = 'leads it past the outbound hop'
UNTOLD = 'cannot be told to lead it past the outbound hop or back: now its next hop has no address'
HINT = (
    'Take it out, or have it name a transport that hands the message back to this server: one to this host, or to a'
    ' host in mynetworks.'
)


class Diversions:
    """What is asked of it.

    Args:
        instance: its commands.
        settings: what M(conbool.smtp_relay.settings) returned.
        info: what C(postfix_info) returned.
    """

    def __init__(self, instance: Instance, settings: Mapping[str, Any], info: Mapping[str, Any]) -> None:
        self._instance, self._settings, self._info = instance, settings, info
        self._transports = {entry['name']: entry for entry in info['services'] if entry['type'] == 'unix'}
        # Where a filter hands messages back, the service may have networks of its own.
        services = [entry for entry in info['services'] if command_of(entry) == 'smtpd']
        said = {info['expanded'].get('mynetworks', ''), *(Values(entry, info).of('mynetworks') for entry in services)}
        self._networks = [network for text in sorted(said) for network in mynetworks_entries(text)]
        self._networks += [ipaddress.ip_network(item) for item in settings['allowed_networks']]
        self._names = Names()

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows on what hands on any message."""
        return [*self._content_filters(), *self._checks(), *self._access()]

    def notes(self) -> list[dict[str, Any]]:
        """Return the rows on what hands on some messages."""
        tables = [table for dummy, dummy, table in (*self._check_tables(), *self._access_tables())]
        found = {
            filter_
            for table in tables
            for filter_ in filters(table) or []
            if self.leads_past(filter_.destination) is not False
        }
        return [
            row('mta.filter', place, GREEN, f'FILTER {destination} {said}, with all its recipients', HINT, 'low')
            for place, destination in sorted(found)
            for said in (PAST if self.leads_past(destination) else UNTOLD,)
        ]

    def leads_past(self, destination: str) -> bool | None:
        """Return whether a transport and its next hop are no filter from which messages come back; None when nobody
        can tell, since its name has no address at the moment.

        A filter that hands messages back is on this host, or on one that may send through it.
        """
        transport, dummy, next_hop = destination.partition(':')
        entry = self._transports.get(transport)
        # Without such a transport the message waits.
        if entry is None or command_of(entry) not in CLIENTS or transport.startswith('conbool-'):
            return False
        if next_hop.startswith(('unix:', '/')):
            return False
        host = re.sub(r'^inet:', '', next_hop)
        host = host[1:].partition(']')[0] if host.startswith('[') else host.rpartition(':')[0] or host
        if not host:
            return True
        addresses = self._names.addresses(re.sub('^ipv6:', '', host, flags=re.IGNORECASE))
        return not all(map(self._is_known, addresses)) if addresses else None

    def _is_known(self, address: str) -> bool:
        parsed = ipaddress.ip_address(address)
        return there(address) or any(parsed in network for network in self._networks)

    def _content_filters(self) -> Iterator[dict[str, Any]]:
        found: dict[str, list[str]] = {}
        for entry in self._info['services']:
            if command_of(entry) in TAKERS and not is_ours(entry):
                value = Values(entry, self._info).of('content_filter')
                if value and self.leads_past(value) is not False:
                    found.setdefault(value, []).append('{name}/{type}'.format(**entry))
        for value, services in found.items():
            yield self._diverted(f'content_filter = {value} of {", ".join(services)}', value)

    def _diverted(self, what: str, destination: str) -> dict[str, Any]:
        if self.leads_past(destination) is None:
            return row('mta.diverted', 'any message', GREEN, f'{what} {UNTOLD}', HINT, 'low')
        return row('mta.diverted', 'any message', RED, f'{what} {PAST}', HINT)

    def _check_tables(self) -> Iterator[tuple[str, str, str]]:
        """Yield parameter, service and table of each check of headers and bodies, each table once for a parameter."""
        seen = set()
        for entry in self._info['services']:
            if command_of(entry) == 'cleanup':
                for name in CHECKS:
                    for table in words(Values(entry, self._info).of(name)):
                        if (name, table) not in seen:
                            seen.add((name, table))
                            yield name, '{name}/{type}'.format(**entry), table

    def _access_tables(self) -> Iterator[tuple[str, str, str]]:
        """Yield what is judged, service and table of each check of addresses, each table once for what is judged."""
        seen = set()
        for entry in self._info['services']:
            values = Values(entry, self._info)
            names = [
                name for name in {**self._info['parameters'], **entry['options']} if name.endswith('_restrictions')
            ]
            names += words(values.of('smtpd_restriction_classes'))
            for name in sorted(names) if command_of(entry) == 'smtpd' else []:
                listed = words(values.of(name))
                for restriction, table in zip(listed, listed[1:]):
                    match = _ACCESS.match(restriction)
                    if match and (match.group(1), table) not in seen:
                        seen.add((match.group(1), table))
                        yield match.group(1), '{name}/{type}'.format(**entry), table

    def _may_divert(self, table: str) -> bool:
        found = filters(table)
        return found is None or any(self.leads_past(filter_.destination) is not False for filter_ in found)

    def _checks(self) -> Iterator[dict[str, Any]]:
        domain = self._settings['domains'][0]
        for name, service, table in self._check_tables():
            if name == 'nested_header_checks' or not self._may_divert(table):
                continue
            lines = [line for line in PLAIN if bool(_MIME.match(line)) == (name == 'mime_header_checks')]
            keys = ['Hello'] if name == 'body_checks' else [line.format(domain) for line in lines]
            yield from self._answers(f'{name} of {service}', table, keys)

    def _access(self) -> Iterator[dict[str, Any]]:
        domain = self._settings['domains'][0]
        keys = {
            'sender': ['postmaster@' + domain, domain, 'postmaster@'],
            'recipient': [*recipient_keys(OUTSIDE), 'postmaster@'],
        }
        for judged, service, table in self._access_tables():
            if judged in keys and self._may_divert(table):
                yield from self._answers(f'check_{judged}_access of {service}', table, keys[judged])

    def _answers(self, where: str, table: str, keys: Iterable[str]) -> Iterator[dict[str, Any]]:
        """Yield a row on the first answer that diverts a message, or the one that a table has none."""
        try:
            for key in keys:
                action = look_up(self._instance, table, key)
                verb, dummy, destination = action.partition(' ')
                if verb.upper() == 'FILTER' and self.leads_past(destination.strip()) is not False:
                    yield self._diverted(
                        f'{table} ({where}) answers {action!r} for {key!r}, which', destination.strip()
                    )
                    return
        except HostError as exc:
            yield row('mta.diverted', 'any message', RED, f'{where}: {exc}', 'Mend the table: mail waits for it.')


def deferred_rows(info: Mapping[str, Any], settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row on each transport of mail whose way is certain that C(defer_transports) has wait.

    Args:
        info, settings: as of Diversions.
    """
    waits = items(info['expanded'].get('defer_transports'))
    samples = certain_routes(settings) if waits and info['running'] else []
    asked = [(sample['sender'], sample['recipient']) for sample in samples]
    try:
        transports = {route(info['queue_directory'], *pair)['transport'] for pair in asked}
    except HostError:
        # The rows on routes say so.
        return []
    hint = 'Take it out there, then: postfix reload, postqueue -f.'
    return [
        row('route.deferred', transport, RED, 'defer_transports in main.cf has all mail for it wait', hint)
        for transport in sorted(transports.intersection(waits))
    ]
