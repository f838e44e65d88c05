# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A played Zimbra is made to use the gateway, verified, and brought back."""

from __future__ import annotations

import os

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import server

from tests.unit.fakes.zimbra import HOST, PlayedZimbra
from tests.unit.fakes.zimbra_runs import PlayedModule, apply, dump, settings_of, stale, tree, undo

HOP, WASH = '[127.0.0.1]:325', '[127.0.0.1]:326'
SIEVE = 'zimbraAdminSieveScriptBefore'


def own(zimbra):
    return zimbra.own('servers', zimbra.name)


def test_the_relay_host_of_this_server_is_the_hop(zimbra):
    result, warnings, dummy = apply(zimbra)
    assert result['changed'] and own(zimbra)['zimbraMtaRelayHost'] == [HOP] and zimbra.main_cf['relayhost'] == HOP
    assert 'zimbraMtaRelayHost' not in zimbra.own('config')
    assert [warning for warning in warnings if 'gateway is not known' not in warning] == []


def test_a_second_run_changes_nothing_and_starts_zmprov_once(zimbra):
    apply(zimbra)
    zimbra.ran.clear()
    result, dummy, dummy = apply(zimbra)
    assert not result['changed'] and result['diff'] == []
    assert zimbra.starts() == 1 and zimbra.starts('configrewrite') == 0 and zimbra.starts('postfix') == 0
    assert stale(zimbra) == []


def test_check_mode_foretells_and_changes_nothing(zimbra):
    before, files = dump(zimbra.store), tree(zimbra)
    foretold, dummy, dummy = apply(zimbra, check_mode=True)
    assert dump(zimbra.store) == before and tree(zimbra) == files
    done, dummy, dummy = apply(zimbra)
    assert foretold == done
    assert not apply(zimbra, check_mode=True)[0]['changed']


def test_an_undo_leaves_everything_as_it_was(zimbra):
    zimbra.set('servers', HOST, zimbraMtaSmtpdClientRestrictions='reject_unauth_pipelining, permit_mynetworks')
    zimbra.set('domains', 'example.com', zimbraAdminSieveScriptBefore='require "tag";\ntag "x";\n')
    zimbra._rewrite()
    before, files = dump(zimbra.store), tree(zimbra)
    apply(zimbra, scope='senders', scope_senders=['@example.com'])
    assert dump(zimbra.store) != before
    foretold = undo(zimbra, check_mode=True)[0]
    result, warnings = undo(zimbra)
    assert result['changed'] and result['diff'] == foretold['diff'] and warnings == []
    assert dump(zimbra.store) == before and tree(zimbra) == files
    assert not undo(zimbra)[0]['changed']


def test_port_25_is_limited_in_front_of_what_the_site_asks(zimbra):
    apply(zimbra)
    conf = str(zimbra.prefix / 'common/conf')
    assert own(zimbra)['zimbraMtaSmtpdClientRestrictions'] == [
        f'check_client_access cidr:{conf}/conbool_clients, check_client_access cidr:{conf}/conbool_strangers,'
        ' reject_unauth_pipelining'
    ]
    assert own(zimbra)['zimbraMtaSmtpdDataRestrictions'] == [
        f'check_client_access cidr:{conf}/conbool_data, check_client_access cidr:{conf}/conbool_strangers,'
        ' check_policy_service { unix:/run/conbool-certificate.sock, timeout=5s, try_limit=1, default_action=DUNNO },'
        f' check_client_access cidr:{conf}/conbool_uncertified, reject_unauth_pipelining'
    ]
    assert own(zimbra)['zimbraMtaPostscreenAccessList'] == [f'cidr:{conf}/conbool_postscreen, permit_mynetworks']
    assert own(zimbra)['zimbraMtaSmtpdTlsAskCcert'] == ['yes']
    tables = {
        name: (zimbra.prefix / 'common/conf' / f'conbool_{name}').read_text() for name in ('clients', 'strangers')
    }
    assert '192.0.2.0/28 reject_plaintext_session reject_unauth_destination\n' in tables['clients']
    assert '127.0.0.0/8 DUNNO\n' in tables['clients'] and '192.0.2.0/24 DUNNO\n' in tables['clients']
    assert tables['clients'].endswith('0.0.0.0/0 permit_mynetworks\n::/0 permit_mynetworks\n')
    assert '192.0.2.0/28 DUNNO\n' in tables['strangers'] and '0.0.0.0/0 554 5.7.1 This server' in tables['strangers']


