# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A played Zimbra that is not as it usually is: stopped, old, renamed."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import server

from tests.unit.fakes.zimbra_runs import PlayedModule, apply, dump, settings_of, stale, tree, undo

CHANGES = {'scope': 'senders', 'scope_senders': ['@example.com']}


def said(zimbra, **changes):
    """The warnings on the Zimbra itself."""
    return ' '.join(server.ZimbraServer(PlayedModule(zimbra), settings_of(**changes)).facts().warnings)


def test_a_postfix_that_does_not_run_is_not_reloaded_and_everything_else_is_done(zimbra):
    before, files = dump(zimbra.store), tree(zimbra)
    zimbra.stopped = True
    apply(zimbra, **CHANGES)
    assert stale(zimbra, **CHANGES) == [] and 'conbool_clients' in zimbra.main_cf['smtpd_client_restrictions']
    undo(zimbra)
    assert dump(zimbra.store) == before and tree(zimbra) == files and zimbra.starts('postfix') == 0


@pytest.mark.parametrize(
    'values, words',
    [
        ({'mail_version': '3.5.6'}, 'Postfix 3.5.6 takes other line ends'),
        ({'mail_version': '3.6.1'}, 'Postfix 3.6.1 takes other line ends'),
        ({'mail_version': '3.6.14', 'smtpd_forbid_bare_newline': 'no'}, 'postconf -e smtpd_forbid_bare_newline'),
        ({'mail_version': '3.6.14', 'smtpd_forbid_bare_newline': 'normalize'}, ''),
    ],
)
def test_a_postfix_that_takes_other_line_ends_is_a_warning(zimbra, values, words):
    zimbra.edit(**values)
    warnings = ' '.join(apply(zimbra)[2].warnings)
    assert words in warnings and ('smuggling' in warnings) is bool(words)
    assert 'smuggling' not in ' '.join(apply(zimbra, inbound=False)[2].warnings)


def test_a_server_that_was_renamed_keeps_its_record(zimbra):
    zimbra.set('servers', zimbra.name, zimbraMtaRelayHost='[old.example.net]:25')
    zimbra._rewrite()
    before, files = zimbra.own('servers', zimbra.name), tree(zimbra)
    apply(zimbra)
    zimbra.rename('new.example.com')
    assert stale(zimbra) == [] and not apply(zimbra)[0]['changed']
    result, warnings = undo(zimbra)
    assert result['changed'] and warnings == []
    assert zimbra.own('servers', 'new.example.com') == before
    assert zimbra.main_cf['relayhost'] == '[old.example.net]:25'
    assert set(tree(zimbra)) == set(files)


def test_a_server_that_was_renamed_without_its_values_gets_them_again(zimbra):
    apply(zimbra)
    zimbra.rename('new.example.com')
    zimbra.set('servers', 'new.example.com', zimbraMtaRelayHost=None)
    apply(zimbra)
    assert zimbra.own('servers', 'new.example.com')['zimbraMtaRelayHost'] == ['[127.0.0.1]:325']
    undo(zimbra)
    assert 'zimbraMtaRelayHost' not in zimbra.own('servers', 'new.example.com')


@pytest.mark.parametrize('value', ['0.0.0.0/0 127.0.0.0/8', 'no.example.com/32', 'False'])
def test_networks_that_the_daemon_takes_for_none_do_not_count(zimbra, value):
    zimbra.edit(mynetworks='127.0.0.0/8 192.0.2.0/24')
    zimbra.set('servers', zimbra.name, zimbraMtaMyNetworks=value)
    warnings = said(zimbra)
    apply(zimbra)
    clients = (zimbra.prefix / 'common/conf/conbool_clients').read_text(encoding='ascii')
    assert '192.0.2.0/24 DUNNO' in clients and '0.0.0.0/0 DUNNO' not in clients
    assert f'zimbraMtaMyNetworks: {value!r} begins like' in warnings


def test_an_alias_is_named_unless_the_domain_with_the_mailboxes_is_hosted(zimbra):
    zimbra.set('domains', 'alias.example', zimbraDomainType='alias', zimbraDomainAliasTargetId='11')
    domains = ['example.com', 'alias.example']
    assert 'alias.example is an alias of another domain' in said(zimbra, domains=domains)
    apply(zimbra, domains=domains)
    assert 'zimbraAdminSieveScriptBefore' not in zimbra.own('domains', 'alias.example')
    zimbra.set('domains', 'example.com', zimbraId='11')
    assert said(zimbra, domains=domains) == ''


@pytest.mark.parametrize('run', [apply, undo])
def test_a_service_that_somebody_has_removed_does_not_stop_a_change(zimbra, run):
    apply(zimbra, **CHANGES)
    (zimbra.root / 'units/conbool-zimbra.service').unlink()
    run(zimbra)
    assert 'sender_dependent_relayhost_maps' not in zimbra.main_cf
