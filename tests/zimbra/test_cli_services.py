# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration daemon's and all services' control, versions and permissions on the double (facts: zimbra-cli.md,
sections 1, 6 and 7, and zimbra.md)."""

from __future__ import annotations

import json

import pytest

from .machine import HOST, MTA, Machine


def test_scripts_use_what_an_earlier_call_left_in_the_environment(machine):
    """[src] zmsetvars=true: the local configuration is not read again, however it was changed since."""
    machine.localconfig['postfix_mail_owner'] = 'new'
    (machine.home / 'common/conf/main.cf').unlink()
    machine.env.update(zmsetvars='true', postfix_mail_owner='old', postfix_setgid_group='old')
    machine('postfix', 'status')
    assert machine.ran[0][2:] == ['mail_owner=old', 'setgid_group=old']


def test_java_machines_of_a_reload(machine):
    """[src] One for the local configuration, passed on to what the script calls."""
    machine.env['ZIMBRA_DOUBLE_START_SECONDS'] = '3'
    machine.set('pauses', 0)
    machine('zmmtactl', 'reload')
    assert [seconds for seconds in machine.slept if seconds == 3.0] == [3.0]


@pytest.fixture(name='daemon')
def fixture_daemon(machine):
    """A configuration daemon that runs: process number and answer."""
    pid_file = machine.home / 'log/zmconfigd.pid'
    pid_file.write_text('4711\n')
    machine.processes.add(4711)
    machine.answer = 'SUCCESS ACTIVE\n'
    return pid_file


def test_status_of_the_configuration_daemon(machine, daemon):
    """[src] It has a process number and answers STATUS."""
    assert (machine('zmconfigdctl', 'status').code, machine('zmconfigdctl', 'status').out) == (
        0,
        'zmconfigd is running.\n',
    )
    assert machine.asked[0] == 'STATUS'
    for machine.answer in ('', 'SUCCESS OTHER\n', None):
        done = machine('zmconfigdctl', 'status')
        assert (done.code, done.out) == (1, 'zmconfigd is not running.\n')
    daemon.unlink()
    machine.answer = 'SUCCESS ACTIVE\n'
    assert machine('zmconfigdctl', 'status').code == 1


def test_the_configuration_daemon_is_started_and_waited_for(machine, daemon):
    """[src] Until it listens, which is after its first run."""
    daemon.unlink()
    machine.newborn = 4712
    done = machine('zmconfigdctl', 'start')
    assert (done.code, done.out) == (0, 'Starting zmconfigd...done.\n')
    assert machine('zmconfigdctl', 'start').out == 'Starting zmconfigd...zmconfigd is already running.\n'


def test_a_configuration_daemon_that_does_not_come_up(machine):
    """[src] failed., 1, after zmconfigd_startup_pause."""
    machine.answer = None
    done = machine('zmconfigdctl', 'start')
    assert (done.code, done.out) == (1, 'Starting zmconfigd...failed.\n')
    assert machine.spawned == [[str(machine.home / 'libexec/zmconfigd')]]
    assert sum(machine.slept) == 30 + 60


def test_one_that_does_not_answer_is_not_stopped_but_killed_at_the_next_start(machine, daemon):
    """[src] The process number is still there (read in the sources)."""
    machine.answer = ''
    assert machine('zmconfigdctl', 'stop').out == 'Stopping zmconfigd...zmconfigd is not running.\n'
    assert machine.killed == []
    machine('zmconfigdctl', 'start')
    assert machine.killed == [(4711, 9)]
    assert not daemon.exists()


def test_the_configuration_daemon_is_ended(machine, daemon):
    """[src] kill until it is gone."""
    done = machine('zmconfigdctl', 'stop')
    assert (done.code, done.out) == (0, 'Stopping zmconfigd...done.\n')
    assert machine.killed == [(4711, 15), (4711, 15)]
    assert not daemon.exists()


def test_a_restart_of_the_configuration_daemon(machine, daemon):
    """[src] stop and start; when it returns everything has been written, and nothing reloaded."""
    machine.newborn = 4712
    done = machine('zmconfigdctl', 'restart')
    assert (done.code, done.out) == (0, 'Stopping zmconfigd...done.\nStarting zmconfigd...done.\n')
    assert machine.ran == []


def test_status_of_all_services(machine, daemon):
    """[src] Host, then a line a service sorted by name; web applications are called so."""
    machine('zmlocalconfig', '-e', 'zmconfigd_interval=60')
    done = machine('zmcontrol', 'status')
    assert (done.code, done.err) == (0, '')
    lines = done.out.splitlines()
    assert lines[0] == f'Host {HOST}'
    assert lines[1] == '\tamavis                  Running'
    assert '\tservice webapp          Running' in lines
    names = [line.split()[0] for line in lines[1:]]
    assert names == sorted(names) and 'zmconfigd' in names and len(names) == 11


def test_a_stopped_service_is_shown_with_what_its_script_said(machine, daemon):
    """[src] Two tabs, 1."""
    machine('zmlocalconfig', '-e', 'zmconfigd_interval=60')
    machine('zmsaslauthdctl', 'stop')
    done = machine('zmcontrol', 'status')
    assert done.code == 1
    assert '\tmta                     Stopped\n\t\tzmsaslauthdctl is not running\n' in done.out


def test_services_that_do_not_count(machine, daemon):
    """[src] stats, snmp, logger and spell, unless zmcontrol_service_status_list names others."""
    machine('zmlocalconfig', '-e', 'zmconfigd_interval=60')
    machine('zmstatctl', 'stop')
    assert machine('zmcontrol', 'status').code == 0
    machine.localconfig['zmcontrol_service_status_list'] = 'stats mta'
    assert machine('zmcontrol', 'status').code == 1


def test_services_come_from_the_directory_or_a_cache_of_a_day(machine, daemon):
    """[src] With a warning on standard error."""
    machine('zmlocalconfig', '-e', 'zmconfigd_interval=60')
    machine('zmcontrol', 'status')
    cache = machine.home / 'log/.zmcontrol.cache'
    machine.now = cache.stat().st_mtime + 3600
    machine.set('ldap', 'down')
    done = machine('zmcontrol', 'status')
    assert 'Enabled services read from cache. Service list may be inaccurate.\n' in done.err
    assert '\tmta ' in done.out
    machine.now += 24 * 3600
    done = machine('zmcontrol', 'status')
    assert done.code == 1
    assert done.out == "Unable to determine enabled services. Cache is out of date or doesn't exist.\n"


def test_a_restart_stops_all_and_starts_with_zmconfigd_among_the_first(machine, daemon):
    """[src] Services are started with norewrite: all is written by the daemon's first run."""
    machine('zmlocalconfig', '-e', 'zmconfigd_interval=60')
    machine.programs['postfix'] = lambda argv: 1 if argv[-1] == 'status' else 0
    machine.set('pauses', 0)
    machine.newborn = 4712
    done = machine('zmcontrol', 'restart')
    assert done.code == 0
    said = [line.strip() for line in done.out.splitlines()]
    begin = said.index(f'Host {HOST}', 1)
    assert said[1] == 'Stopping zmconfigd...Done.' and said[begin - 1] == 'Stopping ldap...Done.'
    assert said[begin + 1 : begin + 3] == ['Starting ldap...Done.', 'Starting zmconfigd...Done.']
    assert said.index('Starting amavis...Done.') < said.index('Starting mta...Done.')
    assert [each for each in machine.asked if each.startswith('REWRITE')] == []


