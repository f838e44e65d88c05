# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""zmprov of the double: what writing does and refuses (facts: zimbra-cli.md, section 4)."""

from __future__ import annotations

import pytest

from .machine import HOST, refusal

RELAY = 'zimbraMtaRelayHost'
LEVEL = 'zimbraMtaSmtpTlsSecurityLevel'
RESTRICTION = 'zimbraMtaRestriction'
CLIENT = 'zimbraMtaSmtpdClientRestrictions'
ONE_VALUE = f'service.INVALID_REQUEST (invalid request: {RELAY} can only have one value)'


def test_success_is_silent(machine, zmprov):
    """[src] 0, nothing printed."""
    done = zmprov('ms', HOST, RELAY, '[127.0.0.1]:10025', LEVEL, 'may')
    assert (done.code, done.out, done.err) == (0, '', '')
    assert machine.own('servers', HOST, RELAY) == ['[127.0.0.1]:10025']


@pytest.mark.parametrize(
    'command', [('ms', HOST), ('md', 'example.com'), ('mc', 'default'), ('ma', 'alice@example.com')]
)
def test_every_kind_of_entry_is_written(machine, zmprov, command):
    """[src] ms, md, mc, ma; mcf is in the others."""
    kind = {'ms': 'servers', 'md': 'domains', 'mc': 'cos', 'ma': 'accounts'}[command[0]]
    attribute = 'zimbraNotes' if kind != 'servers' else 'description'
    assert zmprov(*command, attribute, 'seen').code == 0
    assert machine.own(kind, command[1], attribute) == ['seen']


@pytest.mark.parametrize(
    ('attribute', 'value', 'since'),
    [
        ('zimbraMtaAuthEnabled', 'TRUE', '6.0.0_BETA1'),
        ('zimbraMtaAuthHost', 'x', '8.6'),
        ('zimbraMtaDnsLookupsEnabled', 'FALSE', '8.7.0_BETA2'),
        ('zimbraMtaStpdSoftErrorLimit', '11', '8.7.0_BETA2'),
    ],
)
def test_a_deprecated_attribute_is_warned_of_and_written(machine, zmprov, attribute, value, since):
    """[src] On standard output, before the write, with one empty line."""
    done = zmprov('mcf', attribute, value)
    assert (done.code, done.out) == (0, f'Warn: attribute {attribute} has been deprecated since {since}\n\n')
    assert machine.own('config', '', attribute) == [value]


def test_no_warning_of_a_deprecated_attribute_with_a_sign(machine, zmprov):
    """[src] +X and -X are looked up with the sign, and not found."""
    done = zmprov('mcf', '+zimbraMtaAuthHost', 'x')
    assert (done.code, done.out) == (0, '')


def test_deprecated_attributes_may_be_forbidden(machine, zmprov):
    """[src] allow_modifying_deprecated_attributes=false"""
    machine.localconfig['allow_modifying_deprecated_attributes'] = 'false'
    done = zmprov('mcf', 'zimbraMtaDnsLookupsEnabled', 'FALSE')
    assert done.out.startswith('Warn: ')
    assert done.code == 2
    assert 'modifying deprecated attribute is not allowed: zimbraMtaDnsLookupsEnabled' in done.err


def test_a_repeated_name_replaces_by_all_values(machine, zmprov):
    """[src] `a v1 a v2`"""
    assert zmprov('mcf', RESTRICTION, 'reject', RESTRICTION, 'reject_unknown_sender_domain').code == 0
    assert machine.own('config', '', RESTRICTION) == ['reject', 'reject_unknown_sender_domain']


def test_an_empty_value_removes_the_attribute(machine, zmprov):
    """[src] Nothing is sent when there is no own value, also if one is inherited."""
    assert zmprov('ms', HOST, LEVEL, '').code == 0
    zmprov('ms', HOST, LEVEL, 'encrypt')
    assert zmprov('ms', HOST, LEVEL, '').code == 0
    assert LEVEL not in machine.store.read()['servers'][HOST]
    assert machine.store.effective('servers', HOST)[LEVEL] == ['may']


def test_an_empty_value_among_others_is_sent_and_refused(machine, zmprov):
    """[src] It fails in LDAP for most types."""
    text = refusal(zmprov('mcf', RESTRICTION, 'reject', RESTRICTION, ''))
    assert text.startswith('account.INVALID_ATTR_VALUE (invalid attr value: invalid attr value - unable to modify')
    assert machine.own('config', '', RESTRICTION) == ['reject_invalid_helo_hostname', 'reject_non_fqdn_sender']


def test_an_empty_attribute_name_is_a_crash(machine, zmprov):
    """[src] An uncaught Java exception: 1."""
    done = zmprov('mcf', '', 'x')
    assert done.code == 1
    assert done.err.startswith('Exception in thread "main" java.lang.StringIndexOutOfBounds')


def test_adding_and_removing_values(machine, zmprov):
    """[src] +a and -a; what is there already or not there is no matter, in any case of letters."""
    assert zmprov('mcf', f'+{RESTRICTION}', 'reject').code == 0
    assert zmprov('mcf', f'+{RESTRICTION}', 'REJECT').code == 0
    assert zmprov('mcf', f'-{RESTRICTION}', 'nothing').code == 0
    assert zmprov('mcf', f'-{RESTRICTION}', 'Reject_Invalid_Helo_Hostname').code == 0
    assert machine.own('config', '', RESTRICTION) == ['reject_non_fqdn_sender', 'reject']


def test_adding_looks_at_own_values_only(machine, zmprov):
    """[src] An inherited value is not "already there"."""
    assert zmprov('ms', HOST, f'+{RESTRICTION}', 'reject_non_fqdn_sender').code == 0
    assert machine.own('servers', HOST, RESTRICTION) == ['reject_non_fqdn_sender']


