# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the harness makes of the lab's records; agent.py's answers are given."""

from __future__ import annotations

import base64
from types import SimpleNamespace

import pytest

from tests.flow import adapters, playbook, relayed, remote
from tests.flow.model import Case, Reply
from tests.flow.session import NotConfigured, Session
from tests.flow.site import Site

RUN = 'flow-012345'
TOKEN = RUN + '0001'
MESSAGE = (f'Subject: {TOKEN}\r\n\r\nbody\r\n').encode()
REPORT = (f'Subject: Undelivered\r\nContent-Type: multipart/report\r\n\r\nSubject: {TOKEN}\r\n').encode()


class Peer:
    def __init__(self):
        self.records = []
        self.clear = []

    def set(self, **control):
        pass

    def deliveries(self):
        return self.records

    def attempts(self):
        return self.clear

    def order(self, host, sender, recipients, content, **options):
        self.options = options
        return {'accepted': sender == '', 'code': 550, 'text': f'{sender!r} to {recipients!r}'}

    def send_all(self, orders):
        return orders


class Lab:
    addresses = {'gateway': ['198.18.0.3', '2001:db8::3']}

    def __init__(self):
        self.gateway, self.internet = Peer(), Peer()
        self.asked = []
        self.answer = {'queues': [], 'mailboxes': []}

    def add_zone(self, name, text):
        pass

    def log(self, host, since):
        return ''

    def ask(self, lab, host, request):
        self.asked.append(request)
        return self.answer


@pytest.fixture(name='lab')
def fixture_lab(monkeypatch):
    lab = Lab()
    monkeypatch.setattr(remote, 'ask', lab.ask)
    return lab


@pytest.fixture(name='site')
def fixture_site(lab):
    site = Site(lab, 'mx', adapters.load('postfix')())
    site.begin(RUN)
    return site


def delivery(listener, content=MESSAGE):
    return {
        'listener': listener,
        'content': content,
        'sender': 'alice@example.com',
        'tls': 'TLSv1.3',
        'client_certificate': 'mx',
        'time': 1.5,
        'mail_options': ['SIZE=1'],
        'recipients': [{'address': 'a@external.test', 'options': ['NOTIFY=NEVER']}],
    }


def encoded(content):
    return base64.b64encode(content).decode()


@pytest.mark.parametrize(
    'listener, content, where',
    [
        ('gateway', MESSAGE, 'gateway'),
        ('internet', MESSAGE, 'direct'),
        ('trap', MESSAGE, 'trap'),
        ('gateway', REPORT, 'bounce:gateway'),
        ('internet', REPORT, 'bounce:direct'),
    ],
)
def test_deliveries(lab, site, listener, content, where):
    lab.gateway.records = [delivery(listener, content)]
    (sighting,) = site.look()
    assert (sighting.token, sighting.where, sighting.recipient, sighting.time) == (TOKEN, where, 'a@external.test', 1.5)
    assert (sighting.encrypted, sighting.client_certificate, sighting.esmtp) == (True, 'mx', ('SIZE=1', 'NOTIFY=NEVER'))


def test_messages_of_other_runs_are_not_ours(lab, site):
    lab.gateway.records = [delivery('gateway', b'Subject: flow-9999990001\r\n\r\n')]
    assert site.look() == []


@pytest.mark.parametrize(
    'folder, content, where',
    [('', MESSAGE, 'mailbox:alice'), ('Junk', MESSAGE, 'spam:alice'), ('', REPORT, 'bounce:alice')],
)
def test_mailboxes(lab, site, folder, content, where):
    lab.answer['mailboxes'] = [{'user': 'alice', 'folder': folder, 'content': encoded(content), 'time': 1.5}]
    assert [(sighting.where, sighting.time) for sighting in site.look()] == [(where, 1.5)]


def test_a_message_that_waits_is_read_once(lab, site):
    entry = {
        'key': '/etc/postfix/4A',
        'queue': 'deferred',
        'sender': 'alice@example.com',
        'content': encoded(MESSAGE),
        'recipients': [['a@external.test', 'refused']],
    }
    lab.answer['queues'] = [entry]
    site.look()
    entry['content'] = ''
    (sighting,) = site.look()
    assert (sighting.token, sighting.where, sighting.reason) == (TOKEN, 'queue', 'refused')
    assert [request['known'] for request in lab.asked] == [[], ['/etc/postfix/4A']]


def test_a_message_in_the_active_queue_counts_as_not_tried(lab, site):
    lab.answer['queues'] = [
        {
            'key': '/etc/postfix/4A',
            'queue': 'active',
            'sender': '',
            'content': encoded(MESSAGE),
            'recipients': [['a@external.test', 'refused']],
        }
    ]
    assert [sighting.reason for sighting in site.look()] == ['']


