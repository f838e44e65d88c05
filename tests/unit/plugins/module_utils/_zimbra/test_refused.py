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


def client(zimbra, option):
    path = zimbra.prefix / 'common/conf/master.cf'
    path.write_text(path.read_text(encoding='ascii') + f'    -o {option}\n', encoding='ascii')


@pytest.mark.parametrize(
    'option, words',
    [
        ('smtp_fallback_relay=[192.0.2.9]', 'master.cf: smtp/unix has -o smtp_fallback_relay=[192.0.2.9], which would'),
        ('smtp_bind_address=192.0.2.1', 'has -o smtp_bind_address=192.0.2.1, which keeps'),
        ('smtp_tls_wrappermode=yes', 'has -o smtp_tls_wrappermode=yes'),
        ('inet_interfaces=192.0.2.1', 'master.cf: smtp/unix: -o inet_interfaces = 192.0.2.1'),
        ('inet_protocols=ipv6', 'has -o inet_protocols=ipv6'),
        ('smtp_tls_policy_maps=lmdb:/x', 'has -o smtp_tls_policy_maps=lmdb:/x'),
        ('smtp_bind_address=$myhostname', '-o smtp_bind_address=mail.example.com'),
    ],
)
def test_what_an_option_of_the_client_does_is_refused(zimbra, option, words):
    zimbra.edit(myhostname='mail.example.com')
    client(zimbra, option)
    found = ' '.join(apply(zimbra)[2].problems)
    assert words in found and 'master.cf' in found


def test_an_option_of_the_client_that_does_no_harm_is_no_problem(zimbra):
    client(zimbra, 'smtp_bind_address=')
    client(zimbra, 'smtp_helo_timeout=30s')
    assert apply(zimbra)[2].problems == []


def test_a_tls_level_of_the_client_alone_gets_its_exception(zimbra):
    client(zimbra, 'smtp_tls_security_level=encrypt')
    apply(zimbra)
    assert 'conbool_tls' in zimbra.main_cf['smtp_tls_policy_maps']


def test_a_level_of_the_client_that_goes_by_no_table_is_refused(zimbra):
    client(zimbra, 'smtp_tls_security_level=encrypt')
    client(zimbra, 'smtp_tls_policy_maps=')
    assert 'keeps our exception' in ' '.join(apply(zimbra)[2].problems)


def test_a_client_that_is_another_program_is_refused(zimbra):
    path = zimbra.prefix / 'common/conf/master.cf'
    path.write_text(path.read_text(encoding='ascii').replace('- - smtp\n', '- - pipe\n'), encoding='ascii')
    assert 'smtp/unix is run by pipe' in ' '.join(apply(zimbra)[2].problems)


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


def test_a_domain_that_takes_no_mail_is_refused(zimbra):
    zimbra.set('domains', 'example.com', zimbraMailStatus='enabled')
    assert apply(zimbra)[2].problems == []
    zimbra.set('domains', 'example.com', zimbraMailStatus='disabled', zimbraDomainStatus='closed')
    with pytest.raises(HostError, match='conbool_domains: example.com takes no mail: zimbraMailStatus of the domain'):
        apply(zimbra)


def test_clients_that_are_judged_before_tls_are_refused(zimbra):
    zimbra.edit(smtpd_delay_reject='no')
    assert 'main.cf: smtpd_delay_reject = no' in ' '.join(apply(zimbra)[2].problems)
    assert apply(zimbra, inbound=False)[2].problems == []
    zimbra.edit(smtpd_delay_reject='yes')
    path = zimbra.prefix / 'common/conf/master.cf'
    early = '    -o smtpd_tls_security_level=may -o smtpd_delay_reject=no'
    path.write_text(
        path.read_text(encoding='ascii').replace('    -o smtpd_tls_security_level=may', early), encoding='ascii'
    )
    assert 'master.cf, smtpd/pass: smtpd_delay_reject = no' in ' '.join(apply(zimbra)[2].problems)
