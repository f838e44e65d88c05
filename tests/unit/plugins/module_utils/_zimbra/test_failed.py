# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command that fails at any point of a change: everything is as it was, or what is in force has what it names."""

from __future__ import annotations

import os

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import account
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import mta, server
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.commands import ZimbraError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.mta import PAUSES
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.record import AttributeRecord

from tests.unit.fakes.zimbra import HOST, PlayedZimbra
from tests.unit.fakes.zimbra_runs import PlayedModule, apply, dump, missing, settings_of, stale, tree, undo

CONF = 'common/conf'
CHANGES = {'scope': 'senders', 'scope_senders': ['@example.com']}


def fail_at(zimbra, number, how):
    """Have one command fail, with the last word on whether it did its work."""
    plain, count = zimbra.run_command, []

    def run_command(words, data=None, **more):
        count.append(words)
        if len(count) != number:
            return plain(words, data=data, **more)
        if how == 'late':
            plain(words, data=data, **more)
        if how == 'memory':
            raise OSError(12, 'Cannot allocate memory')
        text = os.path.basename(words[0]) in ('systemctl', 'journalctl')
        return (1, '', 'no') if text else (1, b'', b'no')

    zimbra.run_command = run_command


def prepared(path, monkeypatch):
    path.mkdir()
    zimbra = PlayedZimbra(path, monkeypatch)
    zimbra.set('servers', HOST, zimbraMtaSmtpdClientRestrictions='reject_unknown_client_hostname')
    zimbra.set('domains', 'example.com', zimbraAdminSieveScriptBefore='keep;')
    zimbra._rewrite()
    return zimbra


def looks(zimbra):
    units = {name: state['ActiveState'] for name, state in zimbra.units.items() if state['ActiveState'] == 'active'}
    return dump(zimbra.store), tree(zimbra), units


class Counted:
    """How many commands a run has."""

    def __init__(self, zimbra, run):
        plain, self.ran = zimbra.run_command, []
        zimbra.run_command = lambda words, **more: (self.ran.append(words), plain(words, **more))[1]
        run(zimbra)


RUNS = {
    'first': (lambda zimbra: None, apply),
    'other settings': (apply, lambda zimbra: apply(zimbra, **CHANGES)),
    'back to all senders': (lambda zimbra: apply(zimbra, **CHANGES), apply),
    'undo': (lambda zimbra: apply(zimbra, **CHANGES), undo),
}


@pytest.mark.parametrize(
    'name, how',
    [*((name, 'early') for name in RUNS), ('other settings', 'late'), ('undo', 'late'), ('first', 'memory')],
)
def test_a_command_that_fails(tmp_path, monkeypatch, name, how):
    begin, run = RUNS[name]
    zimbra = prepared(tmp_path / 'counted', monkeypatch)
    begin(zimbra)
    count, failed = len(Counted(zimbra, run).ran), 0
    for number in range(1, count + 1):
        zimbra = prepared(tmp_path / str(number), monkeypatch)
        untouched = dump(zimbra.store)
        begin(zimbra)
        before = looks(zimbra)
        fail_at(zimbra, number, how)
        try:
            run(zimbra)
        except (HostError, SwitchError, OSError) as exc:
            failed += 1
            assert missing(zimbra) == [], f'{number} of {count}: {exc}'
            if getattr(exc, 'restored', True):
                assert looks(zimbra) == before, f'{number} of {count}: {exc}'
                continue
        del zimbra.run_command
        run(zimbra)
        undo(zimbra)
        assert dump(zimbra.store) == untouched and missing(zimbra) == []
    assert failed > 8


def test_what_fails_when_all_is_in_force_and_cannot_be_put_back_keeps_its_tables(zimbra):
    plain = zimbra._systemctl

    def refusing(words):
        if words == ['start', 'conbool-zimbra.path']:
            zimbra.daemon = False
            return 1, '', 'no'
        return plain(words)

    zimbra._systemctl = refusing
    with pytest.raises(SwitchError, match='could not be put back: The configuration daemon') as failed:
        apply(zimbra, **CHANGES)
    assert not failed.value.restored and 'conbool_clients' in zimbra.main_cf['smtpd_client_restrictions']
    assert missing(zimbra) == [] and (zimbra.root / 'lib/reassert').exists()
    zimbra._systemctl, zimbra.daemon = plain, True
    apply(zimbra, **CHANGES)
    assert stale(zimbra, **CHANGES) == []


