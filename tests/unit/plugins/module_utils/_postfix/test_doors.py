# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services are a way in past the gateway."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.doors import doors

from tests.unit.fakes.inbound import PARAMETERS, SETTINGS, entry

CLOSED = 'permit_sasl_authenticated,reject'


def found(*services, further=(), changed=False, **parameters):
    values = {**PARAMETERS, 'inet_interfaces': 'all', **parameters}
    info = {'config_dir': '/etc/postfix', 'parameters': values, 'expanded': values, 'services': list(services)}
    return doors(SETTINGS, info, lambda table: None, further, changed)


def names(*services, **more):
    return [row['target'] for row in found(*services, **more)]


def test_a_second_smtpd_is_named_with_both_cures():
    (row,) = found(entry(), entry('2525'))
    assert (row['id'], row['target'], row['status']) == ('inbound.door', '2525/inet', 'red')
    assert 'postfix_smarthost_inbound_services: ["2525"]' in row['hint']
    assert '-o smtpd_client_restrictions=permit_sasl_authenticated,reject to 2525/inet' in row['hint']


@pytest.mark.parametrize('name', ['2525', '0.0.0.0:2525', '[::]:2525', '192.0.2.1:2525', 'mx.example.com:2525'])
def test_names_under_which_others_reach_it(name):
    assert names(entry(name)) == [name + '/inet']


@pytest.mark.parametrize('name', ['127.0.0.1:2525', '[::1]:2525', '::1:2525', 'localhost:2525', '127.5.0.1:2525'])
def test_names_under_which_only_this_host_reaches_it(name):
    assert names(entry(name)) == []
    # A proxy hands strangers on.
    assert names(entry(name, smtpd_upstream_proxy_protocol='haproxy')) == [name + '/inet']


@pytest.mark.parametrize('interfaces', ['loopback-only', '127.0.0.1, [::1]', 'localhost', ''])
def test_interfaces_of_this_host_alone(interfaces):
    assert names(entry('2525'), inet_interfaces=interfaces) == []
    assert names(entry('192.0.2.1:2525'), inet_interfaces=interfaces) == ['192.0.2.1:2525/inet']


def test_submission_with_log_in_is_open_unless_it_is_closed():
    sasl = {'smtpd_sasl_auth_enable': 'yes', 'smtpd_tls_security_level': 'encrypt'}
    relay = {'smtpd_relay_restrictions': 'permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination'}
    assert names(entry('submission', **sasl), **relay) == ['submission/inet']
    # Commented out in Debian's main.cf, and so empty.
    assert names(entry('587', smtpd_client_restrictions='$mua_client_restrictions', **sasl), **relay) == ['587/inet']
    assert names(entry('submission', smtpd_client_restrictions=CLOSED, **sasl), **relay) == []
    assert names(entry('submissions', smtpd_relay_restrictions=CLOSED, **sasl), **relay) == []


def test_what_a_run_limits_is_none_before_and_one_if_it_is_open_afterwards():
    assert names(entry(), entry('2525'), further=['2525']) == []
    first, second = found(entry(), entry('2525'), further=['2525'], changed=True)
    assert 'site.yml' in first['hint'] and 'site.yml' in second['hint']


def test_postscreen_hands_on_to_what_is_judged():
    postscreen = entry('2525', command='postscreen')
    assert names(postscreen, entry('smtpd', kind='pass')) == ['2525/inet']
    (row,) = found(postscreen, entry('smtpd', kind='pass'))
    assert 'to smtpd/pass in master.cf' in row['hint']
    assert names(postscreen, entry('smtpd', kind='pass', smtpd_client_restrictions='reject')) == []
    # The one behind port 25 is limited.
    assert names(entry(command='postscreen'), postscreen, entry('smtpd', kind='pass')) == []
    assert names(entry('2525', command='postscreen', smtpd_service_name='other'), entry('other', kind='pass')) == [
        '2525/inet'
    ]


def test_what_is_no_smtpd_is_none():
    assert names(entry('2525', command='spawn user=x argv=y'), entry('smtpd', kind='unix'), entry('x', 'qmqpd')) == []


def test_a_proxied_door_says_so():
    (row,) = found(entry('10025', smtpd_upstream_proxy_protocol='haproxy'))
    assert 'behind a proxy' in row['finding']
    assert 'behind a proxy' not in found(entry('10025', smtpd_upstream_proxy_protocol=''))[0]['finding']
