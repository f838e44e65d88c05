# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""zmprov of the double: options, ways to the directory, caches, exit codes (facts: zimbra-cli.md, sections 1 and 2)."""

from __future__ import annotations

import pytest

from .machine import HOST, MTA, Hung, Machine

RELAY = 'zimbraMtaRelayHost'
LEVEL = 'zimbraMtaSmtpTlsSecurityLevel'


def test_two_dashes_end_the_options(machine):
    """[?] As in every program with that option parser."""
    assert machine.zmprov('-l', '--', 'gcf', LEVEL).out == f'{LEVEL}: may\n'


def test_options_come_before_the_command(machine):
    """[src] Parsing stops at the first word that is no option."""
    assert machine.zmprov('gs', '-l', HOST).code == 2
    assert 'no such server: -l' in machine.zmprov('gs', '-l', HOST).err


@pytest.mark.parametrize('name', ['gs', 'GS', 'getServer', 'GETSERVER', 'getserver'])
def test_commands_and_aliases_are_known_in_any_case(machine, name):
    """[src] lookupCommand"""
    assert machine.zmprov('-l', name, HOST, 'cn').out == f'# name {HOST}\n\n'


@pytest.mark.parametrize(
    'arguments',
    [
        ['-l', 'ms', HOST, RELAY],
        ['-l', 'ms', HOST],
        ['-l', 'md', 'example.com', 'description'],
        ['-l', 'mc', 'default', 'description'],
        ['-l', 'mcf', RELAY],
        ['-l', 'gcf'],
        ['-l', 'gcf', RELAY, LEVEL],
        ['-l', 'gac', '-v', 'x'],
        ['-l', 'gas', '-v', '-e', 'mta', 'x'],
        ['-l', 'mcf', RELAY, 'x', LEVEL],
    ],
)
def test_a_wrong_number_of_arguments_is_usage(machine, arguments):
    """[src] 1, and the text on standard output."""
    done = machine.zmprov(*arguments)
    assert (done.code, done.err) == (1, '')
    assert done.out.startswith('usage:  ') and done.out.endswith('For general help, type : zmprov --help\n')


@pytest.mark.parametrize('arguments', [['-l', 'noSuchCommand'], ['-q', 'gcf', RELAY], ['--nothing', 'gcf', RELAY]])
def test_an_unknown_command_or_option_is_usage(machine, arguments):
    """[src] 1, on standard output: an unknown option is taken for a command."""
    done = machine.zmprov(*arguments)
    assert (done.code, done.err) == (1, '')
    assert 'zmprov [args] [cmd] [cmd-args ...]' in done.out


def test_what_the_option_parser_complains_of_is_on_standard_error(machine):
    """[src] main"""
    done = machine.zmprov('-f')
    assert done.code == 1
    assert done.err.startswith('error: ')


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        (['-l', '-s', HOST], 'cannot specify both -l and -s at the same time'),
        (['-m'], 'cannot specify -m when -l is not specified'),
        (['-l', '-m', '-z'], 'cannot specify -m when -l is not specified'),
        (['-lmz'], 'cannot specify -m when -l is not specified'),
        (['-d', '-D'], 'cannot specify both -d and -D at the same time'),
    ],
)
def test_options_that_exclude_each_other(machine, options, said):
    """[src] 2"""
    done = machine.zmprov(*options, 'gcf', LEVEL)
    assert (done.code, done.out, done.err) == (2, '', f'error: {said}\n')


@pytest.mark.parametrize('option', [['-a', 'admin'], ['-p', 'x'], ['-P', '/x'], ['-y', 'x'], ['-Y', '/x'], ['-z']])
def test_options_of_soap_put_ldap_off_without_a_word(machine, option):
    """[src] `zmprov -l -z` is SOAP: with mailboxd down it fails, which bare -l does not."""
    machine.set('mailboxd', {HOST: 'down'})
    assert machine.zmprov('-l', 'gcf', LEVEL).code == 0
    done = machine.zmprov('-l', *option, 'gcf', LEVEL)
    assert (done.code, done.err.split()[1]) == (2, 'zclient.IO_ERROR')


def test_localconfig_makes_ldap_the_default(machine):
    """[src] zimbra_zmprov_default_to_ldap; -s still is SOAP."""
    machine.set('mailboxd', {HOST: 'down'})
    machine.localconfig['zimbra_zmprov_default_to_ldap'] = 'true'
    assert machine.zmprov('gcf', LEVEL).code == 0
    assert machine.zmprov('-s', HOST, 'gcf', LEVEL).code == 2


