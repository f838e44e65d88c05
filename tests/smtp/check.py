# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""smtp_check without Ansible around it."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.judge import judge
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.options import canonical, expectations
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.probe import examine_all
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.tls import contexts

EXPECT = {
    'reachable': True,
    'starttls': True,
    'chain_verified': True,
    'name_verified': True,
    'client_certificate_requested': False,
    'min_days_left': None,
    'accepts': [],
    'refuses': [],
}
OPTIONS = {
    'hosts': ['127.0.0.1'],
    'port': 25,
    'address_family': 'any',
    'source_address': None,
    'helo_name': 'client.example.com',
    'tls_name': 'mail.conbool.com',
    'ca_file': None,
    'client_cert': None,
    'client_key': None,
    'minimum_tls_version': 'TLSv1.2',
    'mail_from': '',
    'timeout': 0.5,
    'deadline': 10,
    'concurrency': 50,
}


def check_all(expect=None, **options):
    """The results for all hosts, with options as the module has them."""
    expected = expectations(dict(EXPECT, **(expect or {})))
    settings = canonical(dict(OPTIONS, **options), expected)
    return [judge(facts, expected) for facts in examine_all(settings, contexts(settings))]


def check(server, expect=None, **options):
    """The result for one server of this machine."""
    return check_all(expect, port=server.port, **options)[0]


def ids(result):
    """What was found, errors only."""
    return [row['id'] for row in result['findings'] if row['severity'] == 'error']
