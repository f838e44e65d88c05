# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against a Zimbra's use of the gateway is said, and nothing is changed."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError

from tests.unit.fakes.zimbra import HOST
from tests.unit.fakes.zimbra_runs import apply


@pytest.mark.parametrize(
    'changes, words',
    [
        ({'wash_networks': ['10.0.0.0/8']}, 'conbool_wash_networks: 10.0.0.0/8'),
        ({'bypass_null_sender': 'server'}, "conbool_bypass_null_sender: 'server'"),
        ({'inbound_trust': True}, 'conbool_inbound_trust'),
        ({'inbound_certificate_fingerprints': ['AA:BB']}, "'AA:BB' is not a fingerprint as Zimbra compares"),
    ],
)
def test_what_a_zimbra_cannot_do_is_refused(zimbra, changes, words):
    assert words in ' '.join(apply(zimbra, **changes)[2].problems)


@pytest.mark.parametrize(
    'name, value, words',
    [
        ('smtp_bind_address', '192.0.2.1', 'postconf -X smtp_bind_address'),
        ('sender_dependent_default_transport_maps', 'lmdb:/x', 'wins over the relay host'),
        ('default_transport', 'relay:[x]', 'default_transport = relay:[x] leads mail elsewhere'),
        ('inet_interfaces', '192.0.2.1', 'inet_interfaces = 192.0.2.1'),
        ('smtp_tls_wrappermode', 'yes', 'smtp_tls_wrappermode'),
    ],
)
def test_what_keeps_mail_from_the_hop_is_refused(zimbra, name, value, words):
    zimbra.edit(**{name: value})
    assert words in ' '.join(apply(zimbra)[2].problems)


def test_a_fallback_past_the_gateway_is_refused(zimbra):
    zimbra.set('config', zimbraMtaFallbackRelayHost='[fallback.example.net]')
    assert 'zimbraMtaFallbackRelayHost' in ' '.join(apply(zimbra)[2].problems)


def test_a_server_without_tls_is_refused(zimbra):
    zimbra.set('servers', HOST, zimbraMtaTlsSecurityLevel='none')
    assert 'zimbraMtaTlsSecurityLevel' in ' '.join(apply(zimbra)[2].problems)


def test_a_header_instead_of_a_folder_is_refused(zimbra):
    assert 'conbool_spam_delivery: header' in ' '.join(apply(zimbra, spam_delivery='header')[2].problems)


def test_a_domain_of_somebody_else_is_refused(zimbra):
    with pytest.raises(HostError, match='conbool_domains: no.example is no domain of this Zimbra'):
        apply(zimbra, domains=['example.com', 'no.example'])


def test_a_mailbox_server_is_refused(zimbra):
    zimbra.set('servers', HOST, zimbraServiceEnabled=['mailbox'])
    with pytest.raises(HostError, match='has no service "mta"'):
        apply(zimbra)