def test_mailboxd_down(machine):
    """[src] zclient.IO_ERROR with a cause, 2; the text is [?]."""
    machine.set('mailboxd', {HOST: 'down'})
    done = machine.zmprov('gcf', LEVEL)
    assert (done.code, done.out) == (2, '')
    assert done.err.startswith('ERROR: zclient.IO_ERROR (invoke ') and ', server: localhost) (cause: ' in done.err


def test_a_stopped_mailboxd_is_down(machine):
    """[src] Nothing listens on 7071 then; started again it does."""
    assert machine('zmmailboxdctl', 'stop').code == 0
    assert machine.zmprov('gcf', LEVEL).code == 2
    assert machine('zmmailboxdctl', 'start').code == 0
    assert machine.zmprov('gcf', LEVEL).code == 0


def test_on_a_host_without_mailbox_soap_needs_a_server(tmp_path):
    """[src] The default is localhost:7071, where an MTA alone has nothing."""
    machine = Machine(tmp_path, host=MTA)
    assert machine.zmprov('gcf', LEVEL).code == 2
    assert machine.zmprov('-s', HOST, 'gcf', LEVEL).out == f'{LEVEL}: may\n'
    assert machine.zmprov('-s', f'{HOST}:9999', 'gcf', LEVEL).code == 2


@pytest.mark.parametrize('arguments', [['gcf', LEVEL], ['mcf', LEVEL, 'may'], ['-f', '/dev/stdin']])
def test_a_hung_mailboxd_hangs_zmprov(machine, arguments):
    """[src] SOAP calls have no time limit; -l does not care."""
    machine.set('mailboxd', {HOST: 'hung'})
    with pytest.raises(Hung):
        machine.zmprov(*arguments)
    assert machine.zmprov('-l', 'gcf', LEVEL).code == 0


def test_attributes_of_an_mta_alone_can_be_set_over_soap(machine):
    """[src] By the mailboxd that was asked, when the other host has none."""
    assert machine.zmprov('ms', MTA, RELAY, '[127.0.0.1]:10025').code == 0
    assert machine.own('servers', MTA, RELAY) == ['[127.0.0.1]:10025']


def test_ldap_reads_a_replica_and_writes_to_the_master(machine):
    """[src] -l may read what was before the write; -l -m does not."""
    machine('double', 'replica', 'hold')
    assert machine.zmprov('-l', 'mcf', LEVEL, 'none').code == 0
    assert machine.zmprov('-l', 'gcf', LEVEL).out == f'{LEVEL}: may\n'
    assert machine.zmprov('-l', '-m', 'gcf', LEVEL).out == f'{LEVEL}: none\n'
    machine('double', 'replica', 'release')
    assert machine.zmprov('-l', 'gcf', LEVEL).out == f'{LEVEL}: none\n'


def test_the_global_configuration_is_stale_over_soap_after_a_write_by_ldap(machine):
    """[src] It has no age in mailboxd's cache."""
    machine.zmprov('gcf', LEVEL)
    machine.zmprov('-l', 'mcf', LEVEL, 'none')
    machine.now += 7 * 24 * 3600
    assert machine.zmprov('gcf', LEVEL).out == f'{LEVEL}: may\n'
    assert machine.zmprov('-l', 'gcf', LEVEL).out == f'{LEVEL}: none\n'


@pytest.mark.parametrize(
    'refresh',
    [
        lambda machine: machine.zmprov('fc', 'config'),
        lambda machine: machine.zmprov('fc', '-a', 'config'),
        lambda machine: machine.zmprov('fc', 'all'),
        lambda machine: machine.zmprov('mcf', 'zimbraMtaHopcountLimit', '51'),
        lambda machine: machine('zmmailboxdctl', 'restart'),
    ],
    ids=['fc', 'fc -a', 'fc all', 'mcf over SOAP', 'restart'],
)
def test_what_refreshes_the_global_configuration(machine, refresh):
    """[src] fc config, a restart, a later SOAP mcf on that server."""
    machine.zmprov('gcf', LEVEL)
    machine.zmprov('-l', 'mcf', LEVEL, 'none')
    assert refresh(machine).code == 0
    assert machine.zmprov('gcf', LEVEL).out == f'{LEVEL}: none\n'


def test_a_server_is_always_fresh_over_soap_but_what_it_inherits_is_not(machine):
    """[src] GetServer reloads the entry; its defaults are of the cached global configuration (read in the sources)."""
    machine.zmprov('gs', HOST)
    machine.zmprov('-l', 'ms', HOST, RELAY, '[10.0.0.1]')
    machine.zmprov('-l', 'mcf', LEVEL, 'none')
    assert machine.zmprov('gs', HOST, RELAY, LEVEL).out.splitlines()[1:3] == [f'{RELAY}: [10.0.0.1]', f'{LEVEL}: may']


