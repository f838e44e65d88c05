# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs of postfix_config for an instance of one's own: files, directories and service."""

from __future__ import annotations

import os
import pwd
import shutil
import stat

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import disk
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import journal
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan import PlanError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.switch import SwitchError

from tests.unit.fakes.postfix import FakePostfix, Killed, kill_at, run, table, wanted


@pytest.fixture
def fake(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, 'BASE', str(tmp_path / 'state' / 'postfix'))
    return FakePostfix(tmp_path, monkeypatch)


def own(fake):
    values = wanted(fake)
    return {
        'create': True,
        'parameters': {'default_transport': 'hop:x', 'header_checks': values['parameters']['header_checks']},
        'services': values['services'],
        'tables': values['tables'],
    }


def test_an_instance_is_made_and_removed(fake):
    shutil.rmtree(fake.config_dir)
    fake.running = False
    before = fake.tree()
    predicted = run(fake, check=True, **own(fake))
    assert predicted['changed'] and fake.tree() == before
    made = run(fake, **own(fake))
    assert made['diff'] == predicted['diff']
    assert (fake.config_dir / 'main.cf').stat().st_mode & 0o777 == 0o644
    assert not run(fake, **own(fake))['changed']
    assert run(fake, state='absent', create=True)['warnings'] == []
    assert fake.tree() == before
    assert not (fake.root / 'state').exists()


def test_an_instance_that_runs_is_not_removed(fake):
    shutil.rmtree(fake.config_dir)
    fake.running = False
    run(fake, **own(fake))
    fake.running = True
    with pytest.raises(PlanError, match='is running; stop it'):
        run(fake, state='absent', create=True)
    assert (fake.config_dir / 'main.cf').exists()


def test_what_a_person_added_to_an_own_instance_stays(fake):
    shutil.rmtree(fake.config_dir)
    fake.running = False
    run(fake, **own(fake))
    with (fake.config_dir / 'main.cf').open('a') as stream:
        stream.write('added = 1\n')
    warnings = run(fake, state='absent', create=True)['warnings']
    assert (fake.config_dir / 'main.cf').read_text() == 'added = 1\n'
    assert [warning for warning in warnings if 'main.cf was made here' in warning]


@pytest.mark.parametrize('order', [('us', 'them'), ('them', 'us')])
def test_what_two_owners_share_the_last_removes(fake, order):
    shutil.rmtree(fake.config_dir)
    fake.running = False
    run(fake, **own(fake))
    run(fake, owner_id='them', parameters={'relayhost': '[x]'}, tables=[table('conbool/more', 'OK\n')])
    fake.running = order[0] == 'them'
    assert run(fake, owner_id=order[0], state='absent')['warnings'] == []
    assert (fake.config_dir / 'main.cf').exists()
    fake.running = False
    assert run(fake, owner_id=order[1], state='absent')['warnings'] == []
    assert fake.tree() == {}


# -- with its directories


def complete(fake, **parameters):
    """Like own(), with queue, data and a service."""
    values = own(fake)
    values['parameters'].update(
        {'queue_directory': str(fake.queue), 'data_directory': str(fake.root / 'data'), 'mail_owner': 'nobody'},
        **parameters,
    )
    return dict(values, unit={'name': 'hop.service', 'content': '[Service]\n'})


GONE = {'state': 'absent', 'create': True, 'unit': {'name': 'hop.service', 'content': None}}
CHANGED = {'name': 'hop.service', 'content': '[Service]\nNice=1\n'}


@pytest.fixture
def bare(fake):
    """A host without any instance."""
    shutil.rmtree(fake.config_dir)
    shutil.rmtree(fake.queue)
    fake.running = False
    return fake


def owner_and_mode(path):
    status = path.stat()
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)


NOBODY = pwd.getpwnam('nobody').pw_uid


