# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows on who gets to the mail port."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall import nftables, sources
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.firewall import port_rows

from tests.unit.fakes import remote
from tests.unit.fakes.firewall import Machine
from tests.unit.fakes.mail_server import SETTINGS

OURS = {'family': 'inet', 'table': 'conbool_inbound'}
OWN = {'family': 'inet', 'table': 'own'}
SADDR = {'payload': {'protocol': 'ip', 'field': 'saddr'}}
LIMIT = [
    {'chain': dict(OURS, name='input', type='filter', hook='input', prio=-10, policy='accept')},
    {
        'rule': dict(
            OURS,
            chain='input',
            handle=5,
            expr=[
                {'match': {'op': '!=', 'left': SADDR, 'right': {'prefix': {'addr': '192.0.2.0', 'len': 28}}}},
                {'reject': {'type': 'tcp reset'}},
            ],
        )
    },
    {
        'rule': dict(
            OURS,
            chain='input',
            handle=6,
            expr=[{'match': {'op': '==', 'left': {'meta': {'key': 'nfproto'}}, 'right': 10}}, {'drop': None}],
        )
    },
]
POLICY = {'chain': dict(OWN, name='in', type='filter', hook='input', prio=0, policy='drop')}


def said(machine, **more):
    settings = copy.deepcopy(dict(SETTINGS, inbound=True))
    settings['roles']['inbound_firewall'].update(more)
    return [(row['id'], row['status'], row['severity'], row['finding']) for row in port_rows(machine, settings)]


@pytest.fixture(name='machine')
def fixture_machine(tmp_path, monkeypatch):
    made = Machine(tmp_path / 'machine', monkeypatch)
    made.foreign = list(LIMIT)
    return made


def test_a_port_as_it_should_be_is_one_green_row(machine):
    assert [row[:2] for row in said(machine)] == [('firewall.ok', 'green')]


@pytest.mark.parametrize(
    'more, status', [({}, 'green'), ({'listen_port': 2525}, 'green'), ({'clients': ['10.9.0.0/24']}, 'red')]
)
def test_of_a_smart_host_for_others_it_is_their_port(machine, more, status):
    # To them the limit opens it.
    found = port_rows(machine, remote.settings({'inbound': False}, **{'clients': ['192.0.2.0/28'], **more}))
    assert {row['status'] for row in found} == {status}
    whom = f'port {more.get("listen_port", 25)} is open to the servers in outbound_hop_clients, and to no stranger'
    assert (found[0]['finding'] == whom) is (status == 'green')


def test_a_policy_of_others_is_red_and_named(machine):
    machine.foreign.append(POLICY)
    ((identifier, status, severity, finding),) = said(machine)
    assert (identifier, status, severity) == ('firewall.shut', 'red', 'critical')
    assert '192.0.2.0' in finding and finding.endswith(': the policy of the chain in of the table inet own')


def test_strangers_who_get_in_are_red_where_the_limit_is_ours(machine):
    machine.foreign = []
    ((identifier, status, dummy, finding),) = said(machine)
    assert (identifier, status) == ('firewall.open', 'red') and 'by eth0, eth1, such as 198.51.100.77' in finding
    assert [row[:2] for row in said(machine, state='absent')] == [('firewall.ok', 'green')]


def test_what_cannot_be_told_is_said_and_not_red(machine):
    rate = [{'limit': {'rate': 10}}, {'accept': None}]
    machine.foreign += [POLICY, {'rule': dict(OWN, chain='in', handle=3, expr=rate)}]
    found = said(machine)
    assert [row[:3] for row in found] == [('firewall.unsure', 'green', 'low')]
    assert 'rule 3 of the chain in of the table inet own (accept)' in found[0][3]


def test_ipv6_alone_is_said_and_not_red(machine):
    settings = copy.deepcopy(dict(SETTINGS, inbound=True, networks=['192.0.2.0/28', '2001:db8::/32']))
    (machine.folder / 'proc/if_inet6').write_text('20010db800000010000000000000000a 02 40 00 80 eth0\n')
    rows = port_rows(machine, settings)
    assert [(row['id'], row['status']) for row in rows] == [('firewall.ipv6', 'green')]
    assert '2001:db8::' in rows[0]['finding']


def test_a_drop_in_that_takes_ours_away_is_red(machine, tmp_path):
    machine.converge(networks=['192.0.2.0/28'])
    machine.foreign = list(LIMIT)
    ours = f'path=/usr/sbin/nft ; argv[]=/usr/sbin/nft -f {nftables.RULESET}'
    other = '/etc/systemd/system/nftables.service.d/zz.conf'

    def answer(words):
        if words[0] != 'systemctl' or words[-1] != 'nftables.service' or words[1] != 'show':
            return None
        return 0, f'LoadState=loaded\nExecReload={ours}\nExecStartPost={start}\nDropInPaths={other}\n', ''

    machine.hook, start = answer, ours
    assert [row[:2] for row in said(machine)] == [('firewall.ok', 'green')]
    start = ''
    ((identifier, status, dummy, finding),) = said(machine)
    assert (identifier, status) == ('running.unit', 'red') and '(ExecStartPost)' in finding


