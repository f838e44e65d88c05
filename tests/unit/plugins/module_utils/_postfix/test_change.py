# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs of postfix_config against a Postfix that answers from files."""

from __future__ import annotations

import os
import re
import shutil
import stat

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import disk
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import PREFIX, locked
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import heading
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import instance, journal
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.instance import PostfixError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.main_cf import MainCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan import PlanError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.switch import SwitchError

from tests.unit.fakes.postfix import MAIN, MASTER, FakePostfix, Killed, kill_at, option, run, service, table, wanted


@pytest.fixture
def fake(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, 'BASE', str(tmp_path / 'state' / 'postfix'))
    return FakePostfix(tmp_path, monkeypatch)


def less(fake):
    return {
        'parameters': {'relayhost': '[y]', 'biff': 'yes'},
        'services': [service('other')],
        'tables': [table('routes', 'example.com other:\n', 'texthash')],
    }


def with_routes(fake):
    """The customer has a table where one of ours goes."""
    (fake.config_dir / 'routes').write_text('example.net smtp:\n')
    os.chmod(fake.config_dir / 'routes', 0o640)
    (fake.queue / 'private' / 'smtp').touch()
    (fake.config_dir / 'master.cf').write_text(MASTER + 'smtp unix - - y - - smtp\n')
    fake._load()
    fake.served.add(str(fake.queue / 'private' / 'smtp'))


# -- the ordinary run


def test_a_change_is_made_converges_and_is_undone_byte_for_byte(fake):
    with_routes(fake)
    before = fake.tree()
    fake.observers.append(lambda event: fake.dangling() and pytest.fail(f'{event}: {fake.dangling()}'))
    first = run(fake, **wanted(fake))
    assert first['changed'] and first['reloaded'] and not first['warnings']
    assert first['parameters_changed'] == [
        'default_transport',
        'header_checks',
        'mynetworks',
        'relayhost',
        'transport_maps',
    ]
    assert first['services_changed'] == ['hop/unix', 'submission/inet', 'wash/unix']
    assert first['tables_changed'] == ['conbool/checks', 'routes']
    assert first['maps'] == {
        'conbool/checks': f'regexp:{fake.config_dir}/conbool/checks',
        'routes': f'hash:{fake.config_dir}/routes',
    }
    changed = fake.tree()
    again = run(fake, **wanted(fake))
    assert not again['changed'] and not again['reloaded'] and again['diff'] == [] and again['tables_changed'] == []
    assert fake.tree() == changed
    last = run(fake, state='absent')
    assert last['changed'] and not last['warnings']
    assert fake.tree() == before
    assert not (fake.root / 'state').exists()
    assert not run(fake, state='absent')['changed']


def test_a_converged_run_starts_no_process(fake):
    run(fake, **wanted(fake))
    fake.spawned()
    run(fake, **wanted(fake))
    assert fake.spawned() == []


def test_the_host_is_asked_once_for_its_table_type(fake):
    run(fake, tables=[table('t', 'a b\n', 'default')])
    fake.spawned()
    assert run(fake, tables=[table('t', 'a b\n', 'default')])['maps'] == {'t': f'hash:{fake.config_dir}/t'}
    assert fake.spawned() == ['postconf']


def test_check_mode_tells_what_a_run_would_do_and_does_nothing(fake):
    before = fake.tree()
    predicted = run(fake, check=True, **wanted(fake))
    assert fake.tree() == before
    assert not (fake.root / 'state').exists()
    assert not [name for name in fake.spawned() if name.startswith('postfix')]
    done = run(fake, **wanted(fake))
    assert {key: value for key, value in predicted.items() if key != 'reloaded'} == {
        key: value for key, value in done.items() if key != 'reloaded'
    }
    for change in done['diff']:
        with open(change['after_header'], encoding='utf-8') as stream:
            assert stream.read() == change['after']
    assert run(fake, check=True, **wanted(fake))['diff'] == []


def test_one_reload_is_enough_when_only_main_cf_changes(fake):
    run(fake, parameters={'relayhost': '[x]'})
    assert fake.spawned().count('postfix reload') == 1


def test_additions_come_before_main_cf_and_removals_after(fake):
    run(fake, **wanted(fake))
    assert fake.spawned().count('postfix reload') == 2
    run(fake, state='absent')
    assert fake.spawned().count('postfix reload') == 3


