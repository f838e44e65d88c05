# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be so of a mail server that is there."""

from __future__ import annotations

import ssl
from types import SimpleNamespace

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.access_tables import mynetworks_entries
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows import mail_server

from tests.unit.fakes.gateway import certificate

SETTINGS = {
    'inbound': True,
    'networks': ['192.0.2.0/24'],
    'allowed_networks': ['10.1.0.0/16'],
    'roles': {
        'inbound_firewall': {'state': 'present', 'backend': 'auto', 'port': 25},
        'outbound_hop': {'queue_directory': '/var/spool/conbool-hop', 'clients': []},
        'preflight': {'certificate_days': 14, 'queue_megabytes': 1024, 'queue_directories': ['/var/spool/mine']},
    },
}


@pytest.fixture(autouse=True)
def fixture_free(monkeypatch):
    monkeypatch.setattr(mail_server, 'free_space', lambda directory: {'bytes': 5 << 30, 'inodes': None})


def facts(**more):
    return SimpleNamespace(
        **{
            'version': '3.7.11',
            'running': True,
            'lost': '',
            'queue_directory': '/var/spool/postfix',
            'relay_networks': [],
            'relay_networks_from': 'mynetworks',
            'relay_networks_row': 'firewall.mynetworks',
            'certificate_files': [],
            **more,
        }
    )


def brief(rows):
    return [(entry['id'], entry['target'], entry['status']) for entry in rows]


GREEN = [('mta.ok', 'postfix', 'green'), ('queue.ok', '/var/spool/postfix', 'green')]


@pytest.mark.parametrize(
    'version, running, outcome',
    [
        ('3.7.11', True, [('mta.ok', 'green')]),
        ('3.10.1', True, [('mta.ok', 'green')]),
        ('10.0', True, [('mta.ok', 'green')]),
        ('3.0.9', True, [('mta.version', 'red')]),
        ('3.7.11', False, [('mta.ok', 'green'), ('mta.stopped', 'red')]),
    ],
)
def test_mail_server(version, running, outcome):
    rows = mail_server.facts_rows('postfix', facts(version=version, running=running), SETTINGS)
    assert [(entry['id'], entry['status']) for entry in rows[:-1]] == outcome


def test_a_mail_server_that_nothing_reloads_is_not_called_stopped():
    rows = mail_server.facts_rows('postfix', facts(running=False, lost='it runs, but /pid does not name it'), SETTINGS)
    assert [(entry['id'], entry['finding']) for entry in rows[1:2]] == [
        ('mta.pid_file', 'it runs, but /pid does not name it')
    ]


@pytest.mark.parametrize(
    'mynetworks, shut_out',
    [
        ('127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128 10.1.2.0/24 192.0.2.7 /etc/postfix/networks', ''),
        ('127.0.0.0/8, 10.0.0.0/8 172.16.0.0/12 [2001:db8::]/32', '10.0.0.0/8, 172.16.0.0/12, 2001:db8::/32'),
        ('!172.16.0.0/12 172.16.3.0/24', ''),
        ('', ''),
    ],
)
def test_who_may_send_and_would_be_shut_out_by_the_firewall(mynetworks, shut_out):
    known = facts(relay_networks=[str(network) for network in mynetworks_entries(mynetworks)])
    found = [('firewall.mynetworks', shut_out, 'red')] if shut_out else []
    assert brief(mail_server.facts_rows('postfix', known, SETTINGS)) == GREEN[:1] + found + GREEN[1:]


def test_who_may_send_through_sendmail_and_would_be_shut_out_by_the_firewall():
    known = facts(
        version='8.17.1',
        relay_networks=['10.1.2.0/24', '10.2.0.0/16', '127.0.0.0/8', '2001:db8::/48'],
        relay_networks_from='relay-domains (class R) or the access map (Connect:)',
        relay_networks_row='firewall.relay_networks',
    )
    found = mail_server.facts_rows('sendmail', known, SETTINGS)[1]
    assert brief([found]) == [('firewall.relay_networks', '10.2.0.0/16, 2001:db8::/48', 'red')]
    assert found['finding'] == (
        'relay-domains (class R) or the access map (Connect:) lets them send through this server, and the firewall'
        ' would shut them out'
    )


@pytest.mark.parametrize(
    'more', [{'inbound': False}, {'roles': {**SETTINGS['roles'], 'inbound_firewall': {'state': 'absent'}}}]
)
def test_no_firewall_shuts_nobody_out(more):
    known = facts(relay_networks=['10.2.0.0/16'])
    assert brief(mail_server.facts_rows('postfix', known, {**SETTINGS, **more})) == GREEN


@pytest.mark.parametrize('directory', ['/var/spool/conbool-hop', '/var/spool/mine'])
def test_a_queue_that_the_preflight_looks_at_is_not_looked_at_twice(directory):
    assert brief(mail_server.facts_rows('postfix', facts(queue_directory=directory), SETTINGS)) == GREEN[:1]


def test_a_queue_without_room(monkeypatch):
    monkeypatch.setattr(mail_server, 'free_space', lambda directory: {'bytes': 5 << 20, 'inodes': None})
    rows = mail_server.facts_rows('postfix', facts(), SETTINGS)
    assert brief(rows[1:]) == [('queue.space', '/var/spool/postfix', 'red')]


@pytest.mark.parametrize('days, severity', [(14, 'info'), (100, 'low')])
def test_the_certificate_that_the_gateway_is_shown_is_looked_at_in_time(tmp_path, days, severity):
    path = tmp_path / 'server.pem'
    path.write_text(ssl.DER_cert_to_PEM_cert(certificate()[0]), encoding='ascii')
    rows = mail_server.certificate_rows([str(path), '/no/such.pem'], days)
    assert [(row['id'], row['status'], row['severity']) for row in rows] == [
        ('tls.server', 'green', severity),
        ('tls.server', 'green', 'low'),
    ]
    assert '89 days' in rows[0]['finding'] and 'cannot be read' in rows[1]['finding']


def test_it_does_not_count_where_inbound_mail_is_not_managed():
    shows = facts(certificate_files=['/no/such.pem'])
    found = [mail_server.facts_rows('postfix', shows, dict(SETTINGS, inbound=value)) for value in (True, False)]
    assert [('tls.server' in {row['id'] for row in rows}) for rows in found] == [True, False]