def test_only_clear_text_of_this_run_counts(lab):
    old, new = {'peer': '198.18.0.10', 'seen': ['MAIL FROM:<old@example.com>']}, {
        'peer': '198.18.0.10',
        'seen': ['MAIL FROM:<new@example.com>'],
    }
    lab.gateway.clear = [old]
    site = Site(lab, 'mx', adapters.load('postfix')())
    site.begin(RUN)
    lab.gateway.clear = [old, new]
    assert site.in_clear() == ['198.18.0.10: MAIL FROM:<new@example.com>']


def test_a_message_from_the_network_is_sent_by_its_peer(site):
    class Outgoing:
        token, content = TOKEN, MESSAGE
        case = Case('X1', 't', 'g', 'default', {'via': 'internet', 'from': '<>', 'to': ['alice@example.com']})

    assert site.inject([Outgoing]) == {TOKEN: Reply(True, "550 '' to ['alice@example.com']")}


@pytest.mark.parametrize(
    'inject, peer, options',
    [
        ({'via': 'internet'}, 'internet', {'tls': True}),
        (
            {'via': 'lan', 'ipv6': True, 'rcpt_options': ['NOTIFY=NEVER']},
            'internet',
            {'tls': True, 'source': 'lan', 'ipv6': True, 'rcpt_options': ['NOTIFY=NEVER']},
        ),
        (
            {'via': 'gateway', 'tls': False, 'client_certificate': 'none'},
            'gateway',
            {'tls': False, 'client_cert': 'none'},
        ),
    ],
)
def test_how_a_message_is_sent_from_the_network(lab, site, inject, peer, options):
    class Outgoing:
        token, content = TOKEN, MESSAGE
        case = Case('X1', 't', 'g', 'default', {'from': '<>', 'to': ['alice@example.com'], **inject})

    site.inject([Outgoing])
    assert getattr(lab, peer).options == options


def test_a_session_knows_what_its_mail_server_cannot_do(lab):
    adapter = adapters.load('postfix')()
    adapter.expected_failures = {'X1': 'cannot'}
    lost = Case('X1', 't', 'g', 'default', {'via': 'internet', 'from': '<>', 'to': ['alice@example.com']})
    session = Session(lab, 'mx', adapter, table=None, apply=False)
    report = session.report('default', [lost])
    assert [result.expected_failure for result in report.results] == [None]
    assert report.results[0].problems == ['it passes, but is listed as impossible for this mail server: cannot']
    adapter.met_in = {'default': ('X1',)}
    again = Session(lab, 'mx', adapter, table=None, apply=False).report('default', [lost])
    assert again.results[0].problems == []


@pytest.mark.parametrize(
    ('returncode', 'output', 'said'),
    [
        (2, 'FAILED: no place for that here', None),
        (2, 'FAILED: something else', 'could not be applied'),
        (0, 'done', 'is not refused: no place for that'),
    ],
)
def test_a_configuration_that_a_role_refuses_is_to_be_refused_in_these_words(
    monkeypatch, lab, returncode, output, said
):
    adapter = adapters.load('postfix')()
    adapter.refused = {'odd': 'no place for that'}
    monkeypatch.setattr(playbook, 'run', lambda *dummy: playbook.Outcome(returncode, output, []))
    session = Session(lab, 'mx', adapter, SimpleNamespace(configurations={'odd': SimpleNamespace(variables={})}))
    case = Case('X1', 't', 'g', 'odd', {'via': 'internet', 'from': '<>', 'to': ['alice@example.com']})
    if said is None:
        report = session.report('odd', [case])
        assert report.ok and [result.expected_failure for result in report.results] == ['no place for that']
    else:
        with pytest.raises(NotConfigured, match=said):
            session.report('odd', [case])


@pytest.mark.parametrize('front, entrances', [(False, ['mx', 'mx', 'mx']), (True, ['relay', 'relay', 'mx'])])
def test_what_comes_from_outside_is_brought_to_the_smart_host_where_that_is_in_front(lab, front, entrances):
    site = relayed.Relayed(lab, 'mx', 'relay', relayed.Adapter(), front)
    assert [site.entrance(via) for via in ('gateway', 'internet', 'lan')] == entrances
    asked = []
    lab.gateway.order = lambda host, *dummy, **options: asked.append(host) or {
        'accepted': True,
        'code': 250,
        'text': '',
    }
    case = Case('X1', 't', 'g', 'default', {'via': 'gateway', 'from': '<>', 'to': ['alice@example.com']})
    site.inject([SimpleNamespace(case=case, token='t', content=b'')])
    assert asked == entrances[:1]
