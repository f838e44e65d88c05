# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README of sendmail_smarthost explains the m4 file line by line: there is nothing in the file that it does not
name, in the file's order."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.m4 import render

README = Path(__file__).resolve().parents[3] / 'roles/sendmail_smarthost/README.md'
EVERYTHING = {
    'relay_host': 'mail.conbool.com',
    'relay_port': 25,
    'tls_name': 'mail.conbool.com',
    'tls_ca_file': None,
    'tls_client_cert': '/c.pem',
    'tls_client_key': '/c.key',
    'scope': 'senders',
    'scope_senders': ['@example.com', 'alice@example.net'],
    'loop_headers': ['X-Conbool-example-com'],
    'bypass_calendar': True,
    'bypass_null_sender': True,
    'inbound': True,
    'inbound_require_certificate': True,
    'inbound_certificate_fingerprints': [],
    'networks': ['192.0.2.0/24'],
    'allowed_networks': ['10.0.0.0/8'],
    'domains': ['example.com'],
}
INFO = {
    'options': {},
    'header_checks': {},
    'mailers': {},
    'smart_host': '',
    'ffr': ['_FFR_TLS_ALTNAMES'],
    'version': '8.18.1',
    'config_dir': '/etc/mail',
}
NAMES = re.compile(r"^(?:\[\[\[)?(define\(`\w+|K\w+|C\{\w+\}|O \w+|S\w+|M\w+|H[^:\s]+|LOCAL_\w+)", re.MULTILINE)


def test_every_line_of_the_m4_file_is_explained_in_its_order():
    text = render(EVERYTHING, INFO, '/ca.pem', ['10.3.0.0/16'], True, known=['AB'])
    names = list(dict.fromkeys(name.replace('`', '') for name in NAMES.findall(text)))
    section = README.read_text(encoding='utf-8').split('## The m4 file, line by line')[1].split('\n## ')[0]
    assert len(names) > 30
    assert [name for name in names if name not in section] == []
    assert sorted(names, key=lambda name: section.index('`' + name)) == names
    assert set(re.findall(r'\{conbool_\w+\}', section)) <= set(re.findall(r'\{conbool_\w+\}', text))
