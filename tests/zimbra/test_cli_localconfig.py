# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""zmlocalconfig and zmhostname of the double (facts: zimbra-cli.md, section 6)."""

from __future__ import annotations

import xml.etree.ElementTree

import pytest

from .machine import HOST


@pytest.fixture(name='local')
def fixture_local(machine):
    return lambda *arguments, **options: machine('zmlocalconfig', *arguments, **options)


@pytest.mark.parametrize(
    ('options', 'line'),
    [
        ([], f'zimbra_server_hostname = {HOST}\n'),
        (['-m', 'plain'], f'zimbra_server_hostname = {HOST}\n'),
        (['-m', 'nokey'], f'{HOST}\n'),
        (['-m', 'shell'], f"zimbra_server_hostname='{HOST}';\n"),
        (['-m', 'export'], f"export zimbra_server_hostname='{HOST}';\n"),
    ],
)
def test_formats(local, options, line):
    """[src] ConfigWriter; the semicolon, which the facts leave out, is in the sources."""
    done = local(*options, 'zimbra_server_hostname')
    assert (done.code, done.out, done.err) == (0, line, '')


def test_xml(local):
    """[src] -m xml"""
    root = xml.etree.ElementTree.fromstring(local('-m', 'xml', 'zimbra_server_hostname').out.encode())
    assert root.tag == 'localconfig'
    assert [(key.get('name'), key.findtext('value')) for key in root] == [('zimbra_server_hostname', HOST)]


def test_all_keys_sorted(local):
    """[src] Without a name."""
    lines = local().out.splitlines()
    assert len(lines) > 40 and lines == sorted(lines)


def test_a_quote_for_a_shell_is_damaged(machine, local):
    """[src] Two quotes, which a shell reads as none: scripts see the value without."""
    machine.localconfig['av_notify_user'] = "o'neill"
    assert local('-m', 'shell', 'av_notify_user').out == "av_notify_user='o''neill';\n"
    world = machine.world('zimbra', '')
    assert world.setvars()['av_notify_user'] == 'oneill'


@pytest.mark.parametrize('key', ['zimbra_ldap_password', 'mailboxd_keystore_password'])
def test_passwords_are_hidden_by_name(local, key):
    """[src] Any key whose name contains it; -s shows it, and so do the formats for a shell."""
    assert local(key).out == f'{key} = *\n'
    assert local('-s', key).out == f'{key} = zimbra\n'
    assert local('-m', 'nokey', key).out == '*\n'
    assert local('-m', 'shell', key).out == f"{key}='zimbra';\n"


def test_references_are_replaced_with_x(local):
    """[src] Without it the raw value."""
    assert local('zimbra_log_directory', 'zimbra_tmp_directory').out.splitlines()[1] == (
        'zimbra_tmp_directory = ${zimbra_home}/data/tmp'
    )
    assert local('-x', '-m', 'nokey', 'zmprov_tmp_directory').out == '/opt/zimbra/data/tmp/zmprov\n'


def test_a_reference_to_itself(machine, local):
    """[src] 1, no endless loop; the text is [?]."""
    machine.localconfig.update(one='${other}', other='x${one}')
    assert local('one').out == 'one = ${other}\n'
    done = local('-x', 'one')
    assert (done.code, done.out) == (1, '')
    assert done.err.startswith('Error: ')


def test_an_unset_key(local):
    """[src] A warning on standard error, nothing else, 0; -q silences."""
    done = local('no_such_key')
    assert (done.code, done.out, done.err) == (0, '', "Warning: null valued key 'no_such_key'\n")
    assert local('-q', 'no_such_key').err == ''


def test_edit(machine, local):
    """[src] Several pairs; both files are written, the old one replaced."""
    done = local('-e', 'zmconfigd_interval=30', 'own_key=a=b')
    assert (done.code, done.out, done.err) == (0, '', '')
    assert local('own_key', 'zmconfigd_interval').out == 'own_key = a=b\nzmconfigd_interval = 30\n'
    written = xml.etree.ElementTree.parse(machine.home / 'conf' / 'localconfig.xml')
    values = {key.get('name'): key.findtext('value') for key in written.getroot()}
    assert values['zmconfigd_interval'] == '30' and values['zimbra_server_hostname'] == HOST


@pytest.mark.parametrize('option', ['-e', '-u'])
def test_root_may_not_write(machine, local, option):
    """[src] 1, on standard error."""
    done = local(option, 'zmconfigd_interval=30', user='root')
    assert (done.code, done.out) == (1, '')
    assert done.err == f'Error: cannot use {option} when running as root\n'
    assert 'zmconfigd_interval' not in machine.localconfig


def test_root_may_read(local):
    """[src] No check of the user."""
    assert local('-m', 'nokey', 'zimbra_server_hostname', user='root').out == f'{HOST}\n'


@pytest.mark.parametrize('pair', ['no_sign', '=value'])
def test_an_edit_without_a_pair(local, pair):
    """[src] 1"""
    done = local('-e', pair)
    assert (done.code, done.err) == (1, f"Error: argument '{pair}' not in key=value form\n")


def test_some_keys_need_force(machine, local):
    """[src] 1 without -f."""
    done = local('-e', 'zimbra_ldap_password=x')
    assert (done.code, done.err) == (1, 'Error: can not edit key zimbra_ldap_password\n')
    assert local('-f', '-e', 'zimbra_ldap_password=x').code == 0
    assert machine.localconfig['zimbra_ldap_password'] == 'x'


def test_one_bad_pair_leaves_all_unwritten(machine, local):
    """[src] The file is saved at the end."""
    assert local('-e', 'a=1', 'b').code == 1
    assert 'a' not in machine.localconfig


def test_unset(machine, local):
    """[src] A key that is neither set nor known is an error, a known one that is not set is none."""
    local('-e', 'own_key=1')
    assert local('-u', 'own_key').code == 0
    assert 'own_key' not in machine.localconfig
    done = local('-u', 'own_key')
    assert (done.code, done.err) == (1, 'Error: key own_key is not set\n')
    assert local('-u', 'zmconfigd_interval').code == 0


def test_help_and_wrong_options(local):
    """[src] -h is 0, a wrong option 1."""
    assert local('-h').code == 0
    assert local('-Z').code == 1


@pytest.mark.parametrize('user', ['zimbra', 'root'])
def test_hostname(machine, user):
    """[src] zimbra_server_hostname, for anybody."""
    done = machine('zmhostname', user=user)
    assert (done.code, done.out) == (0, f'{HOST}\n')


def test_hostname_that_is_not_set(machine):
    """[src] The program's default is localhost."""
    del machine.localconfig['zimbra_server_hostname']
    assert machine('zmhostname').out == 'localhost\n'
