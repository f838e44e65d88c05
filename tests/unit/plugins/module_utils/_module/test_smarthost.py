# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order a mail server is changed, and what keeps it from being changed."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module import smarthost
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Hop, Listener, Part, Wanted

from tests.unit.fakes.gateway import shown
from tests.unit.fakes.mail_server import FakeModule, FakeServer
from tests.unit.fakes.smarthost import step, with_hop

pytestmark = pytest.mark.usefixtures('said')


def test_the_hop_is_there_before_mail_is_led_to_it(said):
    server = FakeServer()
    server.given['wanted'] = with_hop(server)
    server.done = said
    result, warnings = smarthost.present(FakeModule(), server)
    assert said == ['_hop.present', 'one', 'two']
    assert (result['changed'], result['parts']) == (True, ['hop', 'one'])
    assert warnings == [
        'mind it',
        'Flagged mail is marked with X-Spam-Flag for example.com, since nobody files it',
        'one warns',
        'two warns',
    ]


@pytest.mark.parametrize(
    'check_mode, order',
    [
        (False, [('foreseen', False), ('hop', True), 'one', 'two', ('hop', False)]),
        (True, [('foreseen', False), 'one', 'two']),
    ],
)
def test_a_hop_that_moves_listens_at_both_places_until_mail_is_led_to_the_new_one(said, monkeypatch, check_mode, order):
    monkeypatch.setattr(smarthost.hop, 'moves', lambda settings, hop: True)

    def present(module, settings, hop, moving=False):
        what = 'foreseen' if module.check_mode else 'hop'
        said.append((what, moving))
        return {'changed': True, 'diff': [f'{what} {moving}']}, []

    monkeypatch.setattr(smarthost.hop, 'present', present)
    server = FakeServer()
    server.given['wanted'] = with_hop(server)
    server.done = said
    result = smarthost.present(FakeModule(check_mode=check_mode), server)[0]
    assert said == order and result['parts'] == ['hop', 'one']
    # As check mode has it, once.
    assert result['diff'][0] == 'foreseen False' and not [
        each for each in result['diff'] if str(each).startswith('hop')
    ]


def test_a_place_that_somebody_else_has_is_known_before_any_change(said, monkeypatch):
    monkeypatch.setattr(smarthost.listening, 'problem', lambda listener: f'{listener.variable}: taken')
    server = FakeServer()
    places = [Listener('fake_smarthost_wash_port', 'the mail server', '127.0.0.1', 326, None)]
    server.given['wanted'] = Wanted(listeners=places, parts=[server.part('one')])
    with pytest.raises(HostError, match='^fake_smarthost_wash_port: taken$'):
        smarthost.present(FakeModule(), server)
    assert server.done == said == []


def test_the_preflight_looks_at_the_places_of_all_listeners(monkeypatch):
    monkeypatch.setattr(smarthost.hop, 'ready_rows', lambda settings, hop: ['of the hop'])
    monkeypatch.setattr(smarthost.way_back, 'foreseen', lambda settings, hop: ['of the way back'])
    monkeypatch.setattr(smarthost, 'facts_rows', lambda *dummy: ['of the mail server'])
    monkeypatch.setattr(smarthost.listening, 'ready_rows', lambda identifier, listener: [(identifier, listener.port)])
    server = FakeServer()
    places = [Listener('fake_smarthost_wash_port', 'the mail server', '127.0.0.1', 326, None)]
    server.given['wanted'] = Wanted(hop=Hop({}), listeners=places)
    rows = smarthost.ready_rows(FakeModule(), server, {})
    assert rows == ['of the mail server', 'of the hop', 'of the way back', ('detour', 326)]


@pytest.mark.parametrize('inbound, running, asked', [(True, True, True), (True, False, False), (False, True, False)])
def test_the_preflight_asks_whether_mail_can_arrive(monkeypatch, inbound, running, asked):
    monkeypatch.setattr(smarthost, 'facts_rows', lambda *dummy: [])
    server = FakeServer({'inbound': inbound}, arrivals=['nobody listens'], wanted=Wanted())
    facts = server.facts()
    facts.running = running
    monkeypatch.setattr(server, 'facts', lambda: facts)
    assert smarthost.ready_rows(FakeModule(), server, {}) == ['nobody listens'] * asked


