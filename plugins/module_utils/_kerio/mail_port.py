# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may connect to port 25 of a Kerio Connect: the group of its service SMTP, as a plan changes it. Private to this
collection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import groups, ip_group
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import Client
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.names import CLIENTS, SMTP
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.record import Remembered
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.references import NONE
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.site import Site
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.step import Step


def _held(site: Site, name: str) -> list[str]:
    return [ip_group.told(entry) for entry in site.entries if entry['groupName'] == name and entry['enabled']]


def limited_before(remembered: Remembered) -> bool:
    """Whether it was for a group before it was for ours."""
    return bool(remembered.services.get(SMTP, NONE)['enabled'])


def for_both(site: Site, remembered: Remembered) -> list[str]:
    """Who may connect by now, and the group of before; nobody where there was none, or ours is not in force."""
    before, present = remembered.services.get(SMTP, NONE), site.service(SMTP)['group']
    name = before['name'] if before['name'] in site.groups else site.group_name(before['id'])
    ours = present['isUsed'] and site.group_name(present['ipGroup']['id']) == CLIENTS
    if not (limited_before(remembered) and name and ours):
        return []
    return list(dict.fromkeys([*_held(site, CLIENTS), ip_group.GROUP + name]))


def clients_of(site: Site, wanted: list[str], shutting: bool) -> list[str]:
    """Who may connect. Before all else is done, nobody is shut out who can by now.

    Args:
        wanted: who shall in the end.
        shutting: whether all else is done.
    """
    if shutting:
        return wanted
    held = _held(site, CLIENTS)
    return [*held, *(entry for entry in wanted if ip_group.canonical(entry) not in held)] if held else []


def service_step(
    site: Site, remembered: Remembered, clients: list[str], kept: Remembered, warnings: list[str]
) -> tuple[list[Step], bool]:
    """The step on port 25's group; and whether it lets in more than before."""
    own, limit = site.groups.get(CLIENTS, ''), site.service(SMTP)['group']
    present = {'enabled': limit['isUsed'], 'id': limit['ipGroup']['id'], 'name': limit['ipGroup']['name']}
    ours = bool(own) and present['id'] == own
    if clients:
        kept.services[SMTP] = remembered.services.get(SMTP, NONE) if ours else present
        after = {'enabled': True, 'id': own, 'name': CLIENTS}
    elif ours:
        kept.services.pop(SMTP, None)
        after = still_there(site, remembered.services.get(SMTP, NONE), f'service {SMTP}', warnings)
    else:
        kept.services.pop(SMTP, None)
        return [], True
    if ours and clients and present['enabled']:
        return [], False

    def setting(entity: Mapping[str, Any]) -> Callable[[Client, Site], None]:
        return lambda client, site: groups.limit(client, SMTP, groups.named(site, entity))

    step = Step(f'service {SMTP}', shown(present), shown(after), setting(after), setting(present))
    return [step], not clients


def still_there(site: Site, entity: dict[str, Any], words: str, warnings: list[str]) -> dict[str, Any]:
    """A reference of before, or none when its group is gone."""
    if entity['enabled'] and entity['name'] not in site.groups and not site.group_name(entity['id']):
        warnings.append(f'{words}: the group {entity["name"]!r}, which was there before, is gone; there is none now')
        return NONE
    return entity


def shown(entity: Mapping[str, Any]) -> str:
    return str(entity['name'] or entity['id']) if entity['enabled'] else '(no group)'
