# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which loopback address is taken."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta import loopback


@pytest.mark.parametrize(
    'protocols, there, address',
    [
        ('all', ('127.0.0.1', '::1'), '127.0.0.1'),
        ('ipv4', ('127.0.0.1', '::1'), '127.0.0.1'),
        ('ipv6, ipv4', ('127.0.0.1', '::1'), '127.0.0.1'),
        ('ipv6', ('127.0.0.1', '::1'), '::1'),
        ('all', ('::1',), '::1'),
        ('all', (), '127.0.0.1'),
        ('ipv4', ('::1',), '127.0.0.1'),
    ],
)
def test_what_the_mail_server_may_use_and_the_host_has(monkeypatch, protocols, there, address):
    monkeypatch.setattr(loopback, 'there', lambda candidate: candidate in there)
    assert loopback.loopback(protocols) == address
    assert loopback.allowed(address, protocols)


def test_what_the_user_says_counts_first():
    settings = {'roles': {'outbound_hop': {'address': '127.0.0.9'}}}
    assert loopback.hop_address(settings, 'ipv6') == '127.0.0.9'
    assert not loopback.allowed('127.0.0.9', 'ipv6')
    assert loopback.hop_address({'roles': {'outbound_hop': {'address': ''}}}, 'ipv6') == '::1'


def test_clients_are_of_the_same_kind():
    assert [loopback.network(address) for address in ('127.0.0.9', '::1')] == ['127.0.0.0/8', '[::1]/128']
    assert [loopback.in_brackets(address) for address in ('127.0.0.9', '::1')] == ['127.0.0.9', '[::1]']
