# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets to the mail port, asked of rules as real hosts list them: Debian 12 and 13, limited to two addresses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall import sources, way_in
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import Host
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import Wanted

from tests.unit.fakes.firewall import ROUTES4, ROUTES6

LISTINGS = Path(__file__).parent / 'listings'
GATEWAY = Wanted(25, {4: ['198.18.15.3/32'], 6: ['2001:db8:0:10::3/128']})
EMPTY = json.dumps({'nftables': []})
# As nft 1.0.6 lists them with -n.
SYN = {'match': {'op': '==', 'left': {'payload': {'protocol': 'tcp', 'field': 'dport'}}, 'right': 25}}
SADDR = {'payload': {'protocol': 'ip', 'field': 'saddr'}}
ACCEPT, DROP = {'accept': None}, {'drop': None}


@pytest.fixture(autouse=True)
def fixture_net(monkeypatch, tmp_path):
    files = {'route': ROUTES4, 'ipv6_route': ROUTES6, 'if_inet6': '20010db8000000100000000000000a 02 40 00 80 eth0\n'}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(sources, 'TABLES', {4: str(tmp_path / 'route'), 6: str(tmp_path / 'ipv6_route')})
    monkeypatch.setattr(sources, 'ADDRESSES6', str(tmp_path / 'if_inet6'))
    return tmp_path


def rules(nft=EMPTY, ipv4='', ipv6='', but=()):
    said = {'nft': nft, 'iptables-save': ipv4, 'ip6tables-save': ipv6}

    def run(argv, **more):
        return (0, said[argv[0]], '') if said[argv[0]] else (1, '', 'no such thing in this kernel')

    return way_in.Rules(Host(run, lambda name, opt_dirs: name if name in said else None), but)


def table(*expressions, policy='drop', flags=None, chain='in', **more):
    place = {'family': 'inet', 'table': 'own'}
    entries = [
        {'table': dict({'family': 'inet', 'name': 'own'}, **({'flags': flags} if flags else {}))},
        {'chain': dict(place, name='in', type='filter', hook='input', prio=0, policy=policy)},
        {'chain': dict(place, name='mail')},
        *({'set': dict(place, name=name, type='ipv4_addr', elem=elements)} for name, elements in more.items()),
        *({'rule': dict(place, chain='in', handle=7, expr=list(each))} for each in expressions),
        {'rule': dict(place, chain='mail', handle=9, expr=[ACCEPT])},
    ]
    return json.dumps({'nftables': entries})


def judged(found):
    """Who of the list is shut out, and which strangers get in; and whether either cannot be told."""
    shut, perhaps_shut = way_in.shut_out(found, GATEWAY)
    strangers, perhaps_in = way_in.let_in(found, GATEWAY)
    return bool(shut), bool(perhaps_shut), bool(strangers), bool(perhaps_in)


LIMITED, SHUT, OPEN = (False, False, False, False), (True, False, False, False), (False, False, True, False)


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


def question(left, right, operator='=='):
    return table([{'match': {'op': operator, 'left': left, 'right': right}}, ACCEPT], list4=['198.18.15.0/24'])


PORT, META = {'payload': {'protocol': 'tcp', 'field': 'dport'}}, lambda key: {'meta': {'key': key}}
STATE = {'ct': {'key': 'state'}}
FLAGS = {'&': [{'payload': {'protocol': 'tcp', 'field': 'flags'}}, [1, 2, 4, 16]]}


