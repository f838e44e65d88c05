# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Postfix as everything else sees it."""

from __future__ import annotations

import os
import socket
from types import SimpleNamespace

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import server as postfix
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.gateway_tls import NOT_LEARNT
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.site_routes import SiteRoutes
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import routes as routes_of_postfix

from tests.unit.fakes.mail_server import FakeModule
from tests.unit.fakes.postfix_server import DOOR, INFO, PARTS, SMTPD, Instance, told

LIST = 'smtpd_recipient_restrictions'
PORT_25 = {
    'config_dir': '/etc/postfix',
    'services': [
        {
            'name': 'smtp',
            'type': 'inet',
            'command': 'smtpd',
            'options': {'conbool_main_restrictions': 'reject_unknown_recipient_domain,  permit'},
        },
        {'name': 'submission', 'type': 'inet', 'command': 'smtpd', 'options': {LIST: 'permit_sasl_authenticated'}},
    ],
}

PORT_25_AS_IT_IS = dict(PORT_25, parameters={LIST: 'permit'})


def test_a_door_is_in_preflight_verification_and_warnings(server, monkeypatch):
    before, after, warnings, problems = told(server(inbound=True), monkeypatch, SMTPD)
    # Port 25 is no door before it is limited, and one for as long as it is not limited afterwards.
    assert before == [DOOR] and after == [('inbound.door', 'smtp/inet'), DOOR] and problems == []
    assert [text.partition(':')[0] for text in warnings if text != NOT_LEARNT] == ['2525/inet']
    named = server({'inbound_services': ['2525']}, inbound=True)
    assert told(named, monkeypatch, SMTPD)[0] == []


def test_where_inbound_mail_is_not_managed_no_door_is_looked_for(server, monkeypatch):
    assert told(server(inbound=False), monkeypatch, SMTPD) == ([], [], [], [])


@pytest.mark.parametrize('wash', [True, False])
def test_a_filter_in_front_of_the_washing_is_told(server, monkeypatch, wash):
    options = {'smtpd_proxy_filter': 'x:1', 'smtpd_client_restrictions': 'permit_sasl_authenticated, reject'}
    users = dict(SMTPD, name='submission', options=options)
    before, after, dummy, dummy = told(server({'wash_submission': wash}, inbound=False), monkeypatch, users)
    assert before == after == ([('wash.filter', 'submission/inet')] if wash else [])


def test_what_stands_against_the_change_is_said_before_it(server, monkeypatch):
    sasl = {'smtpd_sasl_auth_enable': 'yes'}
    before, dummy, dummy, problems = told(server(inbound=True), monkeypatch, expanded=sasl)
    assert before == [('mta.refused', 'postfix')] and len(problems) == 1 and '587' in problems[0]
    # Port 25 stays as it is.
    assert told(server(inbound=False), monkeypatch, expanded=sasl)[3] == []
    maps = {'sender_dependent_default_transport_maps': 'hash:/x'}
    monkeypatch.setattr(SiteRoutes, 'of_senders', lambda self: [{'table': 't', 'key': 'k', 'value': 'v'}])
    before, dummy, dummy, problems = told(server(inbound=True), monkeypatch, expanded=maps)
    assert before == [('mta.refused', 'postfix')] and len(problems) == 1 and "'k'" in problems[0]
    # A Postfix that does not run cannot be asked.
    assert told(server(inbound=True), monkeypatch, expanded=maps, running=False)[3] == []


def test_what_takes_long_is_asked_once(server, monkeypatch):
    asked = []
    values = dict(INFO['expanded'], inet_interfaces='all')
    info = dict(INFO, parameters=values, expanded=values)
    monkeypatch.setattr(postfix, 'facts', lambda *dummy, **more: asked.append('facts') or (info, []))
    monkeypatch.setattr(SiteRoutes, 'of_senders', lambda self: asked.append('routes') or [])
    mta = server(inbound=True)
    monkeypatch.setattr(mta, '_instance', Instance)
    # A preflight asks for its rows, and then for what would be made.
    facts = mta.facts()
    mta.obstacles(facts)
    mta.wanted(facts, False)
    assert asked == ['facts', 'routes']
    # A verification does not take what was before a change.
    for question in (mta.stale, mta.listener_rows, mta.doors):
        question()
    assert asked == ['facts', 'routes', 'facts']
    # What it has seen is what is compared with what would be made.
    assert mta.facts().native is info
    assert asked == ['facts', 'routes', 'facts']


def test_one_that_is_not_responsible_for_a_domain_has_a_configuration_all_the_same(server, monkeypatch):
    asked = []

    def facts(*dummy, hosted_domains=(), **more):
        asked.append(list(hosted_domains))
        if hosted_domains:
            raise HostError('not responsible')
        return PORT_25_AS_IT_IS, []

    monkeypatch.setattr(postfix, 'facts', facts)
    mta = server()
    assert [row['id'] for row in mta.stale()] == ['inbound.copy']
    with pytest.raises(HostError, match='not responsible'):
        mta.facts()
    domains = mta.settings['domains']
    assert asked == [domains, [], domains]


