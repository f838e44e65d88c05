# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other filters of the host that keep the port closed."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.other_chains import closed_by_others

CHAIN = 'table inet filter {\n\tchain input {\n\t\ttype filter hook input priority 0; policy %s;\n%s\t}\n}\n'
USUAL = [
    'ct state 0x2,0x4 accept',
    'ct state established,related accept',
    'iif "lo" accept',
    'iifname "lo" accept',
    'meta l4proto 1 accept',
    'udp dport 25 accept',
    'tcp dport { 22, 443 } accept',
    'tcp dport 250 accept',
    'tcp dport 26-30 accept',
    'meta l4proto tcp tcp dport 22 counter packets 0 bytes 0 accept',
]


def said(rules, policy='drop', table=CHAIN):
    return closed_by_others(table % (policy, ''.join(f'\t\t{rule}\n' for rule in rules)), 25, 'conbool_inbound')


def test_chain_that_drops_and_accepts_other_things_is_told_of():
    warnings = said(USUAL)
    assert len(warnings) == 1 and warnings[0].startswith('The chain input of the table inet filter drops')


@pytest.mark.parametrize(
    'rule',
    [
        'tcp dport 25 accept',
        'tcp dport { 22, 25 } accept',
        'tcp dport 20-30 accept',
        'tcp dport { 22, 20-30 } ct state 0x8 accept',
        'tcp dport @ports accept',
        'tcp dport != 80 accept',
        'ip saddr 192.0.2.0/24 accept',
        'tcp dport vmap { 22 : accept, 25 : jump mail }',
        'ct state vmap { 0x8 : accept }',
        'accept',
        'ct state new tcp dport 25 accept',
    ],
)
def test_rule_that_may_let_the_port_in_silences_it(rule):
    assert said(USUAL + [rule]) == []


def test_chains_that_accept_by_policy_and_our_own_are_no_matter():
    assert said(USUAL, policy='accept') == []
    assert said(USUAL, table=CHAIN.replace('inet filter', 'inet conbool_inbound')) == []
    assert said(USUAL, table=CHAIN.replace('hook input', 'hook forward')) == []
    assert closed_by_others('', 25, 'conbool_inbound') == []
