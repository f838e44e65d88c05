# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hop is configured from, and the parts of its configuration."""

from __future__ import annotations

import re

from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import configuration as hop

from tests.unit.fakes.posix import Expression

SETTINGS = {
    'domains': ['example.com', 'sub.example.co.uk'],
    'loop_headers': ['X-Conbool-example-com', 'X-Conbool-sub-example-co-uk'],
    'relay_destination': '[mail.conbool.com]:25',
    'tls_name': 'mail.conbool.com',
    'tls_ca_file': None,
    'tls_client_cert': None,
    'tls_client_key': None,
    'bypass_calendar': True,
    'bypass_null_sender': True,
    'wash_networks': [],
    'scope': 'all',
}
OPTIONS = {
    'config_dir': '/etc/conbool-hop',
    'queue_directory': '/var/spool/conbool-hop',
    'data_directory': '/var/lib/conbool-hop',
    'address': '127.0.0.1',
    'port': 325,
    'wash_port': 0,
    'return_address': '[127.0.0.1]:25',
    'direct_tls_security_level': 'may',
    'parameters': {},
    'listen': [],
    'listen_port': 25,
    'clients': [],
    'clients_without_tls': [],
    'tls_cert': '',
    'tls_key': '',
    'return_routes': {},
}
MTA = {
    'myhostname': 'mx.example.com',
    'message_size_limit': '10240000',
    'inet_interfaces': 'all',
    'maximal_queue_lifetime': '5d',
    'smtp_bind_address': '',
}


def entry(name, kind, command, **options):
    return {'name': name, 'type': kind, 'command': command, 'options': options}


SMTP, CLIENT = entry('smtp', 'inet', 'smtpd'), entry('smtp', 'unix', 'smtp')


def configure(
    settings=None,
    mta=None,
    version='3.7.11',
    lookup_types=('btree', 'texthash', 'regexp'),
    services=(SMTP, CLIENT),
    **options,
):
    info = {
        'version': version,
        'lookup_types': list(lookup_types),
        'expanded': dict(MTA, **(mta or {})),
        'services': list(services),
    }
    return hop.hop_configuration(dict(SETTINGS, **(settings or {})), info, dict(OPTIONS, **options))


def service(configuration, name):
    return next(entry for entry in configuration['services'] if entry['name'] == name)


def table(configuration, path):
    return next(entry for entry in configuration['tables'] if entry['path'] == path)


def rules(configuration, path):
    """The table's patterns, with the flags that regexp_table(5) has by default, and their actions."""
    lines = re.findall(r'^/(.*)/ (\S.*)$', table(configuration, path)['content'], re.M)
    return [(Expression(pattern), action) for pattern, action in lines]


def decision(path, header):
    return next((action for pattern, action in rules(configure(), path) if pattern.search(header)), None)


def led(found, entry, headers):
    """Where a listener leads a message, by the cleanup service behind it; the last FILTER counts, and PASS ends all."""
    options = service(found, entry)['options']
    way = (re.findall(r'FILTER ([^}]+)', options.get('smtpd_data_restrictions', '')) or [''])[-1]
    behind = service(found, options['cleanup_service_name'])['options']
    for header in headers:
        kind = 'mime_header_checks' if header.startswith('Content-Type') else 'header_checks'
        paths = re.findall(r'regexp:/etc/conbool-hop/(\w+)', behind[kind])
        known = [rule for path in paths for rule in rules(found, path)]
        action = next((action for pattern, action in known if pattern.search(header)), '')
        if action == 'PASS':
            return way
        way = action.partition(' ')[2] if action.startswith('FILTER') else way
    return way
