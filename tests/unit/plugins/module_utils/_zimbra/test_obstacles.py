# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a preflight says of a played Zimbra itself."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import inbound, server
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import sieve as zimbra_sieve

from tests.unit.fakes.zimbra_runs import PlayedModule, apply, settings_of


def rows(zimbra, **changes):
    """Return the rows by their names."""
    adapter = server.ZimbraServer(PlayedModule(zimbra), settings_of(**changes))
    return {row['id']: row for row in adapter.obstacles(adapter.facts())}


def test_a_zimbra_as_it_is_installed_has_no_obstacles(zimbra):
    assert [row['status'] for row in rows(zimbra).values()] == ['green']


def test_a_daemon_that_does_not_answer_is_red(zimbra):
    zimbra.daemon = False
    assert rows(zimbra)['mta.zmconfigd']['status'] == 'red'


def test_a_relay_host_with_its_passwords_is_named_also_when_the_hop_is_there(zimbra):
    zimbra.set('config', zimbraMtaRelayHost='[old.example.net]:587', zimbraMtaSmtpSaslAuthEnable='yes')
    zimbra.set('config', zimbraMtaSmtpSaslPasswordMaps='lmdb:/opt/zimbra/conf/relay_password')
    zimbra._rewrite()
    for dummy in range(2):
        row = rows(zimbra)['mta.relay_host']
        assert row['target'] == '[old.example.net]:587' and 'lmdb:/opt/zimbra/conf/relay_password' in row['finding']
        apply(zimbra)
    assert 'mta.relay_host' not in rows(zimbra, scope='senders', scope_senders=['@example.com'])


def test_passwords_in_a_table_of_main_cf_are_not_shown(zimbra):
    zimbra.set('config', zimbraMtaRelayHost='[old.example.net]:587', zimbraMtaSmtpSaslAuthEnable='yes')
    zimbra.set('config', zimbraMtaSmtpSaslPasswordMaps='inline:{ [old.example.net]=user:geheim }')
    zimbra._rewrite()
    assert (
        'geheim' not in str(rows(zimbra))
        and 'with its passwords in (hidden)' in rows(zimbra)['mta.relay_host']['finding']
    )


def test_header_checks_and_judges_of_the_site_are_named(zimbra):
    zimbra.edit(header_checks='pcre:/opt/zimbra/conf/own')
    judged = 'reject_non_fqdn_recipient, reject_rbl_client zen.spamhaus.org, reject_unknown_client_hostname, permit'
    zimbra.edit(smtpd_recipient_restrictions=judged)
    found = rows(zimbra)
    assert found['mta.header_checks']['target'] == 'pcre:/opt/zimbra/conf/own'
    assert found['inbound.judged']['target'] == 'reject_rbl_client zen.spamhaus.org, reject_unknown_client_hostname'
    assert 'inbound.judged' not in rows(zimbra, inbound=False)


def test_scripts_that_hide_the_domains_stop_the_run_before_it_changes_anything(zimbra):
    zimbra.set('cos', 'board', zimbraAdminSieveScriptBefore='keep;')
    assert rows(zimbra)['inbound.hidden']['status'] == 'red'
    assert 'inbound.hidden' not in rows(zimbra, inbound=False)
    filed_otherwise = dict(settings_of()['roles'], spam_delivery={'state': 'absent'})
    assert 'inbound.hidden' not in rows(zimbra, roles=filed_otherwise)
    zimbra.set('accounts', 'ceo@example.com', zimbraAdminSieveScriptBefore='keep;')
    zimbra.set('accounts', 'x@other.example', zimbraAdminSieveScriptBefore='keep;')
    assert rows(zimbra)['inbound.hidden']['target'] == 'COS board, account ceo@example.com'


def test_scripts_with_our_rule_hide_nothing(zimbra):
    script = zimbra_sieve.with_rule('require "tag";\ntag "x";\n')
    zimbra.set('cos', 'board', zimbraAdminSieveScriptBefore=script)
    zimbra.set('accounts', 'ceo@example.com', zimbraAdminSieveScriptBefore=script)
    assert 'inbound.hidden' not in rows(zimbra)
    zimbra.set('accounts', 'cfo@example.com', zimbraAdminSieveScriptBefore='keep;')
    assert rows(zimbra)['inbound.hidden']['target'] == 'account cfo@example.com'


@pytest.mark.parametrize('changes', [{'inbound_require_certificate': False}, {'inbound': False}])
def test_a_service_that_nobody_asks_may_leave_its_path(zimbra, tmp_path, monkeypatch, changes):
    monkeypatch.setattr(inbound, 'SOCKET', str(tmp_path / 'socket'))
    (tmp_path / 'socket').touch()
    ask = server.ZimbraServer(PlayedModule(zimbra), settings_of()).listener_rows
    assert [row['status'] for row in ask()] == ['red']
    assert server.ZimbraServer(PlayedModule(zimbra), settings_of(**changes)).listener_rows() == []
    # Where somebody has taken it away, systemd has the unit at work as before.
    (tmp_path / 'socket').unlink()
    (row,) = ask()
    assert row['status'] == 'red' and 'systemctl restart conbool-certificate.socket' in row['hint']


def found(zimbra):
    """What is red of what runs, in a preflight and in a verification."""
    adapter = server.ZimbraServer(PlayedModule(zimbra), settings_of())
    looks = (adapter.obstacles(adapter.facts()), adapter.running())
    return [[(row['id'], row['finding']) for row in rows if row['status'] == 'red'] for rows in looks]


def test_a_filter_that_leads_past_the_hop_is_red_and_amavis_is_none(zimbra):
    path = zimbra.prefix / 'common/conf/master.cf'
    path.write_text(
        path.read_text(encoding='ascii') + 'smtp-amavis unix - - n - 10 smtp\npickup unix n - n 60 1 pickup\n',
        encoding='ascii',
    )
    assert zimbra.main_cf['content_filter'].startswith('smtp-amavis:') and found(zimbra) == [[], []]
    zimbra.edit(content_filter='smtp:[198.51.100.7]')
    for ((identifier, finding),) in found(zimbra):
        assert identifier == 'mta.diverted' and 'content_filter = smtp:[198.51.100.7] of' in finding


def test_a_daemon_that_has_ended_since_is_red_in_a_verification(zimbra):
    zimbra.daemon = False
    assert [[identifier for identifier, dummy in rows] for rows in found(zimbra)] == [['mta.zmconfigd']] * 2
