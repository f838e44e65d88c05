# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes of a played Zimbra are brought to wanted values, and back."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import record

from tests.unit.fakes.zimbra import HOST, PlayedZimbra
from tests.unit.fakes.zimbra_runs import attribute_server as server
from tests.unit.fakes.zimbra_runs import attributes as run
from tests.unit.fakes.zimbra_runs import config, domain, dump

RELAY = '[relay.example.net]:587'
SIEVE = 'require ["fileinto"];\nif header :is "A" "it\'s \\\\ \\"x\\"" { fileinto "B"; }\n# zimbraX: y\n\nkeep;\n'


def test_an_attribute_of_this_server_is_set_and_comes_into_force(zimbra):
    result, warnings = run(zimbra, server(zimbraMtaRelayHost=RELAY))
    assert zimbra.own('servers', HOST)['zimbraMtaRelayHost'] == [RELAY]
    assert 'zimbraMtaRelayHost' not in zimbra.own('config')
    assert zimbra.main_cf['relayhost'] == RELAY
    assert result['changed'] and result['applied'] and result['parameters'] == ['relayhost'] and not warnings
    change = {'entry': 'server', 'name': HOST, 'attribute': 'zimbraMtaRelayHost', 'before': [], 'after': [RELAY]}
    assert result['attributes'] == [change]
    assert [part['after'] for part in result['diff']] == [
        f'zimbraMtaRelayHost = {RELAY}\n',
        f'relayhost = {RELAY}\n',
    ]


def test_all_sections_are_rewritten_and_amavis_is_not_stopped(zimbra):
    run(zimbra, server(zimbraMtaRelayHost=RELAY))
    assert [each for each in zimbra.ran if each[0] != 'zmprov'] == [
        ('configrewrite', 'amavis', 'antispam', 'antivirus', 'archiving', 'cbpolicyd', 'opendkim', 'mta', 'sasl'),
        ('postfix', 'reload', 'norewrite'),
    ]


def test_the_first_run_starts_zmprov_three_times_and_the_second_once(zimbra):
    assert run(zimbra, server(zimbraMtaRelayHost=RELAY), config(zimbraMtaMaxUse=7))[0]['starts'] == 4
    zimbra.ran.clear()
    result, dummy = run(zimbra, server(zimbraMtaRelayHost=RELAY), config(zimbraMtaMaxUse=7))
    assert not result['changed'] and not result['applied'] and result['diff'] == []
    assert result['starts'] == zimbra.starts() == 1 == len(zimbra.ran)


def test_check_mode_foretells_and_changes_nothing(zimbra):
    before = dump(zimbra.store)
    foretold = run(zimbra, server(zimbraMtaRelayHost=RELAY), check_mode=True)[0]
    assert dump(zimbra.store) == before and zimbra.main_cf['relayhost'] == ''
    assert foretold['changed'] and record.owners() == []
    done = run(zimbra, server(zimbraMtaRelayHost=RELAY))[0]
    same = ('changed', 'attributes', 'parameters', 'diff')
    assert {name: foretold[name] for name in same} == {name: done[name] for name in same}
    assert not run(zimbra, server(zimbraMtaRelayHost=RELAY), check_mode=True)[0]['changed']


def test_absent_unsets_what_was_unset_and_puts_back_what_was_set(zimbra):
    zimbra.set('servers', HOST, zimbraMtaRelayHost='[old.example.net]:25')
    zimbra.set('domains', 'example.com', zimbraAdminSieveScriptBefore=SIEVE)
    zimbra.run_command(['bash', 'exec timeout -k 10 9 libexec/configrewrite mta </dev/null'])
    before = dump(zimbra.store)
    run(
        zimbra,
        server(zimbraMtaRelayHost=RELAY, zimbraMtaSmtpdTlsAskCcert='yes'),
        config(zimbraSpamWhitelistHeader='X-A'),
        domain(zimbraAdminSieveScriptBefore='keep;'),
    )
    assert dump(zimbra.store) != before
    result, warnings = run(zimbra, state='absent')
    assert result['changed'] and not warnings and dump(zimbra.store) == before
    assert zimbra.main_cf['relayhost'] == '[old.example.net]:25' and zimbra.main_cf['smtpd_tls_ask_ccert'] == 'no'
    assert record.owners() == []
    assert not run(zimbra, state='absent')[0]['changed']


