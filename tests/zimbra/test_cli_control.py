# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control scripts of the double: who may run them, what they say, do and ask of the configuration daemon (facts:
zimbra-cli.md, sections 1 and 7)."""

from __future__ import annotations

import pytest

from .machine import HOST

POSTFIX = 'common/sbin/postfix'


@pytest.mark.parametrize(
    'name', ['zmconfigdctl', 'zmamavisdctl', 'zmsaslauthdctl', 'zmopendkimctl', 'zmclamdctl', 'zmfreshclamctl']
)
def test_who_is_not_zimbra_is_refused(machine, name):
    """[src] On standard output, 1."""
    for user in ('root', 'postfix'):
        done = machine(name, 'status', user=user)
        assert (done.code, done.out, done.err) == (1, 'Error: must be run as zimbra user\n', '')
    assert machine(name, 'status').out != 'Error: must be run as zimbra user\n'


def test_zmcontrol_refuses_on_standard_error(machine):
    """[src] perl's die: not 0, the number not fixed."""
    done = machine('zmcontrol', 'status', user='root')
    assert (done.out, done.err) == ('', 'Run as the zimbra user!\n')
    assert done.code != 0


@pytest.mark.parametrize(
    'name', ['zmmtactl', 'postfix', 'zmantispamctl', 'zmantivirusctl', 'configrewrite', 'zmmtainit']
)
def test_others_do_not_ask(machine, name):
    """[src] No check of the user at all."""
    assert machine(name, 'start', user='root').code in (0, 1)
    assert 'must be run as' not in machine(name, 'nothing', user='root').out


def test_zmmtactl_as_root_is_half_broken(machine):
    """[src] amavis and saslauthd refuse, Postfix works."""
    done = machine('zmmtactl', 'reload', 'norewrite', user='root')
    assert done.out.count('Error: must be run as zimbra user\n') == 2
    assert machine.ran[-1] == [str(machine.home / POSTFIX), 'reload', 'norewrite']
    done = machine('zmmtactl', 'start', 'norewrite', user='root')
    refused = 'Error: must be run as zimbra user\n'
    assert done.out == f'{refused}zmamavisdctl failed to start\n{refused}zmsaslauthdctl failed to start\n'
    assert done.code == 1


def test_the_status_of_postfix_is_asked_as_root(machine):
    """[src] zmmtastatus must be root; the wrapper calls it by sudo."""
    done = machine('zmmtastatus')
    assert (done.code, done.out) == (1, f'{machine.home}/libexec/zmmtastatus must be run as root.\n')
    machine('zmlocalconfig', '-e', 'zmconfigd_interval=60')
    assert machine('postfix', 'status').code == 0
    assert machine.ran[-2:] == [
        ['sudo', str(machine.home / 'libexec/zmmtastatus')],
        [str(machine.home / POSTFIX), 'status'],
    ]
    machine.programs['postfix'] = lambda argv: 1
    assert machine('postfix', 'status').code == 1


def test_configrewrite_asks_the_daemon_and_throws_its_answer_away(machine):
    """[src] The code is that of nc; then it waits five seconds."""
    machine.answer = 'ERROR UNKNOWN\n'
    done = machine('configrewrite', 'mta', 'nonsense')
    assert (done.code, done.out) == (0, '')
    assert machine.asked == ['REWRITE mta nonsense']
    assert machine.slept == [5.0]


def test_a_daemon_that_says_nothing_in_time_was_asked(machine):
    """[?] nc ends after zimbra_configrewrite_timeout, here with 0: the daemon is not run once."""
    machine.answer = ''
    assert machine('configrewrite', 'mta').code == 0
    assert machine.ran == []


def test_configrewrite_without_a_daemon_runs_it_once(machine):
    """[src] Only if nobody listens; a `stty echo` behind complains without a terminal."""
    machine.answer = None
    machine.programs['zmconfigd'] = lambda argv: 3
    done = machine('configrewrite', 'mta', 'sasl')
    assert (done.code, machine.slept) == (3, [])
    assert machine.ran == [[str(machine.home / 'libexec/zmconfigd'), 'mta', 'sasl']]
    assert done.err.startswith('stty: ')