def test_one_call_makes_directories_configuration_and_service_and_one_removes_them(bare):
    before = sorted(bare.root.rglob('*'))
    predicted = run(bare, check=True, **complete(bare))
    assert sorted(bare.root.rglob('*')) == before
    made = run(bare, **complete(bare))
    assert (
        made['unit_commands']
        == predicted['unit_commands']
        == ['daemon-reload', 'enable hop.service', 'start hop.service']
    )
    assert made['diff'] == predicted['diff']
    assert [
        part['after'] for part in made['diff'] if part['after_header'] in (str(bare.queue), str(bare.root / 'data'))
    ] == ['directory, owner nobody, group root, mode 0700\n', 'directory, owner root, group root, mode 0755\n']
    assert bare.systemd.path.read_text() == '[Service]\n'
    assert owner_and_mode(bare.root / 'data') == (NOBODY, 0, 0o700) and owner_and_mode(bare.queue) == (0, 0, 0o755)
    assert bare.running and bare.systemd.enabled and not made['reloaded'] and not made['warnings']
    bare.spawned()
    again = run(bare, **complete(bare))
    assert not again['changed'] and again['diff'] == [] and again['unit_commands'] == []
    assert bare.calls == [
        ['systemctl', 'show', '--property=LoadState,ActiveState,UnitFileState,NeedDaemonReload', 'hop.service']
    ]
    foretold = run(bare, check=True, **GONE)
    gone = run(bare, **GONE)
    assert (
        gone['unit_commands']
        == foretold['unit_commands']
        == ['stop hop.service', 'disable hop.service', 'daemon-reload']
    )
    assert gone['diff'] == foretold['diff'] and {part['before_header'] for part in gone['diff']} >= {
        str(bare.queue),
        str(bare.root / 'data'),
    }
    assert gone['warnings'] == [] and not bare.running and not bare.systemd.enabled
    assert sorted(bare.root.rglob('*')) == before
    assert not run(bare, **GONE)['changed']


def test_owner_and_mode_of_the_directories_are_mended_and_nothing_below(bare):
    run(bare, **complete(bare))
    for path in (bare.queue, bare.root / 'data'):
        (path / 'inside').touch(0o640)
        os.chown(path / 'inside', 12, 13)
        os.chown(path, 12, 13)
        path.chmod(0o777)
    bare.spawned()
    predicted = run(bare, check=True, **complete(bare))
    assert owner_and_mode(bare.queue) == (12, 13, 0o777)
    mended = run(bare, **complete(bare))
    assert mended['changed'] and mended['diff'] == predicted['diff'] and not mended['reloaded']
    assert (
        mended['diff'][1]['before'].endswith('mode 0777\n')
        and mended['diff'][1]['after'] == 'directory, owner root, group root, mode 0755\n'
    )
    assert 'postfix reload' not in bare.spawned()
    assert owner_and_mode(bare.root / 'data') == (NOBODY, 0, 0o700) and owner_and_mode(bare.queue) == (0, 0, 0o755)
    assert owner_and_mode(bare.queue / 'inside') == owner_and_mode(bare.root / 'data' / 'inside') == (12, 13, 0o640)
    assert not run(bare, **complete(bare))['changed']


def test_the_built_in_owner_owns_the_data_when_main_cf_names_none(bare):
    run(bare, **complete(bare, mail_owner=None))
    assert ['postconf', '-d', '-h', 'mail_owner'] in bare.calls
    assert owner_and_mode(bare.root / 'data')[0] == NOBODY


def test_directories_that_were_there_stay(bare):
    (bare.root / 'data').mkdir()
    bare.queue.mkdir()
    run(bare, **complete(bare))
    assert owner_and_mode(bare.root / 'data') == (NOBODY, 0, 0o700)
    run(bare, **GONE)
    assert bare.queue.is_dir() and (bare.root / 'data').is_dir() and not bare.config_dir.exists()


def test_an_instance_that_is_not_ours_keeps_its_directories(fake):
    fake.queue.chmod(0o700)
    run(fake, parameters={'queue_directory': str(fake.queue)})
    assert owner_and_mode(fake.queue)[2] == 0o700