def test_what_is_wanted_no_more_is_put_back(zimbra):
    run(zimbra, server(zimbraMtaRelayHost=RELAY, zimbraMtaMaxUse=7))
    run(zimbra, server(zimbraMtaRelayHost=RELAY))
    assert 'zimbraMtaMaxUse' not in zimbra.own('servers', HOST)
    assert zimbra.own('servers', HOST)['zimbraMtaRelayHost'] == [RELAY]


def test_what_somebody_changed_since_stays_when_it_is_undone(zimbra):
    run(zimbra, server(zimbraMtaRelayHost=RELAY, zimbraMtaMaxUse=7))
    zimbra.set('servers', HOST, zimbraMtaRelayHost='[theirs.example.net]:25')
    result, warnings = run(zimbra, state='absent')
    assert zimbra.own('servers', HOST)['zimbraMtaRelayHost'] == ['[theirs.example.net]:25']
    assert 'zimbraMtaMaxUse' not in zimbra.own('servers', HOST)
    assert warnings == [f'server {HOST}: zimbraMtaRelayHost was changed by somebody since, and stays as it is']
    assert record.owners() == []


def test_what_somebody_changed_since_is_brought_back_and_the_original_is_kept(zimbra):
    run(zimbra, server(zimbraMtaRelayHost=RELAY))
    zimbra.set('servers', HOST, zimbraMtaRelayHost='[theirs.example.net]:25')
    dummy, warnings = run(zimbra, server(zimbraMtaRelayHost=RELAY))
    assert zimbra.own('servers', HOST)['zimbraMtaRelayHost'] == [RELAY]
    assert warnings == [
        f'server {HOST}: zimbraMtaRelayHost was changed by somebody since, and is brought back to what is wanted'
    ]
    run(zimbra, state='absent')
    assert 'zimbraMtaRelayHost' not in zimbra.own('servers', HOST)


def test_what_was_so_before_is_not_ours(zimbra):
    zimbra.set('servers', HOST, zimbraMtaRelayHost=RELAY)
    zimbra.run_command(['bash', 'exec timeout -k 10 9 libexec/configrewrite mta </dev/null'])
    assert not run(zimbra, server(zimbraMtaRelayHost=RELAY))[0]['changed']
    run(zimbra, state='absent')
    assert zimbra.own('servers', HOST)['zimbraMtaRelayHost'] == [RELAY]


def test_texts_of_several_lines_arrive_as_they_are(zimbra):
    run(zimbra, domain(zimbraAdminSieveScriptBefore=SIEVE))
    assert zimbra.own('domains', 'example.com')['zimbraAdminSieveScriptBefore'] == [SIEVE]
    assert not run(zimbra, domain(zimbraAdminSieveScriptBefore=SIEVE))[0]['changed']


@pytest.mark.parametrize(
    'value', ['a\\', 'a\\\\n', "it's", '"', ' blanks ', 'tab\tin', 'prov> x', '#no', 'ä€😀', '(?i)\\s*yes']
)
def test_odd_texts_arrive_as_they_are(zimbra, value):
    run(zimbra, domain(zimbraAdminSieveScriptBefore=value))
    assert zimbra.own('domains', 'example.com')['zimbraAdminSieveScriptBefore'] == [value]


def test_several_values_are_one_set(zimbra):
    wanted = ['reject_non_fqdn_sender', 'reject_unknown_sender_domain']
    run(zimbra, config(zimbraMtaRestriction=wanted))
    assert zimbra.own('config')['zimbraMtaRestriction'] == wanted
    assert not run(zimbra, config(zimbraMtaRestriction=wanted[::-1]))[0]['changed']


def test_a_boolean_is_zimbras(zimbra):
    run(zimbra, server(zimbraMtaTlsAuthOnly=False))
    assert zimbra.own('servers', HOST)['zimbraMtaTlsAuthOnly'] == ['FALSE']
    assert zimbra.main_cf['smtpd_tls_auth_only'] == 'no'


def test_none_and_an_empty_list_unset(zimbra):
    zimbra.set('servers', HOST, zimbraMtaRelayHost='[old]:25', zimbraMtaMaxUse='9')
    run(zimbra, server(zimbraMtaRelayHost=[], zimbraMtaMaxUse=None))
    assert not {'zimbraMtaRelayHost', 'zimbraMtaMaxUse'} & set(zimbra.own('servers', HOST))


def test_a_server_wins_over_the_global_configuration_and_that_is_said(zimbra):
    zimbra.set('servers', HOST, zimbraMtaRelayHost='[old.example.net]:25')
    result, warnings = run(zimbra, config(zimbraMtaRelayHost=RELAY))
    assert zimbra.own('config')['zimbraMtaRelayHost'] == [RELAY]
    assert warnings == [
        f'zimbraMtaRelayHost is set globally, but server {HOST} has a value of its own, which wins there'
    ]
    assert result['changed'] and zimbra.main_cf['relayhost'] == '[old.example.net]:25'