@pytest.mark.parametrize(
    ('command', 'sections'),
    [
        (('zmmtactl', 'reload'), 'antispam antivirus opendkim mta sasl'),
        (('zmmtactl', 'start'), 'antispam antivirus opendkim mta sasl'),
        (('postfix', 'reload'), 'mta'),
        (('postfix', 'restart'), 'mta'),
        (('zmamavisdctl', 'restart'), 'amavis antispam'),
        (('zmamavisdctl', 'reload'), 'amavis antispam'),
        (('zmsaslauthdctl', 'restart'), 'sasl'),
        (('zmopendkimctl', 'restart'), 'opendkim'),
        (('zmclamdctl', 'restart'), 'antivirus'),
        (('zmantivirusctl', 'start'), 'antivirus'),
        (('zmproxyctl', 'restart'), 'proxy'),
    ],
)
def test_what_each_script_has_rewritten(machine, command, sections):
    """[src] The first request of each; norewrite keeps all but antispam's from it."""
    machine(*command)
    assert machine.asked[0] == f'REWRITE {sections}'
    machine.asked.clear()
    machine(*command, 'norewrite')
    assert machine.asked == []


def test_a_restart_of_antispam_forgets_norewrite(machine):
    """[src] zmantispamctl does not pass it on; start does."""
    machine('zmantispamctl', 'restart', 'norewrite')
    assert machine.asked == ['REWRITE amavis antispam']
    machine('zmamavisdctl', 'stop')
    machine.asked.clear()
    machine('zmantispamctl', 'start', 'norewrite')
    assert machine.asked == []


def test_status_of_antispam_as_root(machine):
    """[run] Both parts refuse root, and count as not running."""
    done = machine('zmantispamctl', 'status', user='root')
    assert (done.code, done.out) == (1, 'antispam-mysql.server is not running\nzmamavisdctl is not running\n')


def test_antispam_that_is_not_enabled_does_nothing(machine):
    """[src] It asks zmprov for the services first."""
    machine.put('servers', HOST, 'zimbraServiceEnabled', 'mta')
    done = machine('zmantispamctl', 'restart')
    assert (done.code, done.out, machine.asked) == (0, '', [])
    assert [each['by'] for each in machine.starts('zmprov')] == ['zmantispamctl']


@pytest.mark.parametrize('action', ['reload', 'restart'])
def test_a_reload_of_the_mta_stops_amavis_and_saslauthd(machine, action):
    """[src] Both are a stop and a start, amavisd five seconds at least, amavisd-mc too; then Postfix is reloaded."""
    done = machine('zmmtactl', action, 'norewrite')
    assert done.code == 0
    said = [line.strip() for line in done.out.splitlines()]
    assert said == [
        'Stopping amavisd... done.',
        'Stopping amavisd-mc... done.',
        'Starting amavisd-mc...done.',
        'Starting amavisd...done.',
        'Stopping saslauthd...done.',
        'Starting saslauthd...done.',
    ]
    assert machine.slept[:2] == [5.0, 5.0]
    assert machine.ran == [['sudo', str(machine.home / POSTFIX), 'reload', 'norewrite']]


def test_the_mta_says_whether_it_was_rewritten(machine):
    """[src] done. or failed. by the code of configrewrite"""
    assert machine('zmmtactl', 'reload').out.startswith('Rewriting configuration files...done.\n')
    machine.answer = None
    machine.programs['zmconfigd'] = lambda argv: 1
    assert machine('zmmtactl', 'reload').out.startswith('Rewriting configuration files...failed.\n')


def test_the_mta_counts_the_milter_server_if_it_is_enabled(machine):
    """[src] conf/mta_milter_options"""
    (machine.home / 'conf/mta_milter_options').write_text('zimbraMilterServerEnabled=TRUE\n')
    machine('zmmilterctl', 'stop')
    done = machine('zmmtactl', 'status')
    assert (done.code, 'zmmilterctl is not running\n' in done.out) == (1, True)


def test_status_of_the_mta(machine):
    """[src] One line for each part that does not run."""
    machine('zmlocalconfig', '-e', 'zmconfigd_interval=60')
    assert (machine('zmmtactl', 'status').code, machine('zmmtactl', 'status').out) == (0, '')
    machine('zmsaslauthdctl', 'stop')
    done = machine('zmmtactl', 'status')
    assert (done.code, done.out) == (1, 'zmsaslauthdctl is not running\n')


@pytest.mark.parametrize('name', ['zmmtactl', 'postfix', 'postconf'])
def test_without_postfix(machine, name):
    """[src] On standard output, 1."""
    for program in ('postfix', 'postconf'):
        (machine.home / 'common/sbin' / program).unlink()
    done = machine(name, 'reload')
    assert (done.code, done.out) == (1, 'Error: postfix not installed\n')


def test_postconf_is_run_by_sudo_with_all_arguments(machine):
    """[src] The rules are for group zimbra; root needs none."""
    machine.programs['postconf'] = lambda argv: 7
    assert machine('postconf', '-e', 'relayhost=').code == 7
    assert machine('postconf', '-h', 'relayhost', user='root').code == 7
    program = str(machine.home / 'common/sbin/postconf')
    assert machine.ran == [['sudo', program, '-e', 'relayhost='], [program, '-h', 'relayhost']]