def test_a_restriction_that_the_site_adds_later_stays_behind_ours(zimbra):
    apply(zimbra)
    (before,) = own(zimbra)['zimbraMtaSmtpdClientRestrictions']
    zimbra.set('servers', HOST, zimbraMtaSmtpdClientRestrictions=before + ', reject_unknown_client_hostname')
    apply(zimbra)
    assert own(zimbra)['zimbraMtaSmtpdClientRestrictions'] == [before + ', reject_unknown_client_hostname']
    undo(zimbra)
    assert own(zimbra)['zimbraMtaSmtpdClientRestrictions'] == [
        'reject_unauth_pipelining, reject_unknown_client_hostname'
    ]


def test_a_restriction_that_is_set_globally_later_is_taken_over(zimbra):
    apply(zimbra)
    zimbra.set('config', zimbraMtaSmtpdClientRestrictions='reject_unknown_client_hostname')
    assert any('zimbraMtaSmtpdClientRestrictions' in row['finding'] for row in stale(zimbra))
    apply(zimbra)
    assert own(zimbra)['zimbraMtaSmtpdClientRestrictions'][0].endswith('strangers, reject_unknown_client_hostname')
    undo(zimbra)
    assert 'zimbraMtaSmtpdClientRestrictions' not in own(zimbra)


def test_without_inbound_port_25_is_as_it_was(zimbra):
    apply(zimbra)
    apply(zimbra, inbound=False)
    assert set(own(zimbra)) == {'zimbraServiceEnabled', 'zimbraMtaMyNetworks', 'zimbraMtaRelayHost'}
    assert not list((zimbra.prefix / 'common/conf').glob('conbool_*'))
    assert SIEVE not in zimbra.own('domains', 'example.com')


def test_only_listed_senders_go_to_the_hop(zimbra):
    apply(zimbra, scope='senders', scope_senders=['@example.com', 'x@sub.example.co.uk'])
    assert 'zimbraMtaRelayHost' not in own(zimbra)
    ways = {
        sender: zimbra.route('', sender, 'a@o.test')['next_hop'] for sender in ('a@example.com', 'x@sub.example.co.uk')
    }
    assert set(ways.values()) == {HOP}
    assert zimbra.route('', 'y@sub.example.co.uk', 'a@o.test')['next_hop'] == 'o.test'


def test_what_an_upgrade_takes_away_is_noticed_and_put_back(zimbra):
    senders = {'scope': 'senders', 'scope_senders': ['@example.com']}
    apply(zimbra, **senders)
    assert stale(zimbra, **senders) == []
    zimbra.upgrade()
    assert stale(zimbra, **senders) == [], 'it is put back at once'
    zimbra.units['conbool-zimbra.path']['ActiveState'] = 'failed'
    zimbra.upgrade()
    (row,) = stale(zimbra, **senders)
    assert row['status'] == 'red' and 'site.yml' in row['hint']
    assert 'main.cf: sender_dependent_relayhost_maps' in row['finding']
    assert 'needs systemctl start conbool-zimbra.path' in row['finding']
    assert apply(zimbra, **senders)[0]['changed']
    assert zimbra.route('', 'a@example.com', 'a@o.test')['next_hop'] == HOP and stale(zimbra, **senders) == []


