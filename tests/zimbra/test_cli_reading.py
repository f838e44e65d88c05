# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""zmprov of the double: what reading prints (facts: zimbra-cli.md, section 3)."""

from __future__ import annotations

import base64

import pytest

from lab.zimbra.store import inherited

from .machine import HOST, IDENTITY, MTA

RELAY = 'zimbraMtaRelayHost'
LEVEL = 'zimbraMtaSmtpTlsSecurityLevel'
CHECKS = 'zimbraMtaHeaderChecks'


def test_an_entry_has_a_header_sorted_attributes_and_an_empty_line(machine, zmprov):
    """[src] Sorted by code points: capitals before small letters."""
    machine.put('servers', MTA, 'cn', 'mta')
    machine.put('servers', MTA, 'zimbraMtaMyNetworks', '127.0.0.0/8')
    machine.put('servers', MTA, 'zimbraMtaMaxUse', '7')
    lines = zmprov('gs', '-e', MTA).out.split('\n')
    assert lines == [
        f'# name {MTA}',
        'cn: mta',
        'zimbraMtaMaxUse: 7',
        'zimbraMtaMyNetworks: 127.0.0.0/8',
        'zimbraServiceEnabled: mta',
        'zimbraServiceEnabled: antispam',
        '',
        '',
    ]


def test_the_global_configuration_has_neither_header_nor_empty_line(machine, zmprov):
    """[src] gcf, gacf"""
    assert (
        zmprov('gcf', 'zimbraMtaNotifyClasses').out
        == 'zimbraMtaNotifyClasses: resource\nzimbraMtaNotifyClasses: software\n'
    )
    lines = zmprov('gacf').out.splitlines()
    assert lines == sorted(lines, key=lambda line: line.partition(':')[0]) and len(lines) > 150
    assert zmprov('gacf', LEVEL, 'zimbraMtaMaxUse').out == f'zimbraMtaMaxUse: 100\n{LEVEL}: may\n'


def test_without_e_what_is_inherited_is_shown_too(machine, zmprov):
    """[src] A server's own value wins over the global one."""
    assert zmprov('gs', HOST, LEVEL).out == f'# name {HOST}\n{LEVEL}: may\n\n'
    assert zmprov('gs', '-e', HOST, LEVEL).out == f'# name {HOST}\n\n'
    machine.put('servers', HOST, LEVEL, 'encrypt')
    assert (
        zmprov('gs', HOST, LEVEL).out == zmprov('gs', '-e', HOST, LEVEL).out == f'# name {HOST}\n{LEVEL}: encrypt\n\n'
    )


@pytest.mark.parametrize('attribute', ['zimbraMtaBlockedExtensionWarnRecipient', 'zimbraMtaMaxMessageSize'])
def test_not_everything_global_is_inherited_by_a_server(machine, zmprov, attribute):
    """[run] vectors/base.json, global_not_inherited_by_server"""
    assert attribute in zmprov('gcf', attribute).out
    assert zmprov('gs', HOST, attribute).out == f'# name {HOST}\n\n'


@pytest.mark.parametrize(
    ('command', 'name'), [('gd', 'example.com'), ('ga', 'alice@example.com'), ('gs', HOST), ('gc', 'default')]
)
def test_shape_is_the_same_for_all_entries(machine, zmprov, command, name):
    """[src] dumpDomain, dumpAccount, dumpServer, dumpCos"""
    done = zmprov(command, name)
    assert done.code == 0
    assert done.out.startswith(f'# name {name}\nzimbra') and done.out.endswith('\n\n') and done.out.count('\n\n') == 1


def test_e_stands_between_command_and_name(machine, zmprov):
    """[src] Behind the name it is a filter that finds nothing."""
    machine.put('domains', 'example.com', 'description', 'x')
    assert zmprov('gd', '-e', 'example.com', 'description').out == '# name example.com\ndescription: x\n\n'
    assert zmprov('gs', HOST, '-e').out == f'# name {HOST}\n\n'
    assert 'no such cos: -e' in zmprov('gc', '-e', 'default').err


@pytest.mark.parametrize('command', ['gas', 'gad'])
def test_e_of_a_listing_needs_v(machine, zmprov, command):
    """[src] One line of complaint and usage, 1."""
    done = zmprov(command, '-e')
    assert (done.code, done.err) == (1, '')
    assert done.out.startswith('arg -e is invalid unless -v is also specified\nusage:  getAll')
    assert zmprov(command, '-v', '-e').code == 0


def test_listings_name_one_entry_a_line(machine, zmprov):
    """[src] gas with a service, gad, gac"""
    assert zmprov('gas').out == f'{HOST}\n{MTA}\n'
    assert zmprov('gas', 'mailbox').out == f'{HOST}\n'
    assert zmprov('gad').out == 'example.com\n'
    assert zmprov('gac').out == 'default\n'
    assert f'# name {MTA}\n' in zmprov('gas', '-v', 'mta').out


