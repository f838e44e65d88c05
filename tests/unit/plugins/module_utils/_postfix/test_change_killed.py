# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is killed at any point is completed by the next, and undone exactly."""

from __future__ import annotations

import shutil

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import PREFIX
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import heading
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import journal
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.main_cf import MainCf

from tests.unit.fakes.postfix import FakePostfix
from tests.unit.fakes.postfix_run import Killed, kill_at, less, run, wanted, with_routes


def loaded_is_on_disk(fake):
    return fake.loaded == tuple((fake.config_dir / name).read_text() for name in ('main.cf', 'master.cf'))


SCENARIOS = {
    'present': (None, wanted, wanted),
    'present with other wishes': (wanted, less, less),
    'absent': (wanted, lambda fake: {'state': 'absent'}, lambda fake: {'state': 'absent'}),
    'present, then absent': (None, wanted, lambda fake: {'state': 'absent'}),
    'other wishes, then absent': (wanted, less, lambda fake: {'state': 'absent'}),
    'absent, then present': (wanted, lambda fake: {'state': 'absent'}, wanted),
}


@pytest.mark.parametrize('scenario', sorted(SCENARIOS))
def test_killed_at_any_point_the_next_run_completes_it_and_undo_is_exact(scenario, tmp_path):
    first, interrupted, second = SCENARIOS[scenario]
    original, results, killed = None, set(), 0
    for step in range(1, 200):
        with pytest.MonkeyPatch.context() as setting:
            setting.setattr(journal, 'BASE', str(tmp_path / str(step) / 'state' / 'postfix'))
            fake = FakePostfix(tmp_path / str(step), setting)
            with_routes(fake)
            original = fake.tree()
            if first:
                run(fake, **first(fake))
            with pytest.MonkeyPatch.context() as killer:
                kill_at(fake, killer, step)
                try:
                    run(fake, **interrupted(fake))
                except Killed:
                    killed += 1
                else:
                    break
            fake.observers = []
            assert fake.dangling() == [], step
            run(fake, **second(fake))
            assert fake.dangling() == [], step
            assert loaded_is_on_disk(fake), step
            assert not run(fake, check=True, **second(fake))['changed'], step
            results.add(str(sorted(fake.tree().items())).replace(str(tmp_path / str(step)), ''))
            run(fake, state='absent')
            assert fake.tree() == original, step
            assert loaded_is_on_disk(fake), step
            assert not (fake.root / 'state').exists(), step
        shutil.rmtree(tmp_path / str(step))
    assert killed > 15, 'the run has more steps than that'
    assert step < 199, 'the run never got through'
    # Wherever it was killed, the next run leaves the same files.
    assert len(results) == 1


def test_what_a_killed_run_staged_is_cleared_away(fake):
    stale = fake.config_dir.parent / (f'{PREFIX}.{journal.fingerprint(str(fake.config_dir))}.abc')
    stale.mkdir()
    run(fake, parameters={'relayhost': '[x]'})
    assert not stale.exists()


def test_a_person_edits_between_the_runs(fake):
    run(fake, **wanted(fake))
    path = fake.config_dir / 'main.cf'
    path.write_text(path.read_text().replace('relayhost = [x]', 'relayhost = [person]') + '\nadded = 1\n')
    result = run(fake, state='absent')
    assert result['warnings'] == [
        'main.cf: relayhost was changed by somebody else since it was set here and is left as it is'
    ]
    assert MainCf(path.read_text()).get('relayhost') == '[person]'
    assert heading('us') not in path.read_text()
    assert 'added = 1' in path.read_text()
