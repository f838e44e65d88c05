# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway's connections are turned to another port: in one table with the limit, or beside firewalld and ufw."""

from __future__ import annotations

import json
from ipaddress import ip_address

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall import nftables, turned, way_in
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import Host
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.packet import Packet
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.sources import Routes
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import FirewallError, Redirect, Wanted

from tests.unit.fakes.firewall import BACKENDS, FIRST, admits
from tests.unit.fakes.packets import rules

TURN = {'redirect_port': 327, 'redirect_networks': ['192.0.2.0/28', '2001:db8::/64']}


def lines(machine):
    return [line.strip() for line in machine.table.splitlines()]


@pytest.mark.parametrize('backend', BACKENDS)
def test_it_comes_and_goes_with_the_limit_and_alone(new, backend):
    machine = new(backend)
    files, in_force = machine.files(), machine.in_force()
    planned = machine.converge(check=True, networks=FIRST, **TURN)
    assert (machine.files(), machine.in_force()) == (files, in_force)
    assert machine.converge(networks=FIRST, **TURN) == planned and planned[0]['backend'] == backend
    # What this host only forwards is not for it.
    assert 'iifname != "lo" tcp dport 25 fib daddr type local ip saddr @turned4 redirect to :327' in lines(machine)
    assert 'iifname != "lo" tcp dport 327 ct status & dnat == 0 reject with tcp reset' in lines(machine)
    # One limit, in whatever filters.
    assert admits(machine, FIRST[0]) and ('jump newcomer' in machine.table) == (backend == 'nftables')
    for more in (TURN, {}):
        # Whoever says nothing of it leaves it.
        assert not machine.converge(networks=FIRST, **more)[0]['changed']
    assert machine.converge(state='absent')[0]['changed']
    assert '@turned6 redirect to :327' in machine.table and 'newcomer' not in machine.table
    assert machine.converge(state='absent', redirect_port=0)[0]['changed']
    assert (machine.files(), machine.in_force()) == (files, in_force)


@pytest.mark.parametrize('backend', ['ufw', 'firewalld'])
def test_a_host_without_nft_is_refused_and_nothing_is_changed(new, backend):
    machine = new(backend)
    machine.commands.discard('nft')
    files = machine.files()
    with pytest.raises(FirewallError, match='^inbound_port: 327: .*no command nft'):
        machine.converge(networks=FIRST, names={'redirect_port': 'inbound_port'}, **TURN)
    assert machine.files() == files


@pytest.mark.parametrize('moved', [False, True])
def test_a_redirect_that_cannot_be_taken_out_is_no_undo(new, moved):
    machine = new('nftables')
    machine.converge(networks=FIRST, **TURN)
    machine.commands.discard('nft')
    before = machine.files(), machine.in_force()
    asked = {'state': 'absent', 'redirect_port': 0}
    if moved:
        machine.has_ufw()
        before, asked = (machine.files(), machine.in_force()), {'networks': FIRST, 'redirect_port': 0}
    for check in (True, False):
        with pytest.raises(FirewallError, match='cannot be taken out of the kernel: there is no command nft'):
            machine.converge(check, **asked)
    assert (machine.files(), machine.in_force()) == before
    machine.commands.add('nft')
    assert machine.converge(**asked)[0]['changed'] and not machine.table


def site(*rules):
    """Another filter of the host, that drops what no rule accepts."""
    place = {'family': 'inet', 'table': 'site'}
    chain = {'name': 'in', 'type': 'filter', 'hook': 'input', 'prio': 0, 'policy': 'drop'}
    return [{'chain': {**place, **chain}}, *({'rule': {**place, 'chain': 'in', 'expr': expr}} for expr in rules)]


def accepted(left, right, operator='=='):
    return [{'match': {'op': operator, 'left': left, 'right': right}}, {'accept': None}]


DPORT, STATUS = {'payload': {'protocol': 'tcp', 'field': 'dport'}}, {'ct': {'key': 'status'}}
KNOWS_25 = accepted(DPORT, 25)


@pytest.mark.parametrize('backend', BACKENDS)
@pytest.mark.parametrize('limit', ['present', 'absent'])
def test_nobody_is_led_to_a_port_that_others_close(new, backend, limit):
    machine = new(backend)
    machine.foreign = site(KNOWS_25)
    before = machine.files(), machine.in_force()
    asked = {'networks': FIRST, 'state': limit, 'names': {'redirect_port': 'inbound_port'}, **TURN}
    for check in (True, False):
        with pytest.raises(FirewallError, match='^inbound_port: 327: another filter .* closes .* 192.0.2.0: .*site'):
            machine.converge(check, **asked)
    assert (machine.files(), machine.in_force()) == before
    # Who is led there, or that port, is known to it.
    for opened in (accepted(STATUS, 32, 'in'), accepted(DPORT, 327)):
        machine.foreign = site(KNOWS_25, opened)
        result, warnings = machine.converge(**asked)
        assert result['settled'] in (True, False) and warnings == []
    # What is there already is warned about: a ban keeps nothing else from being mended.
    machine.foreign = site(KNOWS_25)
    assert any('closes port 327' in text for text in machine.converge(**asked)[1])


def test_the_mail_port_itself_is_no_place_to_be_led_to(new):
    with pytest.raises(FirewallError, match='^inbound_port: 25 is the mail port itself'):
        new('nftables').converge(
            networks=FIRST, redirect_port=25, redirect_networks=FIRST, names={'redirect_port': 'inbound_port'}
        )


