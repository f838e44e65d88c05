# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of groups that an administrator has made, and nobody here would: names of hosts, networks by one of their
hosts."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import ip_group, part
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.names import CLIENTS

from lab.kerio import company

from .test_redirect import apply, entries

pytest_plugins = ['tests.kerio.adapter']
NAMED = 'printer-2.example.com'
NOTHING = {'groupId': 'g', 'groupName': 'G', 'enabled': True, 'id': 'e', 'childGroupId': '', 'childGroupName': ''}


def entry(**members):
    return {**NOTHING, **dict.fromkeys(('host', 'addr1', 'addr2'), ''), **members}


@pytest.mark.parametrize(
    'members',
    [
        {'type': 'Host', 'host': NAMED},
        {'type': 'Range', 'addr1': '192.0.2.9', 'addr2': '192.0.2.1'},
        {'type': 'Network', 'addr1': '192.0.2.0', 'addr2': '255.0.255.0'},
        {'type': 'IpPrefix', 'host': '2001:db8::/32'},
        {'type': 'ThisMachine'},
    ],
)
def test_what_was_there_can_be_made_again(members):
    told = ip_group.told(entry(**members))
    assert ip_group.planned([], ip_group.Wanted('G', [told]))[0] == [told]
    assert ip_group.values(told, {}) == members
    # Who asks for entries has to say whose addresses they are.
    understood = members['type'] in ('IpPrefix', 'ThisMachine')
    assert (ip_group.problems(ip_group.Wanted('G', [told])) == []) == understood


def test_a_network_by_one_of_its_hosts_is_that_network():
    loopback = entry(type='Network', addr1='127.0.0.1', addr2='255.0.0.0')
    assert ip_group.told(loopback) == '127.0.0.0/8'
    assert ip_group.contains([loopback], 'g', '127.25.0.10')


def add_by_hand(kerio, **members):
    company.group(kerio.double.state, CLIENTS, members)
    *others, added = kerio.double.state.data['ip_entries']
    added['groupId'] = next(one['groupId'] for one in others if one['groupName'] == CLIENTS)


def test_what_somebody_adds_to_a_group_of_ours_goes_and_comes_back_with_a_failure(redirected, monkeypatch):
    kerio = redirected()
    apply(kerio)
    add_by_hand(kerio, type='Host', host=NAMED)
    before, real = kerio.held(), part.plan

    def broken(*args):
        found = real(*args)

        def do(client, site, step=found.steps[-1], done=found.steps[-1].do):
            done(client, site)
            raise HostError('it broke')

        found.steps[-1].do = do
        return found

    monkeypatch.setattr(part, 'plan', broken)
    server = kerio.server()
    (last,) = server.wanted(server.facts(), False).last
    with pytest.raises(SwitchError, match='Everything is as it was before'):
        last.converge(server.module)
    assert NAMED in entries(kerio.double, CLIENTS)
    assert _without_ids(kerio.held()) == _without_ids(before)
    monkeypatch.setattr(part, 'plan', real)
    assert apply(kerio)[0] and NAMED not in entries(kerio.double, CLIENTS)


def _without_ids(held):
    return sorted((one['groupName'], one['host'], one['addr1']) for one in held['ip_entries'])
