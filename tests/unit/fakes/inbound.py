# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inbound limits are configured from, and the parts of what they want."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import fingerprint
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.inbound import (
    inbound_configuration,
)

from tests.unit.fakes.gateway import shown

PARAMETERS = {
    'hopcount_limit': '50',
    'message_size_limit': '10240000',
    'mynetworks': '127.0.0.0/8 [::1]/128 10.0.0.0/24',
    'postscreen_access_list': 'permit_mynetworks',
    'smtpd_data_restrictions': '',
    'smtpd_recipient_restrictions': '',
    'smtpd_restriction_classes': '',
    'smtpd_service_name': 'smtpd',
    'smtpd_tls_CAfile': '',
    'smtpd_tls_CApath': '',
    'smtpd_tls_cert_file': '/etc/ssl/server.pem',
    'smtpd_tls_fingerprint_digest': 'sha256',
    'smtpd_tls_security_level': 'may',
    'smtpd_upstream_proxy_protocol': '',
    'tls_ssl_options': '',
}
SETTINGS = {
    'inbound': True,
    'inbound_require_certificate': True,
    'inbound_trust': False,
    'inbound_certificate_fingerprints': [],
    'domains': ['example.com'],
    'tls_name': 'mail.conbool.com',
    'tls_ca_file': None,
    'networks': ['192.0.2.0/28', '2001:db8:1::/64'],
    'allowed_networks': ['10.20.0.0/16'],
    'wash_networks': [],
}
OPTIONS = {
    'client_ca_file': '',
    'gateway': [shown()],
    'learnt': [],
    'services': [],
    'wash_port': 326,
    'flag': False,
    'flag_port': 327,
    'release_port': 328,
}
SHA256 = ':'.join(['AB'] * 32)
# Of the gateway's key.
LEARNT = fingerprint(shown().public_key, 'sha256')
FRONT = 'check_client_access cidr:/etc/postfix/conbool_clients, '


def entry(name='smtp', command='smtpd', kind='inet', **options):
    return {
        'name': name,
        'type': kind,
        'private': 'n',
        'unprivileged': '-',
        'chroot': 'y',
        'wakeup': '-',
        'max_processes': '-',
        'command': command,
        'options': options,
    }


SUBMISSION = entry('submission', smtpd_sasl_auth_enable='yes')


def configure(*services, parameters=None, settings=None, wash_networks=(), version='3.7.11', **options):
    values = dict(PARAMETERS, **(parameters or {}))
    return inbound_configuration(
        dict(SETTINGS, wash_networks=list(wash_networks), **(settings or {})),
        {
            'version': version,
            'config_dir': '/etc/postfix',
            'parameters': values,
            'expanded': values,
            'services': list(services or [entry()]) + [SUBMISSION],
        },
        dict(OPTIONS, **options),
    )


def again(wanted, *services, **arguments):
    """Configure what an earlier run has changed."""
    changed = []
    for service in services:
        ours = next(
            (
                item['options']
                for item in wanted['service_options']
                if (item['name'], item['type']) == (service['name'], service['type'])
            ),
            {},
        )
        changed.append(dict(service, options=dict(service['options'], **ours)))
    return configure(*changed, **arguments)


def of(wanted, name='smtp'):
    return next(item['options'] for item in wanted['service_options'] if item['name'] == name)


def table(wanted, path):
    return next(item['content'] for item in wanted['tables'] if item['path'] == path)
