# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance of one's own that is killed at any point is completed by the next run, and removed."""

from __future__ import annotations

import shutil

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import journal

from tests.unit.fakes.own_postfix import CHANGED, GONE, complete, own
from tests.unit.fakes.postfix import FakePostfix
from tests.unit.fakes.postfix_run import Killed, kill_at, run


def test_an_own_instance_killed_at_any_point_is_completed_and_removed(tmp_path):
    killed = 0
    for step in range(1, 200):
        with pytest.MonkeyPatch.context() as setting:
            setting.setattr(journal, 'BASE', str(tmp_path / str(step) / 'state' / 'postfix'))
            fake = FakePostfix(tmp_path / str(step), setting)
            shutil.rmtree(fake.config_dir)
            fake.running = False
            with pytest.MonkeyPatch.context() as killer:
                kill_at(fake, killer, step)
                try:
                    run(fake, **own(fake))
                    run(fake, state='absent', create=True)
                except Killed:
                    killed += 1
                else:
                    break
            if step % 2:
                run(fake, **own(fake))
                assert not run(fake, **own(fake))['changed']
            run(fake, state='absent', create=True)
            assert fake.tree() == {}, step
            assert not (fake.root / 'state').exists(), step
        shutil.rmtree(tmp_path / str(step))
    assert 20 < killed < 198


def test_directories_and_service_killed_at_any_point_are_completed_and_removed(tmp_path):
    """Made, changed with a changed unit, removed: the same call again completes each, and so does its undo."""
    calls = [complete, lambda fake: dict(complete(fake, relayhost='[x]'), unit=CHANGED), lambda fake: GONE]
    killed = 0
    for step in range(1, 400):
        with pytest.MonkeyPatch.context() as setting:
            setting.setattr(journal, 'BASE', str(tmp_path / str(step) / 'state' / 'postfix'))
            fake = FakePostfix(tmp_path / str(step), setting)
            shutil.rmtree(fake.config_dir)
            shutil.rmtree(fake.queue)
            fake.running = False
            before = sorted(fake.root.rglob('*'))
            with pytest.MonkeyPatch.context() as killer:
                kill_at(fake, killer, step)
                done = 0
                try:
                    for call in calls:
                        run(fake, **call(fake))
                        done += 1
                except Killed:
                    killed += 1
                else:
                    break
            fake.observers = []
            if step % 3:
                values = calls[done](fake)
                run(fake, **values)
                assert not run(fake, check=True, **values)['changed'], step
                if done < 2:
                    assert fake.running and fake.loaded == fake._texts(fake.config_dir), step
                    assert fake.systemd.started == fake.systemd.text(), step
            run(fake, **GONE)
            assert sorted(fake.root.rglob('*')) == before, step
        shutil.rmtree(tmp_path / str(step))
    assert 60 < killed < 398
