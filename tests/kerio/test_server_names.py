# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Things of others that are called like ours."""

from __future__ import annotations

import os

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import names
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.record import KerioRecord

from lab.kerio import company

pytest_plugins = ['tests.kerio.adapter']
PARTNER = f'{names.RULE} of the branch'


def rules(kerio):
    return [(one['description'], one['hostName']) for one in kerio.double.state.data['relay_rules']]


def branch(state):
    company.settle(state)
    rule = company.relay_rule(PARTNER, 'mx.branch.test', pattern='*@branch.test')
    state.data['relay_rules'].insert(0, {**rule, 'id': 'branch'})


def test_a_rule_that_begins_like_ours_stays(host):
    kerio = host(prepare=branch)
    before = kerio.held()
    kerio.apply()
    assert (PARTNER, 'mx.branch.test') in rules(kerio) and (names.RULE, '127.0.0.1') in rules(kerio)
    kerio.undo()
    assert kerio.held() == before


@pytest.mark.parametrize('record', [True, False])
def test_a_rule_of_ours_that_somebody_has_led_elsewhere(host, record):
    kerio = host()
    kerio.apply()
    kerio.double.state.data['relay_rules'][-1].update(hostName='mx.mallory.test', port=25)
    if record:
        kerio.apply()
        assert rules(kerio)[-1] == (names.RULE, '127.0.0.1') and len(rules(kerio)) == 3
        return
    # Whose it is, nobody knows then.
    os.unlink(KerioRecord().path)
    (problem,) = kerio.wanted().problems
    assert problem.startswith(f'the relay rule {names.RULE!r} is called like one of ours, and is none')


@pytest.mark.parametrize('name', [names.GATEWAY, names.CLIENTS])
def test_a_group_that_is_called_like_ours(host, name):
    kerio = host(prepare=lambda state: company.settle(state) or company.group(state, name))
    before = kerio.held()
    (problem,) = kerio.wanted().problems
    assert problem.startswith(f'the group of IP addresses {name!r} is called like one of ours')
    assert kerio.undo()[0]['changed'] is False and kerio.held() == before


def test_a_group_of_ours_that_somebody_has_described_goes_all_the_same(host):
    kerio = host()
    before = kerio.held()
    kerio.apply()
    for entry in kerio.double.state.data['ip_entries']:
        entry['description'] = entry['description'] and 'Do not touch'
    kerio.undo()
    assert kerio.held() == before and not KerioRecord().there
