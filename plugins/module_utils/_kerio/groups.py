# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of IP addresses that are ours, and what refers to them, as steps of a plan change them.

Ids are the server's own and may be others after a change, so a group is known by its name.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import ip_group, outbound, service
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import Client
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.names import GATEWAY
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.options import EVERYTHING
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.site import Site

DESCRIPTION = 'Managed by Ansible (conbool.smtp_relay.kerio_smarthost)'


def wanted(name: str, entries: list[str]) -> ip_group.Wanted:
    """A group of ours with these entries and no other; without any, it is not there."""
    return ip_group.Wanted(name, entries, 'present' if entries else 'absent', description=DESCRIPTION)


def foreign(site: Site, name: str) -> bool:
    """Whether a group of a name of ours is somebody else's: we have made nothing here, and this does not say it is."""
    said = [entry['description'] for entry in site.entries if entry['groupName'] == name]
    return bool(said) and not site.made and DESCRIPTION not in said


def parents(site: Site, name: str) -> list[str]:
    """The ids of the groups of which a group is a part."""
    own = site.groups.get(name)
    return [
        entry['groupId']
        for entry in site.entries
        if own and entry['type'] == 'ChildGroup' and entry['childGroupId'] == own
    ]


def _refresh(client: Client, site: Site) -> None:
    site.entries = client.call('IpAddressGroups.get', query=EVERYTHING)['list']


def converge(client: Client, site: Site, name: str, entries: list[str]) -> None:
    """Have a group of ours have these entries; or be gone."""
    ip_group.converge(client, wanted(name, entries), False)
    _refresh(client, site)


def join(client: Client, site: Site, name: str, there: bool) -> None:
    """Have the gateway's group be a part of another one, or not."""
    entry, state = ip_group.GROUP + GATEWAY, 'present' if there else 'absent'
    change = ip_group.Wanted(name, [entry], state, exclusive=False, description=DESCRIPTION)
    ip_group.converge(client, change, False)
    _refresh(client, site)


def named(site: Site, entity: Mapping[str, Any]) -> dict[str, Any]:
    """A reference with the id that the group of its name has by now; one to a group that is gone stays as it is."""
    return {**entity, 'id': site.groups.get(entity['name'], entity['id'])}


def limit(client: Client, name: str, entity: Mapping[str, Any]) -> None:
    """Have a service be for a group, or for everybody."""
    service.put(client, name, entity['enabled'], entity['id'], entity['name'])


def with_ids(rules: list[dict[str, Any]], present: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rules of before with the ids that they have by now."""
    left = list(present)
    found = copy.deepcopy(rules)
    for rule in found:
        same = next((other for other in left if outbound.known_by(other) == outbound.known_by(rule)), None)
        rule['id'] = ''
        if same:
            rule['id'] = same['id']
            left.remove(same)
    return found