def test_ufw_opens_the_other_port_behind_its_own_rules(new):
    machine = new('ufw')
    machine.converge(networks=FIRST, **TURN)
    for version, suffix in (('ip', ''), ('ip6', '6')):
        opened = [line for line in machine.filter[version] if line.startswith(f'-A ufw{suffix}-after-input -p tcp')]
        assert [line.split('--dport ')[1].split()[0] for line in opened] == ['25', '327']


@pytest.mark.parametrize(
    'more, words',
    [
        ({'redirect_port': 70000, 'redirect_networks': FIRST}, 'redirect_port'),
        ({'redirect_port': 327, 'redirect_networks': []}, 'networks'),
        ({'redirect_port': 327, 'redirect_networks': ['192.0.2.1/24']}, 'host bits'),
    ],
)
def test_what_cannot_be_meant_is_refused(new, more, words):
    with pytest.raises(FirewallError, match=words):
        new('nftables').converge(networks=FIRST, **more)


def test_what_is_there_is_read_from_our_file(new):
    machine = new('nftables')
    assert nftables.present_redirect() == (0, [])
    machine.converge(networks=FIRST, **TURN)
    assert nftables.present_redirect() == (327, TURN['redirect_networks'])


# --- what the kernel says

GATEWAY = Wanted(25, {4: ['198.18.15.3/32'], 6: []})
GATEWAY.redirect = Redirect(327, {4: ['198.18.15.3/32'], 6: []})
PLACE = {'family': 'inet', 'table': 'own'}
PORT = {'match': {'op': '==', 'left': {'payload': {'protocol': 'tcp', 'field': 'dport'}}, 'right': 25}}
OURS = [PORT, {'match': {'op': '==', 'left': {'payload': {'protocol': 'ip', 'field': 'saddr'}}, 'right': '@known'}}]


def nat(*chains, known='198.18.15.3'):
    entries = [{'table': {'family': 'inet', 'name': 'own'}}]
    entries.append({'set': {**PLACE, 'name': 'known', 'type': 'ipv4_addr', 'elem': [known]}})
    for number, (prio, *expressions) in enumerate(chains):
        name = f'c{number}'
        entries.append({'chain': {**PLACE, 'name': name, 'type': 'nat', 'hook': 'prerouting', 'prio': prio}})
        entries += [{'rule': {**PLACE, 'chain': name, 'handle': 7, 'expr': each}} for each in expressions]
    return json.dumps({'nftables': entries})


def astray(text):
    def run(argv, **more):
        return 0, text, ''

    return turned.astray(turned.read(Host(run, lambda name, opt_dirs: name)), GATEWAY, Routes)


REDIRECT = {'redirect': {'port': 327}}


@pytest.mark.usefixtures('net')
@pytest.mark.parametrize(
    'listing, right',
    [
        (nat((-110, [*OURS, REDIRECT])), True),
        (nat((-110, [*OURS, REDIRECT]), (-200, [PORT, {'accept': None}])), True),
        (nat((-110, [*OURS, REDIRECT]), (-200, [PORT, {'redirect': {'port': 2525}}])), False),
        (nat((-110, [*OURS, REDIRECT]), (-100, [PORT, {'redirect': {'port': 2525}}])), True),
        (nat((-110, [*OURS, REDIRECT]), (-200, [PORT, {'dnat': {'addr': '192.0.2.1', 'port': 327}}])), False),
        (nat((-110, [*OURS, REDIRECT]), known='198.18.15.4'), False),
        (nat((-110, [{'limit': {'rate': 1}}, *OURS, REDIRECT])), False),
        (nat(), False),
    ],
)
def test_whether_the_gateway_is_led_there_is_asked_of_the_kernel(listing, right):
    found = astray(listing)
    assert bool(found) != right and (right or '198.18.15.3' in way_in.told(found))


def filtered(operator, right, left=None):
    status = left or {'ct': {'key': 'status'}}
    port = {'match': {'op': '==', 'left': {'payload': {'protocol': 'tcp', 'field': 'dport'}}, 'right': 327}}
    guard = [port, {'match': {'op': operator, 'left': status, 'right': right}}, {'reject': None}]
    chain = {'chain': {**PLACE, 'name': 'in', 'type': 'filter', 'hook': 'input', 'prio': 0, 'policy': 'accept'}}
    return json.dumps({'nftables': [chain, {'rule': {**PLACE, 'chain': 'in', 'handle': 7, 'expr': guard}}]})


@pytest.mark.usefixtures('net')
@pytest.mark.parametrize(
    'listing',
    [
        # Of nft 1.0.6, with and without numbers, and as older ones list it.
        filtered('!', 'dnat'),
        filtered('!', 32),
        filtered('==', 0, {'&': [{'ct': {'key': 'status'}}, 'dnat']}),
    ],
)
def test_who_was_not_turned_does_not_get_to_the_other_port(listing):
    found, own = rules(listing), ((0, 2**32 - 1),)
    source = int(ip_address('198.18.15.3'))
    assert found.fate(Packet(4, source, 'eth0', 327, own, True))[0] == 'accept'
    assert found.fate(Packet(4, source, 'eth0', 327, own, False))[0] == 'refuse'
    # Every firewalld and many an iptables lets in what was turned.
    said = '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT\n'
    shut = rules(ipv4=f'*filter\n:INPUT DROP [0:0]\n{said}COMMIT\n')
    assert shut.fate(Packet(4, source, 'eth0', 327, own, True))[0] == 'accept'
    assert shut.fate(Packet(4, source, 'eth0', 327, own, False))[0] == 'refuse'
