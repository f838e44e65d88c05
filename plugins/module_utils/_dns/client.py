# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS queries of one run: many at once, each record asked once, every answer classified.

A query never raises: what cannot be known (time-out, SERVFAIL, REFUSED, a deadline that passed) is an answer of its
own, because a check must not call a record wrong that it has not seen.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

IMPORT_ERRORS: dict[str, str] = {}
try:
    import dns.asyncquery
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.rcode
    import dns.rdataclass
    import dns.rdatatype
    import dns.resolver
except ImportError:
    IMPORT_ERRORS['dnspython'] = traceback.format_exc()

if TYPE_CHECKING:
    # Asks one name server: name, type, whether with EDNS, address, port, seconds.
    Exchange = Callable[[dns.name.Name, dns.rdatatype.RdataType, bool, str, int, float], Awaitable[dns.message.Message]]

OK, NODATA, NXDOMAIN, UNKNOWN = 'ok', 'nodata', 'nxdomain', 'unknown'
# Fits into one unfragmented datagram (dnsflagday.net 2020); what is longer comes by TCP.
UDP_PAYLOAD = 1232
LONGEST_DATAGRAM = 65535
# Bytes of a message's header, and the bit in its third byte that marks a response.
HEADER, QR = 12, 0x80


class DnsConfigurationError(Exception):
    """There is no name server to ask."""


class Answer:
    """What is known about one name and type."""

    __slots__ = ('status', 'records', 'aliases', 'reason')

    def __init__(self, status: str, records: Sequence[Any] = (), aliases: Sequence[str] = (), reason: str = '') -> None:
        self.status = status
        # Rdata objects of the wanted type.
        self.records = records
        # Targets of the CNAME records on the way, in order.
        self.aliases = aliases
        # Why the status is UNKNOWN.
        self.reason = reason

    @property
    def void(self) -> bool:
        """The name or the type does not exist (RFC 7208, 4.6.4)."""
        return self.status in (NODATA, NXDOMAIN)

    def texts(self) -> list[bytes]:
        """Content of TXT records: the strings of one record belong together without a blank (RFC 7208, 3.3)."""
        return [b''.join(record.strings) for record in self.records]


def shown(content: bytes) -> str:
    """Bytes of a TXT record for people."""
    return content.decode('utf-8', 'backslashreplace')


def dotless(name: dns.name.Name) -> str:
    """A dns.name.Name as lower case text without the final dot; the root stays a dot."""
    return name.to_text(omit_final_dot=True).lower()


def absolute_name(text: str) -> dns.name.Name | None:
    """The name of this text, or None when the text is longer than a name can be or has an empty label."""
    try:
        return dns.name.Name([label.encode('ascii') for label in text.rstrip('.').split('.')] + [b''])
    except (dns.exception.DNSException, UnicodeEncodeError):
        return None


def read_response(response: dns.message.Message) -> Answer:
    """Classify a response to one question."""
    code = response.rcode()
    if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return Answer(UNKNOWN, reason=dns.rcode.to_text(code))
    try:
        chain = response.resolve_chaining()
    except dns.exception.DNSException as exc:
        return Answer(UNKNOWN, reason=f'contradictory answer: {exc}')
    aliases = [dotless(rrset[0].target) for rrset in chain.cnames]
    if chain.answer is not None:
        return Answer(OK, list(chain.answer), aliases)
    if code == dns.rcode.NXDOMAIN:
        return Answer(NXDOMAIN, (), aliases)
    # A server that does not recurse answers with a referral or half a CNAME chain: that proves nothing.
    if not response.flags & dns.flags.RA and not any(rrset.rdtype == dns.rdatatype.SOA for rrset in response.authority):
        return Answer(UNKNOWN, reason='the name server does not recurse and has no answer of its own')
    return Answer(NODATA, (), aliases)


