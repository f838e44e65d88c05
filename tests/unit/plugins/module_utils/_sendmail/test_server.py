# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sendmail as everything else sees it."""

from __future__ import annotations

import os
import socket
from types import SimpleNamespace

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import file_record
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import fingerprint
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import daemon, hop
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import server as sendmail
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.rulesets import ROUTE
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.server import SendmailServer

from tests.unit.fakes.gateway import shown
from tests.unit.fakes.mail_server import SETTINGS, FakeModule
from tests.unit.fakes.sendmail_facts import info

LOCAL = {'mailer': 'local', 'next_hop': ''}


@pytest.fixture(name='server')
def fixture_server(tmp_path):
    def make(decision='native', **settings):
        options = {
            'decision': decision,
            'paths': {'config_dir': str(tmp_path)},
            'system_ca_file': '/etc/ssl/certs/ca-certificates.crt',
            'wash_port': 326,
        }
        roles = dict(SETTINGS['roles'], sendmail_smarthost=options)
        return SendmailServer(FakeModule(), dict(SETTINGS, roles=roles, **settings))

    return make


def facts_of(server, monkeypatch, **changes):
    known = dict(
        info(**changes),
        version='8.17.1',
        running=True,
        queue_directory='/var/spool/mqueue',
        deliveries=[],
        relay_networks=['10.0.0.0/8'],
        file_owners=['sendmail', 'spam_delivery'],
        host_name='mx.example.com',
    )
    monkeypatch.setattr(sendmail, 'facts', lambda *dummy: known)
    return server.facts()


@pytest.mark.parametrize(
    'decision, gateway, null_sender',
    [('native', '[mail.conbool.com]:25', False), ('hop', '[127.0.0.1]:325', True)],
)
def test_mail_goes_to_the_gateway_or_to_the_hop(server, monkeypatch, decision, gateway, null_sender):
    ways = {
        'a@x.test': {'mailer': 'conbool', 'next_hop': gateway},
        'b@x.test': {'mailer': 'conbool', 'next_hop': 'x.test:25'},
        'c@x.test': LOCAL,
    }
    mta = server(decision)
    monkeypatch.setattr(mta, '_way', lambda sender, recipient: ways[recipient])
    routes = mta.routes([{'sender': '', 'recipient': recipient} for recipient in ways])
    assert [(route.way, route.through) for route in routes] == [
        ('conbool:' + gateway, True),
        ('conbool:x.test:25', False),
        ('local', False),
    ]
    assert mta.null_sender_through() == null_sender
    assert mta.hop_decides == (decision == 'hop')


def test_without_a_sender_mail_goes_to_the_gateway_when_the_settings_say_so(server):
    assert server(bypass_null_sender=False).null_sender_through()


def test_native_rules_need_no_hop_and_know_what_is_washed(server, monkeypatch):
    mta = server(wash_networks=['10.20.0.0/16'])
    facts = facts_of(mta, monkeypatch)
    assert (facts.parts, facts.relay_networks) == (['sendmail'], ['10.0.0.0/8'])
    wanted = mta.wanted(facts, False)
    assert (wanted.problems, wanted.hop, [part.name for part in wanted.parts]) == ([], None, ['sendmail'])


def test_the_hop_gets_the_identity_of_sendmail(server, monkeypatch):
    mta = server('hop')
    wanted = mta.wanted(facts_of(mta, monkeypatch), False)
    assert wanted.hop.own_programs and wanted.hop.wash_port == 326
    assert wanted.hop.wash_variable == 'sendmail_smarthost_wash_port'
    assert wanted.hop.identity['expanded']['myhostname'] == 'mx.example.com'


def test_what_stands_against_it_leaves_nothing_to_change(server, monkeypatch):
    mta = server()
    wanted = mta.wanted(facts_of(mta, monkeypatch, mailers={}), False)
    assert 'MAILER' in wanted.problems[0] and wanted.parts == []


def rules(gateway, port):
    blank = dict.fromkeys(('null_sender', 'bounce', 'scope', 'before'), '')
    return ROUTE % dict(blank, gateway=gateway, port=port, check=hop.WASH % 326)


