# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs of postfix_config against a Postfix that answers from files."""

from __future__ import annotations

import os
import stat

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan import PlanError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import PostfixError

from tests.unit.fakes.postfix import MAIN
from tests.unit.fakes.postfix_run import option, run, service, table, wanted, with_routes


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
