# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""zmprov of the double: which values it refuses, in which order it looks, and what it says (facts: zimbra-cli.md,
section 4)."""

from __future__ import annotations

import pytest

from lab.zimbra.cli.provisioning import hash_order

from .machine import HOST, refusal

RELAY = 'zimbraMtaRelayHost'
LEVEL = 'zimbraMtaSmtpTlsSecurityLevel'
CLIENT = 'zimbraMtaSmtpdClientRestrictions'
ONE_VALUE = f'service.INVALID_REQUEST (invalid request: {RELAY} can only have one value)'


@pytest.mark.parametrize(
    ('attribute', 'value', 'text'),
    [
        ('zimbraMtaTlsAuthOnly', 'true', 'must be TRUE or FALSE'),
        ('zimbraMtaTlsAuthOnly', 'yes', 'must be TRUE or FALSE'),
        ('zimbraMtaTlsSecurityLevel', 'encrypt', 'must be one of: may,none'),
        (LEVEL, 'May', 'must be one of: none,may,encrypt,dane,dane-only,fingerprint,verify,secure'),
        ('zimbraMtaHopcountLimit', 'x', 'must be a valid integer: x'),
        ('zimbraMtaHopcountLimit', '2147483648', 'must be a valid integer: 2147483648'),
        ('zimbraMtaHopcountLimit', ' 5', 'must be a valid integer:  5'),
        ('zimbraMtaMaxMessageSize', 'x', 'must be a valid long: x'),
        ('zimbraMtaMaxMessageSize', '-1', 'value(-1) smaller than minimum allowed: 0'),
        ('zimbraMtaSmtpdTlsLoglevel', '5', 'value(5) larger than max allowed: 4'),
        ('zimbraMtaSmtpdTlsLoglevel', '0', 'value(0) smaller than minimum allowed: 1'),
        ('zimbraMilterBindPort', '65536', 'must be a valid port: 65536'),
        ('zimbraMilterBindPort', 'smtp', 'must be a valid port: smtp'),
        (RELAY, 'x' * 257, 'value length(257) larger than max allowed: 256'),
        ('zimbraMtaSmtpdMilters', 'x' * 1025, 'value length(1025) larger than max allowed: 1024'),
    ],
)
def test_values_are_checked(machine, zmprov, attribute, value, text):
    """[src] account.INVALID_ATTR_VALUE, 2, nothing written."""
    before = machine.store.read()
    assert refusal(zmprov('mcf', attribute, value)) == f'account.INVALID_ATTR_VALUE ({attribute} {text})'
    assert machine.store.read() == before


@pytest.mark.parametrize(
    ('attribute', 'value'),
    [
        ('zimbraMilterBindPort', '0'),
        ('zimbraMilterBindPort', '65535'),
        ('zimbraMtaSmtpdTlsLoglevel', '4'),
        ('zimbraMtaMaxMessageSize', str(2**40)),
        (RELAY, 'x' * 256),
        (CLIENT, "anything 'at all' $x \\ \n in two lines"),
        (CLIENT, 'auch für Grüße'),
    ],
)
def test_what_passes_the_checks(machine, attribute, value):
    """[src] No content check for strings, which take line breaks too."""
    machine.env['LC_ALL'] = 'C.UTF-8'
    assert machine.zmprov('-l', 'mcf', attribute, value).code == 0
    assert machine.own('config', '', attribute) == [value]


def test_a_value_given_twice(machine, zmprov):
    """[?] LDAP compares without regard to case, and refuses."""
    text = refusal(zmprov('mcf', 'zimbraMtaRestriction', 'reject', 'zimbraMtaRestriction', 'REJECT'))
    assert text.startswith('service.FAILURE (system failure: unable to modify attrs: LDAP error: ')


def test_several_values_for_a_single_one(machine, zmprov):
    """[src] account.INVALID_ATTR_VALUE from LDAP; the wording behind is slapd's [?]."""
    text = refusal(zmprov('mcf', CLIENT, 'reject', CLIENT, 'permit'))
    assert text.startswith(
        'account.INVALID_ATTR_VALUE (invalid attr value: invalid attr value - unable to modify attributes: '
    )


def test_a_second_value_added_to_a_single_one(machine, zmprov):
    """[src] The same."""
    assert refusal(zmprov('mcf', f'+{CLIENT}', 'reject')).startswith('account.INVALID_ATTR_VALUE (invalid attr value: ')
    assert machine.own('config', '', CLIENT) == ['reject_unauth_pipelining']


@pytest.mark.parametrize(
    'attribute',
    [
        RELAY,
        *(
            f'zimbraMta{name}'
            for name in ('FallbackRelayHost', 'MyHostname', 'MyOrigin', 'MyNetworks', 'MyDestination')
        ),
    ],
)
def test_not_ascii_in_an_ascii_attribute(machine, zmprov, attribute):
    """[src] Refused by LDAP."""
    machine.env['LC_ALL'] = 'C.UTF-8'
    text = refusal(zmprov('mcf', attribute, 'bücher.example.com'))
    assert text.startswith('account.INVALID_ATTR_VALUE (invalid attr value: invalid attr value - unable to modify')


