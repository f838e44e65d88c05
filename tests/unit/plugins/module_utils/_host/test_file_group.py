# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that somebody else than root has to read."""

from __future__ import annotations

import os

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import file_record
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_change import FileChange

GROUP = 54321


def test_a_key_gets_the_group_that_reads_it_and_gets_it_back(tmp_path, monkeypatch):
    monkeypatch.setattr(file_record, 'BASE', str(tmp_path / 'files'))
    key = str(tmp_path / 'key')

    def change():
        return FileChange('test', {key: b'secret'}, modes={key: 0o640}, groups={key: GROUP})

    change().switch(lambda: None, lambda: None)
    assert (os.stat(key).st_gid, os.stat(key).st_mode & 0o777) == (GROUP, 0o640)
    assert not change().changed
    os.chown(key, -1, 0)
    assert change().paths() == [key]
    change().switch(lambda: None, lambda: None)
    assert os.stat(key).st_gid == GROUP and not change().changed
