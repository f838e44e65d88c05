# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be so of a host before its mail server is led to the gateway."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import FirewallError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.detect import MtaError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import fingerprint
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows import preflight

from tests.unit.fakes.firewall import Machine
from tests.unit.fakes.gateway import certificate

SETTINGS = {
    'relay_host': 'mail.conbool.com',
    'relay_port': 25,
    'tls_name': 'mail.conbool.com',
    'tls_ca_file': None,
    'tls_client_cert': None,
    'tls_client_key': None,
    'mta': 'auto',
    'state': 'present',
    'inbound': False,
    'inbound_require_certificate': True,
    'inbound_certificate_fingerprints': [],
    'networks': ['192.0.2.0/24'],
    'allowed_networks': ['10.1.0.0/16'],
    'roles': {
        'inbound_firewall': {'state': 'present', 'backend': 'auto', 'port': 25},
        'outbound_hop': {'queue_directory': '/var/spool/conbool-hop', 'clients': []},
        'preflight': {'certificate_days': 14, 'queue_megabytes': 1024, 'queue_directories': ['/var/spool/mine']},
    },
}
INBOUND = {**SETTINGS, 'inbound': True}
FAILED = {'failed': True, 'msg': 'no such thing'}
SERVER = {
    'host': 'mail.conbool.com',
    'port': 25,
    'healthy': True,
    'status': 'SMTP reachable',
    'findings': [],
    'chain_verified': True,
    'certificate': {'days_left': 20},
}
GREEN = [('gateway.ok', 'green'), ('queue.ok', 'green'), ('queue.ok', 'green')]


def brief(rows):
    return [(entry['id'], entry['status']) for entry in rows]


@pytest.fixture(name='machine')
def fixture_machine(tmp_path, monkeypatch):
    """A host with a Postfix and nftables, from which the gateway is reachable."""
    machine = Machine(tmp_path / 'machine', monkeypatch)
    monkeypatch.setattr(preflight, 'LOCK', str(tmp_path))
    monkeypatch.setattr(preflight, 'addresses', lambda settings: [])
    monkeypatch.setattr(preflight, 'examined', lambda params: [(dict(SERVER, host=params['hosts'][0]), None)])
    monkeypatch.setattr(preflight, 'find', lambda wanted: ('postfix', {}))
    monkeypatch.setattr(preflight, 'free_space', lambda directory: {'bytes': 5 << 30, 'inodes': None})
    return machine


def fails(error):
    def function(*dummy):
        raise error

    return function


@pytest.mark.parametrize('rows', [preflight.mta_rows, preflight.tls_rows, preflight.firewall_rows])
def test_a_question_without_an_answer_is_no_green(rows):
    assert [(entry['status'], entry['finding']) for entry in rows(FAILED)] == [('red', 'no such thing')]
    assert [entry['status'] for entry in rows({})] == ['unknown']


def test_mail_server_without_a_role():
    assert brief(preflight.mta_rows({'mta': 'qmail'})) == [('mta.unsupported', 'red')]
    assert preflight.mta_rows({'mta': 'postfix'}) == []


@pytest.mark.parametrize(
    'result, outcome',
    [
        ({'problems': [], 'certificate': None}, [('tls.ok', 'green')]),
        ({'problems': [], 'certificate': {'days_left': 40}}, [('tls.ok', 'green')]),
        ({'problems': ['one', 'two'], 'certificate': None}, [('tls.unusable', 'red'), ('tls.unusable', 'red')]),
    ],
)
def test_tls_files(result, outcome):
    assert brief(preflight.tls_rows(result)) == outcome


@pytest.mark.parametrize(
    'result, outcome',
    [
        ({}, [('firewall.unasked', 'unknown')]),
        ({'backend': 'ufw', 'warnings': []}, [('firewall.ok', 'green')]),
        (
            {'backend': 'nftables', 'warnings': ['The chain input drops']},
            [('firewall.ok', 'green'), ('firewall.warning', 'green')],
        ),
        ({'failed': True, 'msg': 'iptables-legacy'}, [('firewall.failed', 'red')]),
    ],
)
def test_firewall(result, outcome):
    rows = preflight.firewall_rows(result)
    assert brief(rows) == outcome
    assert all(text in rows[-1]['finding'] for text in result.get('warnings', []) + [result.get('msg', '')] if text)


