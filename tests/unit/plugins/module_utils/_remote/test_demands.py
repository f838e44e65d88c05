# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against a smart host for others is said by variable and value, and nothing else does."""

from __future__ import annotations

import functools
import socket
import time
from ipaddress import ip_address

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import addresses, names
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta import loopback
from ansible_collections.conbool.smtp_relay.plugins.module_utils._remote.demands import problems, warnings

from tests.unit.fakes.remote import settings

PAIR = {'tls_cert': '', 'tls_key': ''}
TWO = ['192.0.2.100/32', '198.51.100.0/24']
ROUTES = {'example.com': '[192.0.2.100]:25', 'sub.example.co.uk': '[192.0.2.101]:25'}
SERVER = '[192.0.2.100]:25'


def here(address):
    return address in ('192.0.2.25', '127.0.0.1')


def said(more=None, **hop):
    return problems(settings(more, **hop), here, here)


def of_front(more=None, server=SERVER, **hop):
    return said({'inbound': True, 'mail_server': server, **(more or {})}, **hop)


@pytest.mark.parametrize(
    'hop',
    [
        {},
        {'clients': TWO, 'return_routes': ROUTES},
        {'clients': TWO, 'return_address': 'mail.example.com'},
        {'clients_without_tls': ['192.0.2.100/32'], **PAIR},
        {'clients': TWO, 'return_routes': ROUTES, 'clients_without_tls': ['198.51.100.7/32']},
        # Another service of this host has the mailboxes.
        {'return_address': '[127.0.0.1]:2525'},
    ],
)
def test_what_is_enough(hop):
    assert said(**hop) == []


@pytest.mark.parametrize(
    'more, hop, words',
    [
        ({}, {'clients': []}, 'outbound_hop_clients: is empty'),
        ({}, {'listen': []}, 'outbound_hop_listen: [] names no address'),
        ({}, {'listen': ['192.0.2.99']}, "outbound_hop_listen: '192.0.2.99' is no address of this host"),
        (
            {'networks': []},
            {'clients': ['192.0.2.25/32'], 'return_address': '[192.0.2.100]:25'},
            "outbound_hop_clients: '192.0.2.25/32' is this host itself",
        ),
        ({'inbound': True}, {}, 'conbool_inbound: True but this host takes no mail from the gateway'),
        (
            {},
            {'clients': ['192.0.2.0/24'], 'return_address': '[192.0.2.100]:25'},
            "outbound_hop_clients: '192.0.2.0/24' overlaps 192.0.2.0/28 of conbool_networks",
        ),
        ({}, {'clients_without_tls': ['192.0.2.101/32']}, "outbound_hop_clients_without_tls: '192.0.2.101/32' lies in"),
        ({}, PAIR, "outbound_hop_tls_cert: '' but not all clients may send in clear text"),
        ({}, {'tls_key': ''}, "outbound_hop_tls_key: '' is needed beside"),
        ({}, {'tls_cert': ''}, "outbound_hop_tls_cert: '' is needed beside"),
        ({'bypass_null_sender': 'server'}, {}, "conbool_bypass_null_sender: 'server' but only the server in front"),
        (
            {'wash_networks': ['192.0.2.96/28']},
            {'clients': TWO, 'return_routes': ROUTES},
            "conbool_wash_networks: ['192.0.2.96/28'] covers 192.0.2.100/32, but not 198.51.100.0/24",
        ),
        (
            {},
            {'return_routes': {'example.org': '[192.0.2.100]'}},
            "outbound_hop_return_routes: 'example.org' is not in",
        ),
        (
            {},
            {'clients': TWO, 'return_routes': {'example.com': '[192.0.2.100]:25'}},
            'outbound_hop_return_routes: the dictionary of \'example.com\' names no server for sub.example.co.uk',
        ),
        (
            {'domains': ['example.com']},
            {'return_address': '[192.0.2.25]:25'},
            "outbound_hop_return_address: '[192.0.2.25]:25' is the hop itself",
        ),
        (
            {'domains': ['example.com']},
            {'return_routes': {'example.com': '[127.0.0.1]:325'}},
            "outbound_hop_return_routes: '[127.0.0.1]:325' is the hop itself",
        ),
    ],
)
def test_what_is_refused(more, hop, words):
    found = said(more, **hop)
    assert len(found) == 1 and found[0].startswith(words), found


