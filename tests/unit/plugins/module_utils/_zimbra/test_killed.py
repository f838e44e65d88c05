# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is killed at any command: the next one completes it, and an undo finds everything."""

from __future__ import annotations

import pytest

from tests.unit.fakes.zimbra import HOST, PlayedZimbra
from tests.unit.fakes.zimbra_runs import apply, dump, missing, stale, tree, undo

CHANGES = {'scope': 'senders', 'scope_senders': ['@example.com']}
# More than any run here has.
MOST = 60


class Killed(BaseException):
    """No handler of errors sees it."""


def kill_at(zimbra, number, after):
    """Have the process end at a command, before it is run or when it is done."""
    plain, count = zimbra.run_command, []

    def run_command(words, data=None, **more):
        count.append(words)
        if len(count) == number and not after:
            raise Killed
        result = plain(words, data=data, **more)
        if len(count) == number:
            raise Killed
        return result

    zimbra.run_command = run_command
    return count


def prepared(path, monkeypatch):
    zimbra = PlayedZimbra(path, monkeypatch)
    zimbra.set('servers', HOST, zimbraMtaSmtpdClientRestrictions='reject_unknown_client_hostname')
    zimbra.set('domains', 'example.com', zimbraAdminSieveScriptBefore='keep;')
    zimbra._rewrite()
    return zimbra


@pytest.mark.parametrize('after', [False, True], ids=['before', 'after'])
def test_a_run_that_is_killed_is_completed_and_can_be_undone(tmp_path, monkeypatch, after):
    for number in range(1 + after, MOST, 2):
        (tmp_path / str(number)).mkdir()
        zimbra = prepared(tmp_path / str(number), monkeypatch)
        before, files = dump(zimbra.store), tree(zimbra)
        kill_at(zimbra, number, after)
        try:
            apply(zimbra, **CHANGES)
        except Killed:
            pass
        else:
            break
        del zimbra.run_command
        assert missing(zimbra) == [], f'killed at command {number}'
        apply(zimbra, **CHANGES)
        assert stale(zimbra, **CHANGES) == [], f'killed at command {number}'
        undo(zimbra)
        assert dump(zimbra.store) == before and tree(zimbra) == files, f'killed at command {number}'
    assert 10 < number < MOST


@pytest.mark.parametrize('after', [False, True], ids=['before', 'after'])
def test_an_undo_that_is_killed_is_completed(tmp_path, monkeypatch, after):
    for number in range(1 + after, MOST, 2):
        (tmp_path / str(number)).mkdir()
        zimbra = prepared(tmp_path / str(number), monkeypatch)
        before, files = dump(zimbra.store), tree(zimbra)
        apply(zimbra, **CHANGES)
        kill_at(zimbra, number, after)
        try:
            undo(zimbra)
        except Killed:
            pass
        else:
            break
        del zimbra.run_command
        assert missing(zimbra) == [], f'killed at command {number}'
        undo(zimbra)
        assert dump(zimbra.store) == before and tree(zimbra) == files, f'killed at command {number}'
        assert zimbra.main_cf['smtpd_client_restrictions'] == 'reject_unknown_client_hostname'
        assert not undo(zimbra)[0]['changed']
    assert 10 < number < MOST
