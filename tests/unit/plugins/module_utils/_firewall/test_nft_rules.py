# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rules of nftables ask for, and what a packet has of it."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall import way_in

from tests.unit.fakes.packets import ACCEPT, GATEWAY, OPEN, SADDR, SHUT, judged, rules, table

pytestmark = pytest.mark.usefixtures('net')


def question(left, right, operator='=='):
    return table([{'match': {'op': operator, 'left': left, 'right': right}}, ACCEPT], list4=['198.18.15.0/24'])


def meta(key):
    return {'meta': {'key': key}}


PORT = {'payload': {'protocol': 'tcp', 'field': 'dport'}}
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
        (meta('l4proto'), {'set': [6, 17]}, '==', True),
        (meta('l4proto'), 'icmp', '==', False),
        (meta('nfproto'), {'set': ['ipv4', 'ipv6']}, '==', True),
        (meta('iifname'), {'set': ['eth0', 'tun*']}, '==', True),
        (meta('iif'), 'lo', '==', False),
        (meta('iif'), 'lo', '!=', True),
        (meta('oifname'), 'lo', '!=', False),
        (meta('mark'), 1, '==', None),
        ({'a new expression': 1}, {'a new form': []}, '==', None),
        (meta('hour'), {'range': ['08:00', '17:00']}, '==', None),
        ({'fib': {'result': 'oif', 'flags': ['saddr', 'iif']}}, False, '==', False),
        ({'fib': {'result': 'oif', 'flags': 'saddr'}}, True, '==', True),
        ({'fib': {'result': 'type', 'flags': ['daddr']}}, {'set': [2]}, '==', True),
        ({'fib': {'result': 'type', 'flags': ['daddr']}}, 'broadcast', '==', False),
        ({'exthdr': {'name': 'rt', 'field': 'type'}}, 0, '==', False),
        ({'payload': {'protocol': 'ip', 'field': 'daddr'}}, '192.0.2.5', '==', False),
        ({'concat': [meta('l4proto'), PORT]}, {'set': [{'concat': [6, 25]}]}, '==', True),
        ({'concat': [meta('iifname'), PORT]}, {'set': [{'concat': ['ppp0', 25]}]}, '==', False),
        ({'concat': [meta('mark'), PORT]}, {'set': [{'concat': [1, 25]}]}, '==', None),
        ({'concat': [meta('mark'), PORT]}, {'set': [{'concat': [1, 26]}]}, '==', False),
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
    unknown = {'vmap': {'key': meta('mark'), 'data': {'set': [[1, ACCEPT]]}}}
    assert judged(rules(table([unknown]))) == (False, True, False, True)
    assert judged(rules(table([{'vmap': {'key': PORT, 'data': '@ports'}}], ports=entries))) == OPEN


@pytest.mark.parametrize(
    'right, perhaps',
    [
        ('192.0.2.5', True),
        ({'prefix': {'addr': '192.0.2.0', 'len': 24}}, True),
        ({'set': ['172.17.0.2', '192.0.2.5']}, True),
        ({'set': [{'range': ['192.0.2.0', '192.0.2.9']}]}, True),
        # A container's: none of this host's addresses.
        ('172.17.0.2', False),
        ({'prefix': {'addr': '172.17.0.0', 'len': 16}}, False),
        ({'set': ['172.17.0.2', {'prefix': {'addr': '10.8.0.0', 'len': 16}}]}, False),
        ('2001:db8::2', False),
    ],
)
def test_a_destination_is_one_of_this_host_s_addresses(right, perhaps):
    daddr = {'payload': {'protocol': 'ip', 'field': 'daddr'}}
    for left, member in ((daddr, right), ({'concat': [daddr, PORT]}, {'set': [{'concat': [right, 25]}]})):
        if left is not daddr and 'set' in right:
            continue
        drop = table([{'match': {'op': '==', 'left': left, 'right': member}}, {'drop': None}], policy='accept')
        shut, unsure = way_in.shut_out(rules(drop), GATEWAY)
        assert (len(shut), len(unsure)) == (0, int(perhaps))
