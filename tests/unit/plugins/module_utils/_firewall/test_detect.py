# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What filters on a host is found: managers, none, too many, iptables-legacy."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import Host, choose
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import FirewallError

from tests.unit.fakes.firewall import Machine


@pytest.fixture(name='machine')
def fixture_machine(tmp_path, monkeypatch):
    return Machine(tmp_path, monkeypatch)


def chosen(machine, asked='auto'):
    return choose(Host(machine.run_command, machine.find), asked)


def test_nftables_where_nothing_manages(machine):
    assert chosen(machine.has_ufw(enabled=False)) == 'nftables'


@pytest.mark.parametrize('state', [('active', 'disabled'), ('failed', 'enabled')])
def test_firewalld_that_runs_or_will(machine, state):
    machine.states['firewalld.service'] = state
    assert chosen(machine) == 'firewalld'


def test_ufw_when_enabled_and_installed(machine):
    assert chosen(machine.has_ufw()) == 'ufw'
    machine.commands.remove('ufw')
    assert chosen(machine) == 'nftables'


def test_two_managers_are_refused_and_one_can_be_named(machine):
    machine.has_ufw().has_firewalld()
    with pytest.raises(
        FirewallError,
        match=r'firewalld \(firewalld.service is active and enabled\); ufw \(ENABLED=yes.*inbound_firewall_backend',
    ):
        chosen(machine)
    assert chosen(machine, 'ufw') == 'ufw'
    machine.states.update({'firewalld.service': ('inactive', ''), 'nftables.service': ('inactive', 'enabled')})
    with pytest.raises(FirewallError, match='nftables.service is inactive and enabled'):
        chosen(machine)


@pytest.mark.parametrize('rules', ['-A INPUT -p tcp --dport 22 -j ACCEPT', ':INPUT DROP'])
@pytest.mark.parametrize('version', ['ip', 'ip6'])
def test_iptables_legacy_is_refused_with_advice(machine, version, rules):
    machine.commands.update(('iptables-legacy-save', 'ip6tables-legacy-save'))
    (machine.folder / 'proc' / version).write_text('filter\n')
    assert chosen(machine) == 'nftables'
    machine.filter[version] = [rules]
    with pytest.raises(FirewallError, match='iptables-legacy.*iptables-restore-translate.*inbound_firewall_state'):
        chosen(machine)
    assert chosen(machine, 'nftables') == 'nftables'


def test_rules_of_iptables_nft_are_no_obstacle(machine):
    machine.filter['ip'] = ['-A INPUT -j ACCEPT']
    assert chosen(machine) == 'nftables'


def test_host_without_nft_is_refused_with_advice(machine):
    machine.commands.remove('nft')
    with pytest.raises(FirewallError, match='Install the package nftables'):
        chosen(machine)