def test_checks_that_judge_the_gateway_are_in_preflight(server, monkeypatch):
    judge = {'smtpd_client_restrictions': 'reject_rbl_client bl.example'}
    assert [found[0] for found in told(server(inbound=True), monkeypatch, expanded=judge)[0]] == ['inbound.judged']
    assert told(server(inbound=False), monkeypatch, expanded=judge)[0] == []


@pytest.mark.parametrize(
    'present, scope, said',
    [
        ('smtp', 'all', 'default_transport = smtp'),
        ('', 'all', 'site.yml'),
        ('conbool-hop:[127.0.0.1]:10027', 'all', 'sender-dependent'),
        ('smtp', 'senders', 'sender-dependent'),
    ],
)
def test_what_leads_past_the_gateway(server, monkeypatch, present, scope, said):
    mta = server(scope=scope)
    monkeypatch.setattr(mta, '_instance', lambda: Instance(default_transport=present))
    assert said in mta.BYPASS_HINT


def wanted(server, monkeypatch):
    monkeypatch.setattr(postfix, 'facts', lambda *dummy, **more: (INFO, []))
    facts = server.facts()
    assert facts.relay_networks == ['127.0.0.0/8', '10.0.0.0/24']
    return server.wanted(facts, False)


@pytest.mark.parametrize(
    'next_hop', ['[gw.partner.example]', '[192.0.2.1]:25', '[127.0.0.1]:2526', '[127.0.0.2]:10027', 'external.test', '']
)
def test_the_hop_s_client_on_its_way_to_another_host_is_not_the_way_to_the_gateway(server, monkeypatch, next_hop):
    class Instance:
        def parameters(self, *dummy):
            return {'queue_directory': '/var/spool/postfix', 'inet_protocols': 'ipv4'}, ''

    ways = {'a': ('conbool-hop', '[127.0.0.1]:325'), 'b': ('conbool-hop', next_hop), 'c': ('local', '')}
    monkeypatch.setattr(
        routes_of_postfix,
        'route',
        lambda queue, sender, recipient: dict(zip(('transport', 'next_hop'), ways[recipient])),
    )
    mta = server()
    monkeypatch.setattr(mta, '_instance', Instance)
    routes = mta.routes([{'sender': '', 'recipient': name} for name in ways])
    assert [route.through for route in routes] == [True, False, False]
    assert routes[1].way == ('conbool-hop:' + next_hop).rstrip(':') and routes[2].way == 'local'


BACK, OUT, IN, USER = PARTS[0], 'postfix_smarthost_outbound', 'postfix_smarthost_inbound', 'policy_user'


@pytest.mark.parametrize('user', [True, False])
@pytest.mark.parametrize(
    'settings, parts, after',
    [
        ({'inbound': False}, [BACK, OUT, IN], [USER]),
        ({'inbound': True}, [BACK, OUT, USER, IN], []),
        ({'inbound': True, 'inbound_require_certificate': False}, [BACK, OUT, IN], [USER]),
        ({'inbound': True, 'inbound_certificate_fingerprints': [':'.join(['AB'] * 32)]}, [BACK, OUT, IN], [USER]),
    ],
)
def test_parts(server, monkeypatch, settings, parts, after, user):
    monkeypatch.setattr(postfix.account, 'there', lambda name: user)
    monkeypatch.setattr(postfix.account, 'problems', lambda module, name: ['no such user'])
    found = wanted(server(**settings), monkeypatch)
    assert ('no such user' in found.problems) == (USER in parts)
    assert [part.name for part in found.parts] == parts + after * user
    assert found.hop.identity is INFO and not found.hop.own_programs
    assert found.hop.return_address == '[127.0.0.1]:329'
    assert found.hop.users == ('postfix',) and found.hop.beside == () == tuple(found.listeners)


@pytest.mark.parametrize('there', [True, False])
def test_who_names_another_way_back_needs_no_listener(server, monkeypatch, there):
    info = dict(INFO, owners=['postfix_smarthost_return'] if there else [])
    monkeypatch.setattr(postfix, 'facts', lambda *dummy, **more: (info, []))
    mta = server()
    mta.settings['roles']['outbound_hop'] = dict(mta.settings['roles']['outbound_hop'], return_address='[127.0.0.1]:26')
    found = mta.wanted(mta.facts(), False)
    # It goes when the hop, which comes first, knows the other one.
    parts = ['postfix_smarthost_outbound'] + ['postfix_smarthost_return'] * there
    assert [part.name for part in found.parts] == parts and found.hop.return_address == ''


