# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hands messages to a transport of its choice: filters that hand them back, and ways past the outbound hop."""

from __future__ import annotations

import socket
import time

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.names import Names
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.outbound import outbound_configuration
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import diversions
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.diversions import (
    Diversions,
    deferred_rows,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.table_actions import Filter, filters

from tests.unit.fakes.mail_server import SETTINGS
from tests.unit.fakes.postfix_server import INFO, told

COMMANDS = {
    'smtp': 'smtp',
    'relay': 'smtp -o smtp_fallback_relay=',
    'scan': 'lmtp',
    'spam': 'pipe user=x argv=/bin/x',
    'conbool-wash': 'smtp',
}
SUBJECT = '/^Subject: Hello/'


def entry(name, kind, command, **options):
    return {'name': name, 'type': kind, 'command': command, 'options': options}


TAKERS = [entry('smtp', 'inet', 'smtpd'), entry('pickup', 'unix', 'pickup'), entry('cleanup', 'unix', 'cleanup')]
TRANSPORTS = [entry(name, 'unix', command) for name, command in COMMANDS.items()]


def info(*services, **parameters):
    known = dict(parameters, mynetworks='127.0.0.0/8 10.0.0.0/24')
    return dict(INFO, services=[*TAKERS, *TRANSPORTS, *services], parameters=known, expanded=known)


class Tables:
    """An instance whose tables answer by these keys; of any other table it says that it cannot be read."""

    config_dir = '/etc/postfix'

    def __init__(self, **tables):
        self.tables, self.asked = tables, []

    def run(self, command, *arguments):
        dummy, dummy, dummy, key, table = arguments
        self.asked.append(key)
        if table not in self.tables:
            return 1, b'', b'postmap: fatal: open ' + table.encode()
        answer = self.tables[table].get(key, '')
        return int(not answer), answer.encode(), b''


@pytest.fixture(autouse=True)
def fixture_names(monkeypatch):
    """Names of hosts, without DNS."""
    hosts = {'filter.lan': '10.0.0.9', 'elsewhere.test': '198.51.100.9', 'localhost': '127.0.0.1'}

    def getaddrinfo(host, port):
        if not host[0].isdigit() and ':' not in host and host not in hosts:
            raise socket.gaierror('no such host')
        return [(0, 0, 0, '', (hosts.get(host, host), 0))]

    monkeypatch.setattr(socket, 'getaddrinfo', getaddrinfo)


@pytest.mark.parametrize(
    'destination, past',
    [
        ('smtp:', True),
        ('smtp:[198.51.100.9]', True),
        ('relay:[elsewhere.test]:25', True),
        ('relay:elsewhere.test', True),
        ('scan:[2001:db8::9]:24', True),
        ('smtp:[127.0.0.1]:10024', False),
        ('smtp:127.0.0.1:10024', False),
        ('smtp:[::1]:10024', False),
        ('smtp:[IPv6:::1]:10024', False),
        ('scan:inet:localhost:10024', False),
        ('scan:unix:private/scan', False),
        # It may send through this host, so it can hand back.
        ('smtp:[10.0.0.7]:10025', False),
        ('smtp:filter.lan:10025', False),
        # What is no client of ours for other hosts, and what is not there.
        ('spam:dummy', False),
        ('none:[198.51.100.9]', False),
        ('conbool-wash:[127.0.0.1]:326', False),
    ],
)
def test_a_filter_that_hands_back_is_none_that_leads_past(destination, past):
    assert Diversions(Tables(), SETTINGS, info()).leads_past(destination) == past
    rows = Diversions(Tables(), SETTINGS, info(content_filter=destination)).rows()
    assert [(row['id'], row['status']) for row in rows] == [('mta.diverted', 'red')] * past
    if past:
        assert destination in rows[0]['finding'] and 'smtp/inet, pickup/unix' in rows[0]['finding']


def test_a_name_without_an_address_is_green_and_said(tmp_path):
    path, destination = tmp_path / 'table', 'smtp:[unknown.test]:10025'
    path.write_text(f'/^Subject/ FILTER {destination}\n', encoding='ascii')
    tables = Tables(**{f'regexp:{path}': {'Subject: Hello': f'FILTER {destination}'}})
    asked = Diversions(tables, SETTINGS, info(content_filter=destination, header_checks=f'regexp:{path}'))
    rows = [*asked.rows(), *asked.notes()]
    assert [(row['id'], row['status'], row['severity']) for row in rows] == [
        ('mta.diverted', 'green', 'low'),
        ('mta.diverted', 'green', 'low'),
        ('mta.filter', 'green', 'low'),
    ]
    assert all(destination in row['finding'] and 'cannot be told' in row['finding'] for row in rows)


def test_a_resolver_that_is_away_is_waited_for_once_and_not_for_long(monkeypatch):
    asked = []

    def never(host, *dummy):
        asked.append(host)
        time.sleep(5)
        return []

    monkeypatch.setattr(socket, 'getaddrinfo', never)
    names, begin = Names(0.1), time.monotonic()
    assert [names.addresses(name) for name in ('a.test', 'a.test', 'b.test')] == [frozenset()] * 3
    assert time.monotonic() - begin < 2 and asked == ['a.test']
    assert names.addresses('127.0.0.1') == {'127.0.0.1'}


def test_the_content_filter_of_a_service_and_none():
    users = entry('submission', 'inet', 'smtpd', content_filter='smtp:[198.51.100.9]')
    back = entry('127.0.0.1:10025', 'inet', 'smtpd', content_filter='')
    ours = entry('127.0.0.1:326', 'inet', 'smtpd', content_filter='smtp:', syslog_name='postfix/conbool-wash')
    rows = Diversions(Tables(), SETTINGS, info(users, back, ours)).rows()
    assert len(rows) == 1 and 'of submission/inet leads' in rows[0]['finding']


def test_networks_of_the_settings_and_of_the_service_where_it_comes_back_count_too():
    known = dict(SETTINGS, allowed_networks=['198.51.100.0/24'])
    assert not Diversions(Tables(), known, info()).leads_past('smtp:[198.51.100.9]')
    back = entry('10025', 'inet', 'smtpd', mynetworks='198.51.100.9')
    assert not Diversions(Tables(), SETTINGS, info(back)).leads_past('smtp:[198.51.100.9]')
    assert Diversions(Tables(), SETTINGS, info(back)).leads_past('smtp:[198.51.100.8]')


@pytest.mark.parametrize(
    'parameter, table, key, answer, red',
    [
        ('header_checks', 'regexp', 'Subject: Hello', 'FILTER smtp:', True),
        ('header_checks', 'regexp', 'Subject: Hello', 'filter relay:[elsewhere.test]', True),
        ('header_checks', 'regexp', 'Subject: Hello', 'FILTER smtp:[127.0.0.1]:10024', False),
        ('header_checks', 'regexp', 'Subject: Hello', 'WARN FILTER smtp:', False),
        ('header_checks', 'regexp', 'X-Mine: yes', 'FILTER smtp:', False),
        ('mime_header_checks', 'pcre', 'Content-Type: text/plain; charset=utf-8', 'FILTER smtp:', True),
        ('body_checks', 'regexp', 'Hello', 'FILTER smtp:', True),
        ('smtpd_sender_restrictions', 'hash', 'example.com', 'FILTER smtp:', True),
        ('smtpd_recipient_restrictions', 'texthash', 'conbool-verify.invalid', 'FILTER smtp:', True),
        ('smtpd_recipient_restrictions', 'texthash', 'other.test', 'FILTER smtp:', False),
    ],
)
def test_what_leads_any_message_past_the_hop(tmp_path, parameter, table, key, answer, red):
    path = tmp_path / 'table'
    line = f'/x/ {answer}' if table in ('regexp', 'pcre') else f'x {answer}'
    path.write_text(f'# A comment\n{line}\n', encoding='ascii')
    name, value = f'{table}:{path}', f'{table}:{path}'
    if parameter.endswith('restrictions'):
        judged = parameter.split('_')[1]
        value = f'permit_mynetworks, check_{judged}_access {name}, reject'
    asked = Diversions(Tables(**{name: {key: answer}}), SETTINGS, info(**{parameter: value}))
    rows = asked.rows()
    assert [(row['id'], row['status']) for row in rows] == [('mta.diverted', 'red')] * red
    if red:
        assert key in rows[0]['finding'] and answer in rows[0]['finding']
    # A preflight names the line, whatever it is for.
    places = [(row['target'], row['status'], row['severity']) for row in asked.notes()]
    noted = '127' not in answer and not answer.startswith('WARN')
    assert places == [(f'{path}:2', 'green', 'low')] * noted


def test_tables_that_divert_nothing_are_not_asked(tmp_path):
    path = tmp_path / 'checks'
    path.write_text('/^Subject: FILTER/ REJECT\n/./ PREPEND X: FILTER smtp:\n', encoding='ascii')
    tables = Tables()
    assert Diversions(tables, SETTINGS, info(header_checks=f'regexp:{path}')).rows() == [] == tables.asked


def test_what_cannot_be_looked_into_is_asked():
    tables = Tables(**{'mysql:/x': {'Subject: Hello': 'FILTER smtp:'}})
    assert [row['id'] for row in Diversions(tables, SETTINGS, info(header_checks='mysql:/x')).rows()] == [
        'mta.diverted'
    ]
    rows = Diversions(Tables(), SETTINGS, info(header_checks='mysql:/x')).rows()
    assert len(rows) == 1 and rows[0]['status'] == 'red' and 'mysql:/x' in rows[0]['finding']


def test_a_class_of_restrictions_and_a_service_s_own_list(tmp_path):
    path = tmp_path / 'senders'
    path.write_text('example.com FILTER smtp:\n', encoding='ascii')
    name = f'hash:{path}'
    tables = Tables(**{name: {'example.com': 'FILTER smtp:'}})
    by_class = info(smtpd_restriction_classes='strict', strict=f'check_sender_access {name}')
    own = info(entry('587', 'inet', 'smtpd', smtpd_sender_restrictions=f'check_sender_access {name}'))
    for known in (by_class, own):
        assert [row['id'] for row in Diversions(tables, SETTINGS, known).rows()] == ['mta.diverted']


@pytest.mark.parametrize(
    'table, found',
    [
        ('static:{FILTER smtp:}', [('static:{FILTER smtp:}', 'smtp:')]),
        ('inline:{{a=FILTER relay:[b]}, c=OK}', [('inline:{{a=FILTER relay:[b]}, c=OK}', 'relay:[b]')]),
        ('static:DUNNO', []),
        ('ldap:/etc/postfix/x.cf', None),
        ('regexp:/no/such/file', None),
    ],
)
def test_tables_without_a_file(table, found):
    assert filters(table) == (found if found is None else [Filter(*pair) for pair in found])


@pytest.mark.parametrize(
    'defer, running, found',
    [
        ('', True, []),
        ('uucp', True, []),
        ('uucp, conbool-hop', True, ['conbool-hop']),
        ('local conbool-hop', True, ['conbool-hop', 'local']),
        ('conbool-hop', False, []),
    ],
)
def test_transports_that_wait(monkeypatch, defer, running, found):
    monkeypatch.setattr(
        diversions,
        'route',
        lambda queue, sender, to: {'transport': 'conbool-hop' if to.endswith('.invalid') else 'local'},
    )
    rows = deferred_rows(dict(info(defer_transports=defer), running=running), SETTINGS)
    assert [(row['target'], row['status']) for row in rows] == [(name, 'red') for name in found]


def test_who_cannot_be_asked_for_routes_has_been_named(monkeypatch):
    def fail(*dummy):
        raise HostError('does it run?')

    monkeypatch.setattr(diversions, 'route', fail)
    assert deferred_rows(info(defer_transports='local'), SETTINGS) == []


@pytest.mark.parametrize('defer, warned', [('conbool-hop', True), ('smtp', False)])
def test_a_run_warns_of_mail_for_the_hop_that_waits(defer, warned):
    known = dict(info(defer_transports=defer), config_dir='/etc/postfix')
    options = {'address': '127.0.0.1', 'port': 325, 'wash_submission': False}
    found = outbound_configuration(SETTINGS, known, options)
    assert found['problems'] == [] and any('defer_transports' in text for text in found['warnings']) == warned


def test_it_is_in_preflight_and_verification(server, monkeypatch):
    added = [entry('smtp', 'unix', 'smtp'), entry('pickup', 'unix', 'pickup')]
    before, after, dummy, dummy = told(
        server(inbound=False), monkeypatch, *added, expanded={'content_filter': 'smtp:[198.51.100.9]'}
    )
    assert before == after == [('mta.diverted', 'any message')]