def test_preflight_is_all_of_it_by_subject(machine, tmp_path):
    authorities = tmp_path / 'ca.pem'
    authorities.write_text('nothing')
    result, warnings = preflight.ask_host(machine, {**INBOUND, 'tls_ca_file': str(authorities)})
    assert brief(result['rows']) == [
        ('gateway.ok', 'green'),
        ('tls.unusable', 'red'),
        ('firewall.ok', 'green'),
        ('queue.ok', 'green'),
        ('queue.ok', 'green'),
    ]
    assert result['rows'][1]['finding'].startswith(f'conbool_tls_ca_file: {authorities}: holds no certificate')
    assert [entry['target'] for entry in result['rows'][3:]] == ['/var/spool/conbool-hop', '/var/spool/mine']
    assert (result['mta'], result['supported'], warnings) == ('postfix', True, [])
    assert (result['firewall_settled'], result['inbound_firewall']) == (False, False)


def test_the_gateway_is_asked_as_the_settings_say_beside_the_other_questions(machine, monkeypatch):
    asked = {}

    def examined(params):
        asked.update(params, beside=threading.current_thread() is not threading.main_thread())
        return [(SERVER, None)]

    monkeypatch.setattr(preflight, 'examined', examined)
    certificate = {'tls_client_cert': '/relay.pem', 'tls_client_key': '/relay.key'}
    preflight.ask_host(machine, {**SETTINGS, **certificate, 'tls_name': 'gw.conbool.com', 'relay_port': 26})
    assert asked['beside']
    assert (asked['hosts'], asked['port'], asked['tls_name']) == (['mail.conbool.com'], 26, 'gw.conbool.com')
    assert (asked['client_cert'], asked['client_key'], asked['ca_file']) == ('/relay.pem', '/relay.key', None)
    assert (asked['timeout'], asked['minimum_tls_version'], asked['expect']) == (15, 'TLSv1.2', None)


def test_every_address_is_asked_and_one_that_is_away_is_named(machine, monkeypatch):
    away = {'id': 'connect', 'severity': 'error', 'finding': 'no', 'seen': None, 'expected': None, 'hint': None}

    def examined(params):
        first, second = params['hosts']
        return [(dict(SERVER, host=first), None), (dict(SERVER, host=second, healthy=False, findings=[away]), None)]

    monkeypatch.setattr(preflight, 'addresses', lambda settings: ['192.0.2.1', '2001:db8::1'])
    monkeypatch.setattr(preflight, 'examined', examined)
    rows = preflight.ask_host(machine, SETTINGS)[0]['rows']
    assert [(row['id'], row['target'], row['status'], row['severity']) for row in rows[:2]] == [
        ('gateway.ok', '192.0.2.1:25', 'green', 'info'),
        ('gateway.connect', '2001:db8::1:25', 'green', 'medium'),
    ]


def test_certificate_that_ends_too_soon(machine):
    roles = {**SETTINGS['roles'], 'preflight': {**SETTINGS['roles']['preflight'], 'certificate_days': 21}}
    result, dummy = preflight.ask_host(machine, {**SETTINGS, 'roles': roles})
    assert brief(result['rows'])[0] == ('gateway.expires', 'red')


def test_each_question_is_asked_whatever_becomes_of_the_others(machine, monkeypatch):
    monkeypatch.setattr(preflight, 'examined', fails(ValueError('client_cert: cannot be loaded')))
    monkeypatch.setattr(preflight, 'find', fails(MtaError('no mail server found')))
    monkeypatch.setattr(preflight.tls_files, 'judge', fails(OSError(5, 'Input/output error')))
    monkeypatch.setattr(preflight, 'look_ahead', fails(FirewallError('iptables-legacy')))
    monkeypatch.setattr(preflight, 'free_space', fails(OSError(116, 'Stale file handle')))
    result, dummy = preflight.ask_host(machine, {**INBOUND, 'tls_ca_file': '/ca.pem'})
    assert brief(result['rows']) == [
        ('gateway.failed', 'red'),
        ('mta.failed', 'red'),
        ('tls.failed', 'red'),
        ('firewall.failed', 'red'),
        ('queue.failed', 'red'),
        ('queue.failed', 'red'),
    ]
    assert [entry['finding'] for entry in result['rows'][:2]] == [
        'client_cert: cannot be loaded',
        'no mail server found',
    ]
    assert (result['mta'], result['supported'], result['firewall_settled']) == (None, False, False)


