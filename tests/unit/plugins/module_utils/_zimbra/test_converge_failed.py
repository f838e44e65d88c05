# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens when attributes of a played Zimbra cannot be brought to wanted values."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import record
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.commands import ZimbraError

from tests.unit.fakes.zimbra import HOST
from tests.unit.fakes.zimbra_runs import apply, config, domain, dump, undo
from tests.unit.fakes.zimbra_runs import attribute_server as server
from tests.unit.fakes.zimbra_runs import attributes as run

RELAY = '[relay.example.net]:587'


def test_a_failed_write_leaves_everything_as_it_was(zimbra):
    before = dump(zimbra.store)
    with pytest.raises(SwitchError, match='must be one of: may,none.*as it was before') as failed:
        run(zimbra, config(zimbraSpamWhitelistHeader='X-A'), server(zimbraMtaTlsSecurityLevel='encrypt'))
    assert failed.value.restored and dump(zimbra.store) == before and record.owners() == []


def test_a_daemon_that_does_not_write_is_asked_twice_and_the_old_values_come_back(zimbra):
    before = dump(zimbra.store)
    zimbra.daemon = False
    with pytest.raises(
        SwitchError, match=r"zmconfigd\) does not write it: relayhost = '' instead of '\[relay"
    ) as failed:
        run(zimbra, server(zimbraMtaRelayHost=RELAY))
    assert failed.value.restored and dump(zimbra.store) == before
    # Twice for the change, once for what was there before.
    assert zimbra.starts('configrewrite') == 3


def test_a_daemon_that_was_late_gets_a_second_chance(zimbra):
    rewrite, calls = zimbra._zimbra_configrewrite, []

    def second(sections):
        calls.append(sections)
        return rewrite(sections) if len(calls) > 1 else (0, '', '')

    zimbra._zimbra_configrewrite = second
    run(zimbra, server(zimbraMtaRelayHost=RELAY))
    assert len(calls) == 2 and zimbra.main_cf['relayhost'] == RELAY


def test_a_run_that_was_killed_is_completed(zimbra, monkeypatch):
    zimbra._zimbra_configrewrite = None
    with pytest.raises(TypeError):
        run(zimbra, server(zimbraMtaRelayHost=RELAY))
    assert zimbra.own('servers', HOST)['zimbraMtaRelayHost'] == [RELAY] and zimbra.main_cf['relayhost'] == ''
    del zimbra._zimbra_configrewrite
    run(zimbra, server(zimbraMtaRelayHost=RELAY))
    assert zimbra.main_cf['relayhost'] == RELAY
    run(zimbra, state='absent')
    assert 'zimbraMtaRelayHost' not in zimbra.own('servers', HOST)


def test_a_program_that_hangs_is_an_error(zimbra):
    zimbra.late = True
    with pytest.raises(ZimbraError, match='zmprov did not end within 60 seconds'):
        run(zimbra, server(zimbraMtaRelayHost=RELAY))


def test_an_entry_that_is_not_there_is_named(zimbra):
    with pytest.raises(ZimbraError, match='Zimbra has no domain no.example'):
        run(zimbra, domain('no.example', zimbraAdminSieveScriptBefore='keep;'))


def test_an_attribute_that_is_not_there_is_an_error_and_nothing_stays(zimbra):
    with pytest.raises(SwitchError, match='INVALID_ATTR_NAME'):
        run(zimbra, server(zimbraNoSuchThing='x'))
    assert record.owners() == []


def test_two_owners_cannot_set_the_same(zimbra):
    run(zimbra, server(zimbraMtaRelayHost=RELAY), owner='one')
    with pytest.raises(ZimbraError, match=f'server {HOST}: zimbraMtaRelayHost was set by owner_id one'):
        run(zimbra, server(zimbraMtaRelayHost='[other]:25'), owner='two')


@pytest.mark.parametrize(
    'name, value',
    [
        ('zimbraSSLPrivateKey', 'geheim'),
        ('zimbraMtaSmtpSaslPasswordMaps', 'inline:{ [relay.example.net]=user:geheim }'),
        ('zimbraMtaSmtpSaslPasswordMaps', 'lmdb:/opt/zimbra/conf/relay_password, static:user:geheim'),
    ],
)
def test_secrets_are_not_shown(zimbra, name, value):
    result, dummy = run(zimbra, server(**{name: value}))
    assert 'geheim' not in str(result) and result['attributes'][0]['after'] == ['(hidden)'] and result['diff']
    assert zimbra.hidden == {value}
    zimbra.daemon = False
    zimbra.edit(smtp_sasl_password_maps='inline:{ x=geheim }')
    with pytest.raises(SwitchError) as failed:
        run(zimbra, server(zimbraMtaRelayHost=RELAY, **{name: 'inline:{ y=geheim }'}))
    assert 'geheim' not in str(failed.value)


def test_a_damaged_record_stops_everything(zimbra):
    run(zimbra, server(zimbraMtaRelayHost=RELAY))
    path = zimbra.root / 'records/test.json'
    path.write_text('{"version": 1, "attributes": [{}], "pending": false}', encoding='ascii')
    with pytest.raises(ZimbraError, match='damaged.*Nothing was changed'):
        run(zimbra, state='absent')


CLIENT = 'zimbraMtaSmtpdClientRestrictions'


def test_what_the_role_has_put_in_front_is_not_taken_away_by_another_owner(zimbra):
    run(zimbra, server(**{CLIENT: 'reject_x'}))
    apply(zimbra)
    made = zimbra.own('servers', HOST)[CLIENT]
    assert 'conbool_clients' in made[0] and made[0].endswith(', reject_x')
    with pytest.raises(
        ZimbraError, match=f'{CLIENT} was set by owner_id zimbra_smarthost.*Undo zimbra_smarthost first'
    ):
        run(zimbra, state='absent')
    assert zimbra.own('servers', HOST)[CLIENT] == made
    undo(zimbra)
    assert zimbra.own('servers', HOST)[CLIENT] == ['reject_x']
    run(zimbra, state='absent')
    assert CLIENT not in zimbra.own('servers', HOST)


def test_a_list_that_names_tables_of_the_role_is_a_value_like_any_other(zimbra):
    table = zimbra.prefix / 'common/conf/conbool_clients'
    table.touch()
    named = f'check_client_access cidr:{table}, reject_x'
    zimbra.set('servers', HOST, **{CLIENT: 'reject_y'})
    run(zimbra, server(**{CLIENT: 'reject_x'}))
    zimbra.set('servers', HOST, **{CLIENT: named})
    warnings = run(zimbra, state='absent')[1]
    assert 'changed by somebody since, and stays' in warnings[0] and zimbra.own('servers', HOST)[CLIENT] == [named]


@pytest.mark.parametrize('state', ['present', 'absent'])
def test_the_role_is_no_owner_of_the_module(zimbra, state):
    apply(zimbra)
    before = dump(zimbra.store)
    with pytest.raises(ZimbraError, match="owner_id: 'zimbra_smarthost' is the role of that name"):
        run(zimbra, owner='zimbra_smarthost', state=state)
    assert dump(zimbra.store) == before