def test_an_unknown_attribute(machine, zmprov):
    """[src] account.INVALID_ATTR_NAME; what LDAP says is assembled from the sources."""
    assert refusal(zmprov('mcf', 'zimbraFoo', 'x')) == (
        'account.INVALID_ATTR_NAME (invalid attr name: invalid attr name - unable to modify attributes: '
        'zimbraFoo: attribute type undefined)'
    )


def test_an_unknown_attribute_is_logged_with_l_only(machine):
    """[src] checkValue: no attribute info"""
    assert 'checkValue: no attribute info for: zimbraFoo\n' in machine.zmprov('-l', 'mcf', 'zimbraFoo', 'x').err
    assert 'checkValue' not in machine.zmprov('mcf', 'zimbraFoo', 'x').err


@pytest.mark.parametrize(
    ('command', 'attribute'),
    [
        (('md', 'example.com'), RELAY),
        (('ma', 'alice@example.com'), LEVEL),
        (('mc', 'default'), CLIENT),
        (('ms', HOST), 'zimbraSpamWhitelistHeader'),
        (('ms', HOST), 'zimbraMtaBlockedExtensionWarnRecipient'),
        (('mcf',), 'zimbraAdminSieveScriptBefore'),
        (('ms', HOST), 'zimbraMailTransport'),
    ],
)
def test_an_attribute_of_another_class_of_entries(machine, zmprov, command, attribute):
    """[src] service.FAILURE, object class violation."""
    value = {LEVEL: 'may', 'zimbraMtaBlockedExtensionWarnRecipient': 'TRUE'}.get(attribute, 'x')
    assert refusal(zmprov(*command, attribute, value)) == (
        'service.FAILURE (system failure: unable to modify attrs: object class violation - unable to modify '
        f"attributes: attribute '{attribute}' not allowed)"
    )


@pytest.mark.parametrize('command', [('md', 'example.com'), ('ma', 'alice@example.com')])
def test_mail_transport_belongs_to_domains_and_accounts(machine, zmprov, command):
    """[src] mailRecipient"""
    assert zmprov(*command, 'zimbraMailTransport', 'smtp:[mx.example.com]:25').code == 0


def test_an_immutable_attribute(machine, zmprov):
    """[src] service.INVALID_REQUEST"""
    assert refusal(zmprov('md', 'example.com', 'zimbraDomainType', 'alias')) == (
        'service.INVALID_REQUEST (invalid request: zimbraDomainType is immutable)'
    )


def test_a_cause_is_shown_with_l_only(machine):
    """[src] Errors that have a Java cause; compare up to the closing bracket of the message."""
    assert ' (cause: java.lang.NumberFormatException ' in machine.zmprov('-l', 'mcf', 'zimbraMtaMaxUse', 'x').err
    assert '(cause:' not in machine.zmprov('mcf', 'zimbraMtaMaxUse', 'x').err
    assert '(cause:' not in machine.zmprov('-l', 'mcf', 'zimbraMtaTlsAuthOnly', 'x').err


def test_one_command_is_all_or_nothing(machine, zmprov):
    """[src] One LDAP modify: the refusal of one attribute leaves the others as they were."""
    before = machine.store.read()
    assert zmprov('mcf', LEVEL, 'none', 'zimbraFoo', 'x').code == 2
    assert zmprov('mcf', LEVEL, 'none', CLIENT, 'a', CLIENT, 'b').code == 2
    assert machine.store.read() == before


def test_checks_of_all_attributes_come_before_ldap(machine, zmprov):
    """[src] Types and callbacks first, then LDAP."""
    assert 'must be TRUE or FALSE' in refusal(zmprov('mcf', 'zimbraFoo', 'x', 'zimbraMtaTlsAuthOnly', 'x'))
    zmprov('mcf', RELAY, '[a]')
    assert refusal(zmprov('mcf', 'zimbraFoo', 'x', f'+{RELAY}', '[b]')) == ONE_VALUE


def test_the_first_failure_is_reported_alone_in_hash_order(machine, zmprov):
    """[src] The order of a Java HashMap, not that of the command line."""
    names = ['zimbraMtaTlsAuthOnly', 'zimbraMtaSmtpdTlsLoglevel']
    first = hash_order(names)[0]
    for order in (names, names[::-1]):
        text = refusal(zmprov('mcf', *(word for name in order for word in (name, 'x'))))
        assert text.startswith(f'account.INVALID_ATTR_VALUE ({first} ')


def test_hash_order_is_java_s():
    """[run] Asked of Java 17, for these words and for 800 sets of attribute names."""
    names = [
        'RelayHost',
        'MyNetworks',
        'SmtpTlsSecurityLevel',
        'SmtpdClientRestrictions',
        'TlsAuthOnly',
        'HeaderChecks',
    ]
    names += ['BlockedExtensionWarnRecipient', 'MaxUse', 'MyHostname', 'HopcountLimit', 'SmtpHeloName', 'InFlowDelay']
    names = [f'zimbraMta{name}' for name in names] + ['zimbraSpamHeader', 'zimbraSpamHeaderValue']
    assert [names.index(name) for name in hash_order(names)] == [9, 7, 11, 8, 1, 5, 2, 3, 4, 6, 10, 13, 12, 0]
    assert hash_order(['one', 'two', 'three', 'four', 'five', 'six', 'seven']) == [
        *('six', 'four', 'one', 'seven', 'two', 'three', 'five')
    ]
