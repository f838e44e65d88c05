# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The adapter of role kerio_smarthost: what it makes of a server, and that nothing of it is left."""

from __future__ import annotations

import os
import smtplib

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import part
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.names import CLIENTS, GATEWAY, RULE
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.record import KerioRecord

from lab.kerio import company
from lab.kerio.profiles import every

from .conftest import mail, send
from .shapes import profiles
from .test_service_access_module import reaches

pytest_plugins = ['tests.kerio.adapter']


def rules(double):
    return [(one['description'], one['isEnabled']) for one in double.state.data['relay_rules']]


def entries(double, group):
    found = [one for one in double.state.data['ip_entries'] if one['groupName'] == group]
    return sorted(one['host'] or one['addr1'] or one['type'] for one in found)


def test_it_comes_and_goes(host):
    kerio = host()
    before = kerio.held()
    told = kerio.apply(check_mode=True)[0]
    assert told['changed'] and kerio.held() == before
    done, warnings = kerio.apply()
    assert done['changed'] and done['diff'] == told['diff'] and warnings == []
    assert rules(kerio.double) == [('Partner', True), ('Old smart host', False), (RULE, True)]
    assert entries(kerio.double, GATEWAY) == ['127.0.0.1', '127.0.0.9', '::1', 'ThisMachine']
    assert kerio.double.state.service('SMTP')['group']['ipGroup']['name'] == CLIENTS
    kerio.double.state.control.forbid_sets = 'a second run'
    assert kerio.apply()[0]['changed'] is False and kerio.drift()['changed'] is False
    assert kerio.apply(check_mode=True)[0]['changed'] is False
    told = kerio.undo(check_mode=True)[0]
    kerio.double.state.control.forbid_sets = ''
    undone, warnings = kerio.undo()
    assert undone['changed'] and undone['diff'] == told['diff'] and warnings == []
    assert kerio.held() == before
    kerio.double.state.control.forbid_sets = 'a second run'
    assert kerio.undo()[0]['changed'] is False


SENDERS = {'scope': 'senders', 'scope_senders': ['@example.com', 'boss@sub.example.co.uk']}


@pytest.mark.parametrize('order', ['first', 'last'])
@pytest.mark.parametrize(
    'settings, led, left',
    [
        ({}, ['alice@example.com', 'x@external.test', ''], []),
        (SENDERS, ['alice@example.com', 'ALICE@EXAMPLE.COM', 'boss@sub.example.co.uk'], ['x@external.test', '']),
    ],
    ids=['all', 'senders'],
)
def test_mail_leaves_by_the_hop(host, sink, settings, led, left, order):
    hop, old = sink(), sink()
    world = {'hosts': {('127.0.0.1', 325): hop.place, 'old.provider.test': old.place}}
    kerio = host(settings=settings, world=world, relay_order=order)
    before = kerio.held()
    kerio.apply()
    kerio.double.state.control.forbid_sets = 'a second run'
    assert kerio.apply()[0]['changed'] is False
    kerio.double.state.control.forbid_sets = ''
    server = kerio.server()
    for sender in led + left:
        kerio.double.mail.queue.add(sender, ['y@external.test'], b'Subject: x\r\n\r\nx\r\n', 'SMTP')
    hop.wait(len(led))
    old.wait(len(left))
    assert sorted(one.sender for one in hop.deliveries) == sorted(led)
    assert sorted(one.sender for one in old.deliveries) == sorted(left)
    samples = [{'sender': sender, 'recipient': 'y@external.test'} for sender in led + left]
    assert [route.through for route in server.routes(samples)] == [True] * len(led) + [False] * len(left)
    assert server.routes([{'sender': 'x@external.test', 'recipient': 'bob@example.com'}])[0].through is False
    assert len(server.leads_to_hop()) == (4 if settings else 1)
    kerio.undo()
    assert kerio.server().leads_to_hop() == [] and kerio.held() == before


def strict(state):
    company.settle(state)
    company.forbid_strangers(state)


# What SPF allows, so that the gateway, which is none of these, would be refused.
ELSEWHERE = {'senders': {'external.test': ['192.0.2.7']}, 'exchangers': {'external.test': ('127.0.0.1', 1)}}


def test_the_gateway_gets_in_past_all_checks_and_nobody_else_does(host):
    kerio = host(prepare=strict, world=ELSEWHERE)
    before = kerio.held()
    with pytest.raises((smtplib.SMTPException, OSError)):
        send(kerio.double, source='127.0.0.9')
    kerio.apply()
    # Its limit is three messages an hour.
    for number in range(5):
        send(kerio.double, source='127.0.0.9', subject=str(number))
    send(kerio.double, sender='bob@example.com', source='127.0.0.9')
    send(kerio.double, sender='', source='127.0.0.1')
    mail(kerio.double, count=7)
    with pytest.raises((smtplib.SMTPException, OSError)):
        send(kerio.double, source='127.0.0.8')
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(kerio.double, source='127.0.0.9', recipients=['y@external.test'])
    kerio.undo()
    assert kerio.held() == before


def test_networks_come_and_go_while_their_group_is_in_use(host):
    kerio = host(prepare=strict)
    before = kerio.held()
    kerio.apply()
    kerio.settings.update(networks=['192.0.2.0/28', '2001:db8::/64'], allowed_networks=['10.0.0.0/8'])
    assert kerio.apply()[0]['changed'] and not kerio.apply()[0]['changed']
    assert entries(kerio.double, GATEWAY) == ['127.0.0.1', '192.0.2.0', '2001:db8::/64', '::1', 'ThisMachine']
    kerio.settings['inbound'] = False
    assert kerio.apply()[0]['changed'] and not kerio.apply()[0]['changed']
    assert entries(kerio.double, CLIENTS) == []
    assert kerio.double.state.service('SMTP')['group']['isUsed'] is False
    assert entries(kerio.double, GATEWAY) == ['127.0.0.1', '::1', 'ThisMachine']
    kerio.undo()
    assert kerio.held() == before