def test_what_was_set_by_postconf_is_found(zimbra):
    run(zimbra, server(zimbraMtaRelayHost=RELAY))
    zimbra.edit(relayhost='[by.hand.example.net]')
    result, dummy = run(zimbra, server(zimbraMtaRelayHost=RELAY))
    assert result['changed'] and result['attributes'] == [] and result['parameters'] == ['relayhost']
    assert zimbra.main_cf['relayhost'] == RELAY


def test_what_becomes_part_of_a_parameter_only_comes_into_force_too(zimbra):
    result, dummy = run(zimbra, config(zimbraMtaRestriction='reject_non_fqdn_sender'))
    assert result['applied'] and zimbra.starts('configrewrite') == 1
    # No daemon reads it.
    assert not run(zimbra, domain(zimbraAdminSieveScriptBefore='keep;'), owner='other')[0]['applied']
    assert zimbra.starts('configrewrite') == 1


def test_nothing_is_rewritten_on_a_server_without_an_mta(zimbra):
    zimbra.set('servers', HOST, zimbraServiceEnabled=['mailbox'])
    result, dummy = run(zimbra, server(zimbraMtaRelayHost=RELAY))
    assert result['changed'] and not result['applied'] and zimbra.starts('configrewrite') == 0


def test_nothing_is_rewritten_when_that_is_not_wanted(zimbra):
    assert not run(zimbra, server(zimbraMtaRelayHost=RELAY), apply=False)[0]['applied']
    assert zimbra.starts('configrewrite') == 0


def test_a_mailbox_server_is_told_of_what_it_remembers(zimbra):
    zimbra.set('servers', HOST, zimbraServiceEnabled=['mta'])
    zimbra.set('servers', 'box.example.com', zimbraServiceEnabled=['mailbox'])
    run(zimbra, config(zimbraSpamWhitelistHeader='X-A'), domain(zimbraAdminSieveScriptBefore='keep;'))
    assert ('zmprov', '-s', 'box.example.com', '-f', '/dev/stdin') in zimbra.ran


def test_a_mailbox_server_that_is_down_is_a_warning(zimbra):
    write = zimbra.store.beside('.switches')
    write.write_text(f'{{"mailboxd": {{"{HOST}": "down"}}}}', encoding='utf-8')
    dummy, warnings = run(zimbra, config(zimbraSpamWhitelistHeader='X-A'))
    assert zimbra.own('config')['zimbraSpamWhitelistHeader'] == ['X-A']
    assert len(warnings) == 1 and 'could not be told' in warnings[0] and 'IO_ERROR' in warnings[0]


def test_two_servers_that_write_the_same_do_no_harm(zimbra, tmp_path, monkeypatch):
    before = dump(zimbra.store)
    other = PlayedZimbra(tmp_path, monkeypatch, 'mta2.example.com', zimbra.store)
    both = dump(zimbra.store)
    wanted = [config(zimbraSpamWhitelistHeader='X-A'), server(zimbraMtaRelayHost=RELAY)]
    for each in (zimbra, other, zimbra, other):
        each.enter(monkeypatch)
        run(each, *wanted)
    assert zimbra.own('servers', 'mta2.example.com')['zimbraMtaRelayHost'] == [RELAY]
    for each in (zimbra, other):
        each.enter(monkeypatch)
        assert run(each, state='absent')[1] == []
    assert dump(zimbra.store) == both != before


def test_of_two_servers_that_read_before_either_wrote_each_can_undo(zimbra, tmp_path, monkeypatch):
    other = PlayedZimbra(tmp_path, monkeypatch, 'mta2.example.com', zimbra.store)
    before = dump(zimbra.store)
    zimbra.enter(monkeypatch)
    plain, nested = zimbra.run_command, []

    def first_the_other(words, data=None, **more):
        if data and b'mcf' in data and not nested:
            nested.append(True)
            other.enter(monkeypatch)
            run(other, config(zimbraSpamWhitelistHeader='X-A'))
            zimbra.enter(monkeypatch)
        return plain(words, data=data, **more)

    zimbra.run_command = first_the_other
    run(zimbra, config(zimbraSpamWhitelistHeader='X-A'))
    assert nested
    for each in (zimbra, other):
        each.enter(monkeypatch)
        assert run(each, state='absent')[1] == []
    assert dump(zimbra.store) == before
