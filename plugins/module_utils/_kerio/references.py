# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a Kerio Connect has a group of IP addresses that a check lets pass: all of the gateway's mail comes from a few
addresses, which each of these checks would take for a nuisance or a forger."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import Client, KerioError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.ip_group import holds
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.site import Site

# Part of a site -> getter, setter, and the name that both have for it.
CALLS = {
    'smtp': ('Smtp.get', 'Smtp.set', 'server'),
    'antispam': ('Content.getAntiSpamSetting', 'Content.setAntiSpamSetting', 'setting'),
    'sender_policy': ('SenderPolicy.get', 'SenderPolicy.set', 'options'),
}
NONE = {'enabled': False, 'id': '', 'name': ''}


@dataclass(frozen=True)
class Place:
    """One of them: the part of the site, the way to it, and what it is in words."""

    part: str
    path: tuple[str, ...]
    words: str

    @property
    def key(self) -> str:
        return '.'.join((self.part, *self.path))

    def held(self, site: Site) -> dict[str, Any]:
        """C(enabled), C(id) and C(name) of the group there."""
        return self.held_in(getattr(site, self.part))

    def held_in(self, structure: Mapping[str, Any]) -> dict[str, Any]:
        """The same of the structure itself."""
        found: Any = structure
        for name in self.path:
            found = found[name]
        if 'ipAddressGroupId' in found:
            identity = found['ipAddressGroupId']
            return {'enabled': bool(identity), 'id': identity, 'name': found.get('ipAddressGroupName', '')}
        return {name: found[name] for name in NONE}

    def put(self, structure: dict[str, Any], entity: Mapping[str, Any]) -> None:
        """Have a group stand there; what else the server knows of the place stays."""
        found: Any = structure
        for name in self.path:
            found = found[name]
        if 'ipAddressGroupId' in found:
            found['ipAddressGroupId'] = entity['id'] if entity['enabled'] else ''
            if 'ipAddressGroupName' in found:
                found['ipAddressGroupName'] = entity['name']
        else:
            found.update({name: entity[name] for name in NONE})


PLACES = (
    Place('smtp', ('ipBasedLimit',), 'limits by IP address'),
    Place('antispam', ('customWhiteList',), 'white list of the blacklists'),
    Place('antispam', ('spfSetting', 'exceptionIpGroup'), 'exceptions of SPF'),
    Place('antispam', ('callerSetting', 'exceptionIpGroup'), 'exceptions of Caller ID'),
    Place('antispam', ('repellentSetting', 'customWhiteList'), 'exceptions of the spam repellent'),
    Place('antispam', ('greylistingStatus', 'customWhiteList'), 'exceptions of greylisting'),
    Place('sender_policy', ('IPWhiteList',), 'exceptions of the sender policy'),
)


def effective(site: Site, place: Place) -> str:
    """The id of the group that is in force at a place; empty for none."""
    entity = place.held(site)
    return entity['id'] if entity['enabled'] and site.group_name(entity['id']) else ''


def used_elsewhere(site: Site, identity: str) -> list[str]:
    """In words, for what else than such exceptions a group counts, by itself or as a part of another one: whoever is
    added to it would get that, too."""
    parents, new = {identity}, {identity}
    while new:
        new = {
            entry['groupId']
            for entry in site.entries
            if entry['type'] == 'ChildGroup' and entry['childGroupId'] in new and entry['groupId'] not in parents
        }
        parents |= new
    antispam = copy.deepcopy(site.antispam)
    for place in PLACES:
        if place.part == 'antispam':
            place.put(antispam, NONE)
    uses = (
        (site.smtp.get('relayControl'), 'who may relay'),
        (antispam, 'the spam filter'),
        (site.services, 'a service'),
        (site.remote, 'remote administration'),
        (site.security, 'the security policy'),
    )
    return [words for value, words in uses if any(holds(value, group) for group in parents)]


def write(client: Client, site: Site, entities: Mapping[str, Mapping[str, Any]]) -> None:
    """Set places, each part by one call, unless somebody else has changed it since it was read; and look whether the
    server holds what it was given.

    Args:
        site: as it was read; the parts are brought up to date in it.
        entities: key of the place -> what has to stand there.
    """
    for part, (getter, setter, member) in CALLS.items():
        places = [place for place in PLACES if place.part == part and place.key in entities]
        if not places:
            continue
        present = client.call(getter)[member]
        if _differ(places, present, getattr(site, part)):
            raise KerioError(f'somebody else changes {part} of Kerio Connect at this moment: run this again')
        changed = copy.deepcopy(present)
        for place in places:
            place.put(changed, entities[place.key])
        if not _differ(places, present, changed):
            continue
        client.call(setter, **{member: changed})
        after = client.call(getter)[member]
        if _differ(places, after, changed):
            raise KerioError(f'Kerio Connect has taken {part}, and holds another group there: look at it')
        setattr(site, part, after)


def _differ(places: Iterable[Place], first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    def known(entity: Mapping[str, Any]) -> tuple[bool, str]:
        # The name is the server's own affair.
        return entity['enabled'], entity['id']

    return any(known(place.held_in(first)) != known(place.held_in(second)) for place in places)