@pytest.mark.parametrize(
    ('package', 'history', 'line'),
    [
        ('10.1.0.GA.4655.UBUNTU22.64', '', 'Release 10.1.0.GA.4655.UBUNTU22.64 UBUNTU22_64 FOSS edition.'),
        (
            '9.0.0.GA.3924.UBUNTU20.64',
            '1: CONFIGURED patch 9.0.0_P33\n',
            'Release 9.0.0.GA.3924.UBUNTU20.64 UBUNTU22_64 FOSS edition, Patch 9.0.0_P33.',
        ),
        (
            '10.0.0.GA.4518.UBUNTU22.64',
            '1: CONFIGURED patch 10.0.9\n1: INSTALL SESSION START\n1: CONFIGURED patch 10.0.12_GA\n',
            'Release 10.0.12.GA.4518.UBUNTU22_64 FOSS edition.',
        ),
    ],
)
def test_version(machine, package, history, line):
    """[src] displayVersion; the platform is played."""
    machine.set('version', package)
    (machine.home / '.install_history').write_text(history)
    done = machine('zmcontrol', '-v')
    assert (done.code, done.out) == (0, f'{line}\n')


def test_zmcontrol_without_a_command_is_usage(machine):
    """[src] 1"""
    machine.set('version', '10.1.0.GA.4655.UBUNTU22.64')
    for arguments in ([], ['nonsense'], ['-h'], ['-Z']):
        assert machine('zmcontrol', *arguments).code == 1