def test_an_account_takes_from_class_of_service_then_domain(machine, zmprov):
    """[src] accountCosDomainInherited: account, else class of service, else domain."""
    sieve = 'zimbraAdminSieveScriptBefore'
    machine.put('domains', 'example.com', sieve, 'of the domain')
    assert 'of the domain' in zmprov('ga', 'alice@example.com', sieve).out
    assert 'of the domain' not in zmprov('ga', '-e', 'alice@example.com', sieve).out
    machine.put('cos', 'default', sieve, 'of the class')
    assert inherited(machine.store.read(), 'accounts', 'alice@example.com')[sieve] == ['of the class']
    machine.put('accounts', 'alice@example.com', sieve, 'her own')
    assert machine.store.effective('accounts', 'alice@example.com')[sieve] == ['her own']
    assert 'of the domain' in zmprov('gd', 'example.com', sieve).out


def test_values_come_one_a_line_in_the_order_of_the_directory(machine, zmprov):
    """[src] dumpAttrs"""
    machine.put('config', '', CHECKS, 'pcre:/b', 'pcre:/a')
    assert zmprov('gcf', CHECKS).out == f'{CHECKS}: pcre:/b\n{CHECKS}: pcre:/a\n'


def test_line_breaks_are_printed_raw(machine, zmprov):
    """[src] Nothing marks a continuation line."""
    machine.put('domains', 'example.com', 'zimbraAdminSieveScriptBefore', 'require "x";\nzimbraFoo: bar')
    assert zmprov('gd', 'example.com', 'zimbraAdminSieveScriptBefore').out == (
        '# name example.com\nzimbraAdminSieveScriptBefore: require "x";\nzimbraFoo: bar\n\n'
    )


def test_an_empty_value_is_not_printed(machine, zmprov):
    """[src] dumpAttrs"""
    machine.put('config', '', CHECKS, '')
    assert zmprov('gcf', CHECKS).out == ''


def test_filters_take_names_in_any_case(machine, zmprov):
    """[src] getArgNameSet"""
    assert zmprov('gs', HOST, LEVEL.upper()).out == f'# name {HOST}\n{LEVEL}: may\n\n'
    assert zmprov('gcf', LEVEL.lower()).out == f'{LEVEL}: may\n'


def test_a_value_in_a_filter_is_made_lower_case(machine, zmprov):
    """[src] So it never finds a value with capitals."""
    assert zmprov('gacf', f'{LEVEL}=MAY').out == f'{LEVEL}: may\n'
    assert zmprov('gacf', 'zimbraMtaTlsAuthOnly=TRUE').out == zmprov('gacf', 'zimbraMtaTlsAuthOnly=true').out == ''
    assert zmprov('gacf', f'{LEVEL}=none').out == ''


def test_a_filter_without_a_value(machine, zmprov):
    """[src] service.INVALID_REQUEST, 2"""
    done = zmprov('gacf', 'zimbrafoo=')
    assert (done.code, done.err) == (
        2,
        'ERROR: service.INVALID_REQUEST (invalid request: missing value for zimbrafoo=)\n',
    )


def test_an_unknown_attribute_is_nothing(machine, zmprov):
    """[src] Nothing printed, 0."""
    assert (zmprov('gcf', 'zimbraNoSuch').out, zmprov('gcf', 'zimbraNoSuch').code) == ('', 0)
    assert zmprov('gs', HOST, 'zimbraNoSuch').out == f'# name {HOST}\n\n'


def test_binary_attributes(machine, zmprov, tmp_path):
    """[src] Written from a file, printed as base64 in lines of 76 with CRLF."""
    content = bytes(range(200))
    (tmp_path / 'dh').write_bytes(content)
    assert machine.zmprov('-l', 'mcf', 'zimbraSSLDHParam', str(tmp_path / 'dh')).code == 0
    code = base64.b64encode(content).decode()
    chunks = [code[at : at + 76] for at in range(0, len(code), 76)]
    assert len(chunks) == 4
    assert zmprov('gcf', 'zimbraSSLDHParam').out == 'zimbraSSLDHParam:: ' + ''.join(f'{chunk}\r\n' for chunk in chunks)


def test_a_binary_attribute_whose_file_cannot_be_zmprov(machine, zmprov):
    """[src] service.INVALID_REQUEST, 2"""
    done = zmprov('mcf', 'zimbraSSLDHParam', '/no/such/file')
    assert done.code == 2
    assert done.err.startswith('ERROR: service.INVALID_REQUEST (invalid request: unable to process arguments)')


def test_forced_display_shows_empty_ones(machine, zmprov):
    """[src] Usable with gcf only."""
    assert zmprov('-fd', 'gcf', RELAY).out == f'{RELAY}: \n'
    assert zmprov('-fd', 'gcf', LEVEL).out == f'{LEVEL}: may\n'