def test_what_keeps_it_is_started_and_goes_with_it(zimbra):
    senders = {'scope': 'senders', 'scope_senders': ['@example.com']}
    apply(zimbra, **senders)
    assert zimbra.units['conbool-zimbra.path'] == {'ActiveState': 'active', 'UnitFileState': 'enabled'}
    assert 'ensure sender_dependent_relayhost_maps' in (zimbra.root / 'lib/reassert').read_text()
    assert os.access(zimbra.root / 'lib/reassert', os.X_OK)
    apply(zimbra)
    assert zimbra.units['conbool-zimbra.path'] == {'ActiveState': 'inactive', 'UnitFileState': 'disabled'}
    assert not (zimbra.root / 'lib/reassert').exists()
    assert 'sender_dependent_relayhost_maps' not in zimbra.main_cf


def test_a_strict_tls_level_does_not_count_on_the_way_to_the_hop(zimbra):
    zimbra.set('servers', HOST, zimbraMtaSmtpTlsSecurityLevel='encrypt')
    zimbra.edit(smtp_tls_policy_maps='lmdb:/opt/zimbra/conf/policy')
    zimbra._rewrite()
    apply(zimbra)
    conf = zimbra.prefix / 'common/conf'
    assert zimbra.main_cf['smtp_tls_policy_maps'] == f'texthash:{conf}/conbool_tls, lmdb:/opt/zimbra/conf/policy'
    clear = (conf / 'conbool_tls').read_text().splitlines()
    assert clear[0] == f'{HOP} none' and {'[127.0.0.1]:10024 none', '[::1]:10032 none'} < set(clear)
    assert not apply(zimbra)[0]['changed']


def test_what_is_decided_goes_by_the_directory_which_main_cf_follows_later(zimbra):
    zimbra.set('config', zimbraMtaSmtpTlsSecurityLevel='encrypt')
    zimbra.set('servers', HOST, zimbraMtaMyNetworks=['127.0.0.0/8', '203.0.113.0/24'])
    apply(zimbra)
    assert 'conbool_tls' in zimbra.main_cf['smtp_tls_policy_maps'] and stale(zimbra) == []
    clients = (zimbra.prefix / 'common/conf/conbool_clients').read_text(encoding='ascii')
    assert '203.0.113.0/24 DUNNO' in clients and '192.0.2.0/24' not in clients


@pytest.mark.parametrize('level', ['may', 'encrypt'])
def test_the_hop_is_told_what_the_site_had(zimbra, level):
    zimbra.set('config', zimbraMtaRelayHost='[old.example.net]:25', zimbraMtaSmtpTlsSecurityLevel=level)
    zimbra._rewrite()
    first = apply(zimbra)[2].hop.identity
    second = apply(zimbra)[2].hop.identity
    assert first['expanded']['relayhost'] == second['expanded']['relayhost'] == '[old.example.net]:25'
    # What limits port 25 is nothing to the hop.
    names = {*first['configured'], *second['configured']}
    differs = {name for name in names if first['configured'].get(name) != second['configured'].get(name)}
    assert {name for name in differs if not name.startswith(('smtpd_', 'postscreen_'))} == set()


def test_what_was_set_by_postconf_is_noticed_and_repaired(zimbra):
    apply(zimbra)
    zimbra.edit(relayhost='[elsewhere]:25')
    (row,) = stale(zimbra)
    assert 'main.cf (relayhost)' in row['finding']
    assert apply(zimbra)[0]['changed'] and zimbra.main_cf['relayhost'] == HOP


def test_what_is_set_globally_and_for_the_server_ends_right(zimbra):
    zimbra.set('config', zimbraMtaRelayHost='[mail.conbool.com]:25')
    zimbra.set('servers', HOST, zimbraMtaRelayHost='[other.example.net]:25')
    zimbra._rewrite()
    apply(zimbra)
    assert zimbra.main_cf['relayhost'] == HOP and zimbra.own('config')['zimbraMtaRelayHost'] == [
        '[mail.conbool.com]:25'
    ]