def test_a_mail_server_behind_says_where_its_bounces_go():
    assert of_front() == []
    assert of_front(clients=TWO) == []
    assert of_front(server='[192.0.2.99]:2525') == []


@pytest.mark.parametrize(
    'more, server, hop, words',
    [
        ({'inbound': False}, SERVER, {}, 'conbool_inbound: False but remote_smarthost_mail_server names'),
        ({}, '', {}, 'conbool_inbound: True but this host takes no mail from the gateway: set it to false, or name'),
        ({}, '[192.0.2.25]:2525', {}, "remote_smarthost_mail_server: '192.0.2.25' is this host itself"),
        ({}, '[localhost]:25', {}, "remote_smarthost_mail_server: 'localhost' is this host itself"),
        ({}, '[192.0.2.3]:25', {}, "remote_smarthost_mail_server: '192.0.2.3' is the gateway"),
        (
            {'relay_host': '192.0.2.99'},
            '[192.0.2.99]:25',
            {},
            "remote_smarthost_mail_server: '192.0.2.99' is the gateway",
        ),
        ({}, '[nowhere.invalid]:25', {}, "remote_smarthost_mail_server: 'nowhere.invalid' has no address"),
        ({}, SERVER, {'return_address': SERVER}, "outbound_hop_return_address: '[192.0.2.100]:25' but"),
        ({}, SERVER, {'return_routes': ROUTES}, 'outbound_hop_return_routes: '),
        ({}, SERVER, {**PAIR, 'clients_without_tls': ['192.0.2.100/32']}, "outbound_hop_tls_cert: '' but the gateway"),
        ({'spam_delivery': 'folder'}, SERVER, {}, "conbool_spam_delivery: 'folder' but folders are on another"),
    ],
)
def test_what_stands_against_a_mail_server_behind(monkeypatch, more, server, hop, words):
    known = {'localhost': ['127.0.0.1'], 'nowhere.invalid': [], 'mail.conbool.com': []}
    monkeypatch.setattr(
        socket, 'getaddrinfo', lambda name, port: [(0, 0, 0, '', (address, 0)) for address in known[name]]
    )
    found = of_front(more, server, **hop)
    assert len(found) == 1 and found[0].startswith(words), found


def test_names_that_nobody_can_tell_are_not_waited_for(monkeypatch):
    monkeypatch.setattr(names.Names, '__init__', functools.partialmethod(names.Names.__init__, 0.2))
    monkeypatch.setattr(socket, 'getaddrinfo', lambda *dummy, **options: time.sleep(1.5) or [])
    begin = time.monotonic()
    assert said(return_routes={domain: f'mailbox.{domain}' for domain in ROUTES}) == []
    assert time.monotonic() - begin < 1


def test_whole_networks_are_named():
    assert warnings(settings()) == []
    found = warnings(settings(clients=['10.0.0.0/8', '192.168.0.0/16', '10.1.2.0/24', 'fd00:1::/32']))
    assert [text.partition(' is ')[0] for text in found] == [
        'outbound_hop_clients: 10.0.0.0/8',
        'outbound_hop_clients: 192.168.0.0/16',
        'outbound_hop_clients: fd00:1::/32',
    ]


def test_a_host_that_can_listen_at_any_address_is_not_all_of_them(monkeypatch):
    # Beside keepalived, with net.ipv4.ip_nonlocal_bind.
    monkeypatch.setattr(loopback, 'there', lambda address: True)
    own = {4: ((int(ip_address('192.0.2.25')),) * 2,), 6: None}
    monkeypatch.setattr(addresses, 'own', own.get)
    assert problems(settings(), can_listen=lambda address: True) == []
    (problem,) = problems(settings(clients=['192.0.2.25/32'], return_address=SERVER), can_listen=lambda address: True)
    assert 'is this host itself' in problem
    # Where the kernel does not tell, a listener does.
    assert loopback.is_own('2001:db8::1')
