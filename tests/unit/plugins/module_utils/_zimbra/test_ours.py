# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a list is ours is told from what only looks like it, and wherever it stands."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.ours import is_ours, names, without

CONF = '/opt/zimbra/common/conf'
CLIENTS = f'check_client_access cidr:{CONF}/conbool_clients'
POLICY = 'check_policy_service { unix:/run/conbool-certificate.sock, timeout=5s, default_action=DUNNO }'


@pytest.mark.parametrize(
    'value, left',
    [
        (f'{CLIENTS}, {POLICY}, reject_a', 'reject_a'),
        (f'reject_a, {CLIENTS}, reject_b', 'reject_a, reject_b'),
        (f'reject_a {CLIENTS} reject_b', 'reject_a reject_b'),
        (f'reject_a,{POLICY}', 'reject_a'),
        (f'{CLIENTS}', ''),
        (f'  {CLIENTS}\treject_a,  reject_b ', 'reject_a,  reject_b'),
        ('check_policy_service unix:/run/conbool-certificate.sock, x', 'x'),
        (f'regexp:{CONF}/conbool_senders, lmdb:/x', 'lmdb:/x'),
        (f'lmdb:/x texthash:{CONF}/conbool_tls', 'lmdb:/x'),
    ],
)
def test_ours_is_taken_out_wherever_it_stands(value, left):
    assert without(value) == left


@pytest.mark.parametrize(
    'value',
    [
        'check_client_access cidr:/opt/zimbra/conf/conbool_clients, reject_a',
        f'check_client_access cidr:{CONF}/conbool_partners',
        f'check_client_access cidr:{CONF}/conbool_clients.old',
        f'check_client_access cidr:{CONF}/site/conbool_clients',
        'check_policy_service { inet:conbool.example.net:10040, default_action=DUNNO }',
        'check_policy_service unix:/run/conbool-certificate.sock.other',
        'static:[127.0.0.1]:2525, lmdb:/x',
        ' reject_a,  reject_b',
    ],
)
def test_what_only_looks_like_ours_stays_as_it_is(value):
    assert without(value) == value


def test_an_item_in_braces_is_told_by_its_first_word():
    assert is_ours('{ unix:/run/conbool-certificate.sock, timeout=5s }') and not is_ours('{}') and not is_ours('')


def test_a_table_is_named_by_its_whole_path():
    assert names(['x', f'cidr:{CONF}/conbool_clients, y'], f'{CONF}/conbool_clients')
    assert not names([f'cidr:{CONF}/conbool_clients_old', f'cidr:{CONF}/conbool_data'], f'{CONF}/conbool_clients')
