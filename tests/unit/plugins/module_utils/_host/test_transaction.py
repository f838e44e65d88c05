# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every change of a host goes through, and in which order."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.change import Change
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import disk, file_change, file_record
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError, Write
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.steps import left_changed
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.transaction import Transaction
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.switch import Switch


class Killed(BaseException):
    """SIGKILL: nothing of ours runs any more."""


class Log(Transaction):
    """A change of one file that tells what is done; parts fail as C(problems) says."""

    def __init__(self, path, **problems):
        super().__init__(['from before'])
        self.path, self.problems, self.done = path, problems, []

    def _do(self, part):
        self.done.append(part)
        if part in self.problems:
            raise self.problems[part]

    def begin(self):
        self._do('begin')

    def steps(self, undo):
        undo.do(Write(str(self.path), b'new'))
        self._do('steps')

    def in_force_again(self, undo):
        undo.back()
        self._do('in_force_again')

    def forget(self):
        self._do('forget')

    def settle(self):
        self._do('settle')

    def failure(self, exc):
        self.done.append('failure')
        self.warnings.append('there is more')
        return f'no: {exc}'


@pytest.fixture(name='path')
def fixture_path(tmp_path):
    path = tmp_path / 'file'
    path.write_text('old')
    return path


def test_a_change_that_comes_into_force_is_settled(path):
    log = Log(path)
    log.carry_out()
    assert (log.done, log.warnings, path.read_text()) == (['begin', 'steps', 'settle'], ['from before'], 'new')


@pytest.mark.parametrize('problem', [HostError('refused'), OSError('refused'), Killed()])
def test_what_is_refused_is_not_begun(path, problem):
    log = Log(path, begin=problem)
    with pytest.raises(type(problem)):
        log.carry_out()
    assert log.done == ['begin'] and path.read_text() == 'old'


@pytest.mark.parametrize('problem', [HostError('it is down'), OSError('it is down')])
def test_a_step_that_fails_is_told_and_taken_back(path, problem):
    log = Log(path, steps=problem)
    with pytest.raises(SwitchError, match='^no: it is down$') as caught:
        log.carry_out()
    # What failed is asked for while the logs are still about it.
    assert log.done == ['begin', 'steps', 'failure', 'in_force_again', 'forget'] and path.read_text() == 'old'
    assert caught.value.restored and caught.value.warnings == ['from before', 'there is more']
    assert caught.value.__cause__ is problem


@pytest.mark.parametrize('problem', [HostError('for good'), OSError('for good')])
def test_an_old_state_that_does_not_come_back_is_told(path, problem):
    log = Log(path, steps=HostError('it is down'), in_force_again=problem)
    with pytest.raises(SwitchError, match='^no: it is down$') as caught:
        log.carry_out()
    assert not caught.value.restored and caught.value.warnings == [
        'from before',
        'there is more',
        'The old state could not be put back completely: for good',
    ]
    # The record says what is still to be undone.
    assert 'forget' not in log.done


def test_what_cannot_be_put_back_keeps_nothing_else_from_going_back_and_is_named(tmp_path, monkeypatch):
    paths = [tmp_path / name for name in ('first', 'second', 'third')]
    for path in paths:
        path.write_text('old')

    class Three(Log):
        def steps(self, undo):
            for path in paths:
                undo.do(Write(str(path), b'new'))
            raise HostError('it is down')

    replace = disk.replace_file

    def held(path, data, *more):
        if data == b'old' and not path.endswith('first'):
            raise PermissionError(1, 'Operation not permitted')
        replace(path, data, *more)

    monkeypatch.setattr(disk, 'replace_file', held)
    log = Three(tmp_path / 'unused')
    with pytest.raises(SwitchError) as caught:
        log.carry_out()
    assert [path.read_text() for path in paths] == ['old', 'new', 'new']
    assert not caught.value.restored and 'forget' not in log.done
    assert caught.value.warnings[-1] == (
        f'The old state could not be put back completely: {paths[2]}: Operation not permitted;'
        f' {paths[1]}: Operation not permitted'
    )


def test_a_file_that_could_not_be_written_needs_nothing_put_back(tmp_path, monkeypatch):
    paths = [tmp_path / name for name in ('first', 'held')]
    for path in paths:
        path.write_text('old')

    class Two(Log):
        def steps(self, undo):
            for path in paths:
                undo.do(Write(str(path), b'new'))

    replace = disk.replace_file

    def held(path, *more):
        if path.endswith('held'):
            raise OSError(16, 'Device or resource busy')
        replace(path, *more)

    monkeypatch.setattr(disk, 'replace_file', held)
    log = Two(tmp_path / 'unused')
    with pytest.raises(SwitchError, match='Device or resource busy') as caught:
        log.carry_out()
    assert caught.value.restored and log.done[-1] == 'forget'
    assert [path.read_text() for path in paths] == ['old', 'old']


@pytest.mark.parametrize('part', ['steps', 'in_force_again', 'settle'])
def test_a_run_that_is_killed_does_nothing_more(path, part):
    log = Log(path, **dict({'steps': HostError('it is down')} if part == 'in_force_again' else {}, **{part: Killed()}))
    with pytest.raises(Killed):
        log.carry_out()
    assert log.done[-1] == part


def test_what_is_in_force_is_not_taken_back_when_it_cannot_be_settled(path):
    log = Log(path, settle=HostError('the disk is full'))
    with pytest.raises(HostError, match='^the disk is full$') as caught:
        log.carry_out()
    assert log.done == ['begin', 'steps', 'settle'] and path.read_text() == 'new'
    # The failure is not one that has left the host as it was.
    assert left_changed(caught.value)


def test_the_words_for_a_failure_are_its_own_unless_a_change_has_others():
    assert Transaction.failure(None, OSError(28, 'No space left')) == '[Errno 28] No space left'


def test_all_changes_go_this_way():
    kinds = Transaction.__subclasses__()
    assert {Change, Switch} < set(kinds)
    assert all('carry_out' not in vars(kind) for kind in kinds)


def test_files_are_recorded_as_pending_before_the_first_step_and_settled_after_the_last(tmp_path, monkeypatch):
    monkeypatch.setattr(file_record, 'BASE', str(tmp_path / 'var' / 'files'))
    seen = []

    def look():
        found = file_record.FileRecord('test')
        seen.append((found.pending, [entry['path'] for entry in found.entries], found.directories))

    monkeypatch.setattr(file_change.disk, 'clear_temporary', lambda paths: look())
    path = str(tmp_path / 'etc' / 'new')
    file_change.FileChange('test', {path: b'x'}).switch(lambda: None, look)
    look()
    expected = [path], [str(tmp_path / 'etc')]
    assert seen == [(True, *expected), (True, *expected), (False, *expected)]