def test_forced_display_of_an_entry_repeats_names_in_lower_case(machine, zmprov):
    """[src] An extra line for every name, even when the value is set."""
    assert zmprov('-fd', 'gs', HOST, LEVEL).out == f'# name {HOST}\n{LEVEL}: may\n{LEVEL.lower()}: \n\n'


def test_forced_display_without_names_crashes(machine, zmprov):
    """[src] A NullPointerException: 1."""
    done = zmprov('-fd', 'gs', HOST)
    assert done.code == 1
    assert 'java.lang.NullPointerException' in done.err


def test_soap_hides_secrets(machine):
    """[src] VALUE-BLOCKED, which -l does not know."""
    machine.put('accounts', 'alice@example.com', 'userPassword', '{SSHA}x')
    shown = machine.zmprov('gs', HOST, 'zimbraSSLPrivateKey').out + machine.zmprov('ga', 'alice', 'userPassword').out
    assert shown.count('VALUE-BLOCKED') == 2 and 'secret' not in shown and 'SSHA' not in shown
    assert 'secret' in machine.zmprov('-l', 'gs', HOST, 'zimbraSSLPrivateKey').out


def test_headers_are_ascii_where_attributes_are_utf_8(machine, zmprov):
    """[src] LC_ALL=C: console and printOutput"""
    with machine.store.change() as data:
        data['cos']['bücher'] = {'description': ['für alle']}
    assert zmprov('gac').out == 'b?cher\ndefault\n'
    assert zmprov('gac', '-v').out.startswith('# name b?cher\ndescription: für alle\n\n')
    machine.env['LC_ALL'] = 'en_US.UTF-8'
    assert zmprov('gc', 'bücher', 'description').out == '# name bücher\ndescription: für alle\n\n'


@pytest.mark.parametrize(
    ('query', 'names'),
    [
        ('(zimbraAdminSieveScriptBefore=*)', ['bob@example.com']),
        ('(zimbraadminsievescriptbefore=STOP;)', ['bob@example.com']),
        (
            '(|(zimbraMailDeliveryAddress=alice@example.com)(zimbraMailAlias=*))',
            ['alice@example.com', 'all@example.com'],
        ),
        ('(&(zimbraMailDeliveryAddress=*)(!(zimbraAdminSieveScriptBefore=*)))', ['alice@example.com']),
        ('(zimbraMailAlias=a\\28b\\29@example.com)', ['all@example.com']),
        ('(zimbraNotes=*)', []),
    ],
)
def test_search_of_accounts(machine, zmprov, query, names):
    """[src] doSearchAccounts: names of accounts and lists that match by their own values."""
    machine.put('cos', 'default', 'zimbraNotes', 'inherited by nobody')
    with machine.store.change() as data:
        data['accounts']['bob@example.com'] = {
            'zimbraMailDeliveryAddress': ['bob@example.com'],
            'zimbraAdminSieveScriptBefore': ['stop;'],
        }
        data['lists'] = {'all@example.com': {'zimbraMailAlias': ['a(b)@example.com']}}
    done = zmprov('sa', query)
    assert (done.code, done.out.splitlines()) == (0, names)
    assert zmprov('sa', query, 'domain', 'example.com', 'limit', '1').out.splitlines() == names[:1]


@pytest.mark.parametrize('query', ['zimbraNotes=*', '(zimbraNotes=*', '(zimbraNotes=a*)', '(!(a=b)(c=d))', '(a=b)x'])
def test_a_bad_search(zmprov, query):
    """[?] The code is the library's for a filter that it cannot read; substrings are not in this double."""
    done = zmprov('sa', query)
    assert (done.code, done.err.split()[1]) == (2, 'ldap.INVALID_SEARCH_FILTER')


@pytest.mark.parametrize(
    ('command', 'name', 'said'),
    [
        ('gs', 'x.example.com', 'account.NO_SUCH_SERVER (no such server: x.example.com)'),
        ('gd', 'x.example.com', 'account.NO_SUCH_DOMAIN (no such domain: x.example.com)'),
        ('gc', 'x', 'account.NO_SUCH_COS (no such cos: x)'),
        ('ga', 'x@example.com', 'account.NO_SUCH_ACCOUNT (no such account: x@example.com)'),
        ('gs', IDENTITY[:-1] + '6', f'account.NO_SUCH_SERVER (no such server: {IDENTITY[:-1]}6)'),
    ],
)
def test_an_unknown_entry(machine, zmprov, command, name, said):
    """[src] 2, on standard error."""
    done = zmprov(command, name)
    assert (done.code, done.out, done.err) == (2, '', f'ERROR: {said}\n')


def test_a_name_like_a_uuid_is_an_identity(machine, zmprov):
    """[src] guessServerBy"""
    assert zmprov('gs', IDENTITY, LEVEL).out.startswith(f'# name {HOST}\n')
    assert zmprov('gs', HOST.upper(), LEVEL).out.startswith(f'# name {HOST}\n')
