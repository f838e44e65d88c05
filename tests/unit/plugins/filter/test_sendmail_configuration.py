# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the filter makes of the settings."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.filter.sendmail_configuration import FilterModule

sendmail_configuration = FilterModule().filters()['sendmail_configuration']
SETTINGS = {
    'relay_host': 'mail.conbool.com',
    'relay_port': 25,
    'tls_name': 'mail.conbool.com',
    'tls_ca_file': None,
    'tls_client_cert': None,
    'tls_client_key': None,
    'scope': 'all',
    'scope_senders': [],
    'loop_headers': ['X-Conbool-example-com'],
    'bypass_calendar': True,
    'bypass_null_sender': True,
    'inbound': False,
    'networks': ['192.0.2.0/28', '2001:db8:1::/64'],
}
INFO = {
    'options': {},
    'header_checks': {},
    'rulesets': {},
    'smart_host': '',
    'ffr': ['_FFR_TLS_ALTNAMES'],
    'features': ['MAP_REGEX', 'STARTTLS'],
    'config_dir': '/etc/mail',
    'tls_entries': {},
    'client_ports': [],
    'mailers': {'esmtp': {'P': '[IPC]', 'A': 'TCP $h'}, 'relay': {'P': '[IPC]', 'A': 'TCP $h'}},
}


def configure(networks):
    return sendmail_configuration(dict(SETTINGS, wash_networks=networks), INFO, '/etc/ssl/certs/ca-certificates.crt')


def test_washed_networks_are_written():
    assert configure(['10.20.0.5/32', '2001:db8:2::/64'])['problems'] == []
    assert '10' in configure(['10.20.0.5/32'])['content'] != configure([])['content']
