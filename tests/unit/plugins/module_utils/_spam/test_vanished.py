# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dovecot.conf that is gone when it is read."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import file_change
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import ChangeError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._spam import sieve
from ansible_collections.conbool.smtp_relay.plugins.module_utils._spam.delivery import converge

from tests.unit.fakes.dovecot import Host

LMTP = {'agent': 'lmtp', 'target': '/var/spool/postfix/private/dovecot-lmtp', 'by': 'lmtp', 'domain': 'd.example'}


@pytest.fixture(name='host', params=['2.3.19.1', '2.4.1-4'])
def fixture_host(request, tmp_path, monkeypatch):
    return Host(tmp_path, monkeypatch, request.param)


@pytest.mark.parametrize('look', [1, 2])
def test_a_dovecot_conf_that_vanishes_is_named_and_not_made_anew(host, monkeypatch, look):
    read, looks = sieve.read_file, []

    def vanish(path):
        if path.endswith('dovecot.conf'):
            looks.append(path)
            if len(looks) == look:
                (host.directory / 'dovecot.conf').unlink()
        return read(path)

    # Both look at it: the script's change for what is there now, the change of files for what it will be.
    monkeypatch.setattr(sieve, 'read_file', vanish)
    monkeypatch.setattr(file_change.disk, 'read_file', vanish)
    with pytest.raises(ChangeError, match=r'dovecot\.conf is gone since it was looked at'):
        converge(
            host,
            {
                'deliveries': [LMTP],
                'delivery': 'auto',
                'folder': 'Junk',
                'dovecot_directory': str(host.directory),
                'state': 'present',
            },
        )
    assert not (host.directory / 'dovecot.conf').exists() and not (host.folder / 'var').exists()
