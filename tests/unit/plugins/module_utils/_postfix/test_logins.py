# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where users hand in mail."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.detour import detour_services
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.logins import (
    bad_names,
    login_services,
    only_on_port_25,
    unwashed,
)

from tests.unit.fakes.inbound import PARAMETERS, entry

SASL = {'smtpd_sasl_auth_enable': 'yes'}
USERS = dict(SASL, smtpd_client_restrictions='permit_mynetworks,permit_sasl_authenticated,reject')


def info(*services, **parameters):
    values = {**PARAMETERS, 'inet_interfaces': 'all', **parameters}
    return {
        'version': '3.7.11',
        'config_dir': '/etc/postfix',
        'parameters': values,
        'expanded': values,
        'services': list(services),
    }


def logins(*services, further=(), washed=(), **parameters):
    return [found['name'] for found in login_services(info(*services, **parameters), further, washed)]


@pytest.mark.parametrize('name', ['588', '10465', '10587', '2587', '192.0.2.1:2587', 'groupware'])
def test_wherever_users_log_in(name):
    assert logins(entry(name, **USERS)) == [name]
    assert logins(entry(name, smtpd_client_restrictions=USERS['smtpd_client_restrictions']), **SASL) == [name]


@pytest.mark.parametrize('name', ['submission', '587', 'submissions', 'smtps', '465', '127.0.0.1:587'])
def test_names_that_are_for_users_whatever_else_is_said(name):
    assert logins(entry(name)) == [name]


def test_the_gateway_s_ports_are_not_among_them():
    assert logins(entry(**USERS), entry('2525', **USERS), further=['2525']) == []
    assert logins(entry(command='postscreen'), entry('smtpd', kind='pass', **USERS)) == []


def test_a_listener_for_programs_is_none_because_of_what_main_cf_says():
    local = {'smtpd_client_restrictions': 'permit_mynetworks,reject'}
    assert logins(entry('127.0.0.1:10025'), entry('590', **local), **SASL) == []
    # This one is meant for users.
    assert logins(entry('127.0.0.1:10025', **USERS)) == ['127.0.0.1:10025']
    # And users of a proxy are anywhere.
    assert logins(entry('127.0.0.1:10587', smtpd_upstream_proxy_protocol='haproxy'), **SASL) == ['127.0.0.1:10587']


def test_our_own_detours_are_never_among_them():
    detour = [
        dict(entry(service['name'], service['command'], service['type']), options=service['options'])
        for service in detour_services('wash', 10028, 'conbool_wash_lan', info(), [])
    ]
    assert logins(*detour, **SASL) == []
    name = '127.0.0.1:10028'
    assert logins(*detour, washed=[name]) == []
    assert len(bad_names(info(*detour), [], [name])) == 1 and 'of this role' in bad_names(info(*detour), [], [name])[0]


def test_services_that_the_user_names():
    services = [entry(), entry('127.0.0.1:10025')]
    assert logins(*services, washed=['127.0.0.1:10025']) == ['127.0.0.1:10025']
    assert bad_names(info(*services), [], ['127.0.0.1:10025']) == []
    for name, text in (('10026', 'is no inet service'), ('smtp', 'takes the mail of the gateway')):
        (problem,) = bad_names(info(*services), [], [name])
        assert problem.startswith(f'postfix_smarthost_wash_services: {name!r} {text}')


def test_a_filter_before_the_header_checks_is_red_until_its_way_back_is_named():
    services = [entry(), entry('submission', smtpd_proxy_filter='127.0.0.1:10024', **USERS), entry('127.0.0.1:10025')]
    (row,) = unwashed(info(*services), [], [])
    assert (row['id'], row['target'], row['status']) == ('wash.filter', 'submission/inet', 'red')
    assert 'postfix_smarthost_wash_services' in row['hint'] and '127.0.0.1:10024' in row['finding']
    assert unwashed(info(*services), [], ['127.0.0.1:10025']) == []
    # Its own name is no way back.
    assert len(unwashed(info(*services), [], ['submission'])) == 1
    assert unwashed(info(*services[:1]), [], []) == []


def test_users_who_log_in_on_port_25_only():
    (problem,) = only_on_port_25(info(entry(**SASL)), [], [])
    assert 'smtp/inet' in problem and '587' in problem
    assert only_on_port_25(info(entry(), **SASL), [], []) == [problem]
    assert len(only_on_port_25(info(entry(command='postscreen'), entry('smtpd', kind='pass', **SASL)), [], [])) == 1
    assert only_on_port_25(info(entry(**SASL), entry('587', **USERS)), [], []) == []
    assert only_on_port_25(info(entry(**SASL), entry('588', **USERS)), [], []) == []
    assert only_on_port_25(info(entry()), [], []) == []