def test_rules_that_cannot_be_asked_for_are_said_and_not_red(machine):
    machine.hook = lambda words: (1, '', 'cache initialization failed') if words[0] == 'nft' else None
    found = said(machine, state='absent')
    assert [row[:3] for row in found] == [('firewall.unsure', 'green', 'low')]
    assert 'cache initialization failed' in found[0][3]


@pytest.mark.parametrize('failing', ['nft', 'iptables-save'])
def test_strangers_are_not_red_while_rules_cannot_be_read(machine, failing):
    machine.foreign = []
    machine.hook = lambda words: (1, '', 'Operation not permitted') if words[0] == failing else None
    ((identifier, status, severity, finding),) = said(machine)
    assert (identifier, status, severity) == ('firewall.unsure', 'green', 'low')
    assert failing in finding and 'Operation not permitted' in finding
    # Who is kept out by what can be read, is.
    machine.filter['ip'] = [':INPUT DROP'] if failing == 'nft' else []
    machine.foreign = [POLICY]
    assert [row[:2] for row in said(machine)] == [('firewall.shut', 'red'), ('firewall.unsure', 'green')]


@pytest.mark.parametrize(
    'prepare, expected',
    [
        (Machine.has_firewalld, 'firewall.unsure'),
        (lambda machine: machine.states.update({'nftables.service': ('active', 'enabled')}), 'firewall.unsure'),
        (lambda machine: machine.unit_file.write_text('ours'), 'firewall.unsure'),
        (lambda machine: machine.commands.discard('systemctl'), 'firewall.unsure'),
        (lambda machine: setattr(machine, 'hook', lambda words: (1, '', 'no bus')), 'firewall.unsure'),
        # What ufw has, iptables-save lists.
        (Machine.has_ufw, 'firewall.open'),
        (lambda machine: None, 'firewall.open'),
    ],
)
def test_without_nft_it_matters_who_filters(machine, prepare, expected):
    machine.commands -= {'nft', 'iptables-save', 'ip6tables-save'}
    prepare(machine)
    (row,) = port_rows(machine, copy.deepcopy(dict(SETTINGS, inbound=True)))
    assert row['id'] == expected
    assert ('no command nft' in row['finding']) == (expected == 'firewall.unsure')
    assert ('the package nftables' in row['hint']) == (expected == 'firewall.unsure')


def test_an_allowed_network_that_is_banned_is_no_fault(machine):
    ban = [{'match': {'op': '==', 'left': SADDR, 'right': {'prefix': {'addr': '10.1.0.0', 'len': 16}}}}, {'drop': None}]
    policy = {'chain': dict(POLICY['chain'], policy='accept')}
    machine.foreign = [policy, {'rule': dict(OWN, chain='in', handle=3, expr=ban)}]
    settings = copy.deepcopy(dict(SETTINGS, inbound=True, allowed_networks=['10.0.0.0/8', '192.0.2.0/24']))
    settings['roles']['inbound_firewall']['state'] = 'absent'
    (row,) = port_rows(machine, settings)
    assert (row['id'], row['status'], row['severity']) == ('firewall.allowed', 'green', 'low')
    assert '10.1.0.0' in row['finding'] and 'Nothing to do if a ban is meant' in row['hint']
    # The gateway is in both lists, behind so many networks that not all of the other list are tried.
    ban[0]['match']['right'] = '192.0.2.0'
    settings['allowed_networks'] += [f'10.0.{number}.0/30' for number in range(0, 250, 2)]
    (row,) = port_rows(machine, settings)
    assert (row['id'], row['status']) == ('firewall.shut', 'red') and '192.0.2.0' in row['finding']


def test_who_is_in_a_tunnel_is_named_and_not_red(machine, monkeypatch):
    by_tunnel = [{'match': {'op': '==', 'left': {'meta': {'key': 'iifname'}}, 'right': 'eth1'}}, {'accept': None}]
    machine.foreign.insert(1, {'rule': dict(OURS, chain='input', handle=4, expr=by_tunnel)})
    assert [row[:2] for row in said(machine)] == [('firewall.open', 'red')]
    (machine.folder / 'eth1').write_text('65534\n')
    monkeypatch.setattr(sources, 'TYPE', str(machine.folder / '{}'))
    ((identifier, status, severity, finding),) = said(machine)
    assert (identifier, status, severity) == ('firewall.tunnel', 'green', 'low') and 'tunnel eth1' in finding
