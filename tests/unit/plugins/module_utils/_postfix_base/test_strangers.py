# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is refused at a service for certain."""

from __future__ import annotations

import ipaddress
import time

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.strangers import Stranger
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.table_entries import entries
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.values import Values, words

from tests.unit.fakes.inbound import PARAMETERS, configure, entry, of, table

CLOSED = 'permit_sasl_authenticated,reject'
TABLES = {
    'cidr:/lan': entries('10.0.0.0/8 OK\n192.0.2.0/28 OK\n0.0.0.0/0 REJECT\n::/0 REJECT', 'cidr'),
    'cidr:/partner': entries('203.0.113.7 OK\n0.0.0.0/0 REJECT\n::/0 REJECT', 'cidr'),
    'cidr:/ipv4_only': entries('0.0.0.0/0 REJECT', 'cidr'),
    'hash:/lan': [('10.1', 'OK'), ('192.168.3.4', 'permit_auth_destination')],
    'hash:/bad': [('203.0.113', 'REJECT go away'), ('spam.example', '550 no')],
    'hash:/friends': [('203.0.113.9', 'OK')],
    'hash:/named': [('printer.lan', 'OK')],
    'hash:/senders': [('boss@partner.example', 'OK')],
    'hash:/blocked': [('boss@partner.example', 'REJECT')],
    'hash:/numbers': [('203.0.113.9', '1')],
    'cidr:/classes': entries('192.0.2.0/28 gateway\n0.0.0.0/0 others\n::/0 others', 'cidr'),
}


def refused(parameters=None, logged_in=False, tables=None, configured=None, **options):
    tables = TABLES if tables is None else tables
    info = {'parameters': dict(PARAMETERS, **(parameters or {})), 'configured': configured or {}}
    stranger = Stranger(tables.get, [ipaddress.ip_network('192.0.2.0/28')], logged_in)
    return stranger.is_refused(entry('2525', **options), info)


@pytest.mark.parametrize(
    'restrictions, expected',
    [
        ('', False),
        ('reject', True),
        ('defer', True),
        ('REJECT', True),
        ('permit, reject', False),
        (CLOSED, True),
        ('permit_mynetworks permit_sasl_authenticated reject', True),
        ('permit_mynetworks,permit_tls_clientcerts,permit_inet_interfaces, reject', True),
        ('reject_unauth_destination', False),
        ('permit_sasl_authenticated, defer_unauth_destination', False),
        ('permit_auth_destination, reject', False),
        ('permit_mx_backup, reject', False),
        ('permit_dnswl_client list.example, reject', False),
        ('warn_if_reject reject', False),
        ('warn_if_reject reject_unknown_client_hostname, reject', True),
        ('reject_rbl_client bl.example, reject', True),
        # The name of a list is no restriction.
        ('reject_rbl_client reject', False),
        ('sleep 3, reject', True),
        ('check_policy_service unix:private/policy, reject', False),
        ('check_policy_service { unix:private/policy, default_action=DUNNO }, reject', False),
        ('check_sasl_access hash:/x, check_ccert_access hash:/y, reject', True),
        ('check_client_access static:REJECT', True),
        ('check_client_access static:{554 5.7.1 Go away}', True),
        ('check_client_access static:OK, reject', False),
        ('check_client_access static:{reject}', True),
        ('check_client_access static:DUNNO, reject', True),
        ('check_client_access static:{DEFER_IF_PERMIT later}', False),
        ('check_client_access cidr:/lan', True),
        ('check_client_access cidr:/ipv4_only', False),
        ('check_client_access cidr:/partner', False),
        ('check_client_access hash:/lan, reject', True),
        ('check_client_access hash:/friends, reject', False),
        ('check_client_access hash:/numbers, reject', False),
        ('check_client_access hash:/named, reject', False),
        ('check_client_access hash:/bad, reject', True),
        ('check_client_access hash:/bad', False),
        ('check_client_access mysql:/unreadable, reject', False),
        ('check_sender_access hash:/senders, reject', False),
        ('check_sender_access hash:/blocked, reject', True),
        ('hash:/friends, reject', False),
        ('permit_something_new, reject', False),
        # Of old, without an argument.
        ('check_relay_domains reject', False),
        ('something_new, reject', False),
        ('$mua, reject', True),
        ('$unknown_to_all', False),
        ('${unknown_to_all?permit,}reject', True),
        ('${mua?permit,}reject', False),
        ('${unknown_to_all:reject}', True),
        ('$(mua) reject', True),
        ('closed', True),
        ('nested', True),
        ('endless, reject', False),
        ('check_client_access cidr:/classes', True),
    ],
)
@pytest.mark.parametrize('name', ['client', 'helo', 'sender', 'relay', 'recipient', 'data', 'end_of_data'])
def test_a_list_of_restrictions(restrictions, expected, name):
    classes = {
        'smtpd_restriction_classes': 'closed nested, endless gateway others',
        'closed': CLOSED,
        'nested': 'permit_mynetworks closed',
        'endless': 'endless',
        'gateway': 'permit',
        'others': 'permit_mynetworks, check_client_access static:{554 no}',
        'mua': 'permit_sasl_authenticated',
    }
    parameter = f'smtpd_{name}_restrictions'
    assert refused(configured=classes, **{parameter: restrictions}) is expected
    assert refused({parameter: restrictions}, configured=classes) is expected


