# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on their way to wanted contents and back: changed, converged, failed, killed, undone."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import disk, file_record
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_change import FileChange
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import ChangeError

LINE = b'ours\n'


class Killed(BaseException):
    """SIGKILL: nothing of ours runs any more."""


def with_line(data):
    return data + LINE


def without_line(data):
    return data.replace(LINE, b'')


class Host:
    """Files below a temporary directory, and what a daemon has read of them."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.read, self.refused = folder, None, None
        monkeypatch.setattr(file_record, 'BASE', str(folder / 'var/files'))
        (folder / 'etc').mkdir()
        (folder / 'etc/conf').write_bytes(b'first\nlast')
        (folder / 'etc/conf').chmod(0o640)

    def path(self, name):
        return str(self.folder / 'etc' / name)

    def change(self, contents, modes=None):
        """Contents by name; the file list has lines of ours among those of others."""
        return FileChange(
            'test',
            {self.path(name): content for name, content in contents.items()},
            {self.path('list'): without_line},
            {self.path(name): mode for name, mode in (modes or {}).items()},
        )

    def activate(self):
        self.read = self.files()
        if self.refused and self.refused in self.read.values():
            raise ChangeError('the daemon refuses')

    def apply(self, contents, modes=None):
        change = self.change(contents, modes)
        change.switch(lambda: None, self.activate)
        return change

    def files(self):
        return {
            str(path.relative_to(self.folder)): path.read_bytes() if path.is_file() else None
            for path in sorted(self.folder.rglob('*'))
        }


@pytest.fixture(name='host')
def fixture_host(tmp_path, monkeypatch):
    return Host(tmp_path, monkeypatch)


NEW = {'conf': b'other\n', 'ours/deep/new': b'\xff new\n', 'list': with_line}


def test_files_come_change_and_go(host):
    before = host.files()
    planned = host.change(NEW)
    assert planned.changed and host.files() == before
    assert [(item['before_header'], item['before'], item['after']) for item in planned.diff()] == [
        (host.path('conf'), 'first\nlast', 'other\n'),
        (host.path('ours/deep/new'), '', '\\xff new\n'),
        (host.path('list'), '', 'ours\n'),
    ]
    host.apply(NEW)
    assert {name: host.read['etc/' + name] for name in NEW} == {
        'conf': b'other\n',
        'ours/deep/new': b'\xff new\n',
        'list': LINE,
    }

    again = host.change(NEW)
    assert (again.changed, again.diff(), again.warnings) == (False, [], [])
    host.apply(dict(NEW, conf=b'third\n'))
    assert host.read['etc/conf'] == b'third\n'

    gone = host.apply({})
    assert gone.changed and gone.warnings == [] and host.files() == before
    assert (host.folder / 'etc/conf').stat().st_mode & 0o777 == 0o640
    assert not host.change({}).changed


def test_record_that_is_lost_is_told(host):
    fresh = host.change(NEW)
    assert fresh.unrecorded == []
    host.apply(NEW)
    assert host.change(NEW).unrecorded == []
    (host.folder / 'var/files/test.json').unlink()
    again = host.change({'conf': b'other\n', 'list': with_line})
    assert not again.changed and 'There is no record' in again.unrecorded[0], again.unrecorded
    assert host.path('conf') in again.unrecorded[0] and host.change({}).unrecorded == []


def test_file_that_is_not_wanted_any_more_goes_alone(host):
    host.apply(NEW)
    host.apply({'conf': b'other\n'})
    assert not (host.folder / 'etc/ours').exists() and not (host.folder / 'etc/list').exists()
    assert (host.folder / 'etc/conf').read_bytes() == b'other\n' and not host.change({'conf': b'other\n'}).changed


def test_binary_content_is_not_shown(host):
    assert host.change({'new': b'a\0b'}).diff()[0]['after'] == '(binary, 3 bytes)\n'


def test_mode(host):
    host.apply({'conf': b'first\nlast', 'new': b'x'}, {'conf': 0o600, 'new': 0o755})
    assert [(host.folder / 'etc' / name).stat().st_mode & 0o777 for name in ('conf', 'new')] == [0o600, 0o755]
    host.apply({})
    assert (host.folder / 'etc/conf').stat().st_mode & 0o777 == 0o640


def test_person_s_changes(host):
    (host.folder / 'etc/list').write_bytes(b'a\n')
    host.apply(NEW)
    (host.folder / 'etc/list').write_bytes(b'A\nours\nz\n')
    (host.folder / 'etc/conf').write_bytes(b'mine')
    (host.folder / 'etc/ours/deep/new').unlink()
    back = host.apply(NEW)
    assert back.warnings == [
        '{} was changed by somebody since, and is brought back to what is wanted'.format(host.path('conf'))
    ]
    assert (
        host.read['etc/conf'] == b'other\n'
        and host.read['etc/list'] == b'A\nz\nours\n'
        and host.read['etc/ours/deep/new'] == b'\xff new\n'
    )

    (host.folder / 'etc/conf').write_bytes(b'mine again')
    (host.folder / 'etc/list').write_bytes(b'A\nours\nend\n')
    (host.folder / 'etc/ours/theirs').write_bytes(b'')
    gone = host.apply({})
    assert gone.warnings == [
        '{} was changed by somebody since, and stays as it is'.format(host.path('conf')),
        '{} was made here but holds something else now, and stays'.format(host.path('ours')),
    ]
    assert host.files() == {
        'etc': None,
        'etc/conf': b'mine again',
        'etc/list': b'A\nend\n',
        'etc/ours': None,
        'etc/ours/theirs': b'',
    }
    assert not host.change({}).changed


def test_lines_of_a_file_that_was_not_there_leave_no_file(host):
    host.apply({'list': with_line})
    (host.folder / 'etc/list').write_bytes(LINE + LINE)
    host.apply({})
    assert not (host.folder / 'etc/list').exists()


def test_file_that_was_empty_stays(host):
    (host.folder / 'etc/list').write_bytes(b'')
    host.apply({'list': with_line})
    host.apply({})
    assert (host.folder / 'etc/list').read_bytes() == b''


def test_validation_comes_before_the_first_change(host):
    before = host.files()

    def refuse():
        raise ChangeError('no')

    with pytest.raises(ChangeError, match='^no$'):
        host.change(NEW).switch(refuse, host.activate)
    assert host.files() == before and host.read is None


@pytest.mark.parametrize('first', [{}, {'conf': b'second\n', 'old': b'x'}], ids=['fresh', 'changed'])
def test_change_that_fails_is_put_back(host, first):
    host.apply(first)
    before, host.refused = host.files(), b'other\n'
    with pytest.raises(SwitchError, match='^the daemon refuses$') as caught:
        host.apply(NEW)
    assert caught.value.restored and caught.value.warnings == []
    assert host.files() == before
    # What the daemon read last is the old state.
    assert {name: data for name, data in host.read.items() if name.startswith('etc/')} == {
        name: data for name, data in before.items() if name.startswith('etc/')
    }


def test_old_state_that_fails_too(host):
    host.refused = LINE

    def activate():
        raise ChangeError('dead')

    with pytest.raises(SwitchError) as caught:
        host.change(NEW).switch(lambda: None, activate)
    assert not caught.value.restored and caught.value.warnings == [
        'The old state could not be put back completely: dead'
    ]


def kill_at(monkeypatch, host, step):
    """Raise Killed before the given one of the steps on disk or the reload. Returns the list of steps that were
    taken."""
    taken = []

    def stepping(function):
        def wrapper(*arguments, **named):
            if len(taken) == step:
                raise Killed()
            taken.append(function.__name__)
            return function(*arguments, **named)

        return wrapper

    monkeypatch.setattr(host, 'activate', stepping(host.activate))
    monkeypatch.setattr(disk, 'replace_file', stepping(disk.replace_file))
    monkeypatch.setattr(disk.os, 'mkdir', stepping(disk.os.mkdir))
    monkeypatch.setattr(disk.os, 'unlink', stepping(disk.os.unlink))
    monkeypatch.setattr(disk.os, 'rmdir', stepping(disk.os.rmdir))
    monkeypatch.setattr(disk.os, 'rename', stepping(disk.os.rename))
    return taken


@pytest.mark.parametrize('end', [NEW, {'conf': b'third\n', 'list': with_line}, {}], ids=['same', 'other', 'absent'])
@pytest.mark.parametrize(
    'start', [None, {'conf': b'second\n', 'old/one': b'x', 'list': with_line}], ids=['fresh', 'changed']
)
def test_run_that_is_killed_anywhere_is_completed_by_the_next(tmp_path, start, end):
    def prepared(name, patch):
        (tmp_path / name).mkdir()
        found = Host(tmp_path / name, patch)
        (found.folder / 'etc/list').write_bytes(b'a\n')
        files = found.files()
        found.apply(start or {})
        return found, files

    step, steps = 0, 1
    while step < steps:
        with pytest.MonkeyPatch.context() as patch:
            host, original = prepared(str(step), patch)
            with pytest.MonkeyPatch.context() as killing:
                taken = kill_at(killing, host, step)
                try:
                    host.apply(NEW)
                    steps = step
                except Killed:
                    steps = step + 2
                assert len(taken) == step or steps == step
            change = host.apply(end)
            assert change.warnings == [], step
            after = host.files()
            # A daemon that was told nothing has what there was at the beginning.
            for name in ('conf', 'list', 'ours/deep/new', 'old/one'):
                expected = end.get(name, original.get('etc/' + name))
                expected = with_line(original['etc/' + name]) if callable(expected) else expected
                assert after.get('etc/' + name) == expected, (step, name)
                assert (host.read or original).get('etc/' + name) == expected, (step, name)
            assert not host.change(end).changed
            host.apply({})
            assert host.files() == original, step
        step += 1
    assert step > 5


def test_damaged_record(host):
    host.apply(NEW)
    (host.folder / 'var/files/test.json').write_text('{}')
    with pytest.raises(ChangeError, match='damaged'):
        host.change(NEW)
