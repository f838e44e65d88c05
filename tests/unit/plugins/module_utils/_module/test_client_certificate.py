# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate and key come to the host as a pair that works, and go without a trace."""

from __future__ import annotations

import os
import stat
from unittest.mock import Mock

import pytest
import trustme
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import disk, file_record
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module.client_certificate import converge

AUTHORITY = trustme.CA()


def pair():
    issued = AUTHORITY.issue_cert('relay.example.com')
    return issued.cert_chain_pems[0].bytes().decode(), issued.private_key_pem.bytes().decode()


@pytest.fixture(name='play')
def fixture_play(tmp_path, monkeypatch):
    monkeypatch.setattr(file_record, 'BASE', str(tmp_path / 'var/files'))

    def play(cert='', key='', state='present', check_mode=False):
        params = {
            'cert': str(tmp_path / 'ssl/relay.pem'),
            'cert_content': cert,
            'key': str(tmp_path / 'ssl/relay.key'),
            'key_content': key,
            'state': state,
        }
        return converge(Mock(check_mode=check_mode), params)

    play.folder = tmp_path / 'ssl'
    return play


def test_both_are_there_the_key_for_root_alone_and_then_neither(play):
    cert, key = pair()
    assert play(cert, key, check_mode=True)[0]['changed'] and not play.folder.exists()
    result, warnings = play(cert, key)
    assert result == {'changed': True, 'paths': [str(play.folder / name) for name in ('relay.pem', 'relay.key')]}
    modes = [stat.S_IMODE((play.folder / name).stat().st_mode) for name in ('relay.pem', 'relay.key')]
    assert modes == [0o644, 0o600] and (play.folder / 'relay.key').read_text(encoding='utf-8') == key
    assert not play(cert, key)[0]['changed'] and key not in str(result) + str(warnings)
    assert play(*pair())[0]['changed']
    assert play(state='absent')[0]['changed'] and not play.folder.exists()
    assert not play(state='absent')[0]['changed']


def test_what_was_there_before_comes_back(play):
    play.folder.mkdir()
    (play.folder / 'relay.key').write_text('former', encoding='utf-8')
    (play.folder / 'relay.key').chmod(0o640)
    play(*pair())
    play(state='absent')
    path = play.folder / 'relay.key'
    assert (path.read_text(encoding='utf-8'), stat.S_IMODE(path.stat().st_mode)) == ('former', 0o640)


@pytest.mark.parametrize(
    ('cert', 'words'), [('another', 'the key does not belong'), ('none', 'does not begin with a PEM certificate')]
)
def test_a_pair_that_does_not_work_is_refused_before_anything_is_written(play, cert, words):
    with pytest.raises(HostError, match=words) as failure:
        play(pair()[0] if cert == 'another' else 'x', pair()[1])
    assert 'what is meant for ' + str(play.folder) in str(failure.value) and '/conbool-' not in str(failure.value)
    assert not play.folder.exists() and 'PRIVATE' not in str(failure.value)


def test_a_new_key_is_never_readable_for_others(tmp_path, monkeypatch):
    seen, chmod = [], os.chmod
    monkeypatch.setattr(os, 'chmod', lambda path, mode: seen.append(mode) or chmod(path, mode))
    disk.replace_file(str(tmp_path / 'relay.key'), b'x', 0o600)
    assert set(seen) == {0o600}
