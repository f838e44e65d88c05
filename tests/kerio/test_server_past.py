# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Relay rules of others that would lead mail past the gateway: refused or switched off, however a server reads them."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import certain_routes

from lab.kerio import company

pytest_plugins = ['tests.kerio.adapter']


def rule(pattern, comparator='RelayCompEqual', test='RelayCondSender'):
    found = company.relay_rule('Theirs', 'their.test', pattern=pattern)
    found['condition'].update(test=test, comparator=comparator)
    return found


@pytest.mark.parametrize(
    'theirs, ways',
    [
        # The outside sender of forwarded mail: that it goes to the gateway is verified, too.
        (rule('*@example.com', 'RelayCompNotEqual'), {}),
        (rule('postmaster@example.com'), {}),
        (rule('example.com'), {'pattern_bare_domain': 'addresses'}),
        (rule('?*@example.com'), {'pattern_question': 'wildcard'}),
        (rule('*@com'), {'pattern_subdomains': 'yes'}),
        (rule('*@EXAMPLE.COM', 'RelayCompNotEqual'), {'pattern_case': 'sensitive'}),
        (rule('*@example.org', 'RelayCompNotEqual', 'RelayCondRecipient'), {}),
    ],
)
def test_what_may_lead_past_the_gateway_is_refused_or_switched_off(host, sink, theirs, ways):
    hop, elsewhere = sink(), sink()
    world = {'hosts': {('127.0.0.1', 325): hop.place, 'their.test': elsewhere.place}}
    kerio = host(prepare=lambda state: company.entrust(state, [theirs]), world=world, **ways)
    before = kerio.held()
    (problem,) = kerio.wanted().problems
    assert "the relay rule 'Theirs' may lead" in problem and 'past the gateway' in problem
    kerio.settings['site_routes'] = 'override'
    kerio.apply()
    ours = [sample for sample in certain_routes(kerio.settings) if sample['hop']]
    assert {route.through for route in kerio.server().routes(ours)} == {True}
    for sample in ours:
        kerio.double.mail.queue.add(sample['sender'], [sample['recipient']], b'Subject: x\r\n\r\nx\r\n', 'SMTP')
    hop.wait(len(ours))
    assert elsewhere.deliveries == []
    kerio.undo()
    assert kerio.held() == before


@pytest.mark.parametrize(
    'theirs',
    [
        rule('*@example.org'),
        rule('example.org'),
        rule('boss@example.com'),
        rule('*@partner.test', test='RelayCondRecipient'),
        rule('partner.test', test='RelayCondRecipient'),
    ],
)
def test_what_is_for_somebody_else_stays(host, theirs):
    kerio = host(prepare=lambda state: company.entrust(state, [theirs]))
    kerio.apply()
    assert kerio.double.state.data['relay_rules'][0]['isEnabled'] is True


@pytest.mark.parametrize('on', [(True, False), (False, True), (True, True), (False, False)])
def test_of_two_rules_that_are_alike_no_more_are_switched_on_again_than_were(host, on):
    twins = [company.relay_rule('Old smart host', 'old.test', isEnabled=each) for each in on]
    kerio = host(prepare=lambda state: company.entrust(state, twins))
    for dummy in range(2):
        kerio.apply()
    kerio.undo()
    assert sum(one['isEnabled'] for one in kerio.double.state.data['relay_rules']) == sum(on)
