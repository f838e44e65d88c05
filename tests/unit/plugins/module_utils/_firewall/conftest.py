# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine on which a firewall is limited."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import addresses

from tests.unit.fakes.firewall import ROUTES4, ROUTES6, TRIE, Machine


@pytest.fixture(name='new')
def fixture_new(tmp_path, monkeypatch):
    def machine(backend, name='machine'):
        found = Machine(tmp_path / name, monkeypatch)
        found.commands.add('firewall-offline-cmd')
        return {'nftables': lambda: found, 'ufw': found.has_ufw, 'firewalld': found.has_firewalld}[backend]()

    return machine


@pytest.fixture(name='net')
def fixture_net(monkeypatch, tmp_path):
    files = {
        'fib_trie': TRIE,
        'route': ROUTES4,
        'ipv6_route': ROUTES6,
        'if_inet6': '20010db800000010000000000000000a 02 40 00 80 eth0\n',
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(addresses, 'TABLES', {4: str(tmp_path / 'route'), 6: str(tmp_path / 'ipv6_route')})
    monkeypatch.setattr(addresses, 'TRIE', str(tmp_path / 'fib_trie'))
    monkeypatch.setattr(addresses, 'ADDRESSES6', str(tmp_path / 'if_inet6'))
    return tmp_path