def test_a_record_that_cannot_be_written_when_all_is_in_force_keeps_the_tables(zimbra, monkeypatch):
    plain, saved = AttributeRecord.save, []

    def full(self, attributes, pending):
        saved.append(pending)
        if not pending:
            raise ZimbraError('No space left on device')
        plain(self, attributes, pending)

    monkeypatch.setattr(AttributeRecord, 'save', full)
    with pytest.raises(SwitchError, match='No space left on device. What was wanted is in force'):
        apply(zimbra)
    assert saved == [True, False] and missing(zimbra) == [] and 'conbool_data' in str(zimbra.main_cf)


def test_a_table_that_is_named_elsewhere_stays_until_it_is_not(zimbra):
    table = f'{zimbra.prefix}/{CONF}/conbool_clients'
    zimbra.edit(smtpd_helo_restrictions=f'check_client_access cidr:{table}')
    before = dump(zimbra.store)
    apply(zimbra)
    foretold = undo(zimbra, check_mode=True)[0]
    result, warnings = undo(zimbra)
    assert dump(zimbra.store) == before and result['diff'] == foretold['diff']
    assert warnings == [
        f'{table} is named in main.cf: smtpd_helo_restrictions, which is not ours, and stays. Take it out there, and run'
        ' this again'
    ]
    assert missing(zimbra) == [] and not os.path.exists(table.replace('clients', 'data'))
    assert not undo(zimbra)[0]['changed']
    zimbra.edit(smtpd_helo_restrictions=None)
    assert (
        undo(zimbra)[0]['changed']
        and not os.path.exists(table)
        and undo(zimbra) == ({'changed': False, 'diff': []}, [])
    )


def test_a_table_that_a_later_version_of_master_cf_names_stays(zimbra):
    apply(zimbra)
    table = f'{zimbra.prefix}/{CONF}/conbool_strangers'
    with open(zimbra.prefix / CONF / 'master.cf', 'a', encoding='ascii') as stream:
        stream.write(f'2525 inet n - n - - smtpd\n    -o smtpd_client_restrictions=check_client_access,cidr:{table}\n')
    assert any('named in master.cf' in warning for warning in undo(zimbra)[1]) and os.path.exists(table)


def test_a_replica_that_gets_the_change_late_is_waited_for(zimbra, monkeypatch):
    slept, old = [], dict(zimbra.own('servers', HOST))
    rewrite = zimbra._rewrite

    def of_the_replica():
        if sum(slept) < 12:
            late, zimbra.own = zimbra.own, lambda kind, name='': old if kind == 'servers' else late(kind, name)
            rewrite()
            zimbra.own = late
        else:
            rewrite()

    monkeypatch.setattr(mta, 'PAUSES', PAUSES)
    monkeypatch.setattr(mta.time, 'sleep', slept.append)
    zimbra._rewrite = of_the_replica
    apply(zimbra)
    assert slept == [0, 2, 10] and zimbra.main_cf['relayhost'] == '[127.0.0.1]:325'


@pytest.mark.parametrize('fails', [True, False])
def test_a_user_that_was_made_for_nothing_goes_again(zimbra, monkeypatch, fails):
    calls = []
    monkeypatch.setattr(account, 'present', lambda *words: (calls.append('present'), ({'changed': True}, []))[1])
    monkeypatch.setattr(account, 'absent', lambda *words: (calls.append('absent'), ({'changed': True}, []))[1])
    zimbra.daemon = not fails
    module = PlayedModule(zimbra)
    adapter = server.ZimbraServer(module, settings_of())
    parts = adapter.wanted(adapter.facts(), False).parts
    assert [part.name for part in parts] == ['policy_user', 'zimbra_smarthost']
    try:
        for part in parts:
            part.converge(module)
    except SwitchError:
        assert fails
    assert calls == ['present', 'absent'][: 1 + fails]
