# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the interface is told and says, as tests make and change it."""

from __future__ import annotations

import copy

import pytest

from lab.kerio import company
from lab.kerio.profiles import VERSIONS, every

# Getter, setter, the setter's parameter, and what in the answer it is.
SETTINGS = [
    ('Smtp.get', 'Smtp.set', 'server'),
    ('Content.getAntiSpamSetting', 'Content.setAntiSpamSetting', 'setting'),
    ('SenderPolicy.get', 'SenderPolicy.set', 'options'),
]
LISTS = [
    ('Smtp.getRelayDeliveryRuleList', 'Smtp.setRelayDeliveryRuleList'),
    ('Content.getCustomRuleList', 'Content.setCustomRuleList'),
]
HOP = company.relay_rule('Hop', '127.0.0.1', 10027)


def rules(client, getter='Smtp.getRelayDeliveryRuleList'):
    return client.call(getter, **({'query': {}} if 'Custom' in getter else {}))['list']


def stored(double):
    return {rule['description']: rule['authentication']['password'] for rule in double.state.data['relay_rules']}


def leaves(value, path=()):
    """Every member of a structure with its path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key), inner
            yield from leaves(inner, (*path, key))


def without(value, path):
    changed = copy.deepcopy(value)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    return changed


def changed(value, path, new):
    value = copy.deepcopy(value)
    holder = value
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = new
    return value


ENTRY = {
    'id': '',
    'groupId': '',
    'sharedId': '',
    'groupName': 'Conbool',
    'description': 'managed',
    'type': 'Host',
    'enabled': True,
    'status': 'StoreStatusNew',
    'host': '192.0.2.1',
    'addr1': '',
    'addr2': '',
    'childGroupId': '',
    'childGroupName': '',
}


def entry(**difference):
    return {**ENTRY, **difference}


def entries(client):
    return client.call('IpAddressGroups.get', query={})['list']


def create(client, *wanted):
    return client.call('IpAddressGroups.create', groups=list(wanted))


def only_group(client):
    return client.call('IpAddressGroups.getGroupList')['groups'][0]['id']


def profiles(*uncertain):
    """Names of all profiles as parameters: versions and these uncertainties always, the others with --full."""
    always = {*VERSIONS, *uncertain}
    return [
        pytest.param(name, marks=[] if name.partition(' ')[0] in always else [pytest.mark.full]) for name in every()
    ]
