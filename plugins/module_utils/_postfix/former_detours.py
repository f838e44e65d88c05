# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listeners of detours that are no longer wanted, but that messages in the queue still name: FILTER is written into a
message, port included, and no new configuration changes it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.sockets import strangers
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import allowed
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.detour import (
    NAMES,
    address_and_port,
    detour_of,
    listener_at,
    listener_name,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.queue_filters import FilteredMessage

DESTINATION = re.compile(r'conbool-([a-z]+):\[([0-9A-Fa-f.:]+)\]:(\d+)$')
WAITING = (
    '{} messages in the queue are on their way to {}, such as {}: the listener there stays for them. When they are'
    ' delivered, the next run of site.yml removes it'
)
STILL_OPEN = (
    'Sessions that were begun before the change are open still (processes {}): the listeners of before stay for their'
    ' messages. The next run of site.yml removes them'
)
STRANDED = (
    '{} messages in the queue are on their way to {}, such as {}, where Postfix cannot listen any more. Have it decide'
    ' about each of them anew: {} QUEUE_ID'
)


def places(messages: Sequence[FilteredMessage]) -> dict[tuple[str, str], list[str]]:
    """Return the detours that messages name, each by its own name and that of its listener, and the queue ids."""
    found: dict[tuple[str, str], list[str]] = {}
    for message in messages:
        match = DESTINATION.match(message.value)
        if match and match.group(1) in NAMES:
            name, address, port = match.groups()
            found.setdefault((name, listener_name(address, int(port))), []).append(message.identifier)
    return found


def stranded(info: Mapping[str, Any], messages: Sequence[FilteredMessage]) -> dict[str, list[str]]:
    """Return the listeners that messages name and that master.cf does not have, and the queue ids."""
    there = {entry['name'] for entry in info['services']}
    return {
        listener: queue_ids
        for (name, listener), queue_ids in places(messages).items()
        if listener not in there or f'conbool-{name}' not in there
    }


def there_but_unwanted(info: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the detours, each by its own name and that of its listener, that master.cf has and nobody wants."""
    names = {entry['name'] for entry in wanted['services']}
    return [
        (detour_of(entry), entry['name'])
        for entry in info['services']
        if detour_of(entry) and entry['name'] not in names
    ]


def unwanted(
    detours: Mapping[tuple[str, str], list[str]], wanted: Mapping[str, Any]
) -> dict[tuple[str, str], list[str]]:
    """Return those of the detours that messages name whose listeners nobody wants."""
    names = {entry['name'] for entry in wanted['services']}
    return {detour: queue_ids for detour, queue_ids in detours.items() if detour[1] not in names}


def usable(info: Mapping[str, Any], listener: str, pid: int | None) -> bool:
    """Return whether this Postfix can listen there; if not, its master process would end when it reads master.cf."""
    address, port = address_and_port(listener)
    return allowed(address, info['expanded'].get('inet_protocols', 'all')) and not strangers(address, port, pid)


def kept(
    info: Mapping[str, Any], wanted: Mapping[str, Any], detours: Iterable[tuple[str, str]]
) -> dict[str, list[dict[str, Any]]]:
    """Return what has to be in the configuration beside what is wanted, so that these detours end somewhere.

    Args:
        info: what C(postfix_info) returned.
        wanted: C(services) and C(tables) that are wanted.
        detours: name of the detour and of its listener, which is usable().

    Returns:
        C(services) and C(tables).
    """
    services = {entry['name']: entry for entry in wanted['services']}
    before = {entry['name']: entry for entry in info['services']}
    tables = {entry['path'] for entry in wanted['tables']}
    found: dict[str, list[dict[str, Any]]] = {'services': [], 'tables': []}
    for name, listener in detours:
        like = [entry for entry in services.values() if detour_of(entry) == name]
        entry = before.get(listener) or (listener_at(listener, like[0]) if like else None)
        # Without a cleanup service of before or of now, nobody knows what this detour did.
        parts = [f'conbool-{name}', f'conbool-{name}-cleanup']
        if listener in services or entry is None or not all(part in services or part in before for part in parts):
            continue
        for part in [entry] + [before[part] for part in parts if part not in services]:
            services[part['name']] = part
            found['services'].append(part)
        for table in _tables(info, services[parts[1]]):
            if table['path'] not in tables:
                tables.add(table['path'])
                found['tables'].append(table)
    return found


def _tables(info: Mapping[str, Any], cleanup: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the table of a detour's cleanup service, as it is."""
    path = cleanup['options'].get('header_checks', '').partition(':')[2]
    directory, name = os.path.split(path)
    data = read_file(path).data if directory == info['config_dir'] else None
    return [] if data is None else [{'path': name, 'type': 'regexp', 'content': decode(data)}]


def said(
    detours: Mapping[tuple[str, str], Sequence[str]], services: Iterable[Mapping[str, Any]], requeue: str
) -> list[str]:
    """Return what a person should know of messages that keep a listener, or whose listener cannot be kept.

    Args:
        detours: those that messages name and nobody wants any more, with the queue ids.
        services: entries that are kept for them.
        requeue: the command that has Postfix decide anew about a message, without the queue id.
    """
    names = {entry['name'] for entry in services}
    return [
        (WAITING if listener in names else STRANDED).format(len(ids), listener, ids[0], requeue)
        for (dummy, listener), ids in sorted(detours.items())
    ]
