# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the filter refuses before the m4 file is written."""

from __future__ import annotations

import pytest
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
HOP = {'address': '127.0.0.1', 'port': 10027, 'wash_port': 10028}


def configure(networks, hop=None):
    return sendmail_configuration(SETTINGS, INFO, '/etc/ssl/certs/ca-certificates.crt', wash_networks=networks, hop=hop)


@pytest.mark.parametrize('hop', [None, HOP], ids=['native', 'hop'])
@pytest.mark.parametrize(
    'name, words',
    [
        ('192.0.2.0/24', 'overlaps 192.0.2.0/28 of conbool_networks'),
        ('192.0.2.8', 'overlaps 192.0.2.0/28 of'),
        ('2001:db8::/32', 'overlaps 2001:db8:1::/64 of'),
        ('10.0.0.1/8', 'host bits'),
        ('printer', 'network such as'),
        ('127.0.0.0/8', 'lies in'),
    ],
)
def test_networks_that_cannot_be_washed(name, words, hop):
    wanted = configure(['10.20.0.0/16', name], hop)
    assert wanted['content'] == ''
    assert len(wanted['problems']) == 1 and words in wanted['problems'][0] and name in wanted['problems'][0]
    assert wanted['problems'][0].startswith('sendmail_smarthost_wash_networks: ')


def test_washed_networks_are_written_in_their_canonical_form():
    wanted = configure(['10.20.0.5', '2001:DB8:2:0::/64'])
    assert wanted['problems'] == []
    assert wanted['content'] == configure(['10.20.0.5/32', '2001:db8:2::/64'])['content'] != configure([])['content']


def test_address_of_the_hop_that_is_none_is_named():
    wanted = configure([], dict(HOP, address='localhost'))
    assert (
        len(wanted['problems']) == 1 and "outbound_hop_address: 'localhost' is no IP address" in wanted['problems'][0]
    )
