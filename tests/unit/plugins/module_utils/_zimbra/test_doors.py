# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways past the gateway into a played Zimbra are rows."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import sockets
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import server

from tests.unit.fakes.zimbra_runs import PlayedModule, apply, settings_of

SUBMISSION = """465 inet n - n - - smtpd
    -o smtpd_client_restrictions=
    -o smtpd_recipient_restrictions=
    -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
submission inet n - n - - smtpd
    -o smtpd_client_restrictions=permit_sasl_authenticated,reject
[127.0.0.1]:10025 inet n - n - - smtpd
    -o smtpd_client_restrictions=permit_mynetworks,reject
[::1]:10030 inet n - n - - smtpd
    -o smtpd_client_restrictions=
"""


@pytest.fixture(autouse=True)
def nobody_listens(tmp_path, monkeypatch):
    monkeypatch.setattr(sockets, 'TABLES', {str(tmp_path / 'tcp'): socket.AF_INET})
    return tmp_path / 'tcp'


def more(zimbra, text, old='', new=''):
    path = zimbra.prefix / 'common/conf/master.cf'
    path.write_text(path.read_text(encoding='ascii').replace(old, new) + text, encoding='ascii')


def doors(zimbra, **changes):
    return server.ZimbraServer(PlayedModule(zimbra), settings_of(**changes)).doors()


def test_what_a_zimbra_has_is_no_door(zimbra):
    more(zimbra, SUBMISSION)
    apply(zimbra)
    assert doors(zimbra) == []


def test_a_further_smtpd_is_one_unless_it_goes_by_main_cf(zimbra):
    apply(zimbra)
    more(zimbra, '2525 inet n - n - - smtpd\n')
    assert doors(zimbra) == []
    more(zimbra, '    -o smtpd_client_restrictions=permit_mynetworks\n')
    # Strangers are asked again at DATA.
    assert doors(zimbra) == []
    more(zimbra, '    -o smtpd_data_restrictions=\n')
    (row,) = doors(zimbra)
    assert (row['id'], row['target'], row['status']) == ('inbound.door', '2525/inet', 'red')
    assert 'past the gateway' in row['finding'] and 'to 2525/inet in master.cf.in' in row['hint']
    assert doors(zimbra, inbound=False) == []


def test_port_25_with_a_list_of_its_own_is_one(zimbra):
    apply(zimbra)
    more(
        zimbra,
        '',
        '    -o smtpd_tls_security_level=may',
        '    -o smtpd_client_restrictions= -o smtpd_data_restrictions=',
    )
    (row,) = doors(zimbra)
    assert row['target'] == 'smtp/inet' and 'options of this service in master.cf.in win' in row['hint']


def test_a_preflight_names_those_that_a_run_would_not_close(zimbra):
    more(zimbra, '2525 inet n - n - - smtpd\n    -o smtpd_client_restrictions= -o smtpd_data_restrictions=\n')
    more(zimbra, '2526 inet n - n - - smtpd\n    -o smtpd_client_restrictions=\n')
    adapter = server.ZimbraServer(PlayedModule(zimbra), settings_of())
    assert [row['target'] for row in adapter.obstacles(adapter.facts()) if row['id'] == 'inbound.door'] == ['2525/inet']


@pytest.mark.parametrize(
    'address, said', [('0100007F', None), ('00000000', 'listens on 0.0.0.0'), ('0A5EC6C6', 'listens on 198.198.94.10')]
)
def test_lmtp_that_others_reach_is_named(zimbra, nobody_listens, address, said):
    apply(zimbra)
    nobody_listens.write_text(
        f'  sl  local_address rem_address   st ...\n   0: {address}:1B71 00000000:0000 0A 0:0 0:0 0 998 0 12345\n',
        encoding='ascii',
    )
    found = doors(zimbra)
    assert [row['finding'].partition(':')[0] for row in found] == ([said] if said else [])
    assert all((row['id'], row['status']) == ('inbound.lmtp', 'green') for row in found)
