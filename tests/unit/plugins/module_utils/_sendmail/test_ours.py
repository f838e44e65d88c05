# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody does to our own lines, and what he does beside them."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import file_record
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.commands import SendmailError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.facts import Paths, facts

from tests.unit.fakes.sendmail import MC, FakeSendmail
from tests.unit.plugins.module_utils._sendmail.test_converge import CONTENT, converge


@pytest.fixture(name='host')
def fixture_host(tmp_path, monkeypatch):
    monkeypatch.setattr(file_record, 'BASE', str(tmp_path / 'record/files'))
    return FakeSendmail(tmp_path)


def lose_rules(host):
    (host.folder / 'mail/conbool.m4').unlink()


def lose_the_include(host):
    host.write('sendmail.mc', MC)


def spoil_rules(host):
    host.write('conbool.m4', CONTENT + 'Mother, P=[IPC]\n')


@pytest.mark.parametrize('spoil', [lose_rules, lose_the_include, spoil_rules])
def test_what_becomes_of_our_lines_is_no_edit_of_the_user_s(host, spoil):
    converge(host)
    before = [host.read(name) for name in ('conbool.m4', 'sendmail.mc', 'sendmail.cf')]
    spoil(host)
    assert facts(host.run_command, Paths(host.paths))['file_owners'] == ['sendmail']
    assert converge(host)[0]['changed'] and not converge(host)[0]['changed']
    assert [host.read(name) for name in ('conbool.m4', 'sendmail.mc', 'sendmail.cf')] == before


@pytest.mark.parametrize('spoil', [lose_rules, lose_the_include])
def test_edits_of_the_user_s_are_kept_whatever_becomes_of_our_lines(host, spoil):
    converge(host)
    spoil(host)
    host.write('sendmail.mc', host.read('sendmail.mc') + 'O PrivacyOptions=goaway\n')
    with pytest.raises(SendmailError, match='is not what m4 makes of its sendmail.mc'):
        converge(host)
    host.write('sendmail.mc', MC)
    host.write('sendmail.cf', host.read('sendmail.cf') + 'O PrivacyOptions=goaway\n')
    with pytest.raises(SendmailError, match='is not what m4 makes of its sendmail.mc'):
        converge(host)
