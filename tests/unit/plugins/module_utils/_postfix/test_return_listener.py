# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The listener for the hop's bounces: on loopback of the family that there is, and for bounces alone."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.identity import return_address
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.return_listener import (
    next_hop,
    present_next_hop,
    return_configuration,
)


@pytest.mark.parametrize(
    'protocols, name, networks, hop',
    [
        ('all', '127.0.0.1:329', '127.0.0.0/8', '[127.0.0.1]:329'),
        ('ipv4', '127.0.0.1:329', '127.0.0.0/8', '[127.0.0.1]:329'),
        ('ipv6, ipv4', '127.0.0.1:329', '127.0.0.0/8', '[127.0.0.1]:329'),
        ('ipv6', '[::1]:329', '[::1]/128', '[::1]:329'),
    ],
)
def test_it_listens_where_postfix_may(protocols, name, networks, hop):
    expanded = {'inet_protocols': protocols}
    (listener,) = return_configuration(329, expanded, '3.7.11')['services']
    assert (listener['name'], listener['options']['mynetworks']) == (name, networks)
    assert next_hop(329, expanded) == hop == present_next_hop({'services': [listener]})
    # Whoever makes the hop alone, without knowing of it, finds it.
    assert return_address({'expanded': expanded, 'services': [listener]}) == hop


def test_no_rule_of_the_site_counts_and_only_bounces_are_taken():
    (listener,) = return_configuration(329, {}, '3.7.11')['services']
    options = listener['options']
    lists = ('client', 'helo', 'recipient', 'data', 'end_of_data')
    assert [options[f'smtpd_{name}_restrictions'] for name in lists] == [''] * 5
    assert (options['smtpd_milters'], options['smtpd_proxy_filter'], options['content_filter']) == ('', '', '')
    assert options['smtpd_sender_restrictions'] == 'check_sender_access inline:{<>=OK, double-bounce@=OK}, reject'
    assert (
        options['smtpd_relay_restrictions'] == 'permit_mynetworks, reject' and options['smtpd_recipient_limit'] == '1'
    )
    assert set(options['receive_override_options'].split()) == {
        'no_header_body_checks',
        'no_milters',
        'no_unknown_recipient_checks',
    }


@pytest.mark.parametrize(
    'name, expected', [('double-bounce', ''), ('nobody', ', nobody@=OK'), ('a b', ''), ('$x', ''), ('', '')]
)
def test_notices_have_the_sender_that_the_site_gave_them(name, expected):
    (listener,) = return_configuration(329, {'double_bounce_sender': name}, '3.7.11')['services']
    senders = 'inline:{<>=OK, double-bounce@=OK' + expected + '}'
    assert listener['options']['smtpd_sender_restrictions'] == f'check_sender_access {senders}, reject'


def test_without_it_there_is_none():
    assert present_next_hop({}) is None
    smtp = {'name': 'smtp', 'type': 'inet', 'command': 'smtpd', 'options': {}}
    assert present_next_hop({'services': [smtp]}) is None
