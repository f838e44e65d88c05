# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets to the mail port, asked of rules as real hosts list them: Debian 12 and 13, limited to two addresses."""

from __future__ import annotations

import json
from ipaddress import ip_address
from pathlib import Path

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall import (
    detect,
    sources,
    way_in,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import Host
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import Wanted
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import addresses

from tests.unit.fakes.firewall import ROUTES4
from tests.unit.fakes.packets import (
    ACCEPT,
    DROP,
    EMPTY,
    GATEWAY,
    LIMITED,
    OPEN,
    SADDR,
    SHUT,
    SYN,
    judged,
    rules,
    table,
)

pytestmark = pytest.mark.usefixtures('net')

LISTINGS = Path(__file__).parent / 'listings'


def listing(name):
    return (LISTINGS / name).read_text(encoding='ascii')


def ufw(name):
    return {'ipv4': listing(name + '.ipv4'), 'ipv6': listing(name + '.ipv6')}


@pytest.mark.parametrize('name', ['firewalld-1.3.json', 'firewalld-2.3.json'])
def test_firewalld_lets_in_the_gateway_alone(name):
    assert judged(rules(listing(name))) == LIMITED


def test_a_policy_in_front_of_ours_is_named():
    found = rules(listing('firewalld-1.3-policy-in-front.json'))
    assert judged(found) == OPEN
    said = way_in.told(way_in.let_in(found, GATEWAY)[0])
    assert 'of the chain filter_IN_policy_before_allow of the table inet firewalld' in said
    assert said.startswith('198.51.100.77, 8.7.6.5, ')


def test_ufw_lets_in_the_gateway_alone():
    assert judged(rules(**ufw('ufw'))) == LIMITED


def test_rules_in_front_of_ufw_are_named_and_for_some_only_too():
    found = rules(**ufw('ufw-rules-in-front'))
    accepted = way_in.let_in(found, GATEWAY)[0]
    assert judged(found) == OPEN
    assert '-A ufw-before-input -p tcp -m tcp --dport 25 -j ACCEPT' in way_in.told(accepted)
    # That for IPv6 lets in one network.
    sources = {found.source: found.words for found in accepted if ':' in found.source}
    assert set(sources) == {'2001:db8:9::', '2001:db8:9:ffff:ffff:ffff:ffff:ffff'}
    assert all('-s 2001:db8:9::/48' in words for words in sources.values())


@pytest.mark.parametrize(
    'rule, outcome',
    [
        # The whole of what somebody may have: in front of ours in INPUT, or none of it about us.
        ('-A INPUT -p tcp -m tcp --dport 25 -j ACCEPT', OPEN),
        ('-A INPUT -p tcp -m multiport --dports 22,20:30 -m conntrack --ctstate NEW -j ACCEPT', OPEN),
        ('-A INPUT -i eth+ -j ACCEPT', OPEN),
        ('-A INPUT ! -i eth0 -j ACCEPT', OPEN),
        # By a tunnel without a route nobody comes.
        ('-A INPUT -i tun+ -j ACCEPT', LIMITED),
        ('-A INPUT -s 203.0.113.0/24 -j ACCEPT', OPEN),
        ('-A INPUT -p tcp --tcp-flags FIN,SYN,RST,ACK SYN -m comment --comment "-j DROP" -j ACCEPT', OPEN),
        ('-A INPUT -s 198.18.15.3/32 -j ACCEPT', LIMITED),
        ('-A INPUT -p udp -m udp --dport 25 -j ACCEPT', LIMITED),
        ('-A INPUT -p tcp -m tcp --dport 26 -j ACCEPT', LIMITED),
        ('-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', LIMITED),
        ('-A INPUT -i eth1 -s 10.0.1.0/24 -j ACCEPT', LIMITED),
        ('-A INPUT -p tcp -m tcp --dport 25 -j LOG --log-prefix "-j ACCEPT "', LIMITED),
        ('-A INPUT -d 224.0.0.251/32 -j ACCEPT', LIMITED),
        ('-A INPUT -d 192.0.2.5/32 -j ACCEPT', (False, False, False, True)),
        ('-A INPUT -d 192.0.2.0/24 -j ACCEPT', (False, False, False, True)),
        # A container's, and a broadcast.
        ('-A INPUT -d 172.17.0.2/32 ! -i docker0 -j DROP', LIMITED),
        ('-A INPUT -d 192.0.2.255/32 -j ACCEPT', LIMITED),
        ('-A INPUT ! -d 172.17.0.0/16 -j ACCEPT', OPEN),
        ('-A INPUT -s 10.0.0.0/255.0.255.0 -j ACCEPT', (False, False, False, True)),
        ('-A INPUT -p tcp -m tcp --dport 25 -m set --match-set partners src -j ACCEPT', (False, False, False, True)),
        ('-A INPUT -m mark --mark 0x1 -j ACCEPT', (False, False, False, True)),
        ('-A INPUT -j NFQUEUE --queue-num 0', (False, True, False, True)),
        ('-A INPUT -p tcp -m tcp --dport 25 -j DROP', SHUT),
        ('-A INPUT ! -s 10.0.0.0/8 -p tcp -m tcp --dport 1:1023 -j REJECT --reject-with icmp-port-unreachable', SHUT),
        ('-A INPUT -s 198.18.0.0/15 -j DROP', SHUT),
        ('-A INPUT -p tcp -m tcp --dport 25 -m limit --limit 1/sec -j DROP', (False, True, False, False)),
    ],
)
def test_rules_of_iptables(rule, outcome):
    texts = ufw('ufw')
    texts['ipv4'] = texts['ipv4'].replace('-A INPUT', rule + '\n-A INPUT', 1)
    assert judged(rules(**texts)) == outcome


def test_rules_of_docker_for_its_containers_are_none_about_this_host():
    docker = '*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -d 172.17.0.2/32 ! -i docker0 -j DROP\nCOMMIT\n'
    texts = ufw('ufw')
    texts['ipv4'] += docker
    assert judged(rules(**texts)) == LIMITED
    texts['ipv6'] += docker.replace('172.17.0.2/32', 'fd00:17::2/128')
    assert judged(rules(**texts)) == LIMITED
    texts['ipv6'] = texts['ipv6'].replace('fd00:17::2', '2001:db8:0:10::a')
    assert judged(rules(**texts)) != LIMITED


def test_of_a_host_whose_addresses_cannot_be_seen_nobody_knows(net):
    (net / 'fib_trie').unlink()
    texts = ufw('ufw')
    texts['ipv4'] = texts['ipv4'].replace('-A INPUT', '-A INPUT -d 172.17.0.2/32 -j ACCEPT\n-A INPUT', 1)
    assert judged(rules(**texts)) == (False, False, False, True)


def test_networks_that_are_this_host_s_own(net):
    assert (int(ip_address('127.0.0.0')), int(ip_address('127.255.255.255'))) in addresses.own(4)
    line = '20010db8000100000000000000000000 40 {0} 00 {0} 00000000 00000001 00000000 80200001 lo\n'
    (net / 'ipv6_route').write_text(line.format('0' * 32))
    assert (int(ip_address('2001:db8:1::')), int(ip_address('2001:db8:1:0:ffff:ffff:ffff:ffff'))) in addresses.own(6)


def test_a_policy_of_iptables_keeps_the_gateway_out():
    text = '# Generated by iptables-save v1.8.9 (nf_tables)\n*filter\n:INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n'
    assert 'the policy of INPUT (iptables, table filter)' in way_in.warnings(rules(ipv4=text), GATEWAY)[0]
    # What nft tells of the same table, it cannot tell as well.
    twice = table(policy='drop').replace('"inet"', '"ip"').replace('"own"', '"filter"')
    assert way_in.warnings(rules(twice, ipv4=text.replace('INPUT DROP', 'INPUT ACCEPT')), GATEWAY) == []


@pytest.mark.parametrize(
    'nft, outcome',
    [
        (table(), SHUT),
        (table(policy='accept'), OPEN),
        (table(flags='dormant'), OPEN),
        (table(flags=['owner', 'persist']), SHUT),
        (table([SYN, ACCEPT]), OPEN),
        (table([SYN, DROP], [ACCEPT]), SHUT),
        (table([SYN, {'counter': {'packets': 3, 'bytes': 9}}, {'jump': {'target': 'mail'}}]), OPEN),
        (table([SYN, {'goto': {'target': 'mail'}}]), OPEN),
        (table([SYN, {'jump': {'target': 'nothing'}}]), SHUT),
        (table([{'limit': {'rate': 10, 'per': 'second'}}, ACCEPT]), (False, True, False, True)),
        (table([{'xt': {'type': 'match', 'name': 'string'}}, DROP], policy='accept'), (False, True, False, True)),
        (table([SYN, {'queue': {'num': 1}}]), (False, True, False, True)),
        (table([{'log': {'prefix': 'mail '}}, SYN]), SHUT),
    ],
)
def test_chains_of_nftables(nft, outcome):
    assert judged(rules(nft)) == outcome


def test_every_table_has_to_accept_and_tables_can_be_left_out():
    both = json.loads(table())['nftables'] + json.loads(listing('firewalld-2.3.json'))['nftables']
    text = json.dumps({'nftables': both})
    assert judged(rules(text)) == SHUT
    assert judged(rules(text, but=[('inet', 'own')])) == LIMITED


def test_whom_it_is_about_and_whether_it_matters(net):
    refused = way_in.shut_out(rules(table()), GATEWAY)[0]
    assert way_in.told(refused).startswith('198.18.15.3, 2001:db8:0:10::3: the policy of the chain in')
    assert way_in.closed(refused, GATEWAY) and not way_in.closed([], GATEWAY)
    assert not way_in.closed(refused[1:], GATEWAY)
    assert way_in.closed(refused[1:], Wanted(25, {4: [], 6: GATEWAY.networks[6]}))
    # A host without IPv6 is reached by nobody over it.
    (net / 'if_inet6').write_text('fe800000000000000000c6fffe120f0c 02 40 20 80 eth0\n')
    assert len(way_in.shut_out(rules(table()), GATEWAY)[0]) == 1


def test_a_ban_within_the_list_is_found():
    wide = Wanted(25, {4: ['198.18.0.0/15'], 6: []})
    banned = [{'match': {'op': '==', 'left': SADDR, 'right': '198.18.15.3'}}, DROP]
    (found,) = way_in.shut_out(rules(table(banned, policy='accept')), wide)[0]
    assert found.source == '198.18.15.3' and found.words.startswith('rule 7 of the chain in')


def test_packets_come_by_the_way_by_which_they_are_answered():
    routes = sources.Routes(4)
    assert routes.interfaces(10 << 24 | 9) == ['eth1']
    assert routes.interfaces(10 << 24 | 256) == ['eth0'] == routes.interfaces(172 << 24 | 17 << 16 | 5)
    assert sources.Routes(6).interfaces(0xFD << 120 | 5) == ['eth1']
    assert sources.Routes(6).interfaces(1 << 125) == ['eth0']
    assert routes.neighbours() == [10 << 24 | 254]


def test_a_network_without_a_default_route_is_reached_by_all_interfaces(net):
    (net / 'route').write_text(''.join(line + '\n' for line in ROUTES4.splitlines() if '01C80A' not in line))
    assert sources.Routes(4).interfaces(1) == ['eth1']
    (net / 'route').write_text('')
    assert sources.Routes(4).interfaces(1) == []


def test_a_network_of_ones_own_is_a_stranger_unless_it_is_listed():
    texts = ufw('ufw')
    texts['ipv4'] = texts['ipv4'].replace('-A INPUT', '-A INPUT -i eth1 -j ACCEPT\n-A INPUT', 1)
    (found,) = way_in.let_in(rules(**texts), GATEWAY)[0]
    assert (found.source, found.interface) == ('10.0.0.254', 'eth1')
    allowed = Wanted(25, {4: ['10.0.0.0/24', '198.18.15.3/32'], 6: GATEWAY.networks[6]})
    assert way_in.let_in(rules(**texts), allowed)[0] == []


def test_an_nft_that_cannot_be_asked_is_said_and_no_obstacle():
    for text in ('table inet own {\n}\n', '{"nftables": [{"rule": {"family": "inet"}}]}', ''):
        found = rules(text)
        (warning,) = way_in.warnings(found, GATEWAY)
        assert 'cannot be told. nft list ruleset: ' in warning
    # What can be told of iptables, is told.
    text = '*filter\n:INPUT DROP [0:0]\nCOMMIT\n'
    assert 'Another filter of this host closes' in way_in.warnings(rules('', ipv4=text), GATEWAY)[0]


@pytest.mark.parametrize(
    'comment, outcome',
    [
        # What splitlines() takes for the end of a line, is none.
        ('a\u0085b', OPEN),
        ('a\u2028b', OPEN),
        # What is behind it cannot be told. Over IPv6 nobody gets in.
        ('a\nb', LIMITED),
    ],
)
def test_a_comment_with_an_end_of_line_in_it(comment, outcome):
    rule = f'-A INPUT -p tcp -m comment --comment "{comment}" -j ACCEPT\n'
    texts = ufw('ufw')
    texts['ipv4'] = texts['ipv4'].replace('-A INPUT', rule + '-A INPUT', 1)
    found = rules(**texts)
    assert ('iptables-save: what it lists cannot be read' in found.unread) == (outcome == LIMITED)
    assert judged(found) == outcome


@pytest.mark.parametrize('rule', ['-A INPUT -p tcp --dport smtp -j ACCEPT', '-A INPUT -p tcp --dport', '-A INPUT -j'])
def test_a_rule_that_cannot_be_read_is_said(rule):
    found = rules(ipv4=f'*filter\n:INPUT DROP [0:0]\n{rule}\nCOMMIT\n')
    assert 'iptables-save: what it lists cannot be read' in found.unread and found.blind == {4}


@pytest.mark.parametrize('failing, blind', [('nft', {4, 6}), ('iptables-save', {4}), ('ip6tables-save', {6})])
def test_while_something_is_unread_nobody_certainly_gets_in(failing, blind):
    def run(argv, **more):
        empty = EMPTY if argv[0] == 'nft' else ''
        return (1, '', 'Operation not permitted') if argv[0] == failing else (0, empty, '')

    known = ('nft', 'iptables-save', 'ip6tables-save')
    found = way_in.Rules(Host(run, lambda name, opt_dirs: name if name in known else None))
    assert found.blind == blind and failing in found.unread and 'Operation not permitted' in found.unread
    assert {6 if ':' in each.source else 4 for each in way_in.let_in(found, GATEWAY)[0]} == {4, 6} - blind
    assert judged(found)[3] is False


@pytest.mark.parametrize(
    'listed, unread',
    [('# Generated by iptables-save v1.8.9 (nf_tables)\n*filter\nCOMMIT\n', True), ('*filter\n', False)],
)
def test_rules_of_iptables_legacy_that_nothing_lists(net, monkeypatch, listed, unread):
    (net / 'names').write_text('filter\n')
    monkeypatch.setattr(detect, 'LEGACY_TABLES', (str(net / 'names'), str(net / 'none')))
    assert ('there is no iptables-legacy-save' in rules(ipv4=listed).unread) == unread


def test_a_host_without_ipv6_needs_no_ip6tables(net):
    (net / 'if_inet6').write_text('')
    asked = []
    way_in.Rules(Host(lambda argv, **more: asked.append(argv[0]) or (0, EMPTY, ''), lambda name, opt_dirs: name))
    assert 'ip6tables-save' not in asked and 'iptables-save' in asked


def test_every_network_of_the_gateway_is_tried():
    many = Wanted(25, {4: [f'10.0.{number}.0/30' for number in range(0, 250, 2)], 6: []})
    last = [{'match': {'op': '==', 'left': SADDR, 'right': '10.0.248.3'}}, DROP]
    found = rules(table(last, policy='accept'))
    assert way_in.shut_out(found, many)[0] == []
    assert [each.source for each in way_in.shut_out(found, many, every=True)[0]] == ['10.0.248.3']
