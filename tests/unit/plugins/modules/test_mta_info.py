# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module mta_info as Ansible runs it."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta import detect
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.detect import MtaError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import names
from ansible_collections.conbool.smtp_relay.plugins.modules import mta_info


@pytest.fixture(name='look')
def fixture_look(capsys, monkeypatch):
    """Run the module on a host that has a Kerio Connect; return its exit status and its result."""
    found = ('kerio', {'kerio': ['/opt/kerio/mailserver/mailserver.cfg']})
    monkeypatch.setattr(mta_info, 'find', lambda wanted, undo: found if not undo else ('remote', {}))
    monkeypatch.setattr(mta_info, 'limited', lambda module: True)

    def look(**arguments):
        with patch_module_args(arguments), pytest.raises(SystemExit) as left:
            mta_info.main()
        return left.value.code, json.loads(capsys.readouterr().out)

    return look


def test_it_is_found_whether_or_not_there_is_a_role(look):
    status, result = look()
    assert (status, result['mta'], result['inbound_firewall'], result['changed']) == (0, 'kerio', True, False)
    assert result['found'] == {'kerio': ['/opt/kerio/mailserver/mailserver.cfg']}


def test_what_is_left_is_looked_for_if_asked(look):
    assert [look(undo=undo)[1]['mta'] for undo in (False, True)] == ['kerio', 'remote']


def test_one_without_a_role_is_refused_if_asked_with_what_is_known(look, monkeypatch):
    monkeypatch.setattr(detect, 'with_role', lambda: ['postfix'])
    status, result = look(supported=True)
    assert status == 1
    assert result['msg'] == ('the mail server is kerio, and this version of the collection has no role kerio_smarthost')
    assert (result['mta'], result['inbound_firewall']) == ('kerio', True)


def test_a_firewall_of_ours_is_told_where_no_mail_server_is_found(look, monkeypatch):
    def find(wanted, undo):
        raise MtaError(f'no {wanted}')

    monkeypatch.setattr(mta_info, 'find', find)
    status, result = look(mta='sendmail')
    assert (status, result['msg'], result['inbound_firewall']) == (1, 'no sendmail', True) and 'mta' not in result


def test_choices_are_those_of_the_registry():
    assert yaml.safe_load(mta_info.DOCUMENTATION)['options']['mta']['choices'] == ['auto'] + names()
