# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the gateway is offered TLS and asked for its certificate, and which listeners were open to strangers."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.cf import SendmailCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.compatibility import complaints, warnings
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.facts import tagged

from tests.unit.fakes.sendmail_facts import SETTINGS, info

SERVER = {'serverCertFile'.lower(): '/s.pem', 'ServerKeyFile'.lower(): '/s.key', 'cacertpath': '/etc/ssl/certs'}
INBOUND = dict(
    SETTINGS,
    inbound=True,
    inbound_require_certificate=True,
    inbound_certificate_fingerprints=[],
    networks=['192.0.2.0/24', '2001:db8:7::/48'],
    allowed_networks=[],
    domains=['example.com'],
)
NONE = 'confTLS_SRV_OPTIONS is V'


def said(entries=None, options=None, ports=('Port=smtp, Name=MTA',), **settings):
    about = info(options=dict(SERVER, **(options or {})), srv_entries=entries or {}, daemon_ports=list(ports))
    return complaints(dict(INBOUND, **settings), about)


@pytest.mark.parametrize(
    'entries, options, words',
    [
        ({}, {'tlssrvoptions': 'V'}, [NONE]),
        ({'srv_features:': 'V'}, {}, ['srv_features: V']),
        ({'srv_features:': 'A R'}, {}, ['srv_features: A R']),
        ({'srv_features:192.0.2': 'V'}, {}, ['srv_features:192.0.2 V']),
        ({'srv_features:192': 'V'}, {}, ['srv_features:192 V']),
        ({'srv_features:192.0.2.17': 'V'}, {}, ['srv_features:192.0.2.17 V']),
        ({'srv_features:ipv6:2001:db8:7': 'V'}, {}, ['srv_features:ipv6:2001:db8:7 V']),
        ({'srv_features:mail.conbool.com': 'V'}, {}, ['srv_features:mail.conbool.com V']),
        ({'srv_features:conbool.com': 'v S'}, {}, ['srv_features:conbool.com v S in the access map keeps']),
        # One of the two networks is left to the entry for all.
        ({'srv_features:': 'V', 'srv_features:192.0.2': 'v'}, {}, ['srv_features: V']),
        ({'srv_features:192.0.2': 'v'}, {'tlssrvoptions': 'V'}, [NONE]),
        ({'srv_features:': 'V', 'srv_features:192': 'v', 'srv_features:192.0.2': 'V'}, {}, ['192.0.2 V', 's: V']),
        # A person allowed it, and Sendmail is asked nothing of the kind.
        ({'srv_features:': 'v'}, {'tlssrvoptions': 'V'}, []),
        ({'srv_features:': 'V', 'srv_features:192.0.2': 'v', 'srv_features:ipv6:2001:db8': 'v'}, {}, []),
        ({'srv_features:': 'B', 'srv_features:198.51.100': 'V', 'srv_features:example.com': 'V'}, {}, []),
    ],
)
def test_what_keeps_the_gateways_certificate_away_is_named(entries, options, words):
    found = said(entries, options)
    assert len(found) == len(words), found
    assert all(any(word in text for text in found) for word in words), found


def test_without_the_wish_for_a_certificate_only_tls_matters():
    assert said({'srv_features:': 'V'}, {'tlssrvoptions': 'V'}, inbound_require_certificate=False) == []
    assert 'STARTTLS' in said({'srv_features:': 'S'}, inbound_require_certificate=False)[0]
    assert said({'srv_features:': 'V'}, {'tlssrvoptions': 'V'}, inbound=False) == []


def test_a_listener_without_tls_on_the_mail_port_is_named():
    assert 'M=S' in said(ports=['Port=smtp, Name=MTA, M=S'])[0]
    assert said(ports=['Port=smtp, Name=MTA', 'Port=2525, Name=X, M=S']) == []


def test_listeners_that_took_mail_from_strangers_are_named():
    ports = [
        'Port=smtp, Name=MTA',
        'Port=587, Name=MSA, M=E',
        'Port=submission, Name=B, M=Ea',
        'Family=inet6, Port=2525',
    ]
    ports += ['Port=10025, Addr=127.0.0.1', 'Port=10026, Address=IPv6:::1']
    found = warnings(INBOUND, info(daemon_ports=ports))
    assert len(found) == 1
    assert 'DAEMON_OPTIONS(Port=587, Name=MSA, M=E) and DAEMON_OPTIONS(Family=inet6, Port=2525) took' in found[0]
    assert warnings(dict(INBOUND, inbound=False), info(daemon_ports=ports)) == []
    assert 'LOCAL_SRV_FEATURES' in warnings(INBOUND, info(rulesets={'Local_srv_features': 1}))[0]


def test_all_listeners_and_entries_are_known():
    cf = SendmailCf('O DaemonPortOptions=Port=smtp, Name=MTA\nO DaemonPortOptions=Port=587, Name=MSA, M=E\n')
    assert cf.daemon_ports == ['Port=smtp, Name=MTA', 'Port=587, Name=MSA, M=E']
    access = [('Srv_Features:192.0.2', 'V '), ('Connect:192.0.2', 'RELAY'), ('TLS_Srv:a.test', 'VERIFY')]
    assert tagged(access) == {'tls_entries': {'tls_srv:a.test': 'VERIFY'}, 'srv_entries': {'srv_features:192.0.2': 'V'}}