def test_an_instance_that_does_not_run_is_not_started(fake):
    fake.running = False
    result = run(fake, listeners=[{'address': '127.0.0.1', 'port': 9}], **wanted(fake))
    assert result['changed'] and not result['reloaded']
    assert not fake.running


def test_without_reload_the_instance_is_left_to_a_handler(fake):
    result = run(fake, reload=False, **wanted(fake))
    assert result['changed'] and not result['reloaded']
    assert 'postfix reload' not in fake.spawned()


def test_a_second_owner_is_refused_what_the_first_has(fake):
    run(fake, parameters={'relayhost': '[x]'})
    before = fake.tree()
    with pytest.raises(PlanError, match='parameter relayhost: wanted by owner_id them, but already set by owner_id us'):
        run(fake, owner_id='them', parameters={'relayhost': '[y]'})
    assert fake.tree() == before


def test_two_owners_are_undone_independently(fake):
    before = fake.tree()
    run(fake, parameters={'relayhost': '[x]', 'new': '1'}, services=[service('hop')])
    run(
        fake,
        owner_id='them',
        parameters={'mynetworks': None, 'newer': '1'},
        service_options=[option('submission', 'inet', a='1')],
    )
    run(fake, state='absent')
    assert (fake.config_dir / 'main.cf').read_text().count('newer = 1') == 1
    run(fake, owner_id='them', state='absent')
    assert fake.tree() == before


def test_a_changed_interface_needs_a_restart_and_says_so(fake):
    assert run(fake, parameters={'inet_interfaces': '127.0.0.1'})['warnings'] == [
        'A changed inet_interfaces takes effect when Postfix is stopped and started'
    ]


def test_a_link_is_written_through(fake):
    real = fake.root / 'elsewhere.cf'
    (fake.config_dir / 'main.cf').rename(real)
    (fake.config_dir / 'main.cf').symlink_to(real)
    run(fake, parameters={'relayhost': '[x]'})
    assert (fake.config_dir / 'main.cf').is_symlink()
    assert 'relayhost = [x]' in real.read_text()
    run(fake, state='absent')
    assert real.read_text() == MAIN


def test_owner_and_mode_of_a_file_stay(fake):
    os.chmod(fake.config_dir / 'main.cf', 0o640)
    os.chown(fake.config_dir / 'main.cf', 12, 13)
    run(fake, parameters={'relayhost': '[x]'})
    status = (fake.config_dir / 'main.cf').stat()
    assert (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) == (0o640, 12, 13)


def test_foreign_bytes_stay(fake):
    path = fake.config_dir / 'main.cf'
    path.write_bytes(b'# \xff\xfe\x00\r\nrelayhost = old\r\n\xc3')
    before = path.read_bytes()
    # The last line lacks an equals sign: Postfix refuses to work with it, and so do we.
    with pytest.raises(PostfixError, match='missing'):
        run(fake, parameters={'relayhost': '[x]'})
    path.write_bytes(before + b' = 1')
    result = run(fake, parameters={'relayhost': '[x]'})
    assert path.read_bytes() == b'# \xff\xfe\x00\r\nrelayhost = [x]\r\n\xc3 = 1'
    assert '\\xff\\xfe' in result['diff'][0]['before']
    run(fake, state='absent')
    assert path.read_bytes() == before + b' = 1'


def test_a_secret_table_is_not_shown(fake):
    result = run(fake, tables=[table('secrets', 'host user:hunter2\n', 'texthash', '0600')])
    assert 'hunter2' not in str(result)
    assert result['diff'][0]['after_header'].endswith('/secrets')
    assert stat.S_IMODE((fake.config_dir / 'secrets').stat().st_mode) == 0o600


def test_another_table_type_replaces_the_old_index(fake):
    run(fake, tables=[table('t', 'a b\n', 'hash')])
    assert (fake.config_dir / 't.db').exists()
    run(fake, tables=[table('t', 'a b\n', 'texthash')])
    assert not (fake.config_dir / 't.db').exists()


