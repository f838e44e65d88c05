# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nft lists, in one form whatever its version."""

from __future__ import annotations

import json

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import nft

PLACE = {'family': 'inet', 'table': 'own'}


def listed(*entries):
    return nft.canonical(json.dumps({'nftables': [{'metainfo': {'version': '1.0.6'}}, *entries]}))


def members(*elements, **more):
    return listed({'set': dict(PLACE, name='ipv4', type='ipv4_addr', elem=list(elements), **more)})


def rule(*expressions, **more):
    return {'rule': dict(PLACE, chain='input', expr=list(expressions), **more)}


def network(address, length):
    return {'prefix': {'addr': address, 'len': length}}


@pytest.mark.parametrize(
    'one, other',
    [
        (members(network('10.0.0.0', 25), network('10.0.0.128', 25)), members(network('10.0.0.0', 24))),
        (members({'range': ['10.0.0.0', '10.0.0.255']}), members(network('10.0.0.0', 24))),
        (members('10.0.0.2', '10.0.0.1'), members({'range': ['10.0.0.1', '10.0.0.2']})),
        (members({'elem': {'val': '10.0.0.1', 'expires': 3}}), members('10.0.0.1', handle=7)),
        (
            members(network('2001:db8::', 32)),
            members({'range': ['2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff']}),
        ),
        (members(flags='interval'), members(flags=['interval'], elem2=[])),
        (
            listed(rule({'counter': {'packets': 1, 'bytes': 60}}, {'accept': None}, handle=3, comment='x')),
            listed(rule({'accept': None})),
        ),
        (
            listed(rule({'match': {'op': '==', 'left': 'x', 'right': {'set': [25]}}})),
            listed(rule({'match': {'op': '==', 'left': 'x', 'right': 25}})),
        ),
        (
            listed(rule({'match': {'left': {'&': ['x', {'|': [2, 16]}]}}})),
            listed(rule({'match': {'left': {'&': ['x', [2, 16]]}}})),
        ),
    ],
)
def test_the_same_is_equal(one, other):
    assert one == other


@pytest.mark.parametrize(
    'one, other',
    [
        (members('10.0.0.1'), members('10.0.0.1', '10.0.0.3')),
        (members('10.0.0.1'), members('::a00:1')),
        (listed(rule({'accept': None}), rule({'drop': None})), listed(rule({'drop': None}), rule({'accept': None}))),
        (listed(rule({'accept': None})), listed(rule({'limit': {'rate': 1}}, {'accept': None}))),
        (listed({'table': {'family': 'inet', 'name': 'own'}}), listed({'table': {'family': 'ip', 'name': 'own'}})),
        (listed(), listed({'flowtable': dict(PLACE, name='f')})),
    ],
)
def test_what_does_something_else_is_not(one, other):
    assert one != other


@pytest.mark.parametrize(
    'element, found',
    [
        (25, (0, 25, 25)),
        ({'range': [20, 30]}, (0, 20, 30)),
        ('0.0.1.0', (4, 256, 256)),
        (network('0.0.1.7', 24), (4, 256, 511)),
        (network('eth0', 24), None),
        ({'prefix': 'a prefix of a log'}, None),
        ({'range': ['10.0.0.1', 5]}, None),
        ('eth0', None),
        (True, None),
        ({'concat': ['10.0.0.1', 25]}, None),
    ],
)
def test_what_an_element_covers(element, found):
    assert nft.span(element) == found


@pytest.mark.parametrize('text', ['table inet own {', '[]', '{"nftables": 1}'])
def test_what_is_no_listing_is_refused(text):
    with pytest.raises(ValueError):
        nft.canonical(text)