def test_the_listener_outlives_the_hop(server):
    assert [part.name for part in server().undo()] == PARTS[:0:-1] + [USER]
    assert [part.name for part in server().undo_after_hop()] == PARTS[:1]


def test_the_ports_of_detours_are_for_the_mail_server_alone(server, monkeypatch):
    found = wanted(server(inbound=True, wash_networks=['10.20.0.0/16']), monkeypatch)
    assert [place.variable for place in found.listeners] == ['postfix_smarthost_wash_port']
    assert found.hop.beside == (326,)


@pytest.mark.parametrize(
    'info, outcome',
    [
        (dict(PORT_25, parameters={LIST: 'reject_unknown_recipient_domain, permit'}), [('inbound.copy', 'green')]),
        (dict(PORT_25, parameters={LIST: 'permit'}), [('inbound.copy', 'red')]),
        (dict(PORT_25, parameters={}), [('inbound.copy', 'red')]),
        ({'config_dir': '/etc/postfix', 'services': [], 'parameters': {}}, []),
    ],
)
def test_copies_of_what_main_cf_says(server, monkeypatch, info, outcome):
    monkeypatch.setattr(postfix, 'facts', lambda *dummy, **more: (info, []))
    assert [(row['id'], row['status']) for row in server().stale()] == outcome


@pytest.mark.parametrize('check_mode', [True, False])
def test_a_detour_that_goes_stays_until_nobody_is_led_to_it(server, monkeypatch, check_mode):
    old = {'name': '127.0.0.1:10028', 'type': 'inet', 'options': {'cleanup_service_name': 'conbool-wash-cleanup'}}
    services = [dict(INFO['services'][0], **old), *INFO['services']]
    monkeypatch.setattr(postfix, 'facts', lambda *dummy, **more: (dict(INFO, services=services), []))
    asked, steps = [], []

    class Detours(postfix.Detours):
        def messages(self):
            return []

        def with_former(self, wanted, also=()):
            asked.append(list(also))
            return super().with_former(wanted, also)

    def part(module, **options):
        steps.append((module.check_mode, '127.0.0.1:10028' in [service['name'] for service in options['services']]))
        return {'changed': True, 'diff': [len(steps)]}, []

    monkeypatch.setattr(postfix, 'Detours', Detours)
    monkeypatch.setattr(postfix, 'converge_part', part)
    mta = server(inbound=True, wash_networks=['10.20.0.0/16'])
    result = mta.wanted(mta.facts(), False).parts[-1].converge(FakeModule(check_mode=check_mode, diff=True))[0]
    going = [('wash', '127.0.0.1:10028')]
    assert asked == ([[]] if check_mode else [[], going, []])
    assert steps == ([(True, False)] if check_mode else [(True, False), (False, True), (False, False)])
    assert result['changed'] and result['diff'] == [1]


@pytest.mark.parametrize('proxied', [True, False])
def test_who_takes_the_gateway_s_mail(server, monkeypatch, tmp_path, proxied):
    """The port is one on which this process listens for other hosts; the master process is another one."""
    (tmp_path / 'pid').mkdir()
    entry = dict(SMTPD, name='127.0.0.1:25', options={'smtpd_upstream_proxy_protocol': 'haproxy'} if proxied else {})
    monkeypatch.setattr(postfix, 'facts', lambda *dummy, **more: (dict(INFO, services=[entry]), []))
    mta = server(inbound=True)
    monkeypatch.setattr(mta, '_parameter', lambda name: str(tmp_path))
    with socket.create_server(('0.0.0.0', 0)) as listener:
        firewall = dict(mta.settings['roles']['inbound_firewall'], port=listener.getsockname()[1])
        mta.settings['roles']['inbound_firewall'] = firewall
        rows = mta.arrivals()
        (tmp_path / 'pid/master.pid').write_text(str(os.getpid()), encoding='ascii')
        rows += mta.arrivals()
    rows += mta.arrivals()
    first = 'inbound.listens' if proxied else 'inbound.foreign'
    assert [row['id'] for row in rows] == [first, 'inbound.listens', 'inbound.closed']
    assert 'inet_interfaces' in rows[-1]['hint']


@pytest.mark.parametrize('there', [True, False])
def test_the_service_that_knows_the_gateway_by_name_is_asked_where_there_is_one(server, monkeypatch, there):
    entry = dict(INFO['services'][0], name='conbool-certificate', type='unix', command='spawn user=x argv=y')
    info = dict(INFO, services=INFO['services'] + [entry] * there, queue_directory='/no/such/queue')
    monkeypatch.setattr(postfix, 'facts', lambda *dummy, **more: (info, []))
    mta = server()
    monkeypatch.setattr(mta, '_detours', lambda info: SimpleNamespace(rows=list))
    path = '/no/such/queue/private/conbool-certificate'
    assert [(row['id'], row['target'], row['status']) for row in mta.listener_rows()] == (
        [('inbound.policy', path, 'red')] * there
    )