def test_signs_mixed_with_none(machine, zmprov):
    """[src] service.FAILURE, since the LDAP layer wraps it."""
    expected = (
        'service.FAILURE (system failure: unable to modify attrs: invalid request: '
        "can't mix +attrName/-attrName with attrName)"
    )
    assert refusal(zmprov('mcf', RESTRICTION, 'reject', f'+{RESTRICTION}', 'x')) == expected
    assert refusal(zmprov('mcf', f'-{RESTRICTION}', 'x', RESTRICTION, 'reject')) == expected


def test_another_spelling_escapes_the_test_for_mixed_signs(machine, zmprov):
    """[src] The names are compared as they are written."""
    assert zmprov('mcf', RESTRICTION, 'reject', f'+{RESTRICTION.lower()}', 'reject_unknown_sender_domain').code == 0


def test_adding_and_removing_in_one_command(machine, zmprov):
    """[src] One LDAP modify."""
    done = zmprov('mcf', f'+{RESTRICTION}', 'reject', f'-{RESTRICTION}', 'reject_non_fqdn_sender')
    assert done.code == 0
    assert machine.own('config', '', RESTRICTION) == ['reject_invalid_helo_hostname', 'reject']


def test_the_relay_host_has_one_value(machine, zmprov):
    """[src] Whatever the cardinality says."""
    assert refusal(zmprov('mcf', RELAY, '[a]', RELAY, '[b]')) == ONE_VALUE
    assert zmprov('mcf', RELAY, '[a]').code == 0
    assert refusal(zmprov('mcf', f'+{RELAY}', '[b]')) == ONE_VALUE
    assert zmprov('mcf', f'+{RELAY}', '[a]').code == 0
    assert zmprov('mcf', RELAY, '[b]').code == 0
    assert zmprov('mcf', f'-{RELAY}', '[b]').code == 0
    assert machine.own('config', '', RELAY) == []


def test_inherited_relay_hosts_count(machine, zmprov):
    """[src] + on a server fails when the global configuration has another one; without a sign it works."""
    machine.put('config', '', RELAY, '[a]:25')
    assert refusal(zmprov('ms', HOST, f'+{RELAY}', '[b]:25')) == ONE_VALUE
    assert zmprov('ms', HOST, RELAY, '[b]:25').code == 0
    assert machine.own('servers', HOST, RELAY) == ['[b]:25']


def test_a_relay_host_cannot_be_swapped_by_signs(machine, zmprov):
    """[src] multiValueMod sees the + and not the - (read in the sources)."""
    zmprov('mcf', RELAY, '[a]')
    assert refusal(zmprov('mcf', f'+{RELAY}', '[b]', f'-{RELAY}', '[a]')) == ONE_VALUE


def test_a_server_cannot_have_no_relay_host_while_there_is_a_global_one(machine, zmprov):
    """[src] '' removes the server's, and the global one shows through."""
    machine.put('config', '', RELAY, '[a]')
    machine.put('servers', HOST, RELAY, '[b]')
    assert zmprov('ms', HOST, RELAY, '').code == 0
    assert zmprov('gs', HOST, RELAY).out == f'# name {HOST}\n{RELAY}: [a]\n\n'


def test_the_safeguard(machine, zmprov):
    """[src] One plain value for zimbraServiceEnabled or zimbraServiceInstalled without -r ends the process, 2."""
    done = zmprov('ms', HOST, 'zimbraServiceEnabled', 'mta')
    assert (done.code, done.out) == (2, '')
    assert done.err == 'error: cannot replace multi-valued attr value unless -r is specified\n'
    assert zmprov('ms', HOST, 'ZimbraServiceInstalled', 'mta').code == 2
    assert len(machine.own('servers', HOST, 'zimbraServiceEnabled')) > 1


def test_what_passes_the_safeguard(machine, zmprov):
    """[src] -r, a sign, two values in the same command, other attributes."""
    assert zmprov('ms', HOST, 'zimbraServiceEnabled', 'mta', 'zimbraServiceEnabled', 'mailbox').code == 0
    assert machine.own('servers', HOST, 'zimbraServiceEnabled') == ['mta', 'mailbox']
    assert zmprov('ms', HOST, '+zimbraServiceEnabled', 'opendkim').code == 0
    assert zmprov('ms', HOST, '-zimbraServiceEnabled', 'opendkim').code == 0
    assert zmprov('ms', HOST, RESTRICTION, 'reject').code == 0
    assert zmprov('-r', 'ms', HOST, 'zimbraServiceInstalled', 'mta').code == 0


def test_localconfig_says_what_is_safeguarded(machine, zmprov):
    """[src] zmprov_safeguarded_attrs"""
    machine.localconfig['zmprov_safeguarded_attrs'] = RESTRICTION
    assert zmprov('mcf', RESTRICTION, 'reject').code == 2
    assert zmprov('ms', HOST, 'zimbraServiceInstalled', 'mta').code == 0


def test_not_ascii_on_the_command_line_is_damaged(machine):
    """[?] At the mercy of Java's character set; here every byte becomes U+FFFD. A file is read as UTF-8."""
    machine.zmprov('-l', 'mcf', CLIENT, 'für')
    assert machine.own('config', '', CLIENT) == ['f\ufffd\ufffdr']
    machine.batch(f'mcf {CLIENT} für')
    assert machine.own('config', '', CLIENT) == ['für']


def test_the_name_is_looked_up_before_the_pairs_are_looked_at(machine, zmprov):
    """[src] Arguments are evaluated from left to right (read in the sources)."""
    assert 'account.NO_SUCH_SERVER' in refusal(zmprov('ms', 'nobody', RELAY, 'x', LEVEL))
