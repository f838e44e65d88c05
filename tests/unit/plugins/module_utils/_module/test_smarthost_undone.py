# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of C(<name>_smarthost) that takes everything away."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module import smarthost

from tests.unit.fakes.mail_server import FakeModule, FakeServer
from tests.unit.fakes.smarthost import step

pytestmark = pytest.mark.usefixtures('said')


def test_the_hop_goes_last_and_the_rest_is_undone_before_it(said):
    server = FakeServer({'state': 'absent'})
    server.done = said
    result, warnings = smarthost.absent(FakeModule(), server)
    assert said == ['_spam.converge', 'undo', '_hop.absent']
    assert result['changed'] and result['parts'] == ['hop', 'spam', 'undo'] and warnings == ['undo warns']


def test_what_the_hop_needs_goes_after_it_and_stays_with_it(said, monkeypatch):
    server = FakeServer({'state': 'absent'})
    server.done = said
    server.undo_after_hop = lambda: [server.part('last')]
    smarthost.absent(FakeModule(), server)
    assert said[-2:] == ['_hop.absent', 'last']
    monkeypatch.setattr(smarthost.hop, 'absent', step(said, 'hop', HostError('2 messages wait')))
    said.clear()
    with pytest.raises(HostError, match='2 messages wait'):
        smarthost.absent(FakeModule(), server)
    assert said[-1] == 'hop'


def test_a_hop_that_cannot_go_keeps_nobody_out(said, monkeypatch):
    monkeypatch.setattr(smarthost.firewall, 'limited', lambda module: True)
    monkeypatch.setattr(smarthost.hop, 'absent', step(said, 'hop', HostError('2 messages wait')))
    server = FakeServer({'state': 'absent'})
    server.done = said
    with pytest.raises(HostError, match='2 messages wait'):
        smarthost.absent(FakeModule(), server)
    assert said == ['_spam.converge', 'undo', '_firewall.converge', 'hop']


def test_a_limit_that_cannot_be_taken_away_is_known_before_any_change(said, monkeypatch):
    def refuse(module, options):
        assert (options['state'], options['redirect_port']) == ('absent', 0)
        raise HostError('there is no command nft')

    monkeypatch.setattr(smarthost.firewall, 'limited', lambda module: True)
    monkeypatch.setattr(smarthost.firewall, 'look_ahead', refuse)
    server = FakeServer({'state': 'absent'})
    server.done = said
    with pytest.raises(HostError, match='there is no command nft'):
        smarthost.absent(FakeModule(), server)
    assert said == []


@pytest.mark.parametrize('check_mode', [True, False])
def test_a_hop_that_still_gets_mail_stays(said, check_mode):
    server = FakeServer({'state': 'absent'}, leads_to_hop=['/etc/fake.cf'])
    if check_mode:
        # Nothing is undone there, so it has to.
        smarthost.absent(FakeModule(check_mode=True), server)
    else:
        with pytest.raises(HostError, match='/etc/fake.cf still leads mail to the hop'):
            smarthost.absent(FakeModule(), server)
    assert ('_hop.absent' in said) == check_mode


def test_without_a_hop_none_is_removed(said, monkeypatch):
    monkeypatch.setattr(smarthost.hop, 'there', lambda settings: False)
    smarthost.absent(FakeModule(), FakeServer({'state': 'absent'}))
    assert '_hop.absent' not in said
