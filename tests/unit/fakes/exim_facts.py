# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings, and what is known of an Exim."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.facts import UNKNOWN_SITE

SETTINGS = {
    'domains': ['example.com', 'sub.example.co.uk'],
    'relay_host': 'mail.conbool.com',
    'relay_port': 25,
    'tls_name': 'mail.conbool.com',
    'tls_ca_file': None,
    'tls_client_cert': None,
    'tls_client_key': None,
    'scope': 'all',
    'scope_senders': [],
    'loop_headers': ['X-Conbool-example-com', 'X-Conbool-sub-example-co-uk'],
    'networks': ['192.0.2.0/24', '2001:db8:7::/48'],
    'allowed_networks': [],
    'wash_networks': [],
    'bypass_calendar': True,
    'bypass_null_sender': True,
    'inbound': True,
    'inbound_trust': False,
    'inbound_require_certificate': True,
    'inbound_certificate_fingerprints': [],
    'roles': {'inbound_firewall': {'port': 25}},
}
FEATURES = ['GnuTLS', 'Content_Scanning', 'DANE', 'Event']


def site(**changes):
    known = {
        'tls_advertise_hosts': '*',
        'tls_certificate': '/etc/exim4/exim.crt',
        'exim_user': 'root',
        'exim_group': 'root',
        'cutthrough': False,
        'for_all': [],
        'past': [],
        'remote_smtp': True,
    }
    found = {**UNKNOWN_SITE, **known}
    del found['hand']
    return {**found, **changes}


def info(features=FEATURES, kind='internet', relayed=(), split=True, **changes):
    return {
        'version': '4.96',
        'features': features,
        'by_hand': 'hand' in changes,
        'split': split and 'hand' not in changes,
        'configuration_type': kind,
        'relayed': list(relayed),
        'site': site(**changes),
    }


def hand(**changes):
    """What is known of a configuration by hand in which nothing is in the way."""
    known = {
        'router': 'others',
        'unclear': '',
        'options': ['acl_smtp_rcpt', 'acl_smtp_data'],
        'stages': {'acl_check_rcpt': ['acl_smtp_rcpt'], 'acl_check_data': ['acl_smtp_data', 'acl_not_smtp']},
        'tls_hosts': [],
        'authorities': 'system',
        'ours': [],
        'left_out': [],
        'transport': {},
        'literals': False,
    }
    return {**UNKNOWN_SITE['hand'], **known, **changes}
