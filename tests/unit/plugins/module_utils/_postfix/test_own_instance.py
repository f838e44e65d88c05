# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs of postfix_config for an instance of one's own: files and directories."""

from __future__ import annotations

import os
import pwd
import shutil
import stat

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import disk
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan import PlanError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.switch import SwitchError

from tests.unit.fakes.own_postfix import GONE, complete, own
from tests.unit.fakes.postfix_run import run, table


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


@pytest.mark.parametrize('check', [True, False])
def test_a_directory_with_something_in_it_is_not_taken(bare, check):
    """Owner and mode are those that Postfix wants, as of the queue of any other Postfix."""
    other = bare.root / 'spool'
    (other / 'active').mkdir(parents=True)
    other.chmod(0o755)
    before = sorted(bare.root.rglob('*'))
    with pytest.raises(PlanError, match="/spool' is used for something else: directory, .* mode 0755, and not empty"):
        run(bare, check=check, **complete(bare, queue_directory=str(other)))
    assert sorted(bare.root.rglob('*')) == before


def test_a_file_system_of_its_own_is_one(bare):
    (bare.queue / 'lost+found').mkdir(parents=True)
    bare.queue.chmod(0o755)
    assert run(bare, **complete(bare))['changed']


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
