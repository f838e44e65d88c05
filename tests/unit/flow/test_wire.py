# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read out of packets on their way to the gateway."""

from __future__ import annotations

import struct
from ipaddress import ip_address

import pytest

from tests.fire.wire import TOLD, payload

GATEWAY4, GATEWAY6 = ip_address('198.18.0.3').packed, ip_address('2001:db8::3').packed
ADDRESSES = {GATEWAY4, GATEWAY6}


def packet(target, said, port=25, protocol=6, options=b''):
    tcp = struct.pack('!HHIIBBHHH', 40000, port, 1, 1, (5 + len(options) // 4) << 4, 24, 1000, 0, 0) + options + said
    if len(target) == 4:
        return struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(tcp), 0, 0, 64, protocol, 0) + bytes(4) + target + tcp
    return struct.pack('!IHBB', 6 << 28, len(tcp), protocol, 64) + bytes(16) + target + tcp


@pytest.mark.parametrize('target', [GATEWAY4, GATEWAY6])
def test_what_is_said_to_the_gateway(target):
    assert payload(packet(target, b'EHLO mx\r\n', options=bytes(12)), ADDRESSES) == b'EHLO mx\r\n'


@pytest.mark.parametrize(
    'other',
    [
        packet(ip_address('198.18.0.4').packed, b'x'),
        packet(GATEWAY4, b'x', port=22),
        packet(GATEWAY6, b'x', protocol=17),
    ],
)
def test_what_is_said_to_others_is_not_looked_at(other):
    assert payload(other, ADDRESSES) == b''


@pytest.mark.parametrize(
    'said, told',
    [
        (b'mail FROM:<a@example.com> SIZE=1\r\n', True),
        (b'RSET\r\nRCPT TO:<b@external.test>\r\n', True),
        (b'DATA\r\n', True),
        (b'Subject: flow-0123450001: x\r\n', True),
        (b'EHLO mx.example.com\r\n', False),
        (b'STARTTLS\r\n', False),
        (b'\x17\x03\x03flow-', False),
    ],
)
def test_what_must_not_be_read(said, told):
    assert bool(TOLD.search(said)) is told