@pytest.mark.parametrize(
    'left, right, operator, fits',
    [
        (PORT, {'set': [22, {'range': [20, 30]}]}, '==', True),
        (PORT, {'set': [22, 250]}, '==', False),
        (PORT, 80, '!=', True),
        (PORT, 26, '<', True),
        ({'payload': {'protocol': 'udp', 'field': 'dport'}}, 25, '==', False),
        ({'payload': {'protocol': 'udp', 'field': 'dport'}}, 80, '!=', False),
        ({'payload': {'protocol': 'th', 'field': 'dport'}}, 25, '==', True),
        (FLAGS, 2, '==', True),
        (FLAGS, 18, '==', False),
        ({'payload': {'protocol': 'tcp', 'field': 'flags'}}, ['syn', 'ack'], 'in', True),
        (STATE, [2, 4], 'in', False),
        (STATE, 8, 'in', True),
        (STATE, {'set': ['established', 'related']}, '==', False),
        (STATE, {'set': ['new', 'untracked']}, '==', True),
        ({'ct': {'key': 'status'}}, 32, 'in', False),
        ({'ct': {'key': 'mark'}}, 32, '==', None),
        (META('l4proto'), {'set': [6, 17]}, '==', True),
        (META('l4proto'), 'icmp', '==', False),
        (META('nfproto'), {'set': ['ipv4', 'ipv6']}, '==', True),
        (META('iifname'), {'set': ['eth0', 'tun*']}, '==', True),
        (META('iif'), 'lo', '==', False),
        (META('iif'), 'lo', '!=', True),
        (META('oifname'), 'lo', '!=', False),
        (META('mark'), 1, '==', None),
        ({'a new expression': 1}, {'a new form': []}, '==', None),
        (META('hour'), {'range': ['08:00', '17:00']}, '==', None),
        ({'fib': {'result': 'oif', 'flags': ['saddr', 'iif']}}, False, '==', False),
        ({'fib': {'result': 'oif', 'flags': 'saddr'}}, True, '==', True),
        ({'fib': {'result': 'type', 'flags': ['daddr']}}, {'set': [2]}, '==', True),
        ({'fib': {'result': 'type', 'flags': ['daddr']}}, 'broadcast', '==', False),
        ({'exthdr': {'name': 'rt', 'field': 'type'}}, 0, '==', False),
        ({'payload': {'protocol': 'ip', 'field': 'daddr'}}, '192.0.2.5', '==', False),
        ({'concat': [META('l4proto'), PORT]}, {'set': [{'concat': [6, 25]}]}, '==', True),
        ({'concat': [META('iifname'), PORT]}, {'set': [{'concat': ['ppp0', 25]}]}, '==', False),
        ({'concat': [META('mark'), PORT]}, {'set': [{'concat': [1, 25]}]}, '==', None),
        ({'concat': [META('mark'), PORT]}, {'set': [{'concat': [1, 26]}]}, '==', False),
    ],
)
def test_what_rules_of_nftables_ask_for(left, right, operator, fits):
    if left == {'payload': {'protocol': 'ip', 'field': 'daddr'}}:
        # Which address a client connects to, nobody knows; over IPv6 it is none of these.
        fits = None
    shut, perhaps = way_in.shut_out(rules(question(left, right, operator)), GATEWAY)
    answers = {True: (0, 0), False: (2, 0), None: (0, 2)}
    assert (len(shut), len(perhaps)) == ((1, 1) if left.get('payload', {}).get('protocol') == 'ip' else answers[fits])


@pytest.mark.parametrize(
    'right, opened',
    [('@list4', True), ({'prefix': {'addr': '198.18.0.0', 'len': 15}}, True), ('198.18.15.4', False), ('@gone', None)],
)
def test_sources_in_sets_and_networks(right, opened):
    elements = [{'prefix': {'addr': '198.18.15.0', 'len': 24}}, {'elem': {'val': '192.0.2.1', 'timeout': 60}}]
    found = rules(table([{'match': {'op': '==', 'left': SADDR, 'right': right}}, ACCEPT], list4=elements))
    shut, perhaps = way_in.shut_out(found, GATEWAY)
    assert ['198.18.15.3' in [each.source for each in part] for part in (shut, perhaps)] == [
        opened is False,
        opened is None,
    ]
    # Of a set, those whom it names are strangers too.
    strangers = {each.source for each in way_in.let_in(found, GATEWAY)[0]}
    assert ('192.0.2.1' in strangers) == (right == '@list4')


def test_a_verdict_map_is_followed():
    entries = [[22, ACCEPT], [{'range': [20, 30]}, {'jump': {'target': 'mail'}}]]
    assert judged(rules(table([{'vmap': {'key': PORT, 'data': {'set': entries}}}]))) == OPEN
    assert judged(rules(table([{'vmap': {'key': PORT, 'data': {'set': entries[:1]}}}]))) == SHUT
    unknown = {'vmap': {'key': META('mark'), 'data': {'set': [[1, ACCEPT]]}}}
    assert judged(rules(table([unknown]))) == (False, True, False, True)
    assert judged(rules(table([{'vmap': {'key': PORT, 'data': '@ports'}}], ports=entries))) == OPEN


def test_every_table_has_to_accept_and_tables_can_be_left_out():
    both = json.loads(table())['nftables'] + json.loads(listing('firewalld-2.3.json'))['nftables']
    text = json.dumps({'nftables': both})
    assert judged(rules(text)) == SHUT
    assert judged(rules(text, but=[('inet', 'own')])) == LIMITED


def test_whom_it_is_about_and_whether_it_matters(fixture_net):
    refused = way_in.shut_out(rules(table()), GATEWAY)[0]
    assert way_in.told(refused).startswith('198.18.15.3, 2001:db8:0:10::3: the policy of the chain in')
    assert way_in.closed(refused, GATEWAY) and not way_in.closed([], GATEWAY)
    assert not way_in.closed(refused[1:], GATEWAY)
    assert way_in.closed(refused[1:], Wanted(25, {4: [], 6: GATEWAY.networks[6]}))
    # A host without IPv6 is reached by nobody over it.
    (fixture_net / 'if_inet6').write_text('fe800000000000000000c6fffe120f0c 02 40 20 80 eth0\n')
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


def test_a_network_without_a_default_route_is_reached_by_all_interfaces(fixture_net):
    (fixture_net / 'route').write_text(''.join(line + '\n' for line in ROUTES4.splitlines() if '01C80A' not in line))
    assert sources.Routes(4).interfaces(1) == ['eth1']
    (fixture_net / 'route').write_text('')
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
