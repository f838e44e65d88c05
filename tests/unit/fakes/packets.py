# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of a host that nft and iptables list, and who gets in by them."""

from __future__ import annotations

import json

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall import way_in
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import Host
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import Wanted

GATEWAY = Wanted(25, {4: ['198.18.15.3/32'], 6: ['2001:db8:0:10::3/128']})
EMPTY = json.dumps({'nftables': []})
# As nft 1.0.6 lists them with -n.
SYN = {'match': {'op': '==', 'left': {'payload': {'protocol': 'tcp', 'field': 'dport'}}, 'right': 25}}
SADDR = {'payload': {'protocol': 'ip', 'field': 'saddr'}}
ACCEPT, DROP = {'accept': None}, {'drop': None}


def rules(nft=EMPTY, ipv4='', ipv6='', but=(), routes=''):
    said = {'nft': nft, 'iptables-save': ipv4, 'ip6tables-save': ipv6, 'ip': routes}

    def run(argv, **more):
        return (0, said[argv[0]], '') if said[argv[0]] or argv[0] != 'nft' else (1, '', 'no such thing in this kernel')

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
