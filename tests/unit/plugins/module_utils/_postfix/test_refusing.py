# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables and rules of the site that refuse the gateway."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import obstacles
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.refusing import refusing

from tests.unit.fakes.inbound import PARAMETERS, SETTINGS, configure, entry, of

CLIENT = 'smtpd_client_restrictions'


def rows(*services, tables=None, settings=None, **parameters):
    """With tables in which a key of a network answers for its addresses, as in a cidr table."""
    values, tables = {**PARAMETERS, **parameters}, tables or {}
    info = {
        'config_dir': '/etc/postfix',
        'parameters': values,
        'expanded': values,
        'services': list(services) or [entry()],
    }

    def ask(table, key):
        return tables.get(table, {}).get(key, '')

    def listed(table):
        return list(tables[table].items()) if table in tables else None

    return refusing(dict(SETTINGS, relay_host='mail.conbool.com', **(settings or {})), info, listed, ask)


def test_a_site_that_refuses_nobody_or_others():
    tables = {'hash:/x': {'192.0.3': 'REJECT', 'conbool.com': 'DUNNO', 'other.example': 'REJECT'}}
    assert rows(tables=tables, smtpd_client_restrictions='check_client_access hash:/x') == []
    assert rows() == []


@pytest.mark.parametrize('stage', ['client', 'helo', 'sender', 'relay'])
@pytest.mark.parametrize(
    'key, action',
    [
        ('192.0.2.7', 'REJECT'),
        ('192.0.2', '554 5.7.1 go away'),
        ('192', 'defer_if_permit Later'),
        ('conbool.com', 'REJECT'),
        ('.com', '450 4.7.1 later'),
        ('mail.conbool.com', 'DISCARD'),
        ('2001:db8:1::', 'REJECT'),
    ],
)
def test_a_table_that_refuses_the_gateway_is_named_with_the_key(stage, key, action):
    name = f'smtpd_{stage}_restrictions'
    (row,) = rows(tables={'hash:/x': {key: action}}, **{name: 'permit_mynetworks, check_client_access hash:/x'})
    assert (row['id'], row['status'], row['target']) == (
        'inbound.refused',
        'red',
        f'{name}: check_client_access hash:/x',
    )
    assert f'"{key} {action}" in hash:/x' in row['finding'] and 'postmap' in row['hint']
    assert rows(tables={'hash:/x': {key: action}}, **{name: 'warn_if_reject check_client_access hash:/x'}) == []


@pytest.mark.parametrize('check', ['check_helo_access', 'check_reverse_client_hostname_access'])
def test_a_name_that_is_refused(check):
    tables = {'hash:/x': {'conbool.com': 'REJECT', '192.0.2.0': 'OK'}}
    assert len(rows(tables=tables, smtpd_helo_restrictions=f'{check} hash:/x')) == 1
    assert rows(tables={'hash:/x': {'192.0.2.0': 'REJECT'}}, smtpd_helo_restrictions=f'{check} hash:/x') == []


def test_the_closest_key_wins_and_patterns_see_whole_addresses_only():
    tables = {'hash:/x': {'mail.conbool.com': 'OK', 'conbool.com': 'REJECT', '192.0.2': 'REJECT'}}
    assert rows(tables=tables, smtpd_client_restrictions='hash:/x') == []
    for kind, found in (('hash', 1), ('regexp', 0), ('cidr', 0)):
        tables = {f'{kind}:/x': {'192.0.2': 'REJECT'}}
        assert len(rows(tables=tables, smtpd_client_restrictions=f'{kind}:/x')) == found
    assert len(rows(tables={'cidr:/x': {'192.0.2.0': 'REJECT'}}, smtpd_client_restrictions='cidr:/x')) == 1