@pytest.mark.parametrize('name', profiles('U2', 'U4', 'U13'))
def test_every_profile_ends_right_or_is_refused(host, sink, name):
    wanted, hop = every()[name], sink()
    ways = {key: value for key, value in vars(wanted).items() if key != 'version'}
    world = {**ELSEWHERE, 'hosts': {('127.0.0.1', 325): hop.place}}
    kerio = host(wanted.version, strict, world=world, **{**ways, 'unknown_method': 'error'})
    before = kerio.held()
    if not wanted.rules:
        with pytest.raises(HostError, match='Kerio Connect 9.0 or newer is needed'):
            kerio.server().facts()
        return
    kerio.apply()
    kerio.double.state.control.forbid_sets = 'a second run'
    assert kerio.apply()[0]['changed'] is False
    kerio.double.state.control.forbid_sets = ''
    if wanted.licensed:
        send(kerio.double, source='127.0.0.9')
        mail(kerio.double)
        assert not reaches(kerio.double, '127.0.0.8') or wanted.this_machine == 'net'
        kerio.double.mail.queue.add('x@external.test', ['y@external.test'], b'Subject: x\r\n\r\nx\r\n', 'SMTP')
        assert hop.wait()[0].recipients == ['y@external.test']
    kerio.undo()
    assert kerio.held() == before


METHODS = (
    'IpAddressGroups.create',
    'Smtp.set',
    'Content.setAntiSpamSetting',
    'SenderPolicy.set',
    'Smtp.setRelayDeliveryRuleList',
    'Services.set',
)


@pytest.mark.parametrize('method', METHODS)
def test_a_change_that_fails_is_taken_back(host, method):
    kerio = host()
    before = kerio.held()
    kerio.double.state.control.reset = [method]
    with pytest.raises(SwitchError) as failed:
        kerio.apply()
    assert failed.value.restored and method in str(failed.value) and kerio.held() == before
    kerio.double.state.control.reset = []
    assert not KerioRecord().there
    kerio.apply()
    kerio.undo()
    assert kerio.held() == before


class Killed(BaseException):
    """As SIGKILL: nothing is put back."""


@pytest.mark.parametrize('undo', [False, True], ids=['change', 'undo'])
@pytest.mark.parametrize(
    'steps', [pytest.param(step, marks=[] if step in (1, 5) else pytest.mark.full) for step in range(8)]
)
def test_a_run_that_is_killed_is_finished_by_the_next_one(host, monkeypatch, steps, undo):
    kerio = host(prepare=strict)
    before = kerio.held()
    if undo:
        kerio.apply()
    with monkeypatch.context() as patch:
        left, real = [steps], part.plan

        def plan(*args):
            found = real(*args)
            for step in found.steps:
                step.do = counted(step.do)
            return found

        def counted(do):
            def count(*args):
                if not left[0]:
                    raise Killed
                left[0] -= 1
                do(*args)

            return count

        patch.setattr(part, 'plan', plan)
        try:
            (kerio.undo if undo else kerio.apply)()
        except Killed:
            pass
    if not undo:
        kerio.apply()
        assert kerio.drift()['changed'] is False
    kerio.undo()
    assert kerio.held() == before and not KerioRecord().there


def test_what_somebody_else_has_changed_is_noticed_and_mended(host):
    kerio = host()
    before = kerio.held()
    kerio.apply()
    data = kerio.double.state.data
    old = next(one for one in data['relay_rules'] if one['description'] == 'Old smart host')
    old['isEnabled'] = True
    data['antispam']['spfSetting']['exceptionIpGroup'].update(enabled=False, id='', name='')
    kerio.double.state.service('SMTP')['group']['isUsed'] = False
    data['ip_entries'] = [
        one for one in data['ip_entries'] if one['host'] != '127.0.0.9' or one['groupName'] == CLIENTS
    ]
    assert kerio.drift()['changed']
    kerio.apply()
    assert kerio.drift()['changed'] is False and old['isEnabled'] is True
    assert ('Old smart host', False) in rules(kerio.double)
    kerio.undo()
    assert kerio.held() == before


def test_a_rule_that_is_gone_is_said_and_keeps_nothing_from_being_undone(host):
    kerio = host()
    kerio.apply()
    data = kerio.double.state.data
    data['relay_rules'] = [one for one in data['relay_rules'] if one['description'] != 'Old smart host']
    warnings = kerio.undo()[1]
    assert any("'Old smart host'" in warning for warning in warnings)
    assert rules(kerio.double) == [('Partner', True)]


def test_without_a_record_what_is_ours_goes_all_the_same(host):
    kerio = host()
    kerio.apply()
    os.unlink(KerioRecord().path)
    kerio.undo()
    assert rules(kerio.double) == [('Partner', True), ('Old smart host', False)]
    assert [one for one in kerio.double.state.data['ip_entries'] if 'managed' in one['groupName']] == []
    assert kerio.double.state.service('SMTP')['group']['isUsed'] is False


def test_a_record_that_is_damaged_is_a_reason_not_to_begin(host):
    kerio = host()
    kerio.apply()
    with open(KerioRecord().path, 'w', encoding='ascii') as stream:
        stream.write('{"version": 1, "references": 5}')
    with pytest.raises(HostError, match='is damaged'):
        kerio.undo()