def test_postfix_reload_rewrites_tables_and_aliases(machine):
    """[src] zmmtainit always, postalias if there is a file, configrewrite unless it was told not to."""
    (machine.state / 'aliases').touch()
    table = machine.home / 'conf/ldap-transport.cf'
    table.write_text('mine\n')
    assert machine('postfix', 'reload', 'norewrite').code == 0
    assert 'query_filter = (&(|(zimbraMailDeliveryAddress=%s)(zimbraDomainName=%s))(zimbraMailStatus=enabled))\n' in (
        table.read_text()
    )
    assert machine.asked == []
    sbin = machine.home / 'common/sbin'
    assert machine.ran == [
        ['sudo', str(sbin / 'postalias'), str(machine.state / 'aliases')],
        ['sudo', str(sbin / 'postfix'), 'reload', 'norewrite'],
    ]
    assert (table, None, 'postfix') in machine.chowned


def test_a_reload_of_postfix_touches_nothing_else(machine):
    """[src] No amavis, no saslauthd: the gentle way."""
    machine('postfix', 'reload', 'norewrite')
    assert {each['command'] for each in machine.starts('zmamavisdctl') + machine.starts('zmsaslauthdctl')} == set()


def test_a_running_postfix_is_not_started(machine):
    """[src] 0, nothing rewritten."""
    machine('zmlocalconfig', '-e', 'zmconfigd_interval=60')
    assert machine('postfix', 'start').code == 0
    assert machine.asked == []
    machine.programs['postfix'] = lambda argv: 0 if 'start' in argv else 1
    assert machine('postfix', 'start').code == 0
    assert machine.asked == ['REWRITE mta']


@pytest.mark.parametrize('action', ['status', 'start'])
def test_a_missing_main_cf_is_begun(machine, action):
    """[src] With the two owners, as found in the local configuration."""
    main_cf = machine.home / 'common/conf/main.cf'
    main_cf.unlink()
    machine('postfix', action)
    assert main_cf.exists()
    postconf = str(machine.home / 'common/sbin/postconf')
    assert machine.ran[0] == [postconf, '-e', 'mail_owner=postfix', 'setgid_group=postdrop']


def test_messages_of_single_scripts(machine):
    """[src] Their words and codes."""
    expected = {
        ('zmamavisdctl', 'status'): (0, 'amavisd is running.\namavisd-mc is running.\n'),
        ('zmsaslauthdctl', 'status'): (0, 'saslauthd is running.\n'),
        ('zmopendkimctl', 'status'): (0, 'zmopendkimctl is running with pid: 0\n'),
        ('zmantivirusctl', 'status'): (0, 'antivirus is running\n'),
        ('zmopendkimctl', 'stop'): (0, 'Stopping opendkim... done.\n'),
        ('zmopendkimctl', 'stop '): (0, 'zmopendkimctl not running\n'),
        ('zmopendkimctl', 'status '): (1, 'zmopendkimctl is not running.\n'),
        ('zmsaslauthdctl', 'stop'): (0, 'Stopping saslauthd...done.\n'),
        ('zmsaslauthdctl', 'stop '): (0, 'saslauthd is not running.\n'),
        ('zmamavisdctl', 'stop'): (0, 'Stopping amavisd... done.\nStopping amavisd-mc... done.\n'),
        ('zmamavisdctl', 'status '): (1, 'amavisd is not running.\n'),
        ('zmantivirusctl', 'status '): (1, 'zmamavisdctl is not running\n'),
    }
    for (name, action), wanted in expected.items():
        done = machine(name, action.strip())
        assert (done.code, done.out) == wanted, (name, action)


@pytest.mark.parametrize(
    'name', ['zmamavisdctl', 'zmsaslauthdctl', 'zmopendkimctl', 'zmmtactl', 'zmconfigdctl', 'zmclamdctl']
)
def test_an_unknown_action_is_usage(machine, name):
    """[src] 1, on standard output."""
    done = machine(name, 'nonsense')
    assert (done.code, done.err) == (1, '')
    assert f'/bin/{name} start|stop|' in done.out


@pytest.mark.parametrize(('name', 'program'), [('zmamavisdctl', 'amavisd'), ('zmopendkimctl', 'opendkim')])
def test_what_is_not_installed_is_no_failure(machine, name, program):
    """[src] 0 without a word."""
    (machine.home / 'common/sbin' / program).unlink()
    done = machine(name, 'start')
    assert (done.code, done.out) == (0, '')