@pytest.mark.parametrize(
    'restrictions, refused',
    [
        ('permit_mynetworks, reject', 1),
        ('permit_sasl_authenticated reject_unknown_client_hostname defer', 1),
        ('check_client_access hash:/x, reject', 0),
        ('check_client_access hash:/none, reject', 1),
        ('permit, reject', 0),
        ('warn_if_reject reject', 0),
        # Nobody knows whom these let past.
        ('check_policy_service unix:private/x, reject', 0),
        ('check_recipient_access hash:/y, reject', 0),
        ('permit_dnswl_client list.example, reject', 0),
        ('strict', 1),
    ],
)
def test_a_list_that_refuses_whoever_comes(restrictions, refused):
    # All addresses of the gateway.
    tables = {'hash:/x': {'192.0.2': 'OK', '2001:db8:1::': 'OK'}}
    more = {'smtpd_restriction_classes': 'strict', 'strict': 'permit_mynetworks, reject'}
    found = rows(tables=tables, **{CLIENT: restrictions}, **more)
    assert len(found) == refused
    if refused:
        assert '"192.0.2.0/28 OK"' in found[0]['hint'] and 'conbool_inbound_trust' in found[0]['hint']


def test_with_trust_only_who_may_relay_is_asked():
    tables, trust = {'hash:/x': {'192.0.2': 'REJECT'}}, {'inbound_trust': True}
    assert rows(tables=tables, settings=trust, smtpd_client_restrictions='hash:/x') == []
    assert len(rows(tables=tables, settings=trust, smtpd_relay_restrictions='check_client_access hash:/x')) == 1


def test_only_services_of_its_mail_are_asked_and_each_thing_is_said_once():
    tables = {'hash:/x': {'192.0.2': 'REJECT'}}
    assert rows(entry('587'), tables=tables, smtpd_client_restrictions='hash:/x') == []
    assert len(rows(entry(), entry('192.0.2.9:25'), tables=tables, smtpd_client_restrictions='hash:/x')) == 1


def test_what_a_run_has_put_in_front_does_not_hide_it():
    tables = {'hash:/x': {'192.0.2': 'REJECT'}}
    earlier = configure(parameters={CLIENT: 'hash:/x'}, settings={'inbound_trust': True})
    service = entry(**of(earlier))
    assert CLIENT in service['options']
    assert len(rows(service, tables=tables, smtpd_client_restrictions='hash:/x')) == 1


def test_a_table_that_is_away_is_asked_once_and_said_once():
    asked = []

    def ask(table, key):
        asked.append(key)
        raise HostError('query error')

    values = {
        **PARAMETERS,
        CLIENT: 'check_client_access ldap:/x',
        'smtpd_helo_restrictions': 'check_client_access ldap:/x',
    }
    info = {'config_dir': '/etc/postfix', 'parameters': values, 'expanded': values}
    services = [entry(), entry('192.0.2.9:25')]
    known = dict(SETTINGS, relay_host='mail.conbool.com')
    (row,) = refusing(known, dict(info, services=services), lambda table: None, ask)
    assert (row['target'], row['status'], row['severity']) == ('ldap:/x', 'red', 'low')
    assert 'query error' in row['finding'] and len(asked) == 1


@pytest.mark.parametrize(
    'stage, by', [('client', 'client'), ('helo', 'helo'), ('sender', 'sender'), ('relay', 'recipient')]
)
def test_a_table_without_a_restriction_is_the_list_s_own(stage, by):
    name, clients, names = f'smtpd_{stage}_restrictions', {'192.0.2': 'REJECT'}, {'conbool.com': 'REJECT'}
    assert len(rows(tables={'hash:/x': clients}, **{name: 'hash:/x'})) == (by == 'client')
    assert len(rows(tables={'hash:/x': names}, **{name: 'hash:/x'})) == (by in ('client', 'helo'))
    # Whom it lets past, is not known then.
    assert len(rows(tables={'hash:/x': {}}, **{name: 'hash:/x, reject'})) == (by in ('client', 'helo'))


@pytest.mark.parametrize('inbound', [True, False])
def test_preflight_and_verify_ask(monkeypatch, inbound):
    monkeypatch.setattr(obstacles, 'refusing', lambda *dummy: [{'id': 'inbound.refused'}])
    monkeypatch.setattr(obstacles, 'doors', lambda *dummy: [])
    options = {'inbound_services': [], 'wash_services': [], 'wash_submission': False}
    found = obstacles.Obstacles(None, {'inbound': inbound}, options, {}).ways_past
    assert found == [{'id': 'inbound.refused'}] * inbound