def test_the_switched_off_directory(machine):
    """[?] Only the code is Zimbra's."""
    machine.set('ldap', 'down')
    done = machine.zmprov('-l', 'gacf')
    assert (done.code, done.err.split()[1]) == (2, 'service.FAILURE')


def test_zmfixperms_is_for_root(machine):
    """[src] On standard output, 1."""
    done = machine('zmfixperms')
    assert (done.code, done.out) == (1, 'Error: must be run as root user\n')


def test_owners_after_zmfixperms(machine):
    """[src] conf is zimbra's, common/conf root's with group zimbra, but for some names; main.cf is root's."""
    common, conf = machine.home / 'common/conf', machine.home / 'conf'
    for path in (
        common / 'master.cf',
        common / 'bysender',
        common / 'own_map.lmdb',
        conf / 'own_map',
        conf / 'smtpd.key',
    ):
        path.touch(0o600)
    assert machine('zmfixperms', user='root').code == 0
    owners = {path: (user, group) for path, user, group in machine.chowned}
    assert owners[common / 'main.cf'] == ('root', 'root')
    assert owners[common / 'master.cf'] == owners[common / 'bysender'] == ('zimbra', 'zimbra')
    assert owners[common / 'own_map.lmdb'] == owners[common] == ('root', 'zimbra')
    assert owners[conf / 'own_map'] == ('zimbra', 'zimbra')
    assert owners[machine.home / 'common/sbin/postfix'] == ('root', 'root')
    modes = {path.name: path.stat().st_mode & 0o777 for path in (conf / 'own_map', conf / 'smtpd.key', common)}
    assert modes == {'own_map': 0o600, 'smtpd.key': 0o640, 'conf': 0o775}


def test_real_programs_are_started_and_ended(machine, tmp_path):
    """[double] services.json: a command that starts it, and where its process number is."""
    pid_file = tmp_path / 'pid'
    table = {'saslauthd': {'start': ['begin', 'saslauthd'], 'pid': str(pid_file)}}
    (machine.state / 'services.json').write_text(json.dumps(table))
    assert machine('zmsaslauthdctl', 'status').code == 1
    machine.programs['begin'] = lambda argv: pid_file.write_text('1')
    assert machine('zmsaslauthdctl', 'start', 'norewrite').out == 'Starting saslauthd...done.\n'
    assert machine('zmsaslauthdctl', 'status').code == 0
    pid_file.unlink()
    machine.programs['begin'] = lambda argv: 1
    done = machine('zmsaslauthdctl', 'start', 'norewrite')
    assert (done.code, done.out) == (1, 'Starting saslauthd...failed.\n')


def test_two_hosts_on_one_store(tmp_path):
    """[double] What one writes the other reads, also through a link."""
    first = Machine(tmp_path / 'first')
    link = tmp_path / 'link.json'
    link.symlink_to(first.store.path)
    second = Machine(tmp_path / 'second', host=MTA, store=link)
    second.zmprov('-l', 'ms', MTA, 'zimbraMtaRelayHost', '[a]')
    assert first.own('servers', MTA, 'zimbraMtaRelayHost') == ['[a]']
    assert link.is_symlink()
    assert (first('zmhostname').out, second('zmhostname').out) == (f'{HOST}\n', f'{MTA}\n')