@pytest.mark.parametrize(
    'text, leads',
    [
        (rules('[127.0.0.1]', 325), True),
        # Of a run with another port.
        (rules('[127.0.0.1]', 10027), True),
        (rules('[IPv6:::1]', 325), True),
        (rules('[mail.conbool.com]', 25), False),
        ('', False),
    ],
)
def test_rules_in_front_of_the_hop_lead_to_it_and_those_before_the_gateway_do_not(server, tmp_path, text, leads):
    (tmp_path / 'sendmail.cf').write_text(text, encoding='utf-8')
    assert server().leads_to_hop() == [str(tmp_path / 'sendmail.cf')] * leads


def test_trust_that_it_cannot_give_is_refused(server, monkeypatch):
    def problems(**settings):
        mta = server(**settings)
        found = mta.wanted(facts_of(mta, monkeypatch), False).problems
        return [problem for problem in found if problem.startswith('conbool_inbound_trust: ')]

    (problem,) = problems(inbound=True, inbound_trust=True)
    assert 'Connect:ADDRESS OK' in problem
    assert problems(inbound=True, inbound_trust=False) == problems(inbound=False, inbound_trust=True) == []


IN_FORCE = {
    'native': 'Mconbool,\tP=[IPC], A=TCP $h\n',
    'hop': 'Mconbool,\tP=[IPC], A=TCP $h\n' + rules('[127.0.0.1]', 1),
    '': '',
}


@pytest.mark.parametrize('in_force', IN_FORCE)
@pytest.mark.parametrize('possible', [True, False])
def test_by_default_the_hop_decides_where_it_can_be_had(server, monkeypatch, tmp_path, possible, in_force):
    (tmp_path / 'sendmail.cf').write_text(IN_FORCE[in_force], encoding='utf-8')
    mta = server('auto')
    mta.hop_possible = lambda: possible
    # As long as nothing is to be changed, what is there is looked at.
    assert mta.hop_decides == (in_force == 'hop' or (in_force == '' and possible))
    wanted = mta.wanted(facts_of(mta, monkeypatch), False)
    assert (wanted.hop is not None, mta.hop_decides) == (possible, possible)
    said = [text for text in wanted.warnings if 'Outlook, Google, Apple and Thunderbird' in text]
    assert len(said) == (not possible) and all('no Postfix on this host' in text for text in said)


def test_what_stands_against_the_hop_alone_leaves_the_decision_to_sendmail(server, monkeypatch):
    asked = {'tls_entries': {'tls_rcpt:partner.example': 'ENCR:112'}}
    mta = server('auto')
    mta.hop_possible = lambda: True
    wanted = mta.wanted(facts_of(mta, monkeypatch, **asked), False)
    assert (wanted.problems, wanted.hop) == ([], None)
    assert any('Outlook' in text and 'tls_rcpt:partner.example ENCR:112' in text for text in wanted.warnings)
    # Who asked for the hop is told what keeps it away; so is who can have neither.
    assert 'tls_rcpt' in server('hop').wanted(facts_of(mta, monkeypatch, **asked), False).problems[0]
    neither = server('auto')
    neither.hop_possible = lambda: True
    about = dict(asked, rulesets={'Local_tls_server': 2})
    assert 'tls_rcpt' in neither.wanted(facts_of(neither, monkeypatch, **about), False).problems[0]


def test_nobody_is_warned_of_calendars_that_are_not_to_go_direct(server, monkeypatch):
    mta = server('auto', bypass_calendar=False)
    assert not any('Outlook' in text for text in mta.wanted(facts_of(mta, monkeypatch), False).warnings)


@pytest.mark.parametrize(
    'certificate, known',
    [
        (shown(), 'certificate'),
        # Of the key alone Sendmail has no fingerprint.
        (shown()._replace(certificate=b'renewed'), ''),
        (shown(2, for_clients=True), 'name'),
    ],
)
@pytest.mark.parametrize('explicit', [[], ['AB']])
def test_by_what_the_gateway_is_known(server, tmp_path, certificate, known, explicit):
    name = 'ConboolNamed' if explicit else 'ConboolLearnt'
    parts = (shown().certificate, shown().public_key)
    lines = ''.join('C{%s}%s\n' % (name, fingerprint(part, 'sha256')) for part in parts)
    (tmp_path / 'sendmail.cf').write_text('O SetCertAltnames=true\n' + lines, encoding='utf-8')
    mta = server(inbound_certificate_fingerprints=explicit)
    assert mta.knows(certificate) == (known if known != 'name' or not explicit else '')