def test_an_index_that_is_gone_or_too_old_is_built_again(fake):
    for damage in (lambda path: path.unlink(), lambda path: os.utime(path, (1, 1))):
        run(fake, tables=[table('t', 'a b\n', 'hash')])
        damage(fake.config_dir / 't.db')
        assert run(fake, tables=[table('t', 'a b\n', 'hash')])['tables_changed'] == ['t']
        assert not run(fake, tables=[table('t', 'a b\n', 'hash')])['changed']


@pytest.mark.parametrize('missing', ['main.cf', 'master.cf'])
def test_a_missing_file_is_an_error_unless_it_may_be_made(fake, missing):
    (fake.config_dir / missing).unlink()
    with pytest.raises(PlanError, match=f'has no {missing}'):
        run(fake, parameters={'a': '1'})


def test_a_missing_directory_is_an_error_unless_it_may_be_made(fake):
    with pytest.raises(PlanError, match="config_dir: '.*/etc/no' is not a directory"):
        run(fake, config_dir=str(fake.root / 'etc' / 'no'), parameters={'a': '1'})


# -- what Postfix refuses


@pytest.mark.parametrize(
    'values, message',
    [
        ({'parameters': {'unknown_x': '1', 'relayhost': '[x]'}}, 'unused parameter: unknown_x=1'),
        ({'services': [service('hop', options={'unknown_y': '1'})]}, 'unused parameter: unknown_y=1'),
        ({'parameters': {'message_size_limit': 'abc'}}, 'bad numerical configuration'),
        (
            {'tables': [table('a', 'OK\n'), table('t', 'BAD\n')]},
            'tables.t.: warning: regexp map .*/etc/postfix/t, line 1: what is BAD',
        ),
        ({'tables': [table('t', 'BAD\n', 'hash')]}, 'tables.t.: warning'),
        ({'services': [service('hop', command='smpt')]}, r'services.hop/unix..command: there is no program .*/smpt'),
        ({'parameters': {'maillog_file': '/var/log/x'}}, 'maillog_file.*postlog'),
        ({'service_options': [option('465', 'inet', a='1')]}, '465/inet: master.cf has no such entry'),
    ],
)
@pytest.mark.parametrize('check', [False, True])
def test_a_refused_configuration_changes_not_a_byte(fake, values, message, check):
    before = fake.tree()
    with pytest.raises((PostfixError, PlanError), match=message):
        run(fake, check=check, **values)
    assert fake.tree() == before
    assert not (fake.root / 'state').exists()
    assert 'postfix reload' not in fake.spawned()


def test_a_warning_that_was_there_before_is_no_error(fake):
    with (fake.config_dir / 'main.cf').open('a') as stream:
        stream.write('\nunknown_theirs = 1\n')
    assert run(fake, parameters={'relayhost': '[x]'})['changed']


def test_duplicates_of_the_customer_are_no_error(fake, monkeypatch):
    real = fake._postconf

    def warn(argv):
        status, out, err = real(argv)
        return (
            status,
            out,
            err + f'postconf: warning: {argv[1]}/main.cf, line 9: overriding earlier entry: biff={argv[1]}\n',
        )

    monkeypatch.setattr(fake, '_postconf', warn)
    assert run(fake, parameters={'relayhost': '[x]'})['changed']


def test_a_configuration_that_postfix_refuses_already_is_not_touched(fake):
    with (fake.config_dir / 'main.cf').open('a') as stream:
        stream.write('\ndamaged line\n')
    before = fake.tree()
    with pytest.raises(PostfixError, match='missing .=. after attribute name: "damaged line"'):
        run(fake, parameters={'relayhost': '[x]'})
    assert fake.tree() == before


def test_a_port_that_is_taken_is_found_before_postfix_dies_of_it(fake):
    import socket

    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        name = f'127.0.0.1:{taken.getsockname()[1]}'
        with pytest.raises(PostfixError, match=rf'services\[{name}/inet\]: cannot listen there'):
            run(fake, services=[service(name, 'inet', 'smtpd', private='n')])


def test_postfix_missing_is_said(fake):
    (fake.root / 'sbin' / 'postconf').unlink()
    with pytest.raises(PostfixError, match='no command postconf; is Postfix installed'):
        run(fake, parameters={'relayhost': '[x]'})


# -- what fails while Postfix runs with it


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


# -- killed at any point


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
