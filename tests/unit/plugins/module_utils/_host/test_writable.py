# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps files from being written is known before, with the kernel's own flags and mounts where the machine lets."""

from __future__ import annotations

import os
import shutil
import subprocess
from types import SimpleNamespace

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import file_record, writable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import Write
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_change import FileChange


@pytest.fixture(name='path')
def fixture_path(tmp_path):
    path = tmp_path / 'etc' / 'main.cf'
    path.parent.mkdir()
    path.write_text('old')
    return path


def flagged(monkeypatch, path, flag):
    """Have the kernel say that a file has a flag, as it does where the file system has such flags."""

    def ioctl(handle, dummy, held):
        if os.path.samestat(os.fstat(handle), os.stat(path)):
            held[0] = flag

    monkeypatch.setattr(writable.fcntl, 'ioctl', ioctl)


def mounted(monkeypatch, tmp_path, path):
    mounts = tmp_path / 'mountinfo'
    name = str(path).replace(' ', '\\040')
    mounts.write_text(f'22 1 0:20 / /proc rw - proc proc rw\n88 27 254:0 /x {name} rw,relatime - ext4 /dev/x rw\n')
    monkeypatch.setattr(writable, 'MOUNTS', str(mounts))


def test_a_file_that_can_be_written_made_or_removed_is_no_obstacle(path):
    link = path.parent / 'link'
    link.symlink_to(path)
    paths = [path, link, path.parent, path.parent / 'new', path.parent / 'no' / 'such' / 'place']
    assert writable.obstacles(map(str, paths)) == []
    writable.refuse_obstacles(map(str, paths))


@pytest.mark.parametrize('flag, words', [(0x10, 'immutable (chattr +i)'), (0x20, 'appended to (chattr +a)')])
def test_a_flag_of_the_file_or_of_its_directory_is_named(monkeypatch, path, flag, words):
    flagged(monkeypatch, path, flag)
    assert [found for found in writable.obstacles([str(path)]) if found.startswith(f'{path}: ') and words in found]
    flagged(monkeypatch, path.parent, flag)
    (found,) = writable.obstacles([str(path.parent / 'new')])
    assert f'of its directory {path.parent}, ' in found and words in found


def test_a_file_that_is_a_mount_point_is_named_also_behind_a_link(monkeypatch, tmp_path):
    path = tmp_path / 'with blank' / 'main.cf'
    path.parent.mkdir()
    path.write_text('old')
    link = tmp_path / 'link'
    link.symlink_to(path)
    mounted(monkeypatch, tmp_path, path)
    (found,) = writable.obstacles([str(link)])
    assert found.startswith(f'{path}: it is a mount point of its own')


def test_a_directory_that_is_a_mount_point_is_written_into_all_the_same(monkeypatch, tmp_path, path):
    mounted(monkeypatch, tmp_path, path.parent)
    assert writable.obstacles([str(path), str(path.parent)]) == []


def test_a_file_system_that_is_read_only_is_named(monkeypatch, path):
    monkeypatch.setattr(writable.os, 'statvfs', lambda place: SimpleNamespace(f_flag=os.ST_RDONLY))
    (found,) = writable.obstacles([str(path.parent / 'new')])
    assert found.endswith('its file system is mounted read-only')


def test_what_is_refused_names_all_of_it(monkeypatch, path):
    flagged(monkeypatch, path.parent, 0x10)
    with pytest.raises(HostError, match='Nothing was changed.*main.cf: .*immutable.* [|] .*new: .*immutable'):
        writable.refuse_obstacles([str(path), str(path.parent / 'new')])


def test_the_real_flag_is_what_the_kernel_goes_by(path):
    able = os.geteuid() == 0 and shutil.which('chattr')
    if not able or subprocess.run(['chattr', '+i', path], capture_output=True, check=False).returncode:
        pytest.skip('this host, file system or user has no immutable files')
    try:
        with pytest.raises(PermissionError):
            Write(str(path), b'new').do()
        (found,) = writable.obstacles([str(path)])
    finally:
        subprocess.run(['chattr', '-i', path], check=True)
    assert found == f'{path}: it is immutable (chattr +i)'
    assert writable.obstacles([str(path)]) == []


def test_a_real_bind_mount_is_what_the_kernel_goes_by(path):
    if os.geteuid() or subprocess.run(['mount', '--bind', path, path], capture_output=True, check=False).returncode:
        pytest.skip('this user cannot mount')
    try:
        with pytest.raises(OSError, match='busy'):
            Write(str(path), b'new').do()
        (found,) = writable.obstacles([str(path)])
    finally:
        subprocess.run(['umount', path], check=True)
    assert found.startswith(f'{path}: it is a mount point of its own')


def test_files_of_a_record_are_refused_only_where_they_would_change(monkeypatch, tmp_path, path):
    monkeypatch.setattr(file_record, 'BASE', str(tmp_path / 'var' / 'files'))
    flagged(monkeypatch, path, 0x10)
    with pytest.raises(HostError, match='main.cf: it is immutable'):
        FileChange('test', {str(path): b'new'})
    assert not (tmp_path / 'var').exists()
    assert not FileChange('test', {str(path): b'old'}).writes


def test_what_is_in_a_directory_is_looked_at_not_what_is_below(path):
    (path.parent / 'sub').mkdir()
    (path.parent / 'sub' / 'deep').write_text('')
    names = {os.path.relpath(name, path.parent) for name in writable.within([str(path.parent), '/no/such'])}
    assert names == {'.', 'main.cf', 'sub', os.path.relpath('/no/such', path.parent)}
