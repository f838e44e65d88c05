# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Postfix hands the mail of a domain to."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.delivery import deliveries

SERVICES = [
    {'name': name, 'type': 'unix', 'command': command}
    for name, command in (
        ('local', 'local'),
        ('virtual', 'virtual'),
        ('lmtp', 'lmtp -v'),
        ('smtp', 'smtp'),
        ('slow', 'smtp'),
        ('dovecot', 'pipe flags=DRhu user=vmail:vmail argv=/usr/lib/dovecot/deliver -f ${sender} -d ${recipient}'),
        ('odd', 'pipe user=x'),
        ('cyrus', 'pipe user=cyrus argv=/cyrus/bin/deliver-it'),
    )
]
SOCKET = '/var/spool/postfix/private/dovecot-lmtp'


def one(transport, next_hop='example.com', address_class='local', **expanded):
    routes = {'example.com': {'transport': transport, 'next_hop': next_hop, 'address_class': address_class}}
    (found,) = deliveries(routes, expanded, SERVICES, '/var/spool/postfix')
    assert found.pop('domain') == 'example.com'
    return found['agent'], found['target'], found['by']


@pytest.mark.parametrize(
    'expanded, expected',
    [
        ({}, ('other', '', 'local, which writes mailboxes itself')),
        (
            {'mailbox_transport': 'lmtp:unix:private/dovecot-lmtp', 'mailbox_command': '/x'},
            ('lmtp', SOCKET, 'lmtp:unix:private/dovecot-lmtp'),
        ),
        ({'mailbox_transport': 'dovecot'}, ('command', '/usr/lib/dovecot/deliver', 'dovecot')),
        ({'mailbox_transport': 'local:x'}, ('other', '', 'local:example.com')),
        (
            {'mailbox_command': '/usr/lib/dovecot/dovecot-lda -a "$RECIPIENT"'},
            (
                'command',
                '/usr/lib/dovecot/dovecot-lda',
                'mailbox_command = /usr/lib/dovecot/dovecot-lda -a "$RECIPIENT"',
            ),
        ),
    ],
)
def test_local(expanded, expected):
    assert one('local', **expanded) == expected


@pytest.mark.parametrize(
    'transport, next_hop, expected',
    [
        ('lmtp', 'unix:private/dovecot-lmtp', ('lmtp', SOCKET)),
        ('lmtp', 'unix:/run/dovecot/lmtp', ('lmtp', '/run/dovecot/lmtp')),
        ('lmtp', 'inet:127.0.0.1:24', ('lmtp', '127.0.0.1:24')),
        ('lmtp', '[::1]:2003', ('lmtp', '::1:2003')),
        ('lmtp', '[127.0.0.1]', ('lmtp', '127.0.0.1:24')),
        ('lmtp', 'mail.example.com', ('lmtp', 'mail.example.com:24')),
        ('dovecot', 'example.com', ('command', '/usr/lib/dovecot/deliver')),
        ('odd', 'example.com', ('other', '')),
        ('virtual', 'example.com', ('other', '')),
        ('smtp', '[10.0.0.5]:25', ('other', '')),
        ('unknown', 'x', ('other', '')),
    ],
)
def test_transports(transport, next_hop, expected):
    assert one(transport, next_hop, 'virtual') == expected + (f'{transport}:{next_hop}',)


def test_domain_of_aliases():
    assert one('error', 'x', 'alias') == ('alias', '', 'virtual_alias_maps')