def test_nothing_is_changed_when_something_stands_against_it(said, monkeypatch):
    server = FakeServer()
    server.given['wanted'] = Wanted(problems=['a: 1 is wrong'], hop=Hop({}), parts=[server.part('one')])
    monkeypatch.setattr(smarthost.hop, 'problems', lambda settings, hop: ['b: 2 is wrong'])
    with pytest.raises(HostError, match=r'a: 1 is wrong \| b: 2 is wrong'):
        smarthost.present(FakeModule(), server)
    assert said == [] and server.done == []


@pytest.mark.parametrize('whose', ['settings', 'mail server'])
def test_a_tls_file_that_cannot_be_used_is_known_before_any_change(said, whose):
    missing = {'ca_file': '/no/such.pem', 'names': {'ca_file': 'some_ca_file'}}
    server = FakeServer({'tls_ca_file': '/no/such.pem'} if whose == 'settings' else {})
    wanted = Wanted(parts=[server.part('one')], tls_files=[missing] if whose == 'mail server' else [])
    server.given['wanted'] = wanted
    name = 'conbool_tls_ca_file' if whose == 'settings' else 'some_ca_file'
    with pytest.raises(HostError, match=f'^{name}: .*no/such.pem'):
        smarthost.present(FakeModule(), server)
    assert server.done == said == []


@pytest.mark.parametrize('there', [True, False])
def test_a_hop_that_gets_no_mail_any_more_goes_after_the_change(said, monkeypatch, there):
    monkeypatch.setattr(smarthost.hop, 'there', lambda settings: there)
    server = FakeServer()
    server.done = said
    smarthost.present(FakeModule(), server)
    assert said == ['one', 'two'] + ['_hop.absent'] * there


@pytest.mark.parametrize(
    'inbound, owners, looked', [(True, [], True), (False, ['spam_delivery'], True), (False, ['sendmail'], False)]
)
def test_spam_is_looked_at_where_something_is_to_be_made_or_undone(said, monkeypatch, inbound, owners, looked):
    monkeypatch.setattr(smarthost, 'file_owners', lambda: owners)
    smarthost.present(FakeModule(), FakeServer({'inbound': inbound}))
    assert said == ['_spam.converge'] * looked + ['_firewall.converge'] * inbound


@pytest.mark.parametrize(
    'settings, asked',
    [({'inbound': True}, True), ({}, False), ({'inbound': True, 'inbound_require_certificate': False}, False)],
)
def test_what_the_gateway_shows_is_known_before_what_is_wanted(monkeypatch, settings, asked):
    seen = []
    monkeypatch.setattr(smarthost, 'shown_by_gateway', lambda settings: [shown()])
    server = FakeServer(settings)
    monkeypatch.setattr(server, 'wanted', lambda facts, flag: seen.append(facts.gateway) or Wanted())
    monkeypatch.setattr(smarthost, 'rows_of', lambda server, settings, shown: seen.append(shown) or [])
    smarthost.present(FakeModule(), server)
    # The same is verified in the end.
    assert seen == [[shown()] * asked] * 2


@pytest.mark.parametrize(
    'settings, settled, there, done',
    [
        ({'inbound': True}, False, False, True),
        ({'inbound': True}, True, True, False),
        ({'inbound': False}, None, True, True),
        ({'inbound': False}, None, False, False),
    ],
)
def test_the_mail_port_is_limited_or_given_back_last(said, monkeypatch, settings, settled, there, done):
    monkeypatch.setattr(smarthost.firewall, 'limited', lambda module: there)
    monkeypatch.setattr(smarthost.firewall, 'look_ahead', lambda module, options: ({'settled': settled}, []))
    smarthost.present(FakeModule(), FakeServer(settings))
    assert said[-1:] == ['_firewall.converge'] if done else '_firewall.converge' not in said