def test_one_list_is_enough_and_a_permit_is_for_its_own_list():
    assert refused(smtpd_client_restrictions='permit', smtpd_relay_restrictions='reject')
    assert refused(smtpd_delay_reject='no', smtpd_client_restrictions=CLOSED, smtpd_recipient_restrictions='permit')


def test_a_service_s_own_list_counts_and_not_main_cf_s():
    assert not refused({'smtpd_client_restrictions': 'reject'}, smtpd_client_restrictions='')


def test_networks_that_are_everybody():
    assert not refused(mynetworks='0.0.0.0/0', smtpd_client_restrictions='permit_mynetworks, reject')
    assert refused(mynetworks='hash:/etc/postfix/networks', smtpd_client_restrictions='permit_mynetworks, reject')


@pytest.mark.parametrize(
    'protocols, expected',
    [('ipv4', True), ('all', False), ('ipv6', False), ('ipv4, ipv6', False), ('', False)],
)
def test_a_protocol_that_is_off_brings_nobody(protocols, expected):
    only = {'smtpd_client_restrictions': 'check_client_access cidr:/ipv4_only'}
    assert refused({'inet_protocols': protocols}, **only) is expected


@pytest.mark.parametrize(
    'options, expected',
    [
        ({'smtpd_tls_req_ccert': 'yes', 'smtpd_tls_security_level': 'encrypt'}, True),
        ({'smtpd_tls_req_ccert': 'yes', 'smtpd_tls_wrappermode': 'yes'}, True),
        # Postfix only asks then.
        ({'smtpd_tls_req_ccert': 'yes', 'smtpd_tls_security_level': 'may'}, False),
        ({'smtpd_tls_security_level': 'encrypt'}, False),
    ],
)
def test_a_certificate_that_all_have_to_show(options, expected):
    assert refused(**options) is expected


@pytest.mark.parametrize(
    'restrictions, expected',
    [
        (CLOSED, False),
        ('permit_mynetworks, reject', True),
        ('reject', True),
        ('check_sasl_access hash:/x, reject', False),
    ],
)
def test_a_user_who_logged_in(restrictions, expected):
    assert refused(logged_in=True, smtpd_client_restrictions=restrictions) is expected


def test_what_a_run_makes_of_port_25_refuses_strangers():
    wanted = configure(entry())
    info = {'parameters': PARAMETERS}
    tables = {'cidr:/etc/postfix/conbool_clients': entries(table(wanted, 'conbool_clients'), 'cidr')}
    networks = [ipaddress.ip_network(item) for item in ('192.0.2.0/28', '2001:db8:1::/64', '10.20.0.0/16')]
    assert Stranger(tables.get, networks).is_refused(entry(**of(wanted)), info)
    # It is what the table says, not its name.
    assert not Stranger({}.get, networks).is_refused(entry(**of(wanted)), info)
    assert not Stranger(tables.get, networks).is_refused(entry(), info)


def test_words_of_a_list():
    assert words('a, b  c,,d { e, f = {g} } h:{i j}') == ['a', 'b', 'c', 'd', '{ e, f = {g} }', 'h:{i j}']
    assert words('') == []


def test_a_reference_to_itself_ends():
    assert Values({'options': {'a': '$b', 'b': '$a'}}, {'parameters': {}}).of('a') in ('$a', '$b')


@pytest.mark.parametrize(
    'text, kind, expected',
    [
        ('# c\n10.0.0.0/8  OK\n  more\n::1 REJECT x', 'cidr', [('10.0.0.0/8', 'OK more'), ('::1', 'REJECT x')]),
        ('/^a b/i REJECT x\n!/c\\/d/ OK\n', 'pcre', [('^a b', 'REJECT x'), ('c\\/d', 'OK')]),
        ('if /x/\n/y/ OK\nendif', 'regexp', None),
        ('!10.0.0.0/8 REJECT', 'cidr', None),
        ('nonsense', 'cidr', None),
        ('nonsense', 'regexp', None),
    ],
)
def test_tables_that_can_be_read(text, kind, expected):
    assert entries(text, kind) == expected


def test_long_lists_take_no_long_time():
    known = [ipaddress.ip_network(f'203.{first}.{second}.0/25') for first in range(100) for second in range(100)]
    lines = [(str(network), 'OK') for network in known] + [('0.0.0.0/0', 'REJECT'), ('::/0', 'REJECT')]
    restrictions = {'smtpd_client_restrictions': 'check_client_access cidr:/long'}
    info = {'parameters': dict(PARAMETERS, **restrictions), 'configured': {}}
    begin = time.monotonic()
    assert Stranger({'cidr:/long': lines}.get, known).is_refused(entry('2525'), info)
    # Each line against each network is a hundred million comparisons.
    assert time.monotonic() - begin < 5
    assert not Stranger({'cidr:/long': lines}.get, known[1:]).is_refused(entry('2525'), info)
