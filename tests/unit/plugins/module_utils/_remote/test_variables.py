# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mail server behind a host, in each form that a person writes it in, and in no other."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._remote.variables import listeners, mail_server


@pytest.mark.parametrize(
    'text, place',
    [
        ('mail.example.com', '[mail.example.com]:25'),
        ('[mail.example.com]:2525', '[mail.example.com]:2525'),
        ('exchange:26', '[exchange]:26'),
        # Postfix's client does not know such a name.
        ('mail.example.com.', '[mail.example.com]:25'),
        ('[mail.example.com.]:26', '[mail.example.com]:26'),
        ('192.0.2.10', '[192.0.2.10]:25'),
        ('2001:db8::10', '[2001:db8::10]:25'),
        ('[2001:db8::10]:26', '[2001:db8::10]:26'),
    ],
)
def test_it_is_a_next_hop_without_a_look_up_of_mx(text, place):
    assert mail_server(text) == place


@pytest.mark.parametrize(
    'value', ['mail:0', 'mail:25:25', '[mail', 'mail.example.com,', '192.0.2.0/24', 'smtp:[mail]:25', '1.2.3']
)
def test_whatever_else_is_refused(value):
    with pytest.raises(ValueError, match='is no mail server such as'):
        mail_server(value)


def test_the_port_for_the_gateway_counts_where_the_gateway_comes():
    assert listeners({'remote_smarthost_mail_server': ''}) == ['outbound_hop_port']
    found = listeners({'remote_smarthost_mail_server': '[mail.lan]:25'})
    assert found == ['outbound_hop_port', 'outbound_hop_listen_port', 'remote_smarthost_inbound_port']
