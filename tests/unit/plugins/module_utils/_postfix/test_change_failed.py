# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What fails while Postfix runs with the new configuration brings the old one back."""

from __future__ import annotations

import errno
import os
import re

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import disk, writable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import locked
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.switch import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import instance

from tests.unit.fakes.postfix_run import run, service, wanted, with_routes


def test_when_master_dies_the_old_files_come_back_and_it_is_started(fake):
    before, old = fake.tree(), fake.loaded
    fake.deadly = lambda main, master: 'bind: Address already in use' if 'hop' in master else None
    with pytest.raises(
        SwitchError, match=r'master process ended.*postfix/master\[4711\]: fatal: bind: Address already in use'
    ) as failure:
        run(fake, **wanted(fake))
    assert failure.value.restored
    assert 'long ago' not in str(failure.value)
    assert fake.running and fake.loaded == old
    assert fake.tree() == before
    assert not (fake.root / 'state').exists()


def test_it_is_started_by_its_unit(fake):
    fake.unit = 'postfix@-.service'
    fake.deadly = lambda main, master: 'no' if 'hop' in master else None
    with pytest.raises(SwitchError):
        run(fake, **wanted(fake))
    assert fake.calls[-1] == ['systemctl', 'restart', 'postfix@-.service']
    assert fake.running


def test_a_silent_listener_brings_the_old_files_back(fake):
    with_routes(fake)
    before, old = fake.tree(), fake.loaded
    with pytest.raises(SwitchError, match='listener 127.0.0.1 port 1 does not greet.*refused') as failure:
        run(fake, listeners=[{'address': '127.0.0.1', 'port': 1}], **wanted(fake))
    assert failure.value.restored
    assert fake.loaded == old and fake.tree() == before


def test_a_failure_in_a_later_run_keeps_the_record_of_the_first(fake):
    before = fake.tree()
    run(fake, parameters={'relayhost': '[x]'})
    after_first = fake.tree()
    fake.deadly = lambda main, master: 'no' if '[y]' in main else None
    with pytest.raises(SwitchError):
        run(fake, parameters={'relayhost': '[y]'})
    assert fake.tree() == after_first
    run(fake, state='absent')
    assert fake.tree() == before


def test_a_full_disk_brings_the_old_files_back(fake, monkeypatch):
    before = fake.tree()
    real, written = disk.Write.do, []

    def full(self):
        written.append(self.path)
        if len(written) == 2:
            raise OSError(28, 'No space left on device')
        real(self)

    monkeypatch.setattr(disk.Write, 'do', full)
    with pytest.raises(SwitchError, match='No space left') as failure:
        run(fake, **wanted(fake))
    assert failure.value.restored
    assert fake.tree() == before


def test_a_log_that_cannot_be_read_does_not_stop_the_restore(fake, monkeypatch):
    before = fake.tree()
    fake.deadly = lambda main, master: 'no' if 'hop' in master else None
    monkeypatch.setattr(instance.MailLog, '_from_file', lambda self: open('/no/such/log', encoding='ascii'))
    with pytest.raises(SwitchError, match='master process ended') as failure:
        run(fake, **wanted(fake))
    assert failure.value.restored and fake.tree() == before


def test_a_restore_that_fails_is_said(fake):
    fake.deadly = lambda main, master: 'dead for good'
    with pytest.raises(SwitchError) as failure:
        run(fake, **wanted(fake))
    assert not failure.value.restored
    assert re.search('could not be put back completely', failure.value.warnings[0])


def test_a_service_that_is_not_served_is_a_failure(fake, monkeypatch):
    monkeypatch.setattr(instance, 'sockets_of', lambda queue, services: {'/no/such/socket': None})
    with pytest.raises(SwitchError, match='does not serve /no/such/socket within 1 seconds'):
        run(fake, services=[service('hop')])


def test_an_old_socket_is_no_proof_that_a_service_is_served(fake):
    (fake.queue / 'private' / 'hop').touch()
    fake.served.add(str(fake.queue / 'private' / 'hop'))
    with pytest.raises(SwitchError, match='does not serve .*/private/hop within 1 seconds'):
        run(fake, services=[service('hop')])


def test_two_runs_do_not_meet(tmp_path):
    with locked(str(tmp_path), 1), pytest.raises(BlockingIOError), locked(str(tmp_path), 0.3):
        pass
    with locked(str(tmp_path), 0):
        pass


def held(monkeypatch, *paths):
    """Have the kernel say that these files are immutable, as it does where the file system has such flags."""

    def ioctl(handle, dummy, answer):
        answer[0] = 0x10 if any(os.path.samestat(os.fstat(handle), os.stat(path)) for path in paths) else 0

    monkeypatch.setattr(writable.fcntl, 'ioctl', ioctl)


@pytest.mark.parametrize('name', ['main.cf', 'master.cf', '.'])
@pytest.mark.parametrize('check', [False, True], ids=['run', 'check'])
def test_what_cannot_be_written_is_known_before_the_first_change(fake, monkeypatch, name, check):
    before, calls = fake.tree(), len(fake.calls)
    held(monkeypatch, fake.config_dir / name)
    with pytest.raises(HostError, match=f'Nothing was changed.*{"main.cf" if name == "." else name}: .*immutable'):
        run(fake, check=check, **wanted(fake))
    assert fake.tree() == before and not (fake.root / 'state').exists()
    assert not [call for call in fake.calls[calls:] if call[-1] == 'reload']


def test_what_does_not_change_need_not_be_writable(fake, monkeypatch):
    run(fake, **wanted(fake))
    held(monkeypatch, fake.config_dir / 'main.cf', fake.config_dir / 'master.cf')
    assert not run(fake, **wanted(fake))['changed']
    with pytest.raises(HostError, match='master.cf: it is immutable.*main.cf: it is immutable'):
        run(fake, state='absent')


def test_a_file_that_is_busy_only_when_it_is_written_has_nothing_to_be_put_back(fake, monkeypatch):
    with_routes(fake)
    before, old, replace = fake.tree(), fake.loaded, disk.replace_file

    def busy(path, *more):
        if path.endswith('main.cf'):
            raise OSError(errno.EBUSY, 'Device or resource busy')
        replace(path, *more)

    monkeypatch.setattr(disk, 'replace_file', busy)
    with pytest.raises(SwitchError, match='Device or resource busy') as failure:
        run(fake, **wanted(fake))
    assert failure.value.restored and fake.loaded == old and fake.tree() == before
    assert not (fake.root / 'state').exists()


def test_what_cannot_be_cleared_away_leaves_no_record_of_a_change(fake, monkeypatch):
    def refuse(paths):
        raise PermissionError(errno.EPERM, 'Operation not permitted')

    monkeypatch.setattr(disk, 'clear_temporary', refuse)
    before = fake.tree()
    with pytest.raises(OSError, match='Operation not permitted'):
        run(fake, **wanted(fake))
    assert fake.tree() == before and not (fake.root / 'state').exists()