@pytest.mark.parametrize(
    ('kind', 'name', 'read'),
    [('domains', 'example.com', 'gd'), ('cos', 'default', 'gc'), ('accounts', 'alice@example.com', 'ga')],
)
def test_other_entries_are_old_for_a_quarter_of_an_hour(machine, kind, name, read):
    """[src] Domains, classes of service and accounts are not reloaded."""
    machine.zmprov(read, name)
    machine.put(kind, name, 'description', 'new')
    assert 'new' not in machine.zmprov(read, name).out
    assert 'new' in machine.zmprov('-l', read, name).out
    machine.now += 15 * 60 - 1
    assert 'new' not in machine.zmprov(read, name).out
    machine.now += 2
    assert 'new' in machine.zmprov(read, name).out


def test_an_addition_over_soap_against_a_stale_cache_is_a_wrong_no_op(machine):
    """[src] + and - are computed against the cached entry."""
    machine.put('config', '', 'zimbraMtaRestriction', 'reject_unknown_client_hostname')
    machine.zmprov('gcf', 'zimbraMtaRestriction')
    machine.put('config', '', 'zimbraMtaRestriction', 'reject')
    done = machine.zmprov('mcf', '+zimbraMtaRestriction', 'reject_unknown_client_hostname')
    assert (done.code, done.err) == (0, '')
    assert machine.own('config', '', 'zimbraMtaRestriction') == ['reject']


def test_a_batch_by_ldap_has_a_cache_of_its_own(machine):
    """[src] A server that was read keeps what it inherited then; its own values and gcf are those just written (read in
    the sources)."""
    done = machine.batch(
        f'gs {HOST} {LEVEL}',
        f'mcf {LEVEL} none',
        f'ms {MTA} {LEVEL} encrypt',
        f'gs {HOST} {LEVEL}',
        f'gs {MTA} {LEVEL}',
        f'gcf {LEVEL}',
    )
    shown = [line.rpartition(' ')[2] for line in done.out.splitlines() if LEVEL in line]
    assert shown == ['may', 'may', 'encrypt', 'none']


def test_flush_works_only_over_soap(machine):
    """[src] throwSoapOnly"""
    done = machine.zmprov('-l', 'fc', 'config')
    assert (done.code, done.err) == (
        2,
        'ERROR: service.INVALID_REQUEST (invalid request: can only be used with SOAP)\n',
    )


def test_flush_of_an_unknown_cache(machine):
    """[src] CacheEntryType"""
    done = machine.zmprov('fc', 'nonsense')
    assert (done.code, done.err) == (
        2,
        'ERROR: service.INVALID_REQUEST (invalid request: unknown cache type: nonsense)\n',
    )


def test_flush_everywhere_reaches_other_mailbox_servers(machine):
    """[src] fc -a"""
    machine.put('servers', MTA, 'zimbraServiceEnabled', 'mta', 'mailbox')
    machine.zmprov('-s', MTA, 'gcf', LEVEL)
    machine.zmprov('-l', 'mcf', LEVEL, 'none')
    machine.zmprov('fc', 'config')
    assert machine.zmprov('-s', MTA, 'gcf', LEVEL).out == f'{LEVEL}: may\n'
    machine.zmprov('fc', '-a', 'config')
    assert machine.zmprov('-s', MTA, 'gcf', LEVEL).out == f'{LEVEL}: none\n'


@pytest.mark.parametrize('user', ['zimbra', 'root'])
def test_nobody_is_asked_who_runs_zmprov(machine, user):
    """[src] No check of the user at all."""
    assert machine.zmprov('-l', 'mcf', LEVEL, 'none', user=user).code == 0


def test_a_start_costs_two_java_machines_and_is_counted(machine):
    """[src] The wrapper reads the local configuration first; the seconds are [?]."""
    machine.env['ZIMBRA_DOUBLE_START_SECONDS'] = '3'
    machine.env['zmsetvars'] = 'true'
    machine.zmprov('-l', 'gcf', LEVEL, user='root')
    assert machine.slept == [6.0]
    assert machine.starts('zmprov') == [
        {'time': machine.now, 'command': 'zmprov', 'arguments': ['-l', 'gcf', LEVEL], 'user': 'root'}
    ]


def test_the_cost_of_a_start_may_be_said_in_a_file(machine):
    """[double] For hosts on which no environment gets through to zimbra."""
    machine('zmhostname')
    assert machine.slept == []
    machine('double', 'set', 'start_seconds', '2')
    machine('zmhostname')
    assert machine.slept == [2.0]