@pytest.mark.parametrize(
    'parameters, message',
    [
        ({'data_directory': 'data'}, "parameters.data_directory: 'data' is not a plain absolute path"),
        ({'queue_directory': '/x/$y'}, r"parameters.queue_directory: '/x/\$y' is not a plain absolute path"),
        (
            {'data_directory': '/no/such/place'},
            "parameters.data_directory: the parent directory of '/no/such/place' does not exist",
        ),
        ({'data_directory': '/etc/passwd'}, "parameters.data_directory: '/etc/passwd' is not a directory"),
        (
            {'data_directory': '/etc'},
            (
                "'/etc' is used for something else: directory, owner root, group root, mode 0755 instead of directory,"
                " owner nobody"
            ),
        ),
        ({'mail_owner': 'no one'}, "parameters.mail_owner: there is no user 'no one'"),
    ],
)
@pytest.mark.parametrize('check', [True, False])
def test_directories_that_cannot_be_meant_are_refused(bare, parameters, message, check):
    before = sorted(bare.root.rglob('*'))
    with pytest.raises(PlanError, match=message):
        run(bare, check=check, **complete(bare, **parameters))
    assert sorted(bare.root.rglob('*')) == before


def test_a_queue_is_not_left_behind_for_another(bare):
    run(bare, **complete(bare))
    with pytest.raises(
        PlanError, match="parameters.queue_directory: '.*/other' instead of '.*/queue' would leave the mail behind"
    ):
        run(bare, **complete(bare, queue_directory=str(bare.root / 'other')))


@pytest.mark.parametrize('running', [True, False])
def test_an_instance_with_mail_in_its_queue_stays(bare, running):
    run(bare, **complete(bare))
    (bare.queue / 'deferred' / 'A').mkdir(parents=True)
    message = bare.queue / 'deferred' / 'A' / 'A1'
    message.touch(0o700)
    if not running:
        bare.systemd._stop(bare)
    before = bare.tree()
    with pytest.raises(PlanError, match='1 messages wait in the queue, and the instance stays: .*/deferred/A/A1'):
        run(bare, **GONE)
    assert message.exists() and bare.tree() == before and bare.systemd.path.exists() and bare.systemd.enabled
    assert bare.running is running
    # What is only half received is sent again by the one who sends it.
    message.chmod(0o600)
    assert run(bare, **GONE)['changed'] and not bare.queue.exists()


def test_mail_in_a_queue_that_was_there_before_is_seen_as_well(bare):
    bare.queue.mkdir()
    run(bare, **complete(bare))
    (bare.queue / 'hold').mkdir()
    (bare.queue / 'hold' / 'B1').touch(0o700)
    with pytest.raises(PlanError, match='1 messages wait'):
        run(bare, **GONE)


def test_directories_come_back_as_they_were_when_the_switch_fails(bare, monkeypatch):
    (bare.root / 'data').mkdir(0o750)
    before = sorted(bare.root.rglob('*'))
    real, written = disk.Write.do, []

    def full(self):
        written.append(self.path)
        if len(written) == 2:
            raise OSError(28, 'No space left on device')
        real(self)

    monkeypatch.setattr(disk.Write, 'do', full)
    with pytest.raises(SwitchError, match='No space left') as failure:
        run(bare, **complete(bare))
    assert failure.value.restored
    assert sorted(bare.root.rglob('*')) == before and owner_and_mode(bare.root / 'data') == (0, 0, 0o750)
    assert not bare.running and not bare.systemd.path.exists()


# -- with its service


def test_a_changed_configuration_is_reloaded_not_restarted(bare):
    run(bare, **complete(bare))
    bare.spawned()
    result = run(bare, **complete(bare, relayhost='[x]'))
    assert result['reloaded'] and result['unit_commands'] == []
    assert bare.spawned().count('postfix reload') == 1


