# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every record is kept in: whole at any time, on the disk when a call returns, gone without a trace."""

from __future__ import annotations

import json
import os
import stat

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.record import Store, told_as

STEPS = ('open', 'fsync', 'fchmod', 'rename', 'unlink', 'rmdir', 'makedirs')


class Killed(BaseException):
    """SIGKILL: nothing of ours runs any more."""


@pytest.fixture(name='store')
def fixture_store(tmp_path):
    return Store(str(tmp_path / 'theirs' / 'ours' / 'record.json'), ours=1)


def load(store):
    return store.load(lambda saved: isinstance(saved['what'], str), lambda problem: HostError(f'damaged: {problem}'))


def take_down(monkeypatch, step=None):
    """Return the list of what is done from now on with which file, and let the process be killed at a step."""
    taken, names = [], {}

    def stepping(name, function):
        def wrapper(target, *arguments, **named):
            if len(taken) == step:
                raise Killed
            result = function(target, *arguments, **named)
            if name == 'open':
                names[result] = target
            taken.append((name, os.path.basename(names.get(target, target))))
            return result

        return wrapper

    for name in STEPS:
        monkeypatch.setattr(os, name, stepping(name, getattr(os, name)))
    return taken


def test_what_is_saved_is_loaded(store):
    assert load(store) is None
    store.save({'what': '\udcff'})
    assert load(store) == {'version': 1, 'what': '\udcff'}


def test_the_order_of_keys(store):
    for sort_keys, text in ((True, '{\n "b": 1,\n "c": 2,\n "version": 1\n}'), (False, None)):
        Store(store.path, sort_keys=sort_keys).save({'c': 2, 'b': 1})
        with open(store.path, encoding='ascii') as stream:
            assert stream.read() == (text or '{\n "version": 1,\n "c": 2,\n "b": 1\n}')


def test_only_root_can_read_it(store):
    store.save({'what': ''})
    assert stat.S_IMODE(os.stat(store.path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(store.path)).st_mode) == 0o700


def test_the_content_is_on_the_disk_before_it_has_the_name_and_that_before_the_call_returns(store, monkeypatch):
    store.save({'what': 'old'})
    taken = take_down(monkeypatch)
    store.save({'what': 'new'})
    assert [step for step in taken if step[0] in ('fsync', 'rename')] == [
        ('fsync', 'record.json.new'),
        ('rename', 'record.json.new'),
        ('fsync', 'ours'),
    ]


def test_a_removal_is_on_the_disk_when_the_call_returns(store, monkeypatch):
    store.save({'what': 'old'})
    taken = take_down(monkeypatch)
    store.remove()
    assert [step for step in taken if step[0] != 'open'] == [
        ('unlink', 'record.json'),
        ('fsync', 'ours'),
        ('rmdir', 'ours'),
    ]


def test_killed_at_any_step_it_is_the_old_one_or_the_new_one(tmp_path):
    step, seen = 0, []
    while True:
        store = Store(str(tmp_path / str(step) / 'record.json'))
        store.save({'what': 'old'})
        with pytest.MonkeyPatch.context() as killer:
            taken = take_down(killer, step)
            try:
                store.save({'what': 'new'})
            except Killed:
                assert len(taken) == step
            else:
                break
        seen.append(load(store)['what'])
        store.remove()
        assert not (tmp_path / str(step)).exists()
        step += 1
    assert seen == sorted(seen, reverse=True) and set(seen) == {'old', 'new'} and load(store)['what'] == 'new'


def test_directories_that_are_not_ours_or_hold_something_else_stay(store, tmp_path):
    store.save({'what': ''})
    store.remove()
    assert os.listdir(tmp_path) == ['theirs'] and os.listdir(tmp_path / 'theirs') == []
    store.remove()
    store.save({'what': ''})
    (tmp_path / 'theirs' / 'ours' / 'other.json').write_text('')
    Store(store.path, ours=2).remove()
    assert os.listdir(os.path.dirname(store.path)) == ['other.json']
    (tmp_path / 'theirs' / 'ours' / 'other.json').unlink()
    Store(store.path, ours=2).remove()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    'text',
    ['', '{', '[]', 'null', '\xff', '{}', '{"version": 2, "what": ""}']
    + [json.dumps(dict({'version': 1}, **rest)) for rest in ({}, {'what': 1})],
)
def test_damage_is_told_as_the_caller_tells_it(store, text):
    store.save({'what': ''})
    with open(store.path, 'w', encoding='latin-1') as stream:
        stream.write(text)
    with pytest.raises(HostError, match='^damaged: .'):
        load(store)


def test_a_form_that_stumbles_is_damage(store):
    store.save({'what': ''})
    for problem in (ValueError, KeyError, TypeError, AttributeError):

        def stumble(dummy, problem=problem):
            raise problem('over it')

        with pytest.raises(HostError, match='over it'):
            store.load(stumble, HostError)


def test_a_failure_of_the_disk_is_told_as_the_caller_tells_it():
    with pytest.raises(HostError, match='^it is full: no space$'), told_as(HostError, 'it is full'):
        raise OSError('no space')
    with pytest.raises(Killed), told_as(HostError, ''):
        raise Killed