def test_mail_server_that_is_found_but_not_supported_has_a_name(machine, monkeypatch):
    monkeypatch.setattr(preflight, 'find', lambda wanted: ('kerio', {}))
    monkeypatch.setattr(preflight, 'with_role', lambda: ['postfix'])
    result, dummy = preflight.ask_host(machine, SETTINGS)
    assert (result['mta'], result['supported']) == ('kerio', False)
    assert ('mta.unsupported', 'red') in brief(result['rows'])


def test_the_firewall_is_looked_at_and_left_alone(machine):
    before = machine.files(), machine.in_force()
    for settled in (False, True):
        result, dummy = preflight.ask_host(machine, INBOUND)
        assert (result['firewall_settled'], result['inbound_firewall']) == (settled, settled)
        assert ('firewall.ok', 'green') in brief(result['rows'])
        assert settled or (machine.files(), machine.in_force()) == before
        machine.converge(networks=INBOUND['networks'] + INBOUND['allowed_networks'])


@pytest.mark.parametrize('more', [{}, {'inbound': True, 'roles': {'inbound_firewall': {'state': 'absent'}}}])
def test_a_firewall_that_is_not_to_be_limited_is_settled_when_it_is_not(machine, more):
    settings = {**SETTINGS, **more, 'roles': {**SETTINGS['roles'], **more.get('roles', {})}}
    result, dummy = preflight.ask_host(machine, settings)
    assert brief(result['rows']) == GREEN and result['firewall_settled']
    machine.converge(networks=['192.0.2.0/24'])
    result, dummy = preflight.ask_host(machine, settings)
    assert (result['firewall_settled'], result['inbound_firewall']) == (False, True)


def test_another_run_on_the_host_is_waited_for_and_then_a_row(machine, monkeypatch):
    monkeypatch.setattr(preflight, 'PATIENCE', 0)
    with preflight.locked(preflight.LOCK, 1):
        result, dummy = preflight.ask_host(machine, INBOUND)
    busy = next(entry for entry in result['rows'] if entry['id'] == 'firewall.failed')
    assert 'Another run is at work' in busy['finding']


def test_expiring_client_certificate_is_a_warning(machine, monkeypatch):
    report = {'problems': [], 'warnings': ['/relay.pem: the certificate expires'], 'certificate': {'days_left': 9}}
    monkeypatch.setattr(preflight.tls_files, 'judge', lambda options: (report, ''))
    result, warnings = preflight.ask_host(machine, {**SETTINGS, 'tls_client_cert': '/relay.pem'})
    assert warnings == ['/relay.pem: the certificate expires'] and ('tls.ok', 'green') in brief(result['rows'])


@pytest.mark.parametrize(
    'usage, more, outcome',
    [
        ('server', {}, ('gateway.usage', 'green')),
        ('both', {}, None),
        ('server', {'inbound': False}, None),
        ('server', {'inbound_require_certificate': False}, None),
        ('both', {'inbound_certificate_fingerprints': [':'.join(['AB'] * 32)]}, ('gateway.key', 'red')),
    ],
)
def test_what_the_gateway_will_show_as_a_client_is_known_before(machine, monkeypatch, usage, more, outcome):
    made = certificate(usage)[0]
    monkeypatch.setattr(preflight, 'examined', lambda params: [(SERVER, made)])
    rows = brief(preflight.ask_host(machine, {**INBOUND, **more})[0]['rows'])
    assert [found for found in rows if found[0] in ('gateway.usage', 'gateway.key')] == [outcome] * bool(outcome)
    if outcome == ('gateway.key', 'red'):
        named = {'inbound_certificate_fingerprints': [fingerprint(made, 'sha1')]}
        assert 'gateway.key' not in dict(brief(preflight.ask_host(machine, {**INBOUND, **named})[0]['rows']))
