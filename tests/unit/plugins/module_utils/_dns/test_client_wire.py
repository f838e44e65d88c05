# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries that really are sent, and forged answers to them."""

from __future__ import annotations

import asyncio
import socket
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns import client as dns_client


class NameServer(asyncio.DatagramProtocol):
    """Answers on loopback by UDP with what `replies` makes of the query, by TCP in full."""

    def __init__(self, replies):
        self.replies = replies

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        for reply in self.replies(dns.message.from_wire(data)):
            self.transport.sendto(reply, addr)

    @staticmethod
    async def stream(reader, writer):
        data = await reader.readexactly(int.from_bytes(await reader.readexactly(2), 'big'))
        wire = reply_to(dns.message.from_wire(data), 'by TCP').to_wire()
        writer.write(len(wire).to_bytes(2, 'big') + wire)
        await writer.drain()
        writer.close()


def reply_to(query, text, flags=0):
    reply = dns.message.make_response(query, recursion_available=True)
    reply.flags |= flags
    reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, 'IN', 'TXT', f'"{text}"'))
    return reply


def over_the_wire(replies, **options):
    """The answer to a question that really is sent."""

    async def run():
        server = await asyncio.start_server(NameServer.stream, '127.0.0.1', 0)
        port = server.sockets[0].getsockname()[1]
        transport, _protocol = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: NameServer(replies), ('127.0.0.1', port)
        )
        answer = await dns_client.DnsClient(['127.0.0.1'], port=port, retries=0, timeout=0.5, **options).query(
            'a.test', 'TXT'
        )
        transport.close()
        server.close()
        return answer

    return asyncio.run(run())


def test_a_question_over_the_wire():
    seen = []

    def replies(query):
        seen.append(query)
        return [reply_to(query, 'by UDP').to_wire()]

    assert over_the_wire(replies).texts() == [b'by UDP']
    query = seen[0]
    assert (str(query.question[0]), query.flags, query.edns, query.payload) == ('a.test. IN TXT', dns.flags.RD, 0, 1232)


def test_a_question_without_edns():
    wire = dns_client.question(dns_client.absolute_name('a.test'), dns.rdatatype.MX, False)
    expected = dns.message.make_query('a.test', 'MX', id=int.from_bytes(wire[:2], 'big'))
    assert wire == expected.to_wire()


def test_every_question_has_an_id_of_its_own():
    name = dns_client.absolute_name('a.test')
    assert len({dns_client.question(name, dns.rdatatype.MX, True)[:2] for _time in range(200)}) > 190


def test_a_truncated_answer_is_fetched_by_tcp():
    assert over_the_wire(lambda query: [reply_to(query, 'cut', dns.flags.TC).to_wire()]).texts() == [b'by TCP']


def other_question(query):
    return dns.message.make_query('b.test', 'TXT', id=query.id)


@pytest.mark.parametrize(
    'forged',
    [
        lambda query: b'',
        lambda query: b'x' * 600,
        lambda query: query.to_wire(),
        lambda query: reply_to(dns.message.make_query('a.test', 'TXT', id=query.id ^ 1), 'forged').to_wire(),
        lambda query: reply_to(other_question(query), 'forged').to_wire(),
    ],
    ids=['empty', 'noise', 'echo', 'other id', 'other question'],
)
def test_what_is_no_answer_to_the_question_is_ignored(forged):
    assert over_the_wire(lambda query: [forged(query), reply_to(query, 'true').to_wire()]).texts() == [b'true']
    assert over_the_wire(lambda query: [forged(query)]).reason == 'no answer within 0.5 s'


def test_a_malformed_answer_is_unknown():
    answer = over_the_wire(lambda query: [reply_to(query, 'long enough to be cut').to_wire()[:-5]])
    assert answer.status == 'unknown' and answer.reason


def test_a_port_where_nobody_listens_is_known_at_once():
    async def run():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
            unused.bind(('127.0.0.1', 0))
            port = unused.getsockname()[1]
        return await dns_client.DnsClient(['127.0.0.1'], port=port, retries=0, timeout=5).query('a.test', 'TXT')

    start = time.monotonic()
    assert 'refused' in asyncio.run(run()).reason
    assert time.monotonic() - start < 3
