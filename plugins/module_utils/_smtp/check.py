# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of smtp_check, from its options to its answer. Private to this collection."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.judge import judge, summary
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.options import canonical, expectations
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.probe import examine_all
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.tls import contexts

EXPECTATIONS = {
    'reachable': {'type': 'bool', 'default': True},
    'starttls': {'type': 'bool', 'default': True},
    'chain_verified': {'type': 'bool', 'default': True},
    'name_verified': {'type': 'bool', 'default': True},
    'client_certificate_requested': {'type': 'bool', 'default': False},
    'min_days_left': {'type': 'int'},
    'accepts': {'type': 'list', 'elements': 'str', 'default': []},
    'refuses': {'type': 'list', 'elements': 'str', 'default': []},
}

OPTIONS = {
    'hosts': {'type': 'list', 'elements': 'str', 'required': True, 'aliases': ['host']},
    'port': {'type': 'int', 'default': 25},
    'address_family': {'type': 'str', 'choices': ['any', 'ipv4', 'ipv6'], 'default': 'any'},
    'source_address': {'type': 'str'},
    'helo_name': {'type': 'str'},
    'tls_name': {'type': 'str'},
    'ca_file': {'type': 'path'},
    'client_cert': {'type': 'path'},
    'client_key': {'type': 'path', 'no_log': False},
    'minimum_tls_version': {'type': 'str', 'choices': ['TLSv1.2', 'TLSv1.3'], 'default': 'TLSv1.2'},
    'mail_from': {'type': 'str', 'default': ''},
    'timeout': {'type': 'float', 'default': 15},
    'deadline': {'type': 'float', 'default': 60},
    'concurrency': {'type': 'int', 'default': 50},
    'expect': {'type': 'dict', 'options': EXPECTATIONS},
}


def check(**options):
    """Return what was found of some servers, and whether it is as expected.

    Args:
        options: those of M(conbool.smtp_relay.smtp_check); for what is left out, their defaults.

    Returns:
        dict: C(healthy), C(servers) and C(status), as the module returns them.

    Raises:
        ValueError: an option cannot be used; the text names it.
    """
    options = dict({name: spec.get('default') for name, spec in OPTIONS.items()}, **options)
    defaults = {name: spec.get('default') for name, spec in EXPECTATIONS.items()}
    expect = expectations(dict(defaults, **options['expect'] or {}))
    settings = canonical(options, expect)
    servers = [judge(facts, expect) for facts in examine_all(settings, contexts(settings))]
    healthy = all(server['healthy'] for server in servers)
    return {'healthy': healthy, 'servers': servers, 'status': servers[0]['status'] if healthy else summary(servers)}