class DnsClient:
    """Asks the name servers in turn. Each option is documented in the module dns_check."""

    def __init__(
        self,
        nameservers: Iterable[str] = (),
        port: int = 53,
        timeout: float = 3.0,
        retries: int = 2,
        deadline: float = 60.0,
        concurrency: int = 50,
        exchange: Exchange | None = None,
    ) -> None:
        self.nameservers = list(nameservers) or system_nameservers()
        self.port = port
        self.timeout = timeout
        self.attempts = retries + 1
        self.ends = time.monotonic() + deadline
        self.queries = 0
        self._exchange = exchange or _exchange
        self._slots = asyncio.Semaphore(concurrency)
        self._answers: dict[tuple[str, str], asyncio.Future[Answer]] = {}
        # Index of the name server that answered last, so that a dead first one is not asked every time.
        self._first = 0

    @property
    def remaining(self) -> float:
        """Seconds until the deadline."""
        return self.ends - time.monotonic()

    def forget(self) -> None:
        """Ask everything anew from here on."""
        self._answers.clear()

    async def query(self, name: str, rdtype: str) -> Answer:
        """The Answer for a name (text, A-labels) and a type (text)."""
        key = (name.rstrip('.').lower(), rdtype)
        task = self._answers.get(key)
        if task is None:
            task = self._answers[key] = asyncio.ensure_future(self._lookup(*key))
        return await task

    async def _lookup(self, name: str, rdtype: str) -> Answer:
        qname = absolute_name(name)
        if qname is None:
            return Answer(NXDOMAIN)
        kind = dns.rdatatype.from_text(rdtype)
        first, reason, edns, unusable = self._first, '', True, set()
        for attempt in range(self.attempts):
            index = (first + attempt) % len(self.nameservers)
            if index in unusable:
                continue
            async with self._slots:
                seconds = min(self.timeout, self.remaining)
                if seconds <= 0:
                    return Answer(UNKNOWN, reason=reason or 'the deadline passed')
                self.queries += 1
                try:
                    response = await self._exchange(qname, kind, edns, self.nameservers[index], self.port, seconds)
                except (dns.exception.Timeout, asyncio.TimeoutError):
                    reason = f'no answer within {self.timeout:g} s'
                    continue
                except (OSError, dns.exception.DNSException) as exc:
                    reason = str(exc) or type(exc).__name__
                    continue
            if response.rcode() == dns.rcode.FORMERR and edns:
                # Servers from before EDNS (RFC 6891, 7).
                edns, reason = False, 'FORMERR'
                continue
            answer = read_response(response)
            if answer.status != UNKNOWN:
                self._first = index
                return answer
            reason = answer.reason
            unusable.add(index)
        return Answer(UNKNOWN, reason=reason)


async def _exchange(
    qname: dns.name.Name, rdtype: dns.rdatatype.RdataType, edns: bool, nameserver: str, port: int, timeout: float
) -> dns.message.Message:
    """One question to one name server; an answer that does not fit into UDP is fetched by TCP."""
    ends = time.monotonic() + timeout
    response = await asyncio.wait_for(_udp(qname, rdtype, edns, nameserver, port), timeout)
    if response.flags & dns.flags.TC:
        message = dns.message.make_query(qname, rdtype)
        return await dns.asyncquery.tcp(message, nameserver, port=port, timeout=max(ends - time.monotonic(), 0.001))
    return response


async def _udp(
    qname: dns.name.Name, rdtype: dns.rdatatype.RdataType, edns: bool, nameserver: str, port: int
) -> dns.message.Message:
    """The response to one datagram. Through dnspython's Message and asyncio's transports it would take twice the
    processor time."""
    wire = question(qname, rdtype, edns)
    with socket.socket(socket.AF_INET6 if ':' in nameserver else socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.setblocking(False)
        # Connected, the socket takes datagrams from this server only and learns when nobody listens there.
        channel.connect((nameserver, port))
        channel.send(wire)
        while True:
            received = await asyncio.get_running_loop().sock_recv(channel, LONGEST_DATAGRAM)
            # Anything but an answer to this very question is not for us, and a forger must guess the id, too.
            if received[:2] == wire[:2] and len(received) > HEADER and received[2] & QR:
                response = dns.message.from_wire(received)
                if not response.question or (response.question[0].name, response.question[0].rdtype) == (qname, rdtype):
                    return response


def question(qname: dns.name.Name, rdtype: dns.rdatatype.RdataType, edns: bool) -> bytes:
    """A query in wire format, recursion desired (RFC 1035, 4.1), with the EDNS payload size (RFC 6891, 6.1.2)."""
    head = os.urandom(2) + struct.pack('!HHHHH', dns.flags.RD, 1, 0, 0, int(edns))
    opt = struct.pack('!BHHLH', 0, dns.rdatatype.OPT, UDP_PAYLOAD, 0, 0) if edns else b''
    return head + qname.to_wire() + struct.pack('!HH', rdtype, dns.rdataclass.IN) + opt


def system_nameservers() -> list[str]:
    """IP addresses of the name servers in the system's configuration."""
    try:
        return [str(server) for server in dns.resolver.Resolver().nameservers]
    except dns.resolver.NoResolverConfiguration as exc:
        raise DnsConfigurationError(f'the system has no name servers configured, set nameservers: {exc}') from exc
