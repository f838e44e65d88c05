# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who looks at a mail server from outside, at what, and what is known when it could not."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.observer import observer, seen
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.results import result_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.variables import normalise
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.host_settings import ROLES

GOOD = {'conbool_domains': ['example.com'], 'conbool_inbound': False, 'verify_inbound_host': 'mx.example.com'}
CLIENTS = {'outbound_hop_clients': ['192.0.2.100'], 'outbound_hop_listen_port': 2525}
TLS = {'outbound_hop_tls_cert': '/etc/ssl/hop.pem', 'outbound_hop_tls_key': '/etc/ssl/hop.key'}
HOSTS = ['mx', 'mon']


def settings(**more):
    found, problems, dummy = normalise({**GOOD, **more}, ROLES)
    assert problems == []
    return found


def test_nobody_is_asked_unless_somebody_is_named():
    assert observer(settings(), HOSTS) == {}
    assert seen({}, {'skipped': True}) == {'skipped': True} and result_rows('outside', seen({}, {})) == []


@pytest.mark.parametrize('name, there', [('mon', True), ('localhost', True), ('elsewhere', False)])
def test_who_is_named_is_in_the_run_or_a_row(name, there):
    found = observer(settings(verify_outside=name), HOSTS)
    assert (found.get('name'), found.get('missing')) == ((name, None) if there else (None, name))
    if not there:
        (row,) = result_rows('outside', seen(found, {'skipped': True}))
        assert (row['id'], row['target'], row['status']) == ('inbound.observer', name, 'unknown')


@pytest.mark.parametrize(
    'more, port, reachable, starttls',
    [
        ({}, 25, True, True),
        ({'verify_inbound_port': 26}, 26, True, True),
        # Strangers do not get to a smart host of others, where there is a firewall; without a certificate it has no TLS.
        (CLIENTS, 2525, False, False),
        ({**CLIENTS, **TLS}, 2525, False, True),
        ({**CLIENTS, 'inbound_firewall_state': 'absent'}, 2525, True, False),
    ],
)
def test_what_is_to_be_seen(more, port, reachable, starttls):
    found = observer(settings(verify_outside='mon', **more), HOSTS)
    assert (found['host'], found['port']) == ('mx.example.com', port)
    assert (found['expect']['reachable'], found['expect']['starttls']) == (reachable, starttls)


@pytest.mark.parametrize('name, word', [('mon', 'Mend its connection'), ('localhost', 'ansible_connection=local')])
def test_an_observer_that_is_away_has_its_name_in_the_row(name, word):
    away = {'unreachable': True, 'msg': 'No route to host'}
    (row,) = result_rows('outside', seen(observer(settings(verify_outside=name), HOSTS), away))
    assert (row['id'], row['target'], row['finding']) == ('inbound.unreachable', name, 'No route to host')
    assert word in row['hint']


def test_a_look_that_its_task_did_not_call_a_failure_is_one_all_the_same():
    found = seen(observer(settings(verify_outside='mon'), HOSTS), {'failed': False, 'msg': 'no such option'})
    (row,) = result_rows('outside', found)
    assert (row['id'], row['target'], row['status'], row['finding']) == (
        'inbound.failed',
        'mon',
        'red',
        'no such option',
    )
