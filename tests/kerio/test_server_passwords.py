# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords of relay rules of others that are given: nothing but a text is one, and none is given to another rule."""

from __future__ import annotations

import copy

import pytest

from lab.kerio import company

pytest_plugins = ['tests.kerio.adapter']


def stored(kerio):
    rules = kerio.double.state.data['relay_rules']
    return [one['authentication']['password'] for one in rules if one['description'] == 'Partner']


@pytest.mark.parametrize('by_id', ['copy', 'literal'])
@pytest.mark.parametrize('given', ['', None, 12345678, True, ['x']])
def test_what_is_no_password_is_not_written_over_one(host, given, by_id):
    kerio = host(rule_id_password=by_id)
    kerio.params['relay_passwords'] = {'Partner': given}
    (problem,) = kerio.wanted().problems
    assert problem.startswith("kerio_smarthost_relay_passwords: the relay rules 'Partner' log in")
    assert stored(kerio) == ['partner-secret']


def test_a_rule_that_does_not_log_in_gets_no_password_of_another_one(host):
    def prepare(state):
        company.settle(state)
        twin = company.relay_rule('Partner', 'other.partner.test', 25, '*@other.test')
        company.entrust(state, [copy.deepcopy(twin)])

    kerio = host(prepare=prepare)
    before = kerio.held()
    kerio.apply()
    assert stored(kerio) == ['partner-secret', '']
    kerio.undo()
    assert kerio.held() == before