@pytest.mark.parametrize('settled', [True, False])
def test_a_filter_of_others_that_keeps_the_gateway_out_is_told_of(said, monkeypatch, settled):
    ahead = {'settled': settled}, ['Another filter closes it']
    monkeypatch.setattr(smarthost.firewall, 'look_ahead', lambda module, options: ahead)
    assert 'Another filter closes it' in smarthost.present(FakeModule(), FakeServer({'inbound': True}))[1]


@pytest.mark.parametrize('settings, there', [({'inbound': True}, False), ({'inbound': False}, True)])
def test_a_mail_port_that_cannot_be_limited_or_given_back_is_known_before_any_change(
    said, monkeypatch, settings, there
):
    def refuse(module, options):
        raise HostError('no firewall here')

    monkeypatch.setattr(smarthost.firewall, 'limited', lambda module: there)
    monkeypatch.setattr(smarthost.firewall, 'look_ahead', refuse)
    server = FakeServer(settings)
    with pytest.raises(HostError, match='no firewall here'):
        smarthost.present(FakeModule(), server)
    assert server.done == said == []


@pytest.mark.parametrize('check_mode', [True, False])
def test_what_was_made_is_verified_unless_nothing_was(check_mode):
    result = smarthost.present(FakeModule(check_mode=check_mode), FakeServer())[0]
    assert result.get('rows') == (None if check_mode else ['a row'])


def test_a_part_that_fails_leaves_the_hop(said):
    server = FakeServer()
    server.given['undo'] = [server.part('undo', HostError('no record'))]
    with pytest.raises(HostError, match='no record'):
        smarthost.absent(FakeModule(), server)
    assert '_hop.absent' not in said


@pytest.mark.parametrize('state', ['present', 'absent'])
def test_no_part_is_changed_when_a_later_one_has_a_file_that_cannot_be_written(said, monkeypatch, tmp_path, state):
    held, modes = tmp_path / 'main.cf', []
    held.touch()
    monkeypatch.setattr(smarthost, 'obstacles', lambda paths: [path for path in paths if path == str(held)])

    def refuse(module):
        modes.append(module.check_mode)
        raise HostError('main.cf: it is immutable')

    server = FakeServer({'state': state})
    server.places = lambda: [str(tmp_path)]
    server.given['wanted'] = Wanted(parts=[server.part('one'), Part('two', refuse)])
    server.given['undo'] = [server.part('one'), Part('two', refuse)]
    with pytest.raises(HostError, match='main.cf: it is immutable') as caught:
        getattr(smarthost, state)(FakeModule(), server)
    # Asked in check mode, and not as a part that was begun.
    assert modes == [True] and not hasattr(caught.value, 'known')


def test_parts_are_asked_once_where_all_files_can_be_written(said, tmp_path):
    server = FakeServer()
    server.places = lambda: [str(tmp_path)]
    smarthost.present(FakeModule(), server)
    assert server.done == ['one', 'two']


def test_the_preflight_asks_whether_the_bounces_of_the_hop_are_taken_back(monkeypatch):
    monkeypatch.setattr(smarthost, 'facts_rows', lambda *dummy: ['of the mail server'])
    monkeypatch.setattr(smarthost.hop, 'ready_rows', lambda settings, hop: [])
    asked = []
    monkeypatch.setattr(smarthost.way_back, 'foreseen', lambda *given: asked.append(given) or ['of the way back'])
    server = FakeServer()
    server.given['wanted'] = Wanted(hop=Hop({}))
    assert smarthost.ready_rows(FakeModule(), server, {}) == ['of the mail server', 'of the way back']
    assert asked == [(server.settings, Hop({}))]
    monkeypatch.setattr(server, 'wanted', step([], 'wanted', HostError('cannot be asked')))
    (found,) = [row for row in smarthost.ready_rows(FakeModule(), server, {}) if isinstance(row, dict)]
    assert (found['id'], found['status'], found['finding']) == ('hop.failed', 'red', 'cannot be asked')
