# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a listener on the lab's network reads of what the gateway is sent: packets, whatever sender and gateway say of
themselves."""

from __future__ import annotations

import re
import socket
import struct
import threading
from ipaddress import ip_address

ETH_P_ALL, SO_RCVBUFFORCE = 0x0003, 33
SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_STATISTICS, PACKET_MR_PROMISC = 263, 1, 6, 1
BUFFER = 64 * 2**20
SMTP, TCP = 25, 6
GREETING = re.compile(rb'^EHLO\b', re.IGNORECASE)
# A command or a header: of a message on its way over TLS neither can be read.
TOLD = re.compile(rb'^(MAIL FROM:|RCPT TO:|DATA\r)|flow-[0-9a-f]{10}', re.IGNORECASE | re.MULTILINE)


def payload(packet, addresses):
    """What an IP packet (without options of IPv6) says to port 25 of one of these hosts (packed addresses); empty for
    any other."""
    if packet[0] >> 4 == 4:
        protocol, length, target = packet[9], (packet[0] & 15) * 4, packet[16:20]
    else:
        protocol, length, target = packet[6], 40, packet[24:40]
    if protocol != TCP or target not in addresses or packet[length + 2 : length + 4] != struct.pack('!H', SMTP):
        return b''
    return packet[length + (packet[length + 12] >> 4) * 4 :]


class Wire:
    def __init__(self, interface, addresses):
        self.interface = interface
        self.addresses = {ip_address(address).packed for address in addresses}
        self.greetings = 0  # that the gateway was sent: proof that this listener hears
        self.told = []  # what was said in clear text

    def __enter__(self):
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
        self._socket.bind((self.interface, 0))
        # What others on a bridge say to each other is heard only so.
        membership = struct.pack('iHH8s', socket.if_nametoindex(self.interface), PACKET_MR_PROMISC, 0, b'')
        self._socket.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership)
        self._socket.settimeout(0.5)
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def _listen(self):
        while not self._ends.is_set():
            try:
                said = payload(self._socket.recv(65536), self.addresses)
            except TimeoutError:
                continue
            self.greetings += bool(GREETING.match(said))
            if TOLD.search(said):
                self.told.append(said[:200])

    def __exit__(self, *dummy):
        self._ends.set()
        self._thread.join()
        self._socket.close()

    def missed(self):
        """How many packets have come faster than they were read, since this was last asked."""
        return struct.unpack('II', self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
