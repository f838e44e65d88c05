# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where flagged and released mail goes in a played Zimbra."""

from __future__ import annotations

import pytest

from tests.unit.fakes.zimbra import HOST
from tests.unit.fakes.zimbra_runs import apply, dump, stale, undo

HOP = '[127.0.0.1]:325'
SIEVE = 'zimbraAdminSieveScriptBefore'


def own(zimbra):
    return zimbra.own('servers', zimbra.name)


def test_flagged_mail_is_filed_by_each_domain_and_released_mail_known(zimbra):
    zimbra.set('domains', 'example.com', zimbraAdminSieveScriptBefore='keep;')
    apply(zimbra)
    for domain in ('example.com', 'sub.example.co.uk'):
        (script,) = zimbra.own('domains', domain)[SIEVE]
        assert 'fileinto "Junk"' in script and script.startswith('# conbool.smtp_relay: begin\nrequire ["fileinto"];')
    assert script.endswith('# conbool.smtp_relay: end\n')
    assert zimbra.own('domains', 'example.com')[SIEVE][0].endswith('# conbool.smtp_relay: end\nkeep;')
    assert zimbra.own('config')['zimbraSpamWhitelistHeader'] == ['X-Conbool-Released']
    assert zimbra.own('config')['zimbraSpamWhitelistHeaderValue'] == ['(?i)\\s*yes\\s*']


def test_the_rule_for_released_mail_is_read_by_amavis_and_its_queue_tried_again(zimbra):
    rules = zimbra.prefix / 'data/spamassassin/localrules/sauser.cf'
    rules.write_text('score FOO 3\n', encoding='ascii')
    apply(zimbra)
    assert 'score    CONBOOL_RELEASED -1000' in rules.read_text() and rules.read_text().startswith('score FOO 3\n')
    order = [('zmamavisdctl', 'reload'), ('listens', '127.0.0.1', 10024, 300), ('postqueue', '-f')]
    assert [each for each in zimbra.ran if each in order] == order
    zimbra.ran.clear()
    apply(zimbra)
    assert zimbra.starts('zmamavisdctl') == 0
    undo(zimbra)
    assert rules.read_text() == 'score FOO 3\n' and ('zmamavisdctl', 'reload') in zimbra.ran


def test_another_header_for_released_mail_is_not_overwritten(zimbra):
    zimbra.set('config', zimbraSpamWhitelistHeader='X-Other', zimbraSpamWhitelistHeaderValue='yes')
    before = dump(zimbra.store)
    problems = apply(zimbra)[2].problems
    assert len(problems) == 1 and "'X-Other' is set already" in problems[0] and dump(zimbra.store) == before


def test_another_header_in_the_place_of_ours_is_not_overwritten_either(zimbra):
    apply(zimbra)
    zimbra.set('config', zimbraSpamWhitelistHeader='X-Other')
    assert "'X-Other' is set already" in ' '.join(apply(zimbra)[2].problems)
    assert zimbra.own('config')['zimbraSpamWhitelistHeader'] == ['X-Other']


@pytest.mark.parametrize('header', ['X-Conbool-Released', 'x-conbool-released'])
def test_a_half_done_set_up_by_hand_ends_right(zimbra, header):
    zimbra.set('config', zimbraSpamWhitelistHeader=header, zimbraSpamWhitelistHeaderValue='yes')
    zimbra.set('servers', HOST, zimbraMtaRelayHost='[mail.conbool.com]:25')
    zimbra._rewrite()
    apply(zimbra)
    assert zimbra.main_cf['relayhost'] == HOP
    assert zimbra.own('config')['zimbraSpamWhitelistHeaderValue'] == ['(?i)\\s*yes\\s*']
    undo(zimbra)
    assert zimbra.own('config')['zimbraSpamWhitelistHeaderValue'] == ['yes']
    assert own(zimbra)['zimbraMtaRelayHost'] == ['[mail.conbool.com]:25']


def test_entries_that_hide_the_domains_script_are_named(zimbra):
    zimbra.set('cos', 'board', zimbraAdminSieveScriptBefore='keep;')
    zimbra.set('cos', 'good', zimbraAdminSieveScriptBefore='if header :is "X-Conbool-Flag" "YES" { discard; }')
    apply(zimbra)
    (row,) = stale(zimbra)
    assert row['id'] == 'inbound.hidden' and row['target'] == 'COS board' and row['status'] == 'red'