def test_what_a_person_adds_in_front_or_in_between_is_kept_without_ours_by_an_undo(zimbra):
    apply(zimbra)
    (before,) = own(zimbra)['zimbraMtaSmtpdClientRestrictions']
    zimbra.set('servers', HOST, zimbraMtaSmtpdClientRestrictions=f'reject_x {before.replace(", ", ", reject_y ", 1)}')
    undo(zimbra)
    assert own(zimbra)['zimbraMtaSmtpdClientRestrictions'] == ['reject_x reject_y reject_unauth_pipelining']


def test_when_the_daemon_does_not_write_everything_is_as_it_was(zimbra):
    before, files = dump(zimbra.store), tree(zimbra)
    zimbra.daemon = False
    with pytest.raises(SwitchError, match='zmconfigd') as failed:
        apply(zimbra)
    assert failed.value.restored and dump(zimbra.store) == before
    assert tree(zimbra) == files and not [each for each in zimbra.units.values() if each['ActiveState'] == 'active']


def test_a_domain_that_is_gone_does_not_stop_an_undo(zimbra):
    before = own(zimbra)
    apply(zimbra)
    with zimbra.store.change() as data:
        del data['domains']['sub.example.co.uk']
    result, warnings = undo(zimbra)
    assert result['changed'] and own(zimbra) == before and SIEVE not in zimbra.own('domains', 'example.com')
    assert [warning for warning in warnings if 'sub.example.co.uk' not in warning] == []
    assert not undo(zimbra)[0]['changed']


def test_a_domain_that_is_hosted_no_more_gets_its_script_back(zimbra):
    zimbra.set('domains', 'sub.example.co.uk', zimbraAdminSieveScriptBefore='keep;')
    apply(zimbra)
    apply(zimbra, domains=['example.com'])
    assert zimbra.own('domains', 'sub.example.co.uk')[SIEVE] == ['keep;']


def test_without_spam_delivery_only_that_is_undone(zimbra):
    apply(zimbra)
    settings = settings_of()['roles']
    settings['spam_delivery']['state'] = 'absent'
    apply(zimbra, roles=settings)
    assert SIEVE not in zimbra.own('domains', 'example.com')
    assert 'zimbraSpamWhitelistHeader' not in zimbra.own('config')
    assert 'conbool_clients' in own(zimbra)['zimbraMtaSmtpdClientRestrictions'][0]


def test_two_servers_of_one_directory(zimbra, tmp_path, monkeypatch):
    other = PlayedZimbra(tmp_path, monkeypatch, 'mta2.example.com', zimbra.store)
    before = dump(zimbra.store)
    for each in (zimbra, other):
        each.enter(monkeypatch)
        apply(each)
    for each in (zimbra, other):
        each.enter(monkeypatch)
        assert own(each)['zimbraMtaRelayHost'] == [HOP] and not apply(each)[0]['changed'] and stale(each) == []
    for each in (zimbra, other):
        each.enter(monkeypatch)
        undo(each)
    assert dump(zimbra.store) == before


def test_what_leads_to_the_hop_is_told(zimbra):
    adapter = server.ZimbraServer(PlayedModule(zimbra), settings_of())
    assert adapter.leads_to_hop() == []
    apply(zimbra)
    assert adapter.leads_to_hop() == [str(zimbra.prefix / 'common/conf/main.cf')]
    undo(zimbra)
    assert adapter.leads_to_hop() == []


def test_addresses_of_the_host_itself_are_no_networks_that_a_firewall_shuts_out(zimbra, monkeypatch):
    monkeypatch.setattr(server, 'is_own', lambda address: address == '198.18.94.10')
    zimbra.set('servers', HOST, zimbraMtaMyNetworks='127.0.0.0/8 198.18.94.10/32 198.18.94.0/24 192.0.2.7/32')
    zimbra._rewrite()
    found = server.ZimbraServer(PlayedModule(zimbra), settings_of()).facts().relay_networks
    assert found == ['127.0.0.0/8', '198.18.94.0/24', '192.0.2.7/32']
