# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server with another host in front, as one site; the lab is played."""

from __future__ import annotations

import base64
from types import SimpleNamespace

import pytest

from tests.flow import adapters, loader, playbook, remote
from tests.flow.fronted import FRONT
from tests.flow.model import Case

RUN = 'flow-012345'
TOKEN = RUN + '0001'
SERVER = 'kerio-debian12'


class Peer:
    def __init__(self):
        self.orders = []

    def set(self, **control):
        pass

    def deliveries(self):
        return []

    attempts = deliveries

    def order(self, host, *dummy, **options):
        return host

    def send_all(self, orders):
        self.orders += orders
        return [{'accepted': True, 'code': 250, 'text': host} for host in orders]


class Lab:
    addresses = {SERVER: ['198.18.0.10', '2001:db8::10'], FRONT: ['198.18.0.11', '2001:db8::11']}

    def __init__(self):
        self.gateway, self.internet = Peer(), Peer()
        self.asked, self.done = [], []
        # Host -> what waits there.
        self.queues = {SERVER: [], FRONT: []}

    def add_zone(self, *dummy):
        pass

    def log(self, host, since):
        return f'a line of {host}\n'

    def run(self, host, argv):
        self.done.append((host, argv[-1]))
        return SimpleNamespace(stdout='20971520\n')

    def ask(self, lab, host, request):
        self.asked.append((host, request))
        if request['do'] == 'inject':
            return [{'token': each['token'], 'accepted': True, 'text': host} for each in request['messages']]
        return {'queues': list(self.queues[host]), 'mailboxes': []} if request['do'] == 'look' else 1


@pytest.fixture(name='lab')
def fixture_lab(monkeypatch):
    lab = Lab()
    monkeypatch.setattr(remote, 'ask', lab.ask)
    return lab


@pytest.fixture(name='site')
def fixture_site(lab):
    adapter = adapters.load('kerio_front')()
    site = adapter.site(lab, SERVER, adapter)
    site.begin(RUN)
    return site


def message(via):
    case = Case('X1', 't', 'g', 'default', {'via': via, 'from': 'a@external.test', 'to': ['alice@example.com']})
    return SimpleNamespace(token=TOKEN, content=b'', case=case)


@pytest.mark.parametrize(
    'via, host',
    [
        *((via, FRONT) for via in ('gateway', 'internet', 'lan')),
        *((via, SERVER) for via in ('submission', 'sendmail', 'smtp25')),
    ],
)
def test_mail_from_outside_comes_to_the_host_in_front(site, via, host):
    assert site.inject([message(via)])[TOKEN].text.split()[-1] == host


def entry(key):
    content = base64.b64encode(f'Subject: {TOKEN}\r\n\r\n'.encode()).decode()
    return {
        'key': key,
        'queue': 'deferred',
        'sender': 'a@external.test',
        'content': content,
        'recipients': [['alice@example.com', 'refused']],
    }


def test_what_waits_on_either_host_is_seen_once(lab, site):
    lab.queues = {FRONT: [entry('front:/etc/postfix/4A')], SERVER: [entry('kerio:/etc/conbool-hop/4A')]}
    assert [(each.where, each.token) for each in site.look()] == [('queue', TOKEN)] * 2
    asked = {host: request for host, request in lab.asked if request['do'] == 'look'}
    assert asked[FRONT]['postfix_queues'] == ['/etc/postfix', '/etc/conbool-hop']
    # The mailboxes, and the queue of Kerio Connect, are on one host only.
    assert (asked[FRONT]['mailboxes'], asked[FRONT]['kerio_queues']) == ({}, [])
    assert asked[SERVER]['mailboxes'] and asked[SERVER]['kerio_queues']
    assert site.waiting() == 2


def test_logs_of_both_hosts_count(site):
    assert site._log() == f'a line of {SERVER}\na line of {FRONT}\n'


def test_one_run_of_the_playbook_does_both(lab, site, monkeypatch):
    runs = []
    monkeypatch.setattr(
        playbook, 'Run', lambda *words, **more: runs.append((words, more)) or SimpleNamespace(wait=lambda: 'done')
    )
    configuration = loader.Table().configurations['inbound_fingerprint'].variables
    assert site.apply(configuration, {'conbool_report_dir': '/tmp/reports'}) == 'done'
    (dummy, hosts, name, more), inventory = (runs[0][0], runs[0][1]['inventory']['conbool']['hosts'])
    assert (set(hosts.split(',')), name, more) == ({FRONT, SERVER}, 'site.yml', {'conbool_report_dir': '/tmp/reports'})
    assert inventory[FRONT] == configuration and configuration['conbool_inbound_certificate_fingerprints']
    own = inventory[SERVER]
    assert (own['kerio_smarthost_inbound'], own['conbool_domains']) == ('front', configuration['conbool_domains'])
    assert own['conbool_networks'] == [f"{{{{ hostvars['{FRONT}'].ansible_host }}}}"]
    assert own['conbool_inbound_certificate_fingerprints'] == [] and not own['conbool_inbound_require_certificate']
    (settled,) = [text for host, text in lab.done if host == FRONT]
    for words in ("'relay_domains = example.com, sub.example.co.uk'", 'relay:[198.18.0.10]:25', '= 20971520'):
        assert words in settled


@pytest.mark.parametrize('name', adapters.names())
def test_what_a_mail_server_cannot_do_is_in_the_table(name):
    adapter, table = adapters.load(name), loader.Table()
    met = {case for cases in adapter.met_in.values() for case in cases}
    assert {*adapter.expected_failures, *met} <= {case.id for case in table.cases}
    assert {*adapter.refused, *adapter.met_in} <= set(table.configurations)