def test_keys_are_those_that_the_last_run_has_left(server, monkeypatch, tmp_path):
    monkeypatch.setattr(file_record, 'BASE', str(tmp_path / 'record/files'))
    mine, foreign = fingerprint(shown().certificate, 'sha256'), ':'.join(['AB'] * 32)
    text = f'C{{ConboolLearnt}}{foreign}\nC{{ConboolLearnt}}{mine}\n'
    (tmp_path / 'conbool.m4').write_text(text, encoding='ascii')
    mta = server(inbound=True)
    facts = facts_of(mta, monkeypatch, options={'servercertfile': '/a', 'serverkeyfile': '/b'})
    facts.gateway = [shown()]
    seen = []
    monkeypatch.setattr(sendmail, 'render', lambda *given: seen.append(given[-1]) or '')
    mta.wanted(facts, False)
    record = file_record.FileRecord('sendmail')
    entry = record.new_entry(str(tmp_path / 'conbool.m4'), None, None, text.encode())
    record.save([entry], [], False)
    mta.wanted(facts, False)
    assert seen == [[mine], [foreign, mine]]


@pytest.mark.parametrize('decision', ['native', 'hop'])
def test_what_the_site_says_of_the_gateway_is_asked_before_the_change(server, monkeypatch, decision):
    class Rules:
        def __init__(self, *dummy):
            pass

        def client_rows(self):
            return ['client']

        def server_rows(self, addresses, ours=True):
            return [addresses, ours]

    key = fingerprint(shown().public_key, 'sha256')
    monkeypatch.setattr(sendmail, 'SiteRules', Rules)
    monkeypatch.setattr(sendmail, 'addresses', lambda dummy: ['203.0.113.4'])
    monkeypatch.setattr(sendmail, 'shown_by_gateway', lambda dummy: [shown()])
    mta = server(decision, inbound=True)
    monkeypatch.setattr(mta, '_program', lambda: None)
    facts = facts_of(mta, monkeypatch, options={'servercertfile': '/a', 'serverkeyfile': '/b'})
    known = [['203.0.113.4'], False] if decision == 'native' else []
    assert mta.obstacles(facts) == ['client', *known]
    mta.settings['inbound_certificate_fingerprints'] = [key]
    assert [row['id'] for row in mta.obstacles(facts)[1:2]] == ['gateway.key']
    facts.gateway = [shown()]
    assert any(key in problem for problem in mta.wanted(facts, False).problems)


def test_who_takes_the_gateway_s_mail(server, monkeypatch, tmp_path):
    """The port is one on which this process listens for other hosts; whether it is the daemon, the pid file says."""
    pid_file = tmp_path / 'sendmail.pid'
    pid_file.write_text('1\n', encoding='ascii')
    mta = server(inbound=True)
    monkeypatch.setattr(mta, '_program', lambda: SimpleNamespace(describe=lambda path: {'pid_file': str(pid_file)}))
    titles = {os.getpid(): 'sendmail: accepting connections'}
    monkeypatch.setattr(daemon, '_title', lambda pid: titles.get(pid, ''))
    with socket.create_server(('0.0.0.0', 0)) as listener:
        firewall = dict(mta.settings['roles']['inbound_firewall'], port=listener.getsockname()[1])
        mta.settings['roles']['inbound_firewall'] = firewall
        # One that was left behind by an earlier start, and that no pid file names.
        rows = mta.arrivals()
        pid_file.write_text(f'{os.getpid()}\n', encoding='ascii')
        rows += mta.arrivals()
    rows += mta.arrivals()
    assert [row['id'] for row in rows] == ['inbound.listens', 'inbound.listens', 'inbound.closed']
    assert 'DAEMON_OPTIONS' in rows[-1]['hint']
