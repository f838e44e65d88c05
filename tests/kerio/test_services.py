# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services: listeners, and for whom they are."""

from __future__ import annotations

import smtplib
import socket

import pytest

from .conftest import connect
from .shapes import (
    create,
    entry,
    only_group,
)


def smtp(client):
    return next(service for service in client.call('Services.get')['services'] if service['name'] == 'SMTP')


def set_smtp(client, **difference):
    return client.call('Services.set', services=[{**smtp(client), **difference}])['errors']


@pytest.mark.parametrize('language, text', [('en', 'All addresses'), ('de', 'Alle Adressen')])
def test_there_are_fifteen_services_in_the_language_of_the_server(make, admin, language, text):
    found = admin(make(language=language)).call('Services.get')['services']
    assert len(found) == 15 and [one['defaultPort'] for one in found[:3]] == [25, 465, 587]
    assert {listener['address'] for one in found for listener in one['listeners']} == {text}


def test_a_service_is_right_or_refused(make, admin):
    client = admin(make(world={'taken_ports': [26]}))
    assert [error['code'] for error in set_smtp(client, listeners=[])] == [1000]
    missing = {'isUsed': True, 'ipGroup': {'id': 'keriodb://ipgroup/none', 'name': ''}}
    assert [error['code'] for error in set_smtp(client, group=missing)] == [1002]
    assert [error['code'] for error in set_smtp(client, id='keriodb://service/none')] == [1002]
    for port, code in ((587, 1000), (26, 1000), (0, -32602)):
        listener = {'type': 'AllAddresses', 'address': 'All addresses', 'port': port}
        assert [error['code'] for error in set_smtp(client, listeners=[listener])] == [code]
    for bad in ({'listeners': [{'type': 'Localhost', 'port': 25}]}, {'connectionLimit': {'isSet': True}}, {'more': 1}):
        with pytest.raises(Exception, match='-32602'):
            set_smtp(client, **bad)
    before = smtp(client)
    assert set_smtp(client, name='Other', defaultPort=1, isRunning=False) == []
    assert smtp(client) == before


@pytest.mark.parametrize('way', ['at once', 'restart'])
def test_a_listener_changes(make, admin, way):
    """U12"""
    double = make(listener_change=way)
    client = admin(double)
    old = double.port()
    assert set_smtp(client, listeners=[{'type': 'Localhost', 'address': '127.0.0.1', 'port': 2525}]) == []
    if way == 'restart':
        assert double.port() == old
        client.call('Services.restart', service=smtp(client)['id'])
    connect(double, configured=2525).close()
    with pytest.raises(OSError):
        socket.create_connection(('127.0.0.1', old), timeout=1)


def test_a_listener_change_waits_for_the_next_start(make, admin):
    double = make(listener_change='restart')
    client = admin(double)
    set_smtp(client, listeners=[{'type': 'Localhost', 'address': '127.0.0.1', 'port': 2525}])
    client.log_out()
    double.restart()
    connect(double, configured=2525).close()


def test_a_port_that_is_taken_leaves_a_service_that_does_not_run(make, admin):
    client = admin(make(port_conflict='silent', world={'taken_ports': [26]}))
    assert smtp(client)['isRunning'] is True
    assert set_smtp(client, listeners=[{'type': 'AllAddresses', 'address': 'All addresses', 'port': 26}]) == []
    assert smtp(client)['isRunning'] is False


def test_a_session_that_looks_at_the_state_keeps_no_change_waiting(make):
    double = make()
    state, looked = double.state, []

    def look():
        with state.lock:
            looked.append(True)

    # As a call of the interface has it, while a client greets.
    with state.lock:
        state.service('SMTP')['listeners'][0]['port'] = 2525
        double.mail.loop.call_soon_threadsafe(look)
        double.mail.apply()
    assert looked and ('SMTP', 2525) in double.mail.ports


def test_localhost_may_be_both_addresses(make, admin):
    double = make(localhost=('127.0.0.1', '::1'))
    set_smtp(admin(double), listeners=[{'type': 'Localhost', 'address': 'localhost', 'port': 25}])
    assert {address for name, port, address in double.mail.servers if name == 'SMTP'} == {'127.0.0.1', '::1'}


@pytest.mark.parametrize('way', ['close', '421', '554'])
def test_a_service_for_a_group_is_for_nobody_else(make, admin, way):
    """U11: asked when a client connects."""
    double = make(group_refusal=way)
    client = admin(double)
    create(client, entry(host='127.0.0.9'))
    group = {'isUsed': True, 'ipGroup': {'id': only_group(client), 'name': ''}}
    assert set_smtp(client, group=group) == []
    assert smtp(client)['group']['ipGroup']['name'] == 'Conbool'
    connect(double, source='127.0.0.9').close()
    with socket.create_connection(('127.0.0.1', double.port()), timeout=3) as stranger:
        assert stranger.recv(99)[:3].decode() == ('' if way == 'close' else way)
        assert stranger.recv(99) == b''
    # The other ports have groups of their own.
    connect(double, 'SMTP Submission', 587).close()
    create(client, entry(groupId=only_group(client), host='127.0.0.1'))
    connect(double).close()


@pytest.mark.parametrize('drops', [False, True])
def test_a_group_may_end_connections(make, admin, drops):
    """U11"""
    double = make(group_change_drops=drops)
    client = admin(double)
    create(client, entry())
    there = connect(double)
    set_smtp(client, group={'isUsed': True, 'ipGroup': {'id': only_group(client), 'name': ''}})
    if drops:
        with pytest.raises(smtplib.SMTPServerDisconnected):
            there.noop()
    else:
        assert there.noop()[0] == 250
    there.close()


def test_without_a_licence_the_administration_is_all_there_is(make, admin):
    """U23"""
    double = make(licensed=False)
    client = admin(double)
    assert smtp(client)['isRunning'] is False and double.mail.ports == {}
    assert [alert['alertName'] for alert in client.call('Server.getAlertList')['alerts']] == ['LicenseExpired']