@pytest.mark.parametrize('more', [{}, {'relayhost': '[x]'}])
def test_a_changed_unit_is_restarted_and_then_not_reloaded(bare, more):
    run(bare, **complete(bare))
    bare.spawned()
    values = complete(bare, **more)
    values['unit'] = CHANGED
    predicted, result = run(bare, check=True, **values), run(bare, **values)
    assert result['unit_commands'] == predicted['unit_commands'] == ['daemon-reload', 'restart hop.service']
    assert result['diff'] == predicted['diff'] and not result['reloaded']
    assert 'postfix reload' not in bare.spawned()
    assert bare.loaded == bare._texts(bare.config_dir) and bare.systemd.started == '[Service]\nNice=1\n'


def test_what_only_a_restart_brings_in_force_restarts_an_own_service(bare):
    run(bare, **complete(bare))
    result = run(bare, **complete(bare, inet_interfaces='127.0.0.1'))
    assert result['unit_commands'] == ['restart hop.service'] and result['warnings'] == []


def test_a_stopped_service_is_started_without_touching_a_file(bare):
    run(bare, **complete(bare))
    bare.systemd._stop(bare)
    before = bare.tree()
    result = run(bare, **complete(bare))
    assert result['changed'] and result['unit_commands'] == ['start hop.service'] and bare.running
    assert [part['after'] for part in result['diff']] == ['start hop.service\n']
    assert bare.tree() == before and not run(bare, **complete(bare))['changed']


def test_a_service_that_does_not_start_is_said_with_its_journal_and_the_configuration_stays(bare):
    bare.deadly = lambda main, master: 'no such interface'
    with pytest.raises(
        SwitchError,
        match=(
            '(?s)^The configuration is in place, but the service hop.service does not run as wanted: '
            'systemctl start hop.service: Job failed.*the unit said this.*fatal: no such interface'
        ),
    ) as failure:
        run(bare, **complete(bare))
    assert failure.value.restored is False
    assert (bare.config_dir / 'main.cf').exists() and bare.systemd.path.exists()
    bare.deadly = lambda main, master: None
    result = run(bare, **complete(bare))
    assert result['changed'] and result['unit_commands'] == ['start hop.service'] and bare.running
    assert not run(bare, **complete(bare))['changed']


def test_a_listener_that_is_silent_after_the_start_is_a_failure(bare):
    with pytest.raises(
        SwitchError,
        match='but the service hop.service does not run as wanted: The listener 127.0.0.1 port 1 does not greet',
    ):
        run(bare, listeners=[{'address': '127.0.0.1', 'port': 1}], **complete(bare))


def test_a_configuration_that_cannot_be_switched_leaves_the_unit_alone(bare):
    run(bare, **complete(bare))
    bare.deadly = lambda main, master: 'no' if '[y]' in main else None
    before = bare.tree()
    bare.unit = 'hop.service'
    with pytest.raises(SwitchError) as failure:
        run(bare, **complete(bare, relayhost='[y]'))
    assert failure.value.restored and bare.tree() == before and bare.running


def test_a_unit_without_a_record_goes_as_well(bare):
    bare.systemd.path.write_text('[Service]\n')
    bare.systemd.enabled = True
    assert run(bare, check=True, **GONE)['changed'] and bare.systemd.path.exists()
    assert run(bare, **GONE)['unit_commands'] == ['disable hop.service', 'daemon-reload']
    assert not bare.systemd.path.exists() and not run(bare, **GONE)['changed']


# -- killed at any point


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


def test_check_mode_foresees_an_instance_whose_postfix_is_not_there_yet(fake, monkeypatch):
    shutil.rmtree(fake.config_dir)
    fake.running = False
    monkeypatch.setattr(fake, 'find_binary', lambda name: None)
    values = own(fake)
    values['parameters'].update(mail_owner='nobody-yet', data_directory=str(fake.root / 'data'))
    before = fake.tree()
    predicted = run(fake, check=True, **values)
    assert predicted['changed'] and any('owner nobody-yet' in part['after'] for part in predicted['diff'])
    assert any('no Postfix yet' in warning for warning in predicted['warnings'])
    assert fake.tree() == before
    with pytest.raises(PlanError, match='nobody-yet'):
        run(fake, **values)
