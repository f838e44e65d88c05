# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries: retries, caching, limits and what an answer means."""

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

from tests.dns.scripted import ScriptedDns, ask

ONE, TWO = '192.0.2.1', '192.0.2.2'


def asked(script, name='a.test', rdtype='TXT', **options):
    """Ask once: (answer, servers asked)."""
    answer = ask(script, lambda client: client.query(name, rdtype), **options)
    return answer, script.servers


def test_an_answer_of_several_strings_is_one_text():
    answer, _servers = asked(ScriptedDns({'a.test': ['TXT "v=spf1 " "-all"']}))
    assert (answer.status, answer.texts()) == ('ok', [b'v=spf1 -all'])


@pytest.mark.parametrize('zone, status', [({}, 'nxdomain'), ({'a.test': []}, 'nodata'), ({'b.a.test': []}, 'nodata')])
def test_absence_is_an_answer(zone, status):
    answer, servers = asked(ScriptedDns(zone))
    assert (answer.status, answer.void, servers) == (status, True, ['192.0.2.53'])


@pytest.mark.parametrize(
    'fault, reason',
    [
        ('TIMEOUT', 'no answer within 3 s'),
        ('SERVFAIL', 'SERVFAIL'),
        ('REFUSED', 'REFUSED'),
        ('UNREACHABLE', 'Network is unreachable'),
    ],
)
def test_a_fault_is_unknown_with_its_reason(fault, reason):
    answer, _servers = asked(ScriptedDns({'a.test': fault}))
    assert (answer.status, answer.void, answer.reason) == ('unknown', False, reason)


@pytest.mark.parametrize('retries, count', [(0, 1), (2, 3)])
def test_a_time_out_is_repeated(retries, count):
    assert len(asked(ScriptedDns({'a.test': 'TIMEOUT'}), retries=retries)[1]) == count


def test_a_server_that_refuses_is_not_asked_again():
    assert asked(ScriptedDns({'a.test': 'REFUSED'}), nameservers=[ONE, TWO], retries=5)[1] == [ONE, TWO]


def test_the_next_server_helps():
    script = ScriptedDns({'a.test': lambda server: 'SERVFAIL' if server == ONE else ['TXT "x"']})
    answer, servers = asked(script, nameservers=[ONE, TWO])
    assert (answer.status, servers) == ('ok', [ONE, TWO])


def test_the_server_that_answered_is_asked_first_from_then_on():
    script = ScriptedDns(
        {name: lambda server: 'TIMEOUT' if server == ONE else ['TXT "x"'] for name in ('a.test', 'b.test')}
    )

    async def both(client):
        return [await client.query('a.test', 'TXT'), await client.query('b.test', 'TXT')]

    ask(script, both, nameservers=[ONE, TWO])
    assert script.servers == [ONE, TWO, TWO]


def test_a_server_from_before_edns_is_asked_without_it():
    script = ScriptedDns({'a.test': ['TXT "x"']})
    plain = script.exchange

    async def old_server(qname, kind, edns, *where):
        if not edns:
            return await plain(qname, kind, edns, *where)
        response = dns.message.make_response(dns.message.make_query(qname, kind))
        response.set_rcode(dns.rcode.FORMERR)
        return response

    script.exchange = old_server
    assert asked(script)[0].status == 'ok'


def test_each_record_is_asked_once():
    script = ScriptedDns({'a.test': ['TXT "x"']})

    async def often(client):
        await asyncio.gather(*(client.query(name, 'TXT') for name in ('a.test', 'A.Test.', 'a.test')))
        await client.query('a.test', 'TXT')
        return client.queries

    assert ask(script, often) == 1
    assert script.asked == [('a.test', 'TXT')]


def test_after_forget_it_is_asked_again():
    script = ScriptedDns({'a.test': ['TXT "x"']})

    async def twice(client):
        await client.query('a.test', 'TXT')
        client.forget()
        await client.query('a.test', 'TXT')

    ask(script, twice)
    assert len(script.asked) == 2


def test_no_more_queries_at_once_than_allowed():
    script = ScriptedDns({})
    plain, running, most = script.exchange, set(), []

    async def slow(qname, *arguments):
        running.add(qname)
        most.append(len(running))
        await asyncio.sleep(0.001)
        running.discard(qname)
        return await plain(qname, *arguments)

    script.exchange = slow
    ask(
        script,
        lambda client: asyncio.gather(*(client.query(f'n{number}.test', 'A') for number in range(30))),
        concurrency=4,
    )
    assert (len(script.asked), max(most)) == (30, 4)


def test_nothing_is_asked_after_the_deadline():
    script = ScriptedDns({'a.test': ['TXT "x"']})
    answer, servers = asked(script, deadline=0)
    assert (answer.status, answer.reason, servers) == ('unknown', 'the deadline passed', [])


def test_the_last_query_ends_at_the_deadline():
    times = []

    async def exchange(qname, kind, edns, nameserver, port, timeout):
        times.append(timeout)
        await asyncio.sleep(timeout)
        raise asyncio.TimeoutError

    script = ScriptedDns({})
    script.exchange = exchange
    start = time.monotonic()
    answer = asked(script, timeout=0.2, retries=9, deadline=0.3)[0]
    assert time.monotonic() - start < 0.6
    assert (len(times), answer.status) == (2, 'unknown')
    assert times[0] == 0.2 and times[1] <= 0.11


@pytest.mark.parametrize('name', ['a..test', 'x' * 64 + '.test', '.'.join(['x' * 60] * 5), 'ä.test'])
def test_a_name_that_cannot_exist_is_not_asked(name):
    answer, servers = asked(ScriptedDns({}), name)
    assert (answer.status, servers) == ('nxdomain', [])


def test_aliases_are_told():
    answer, _servers = asked(
        ScriptedDns({'a.test': ['CNAME b.test.'], 'b.test': ['CNAME C.test.'], 'c.test': ['TXT "x"']})
    )
    assert (answer.status, answer.aliases) == ('ok', ['b.test', 'c.test'])
    answer, _servers = asked(ScriptedDns({'a.test': ['CNAME b.test.']}))
    assert (answer.status, answer.aliases) == ('nxdomain', ['b.test'])


def response(*answer, authority=(), flags=0, code=dns.rcode.NOERROR):
    message = dns.message.make_response(dns.message.make_query('a.test', 'TXT'))
    message.flags |= flags
    message.set_rcode(code)
    message.answer += answer
    message.authority += authority
    return dns.message.from_wire(message.to_wire())


def test_a_referral_proves_nothing():
    name_servers = dns.rrset.from_text('a.test.', 60, 'IN', 'NS', 'ns.a.test.')
    answer = dns_client.read_response(response(authority=[name_servers]))
    assert (answer.status, answer.reason) == (
        'unknown',
        'the name server does not recurse and has no answer of its own',
    )
    assert dns_client.read_response(response(authority=[name_servers], flags=dns.flags.RA)).status == 'nodata'


def test_half_an_alias_chain_of_an_authoritative_server_proves_nothing():
    alias = dns.rrset.from_text('a.test.', 60, 'IN', 'CNAME', 'elsewhere.test.')
    assert dns_client.read_response(response(alias, flags=dns.flags.AA)).status == 'unknown'


def test_a_contradictory_answer_is_unknown():
    record = dns.rrset.from_text('a.test.', 60, 'IN', 'TXT', '"x"')
    answer = dns_client.read_response(response(record, code=dns.rcode.NXDOMAIN))
    assert answer.status == 'unknown' and answer.reason.startswith('contradictory answer')


def test_a_host_without_name_servers_says_what_to_do(monkeypatch):
    def unconfigured():
        raise dns_client.dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns_client.dns.resolver, 'Resolver', unconfigured)
    with pytest.raises(dns_client.DnsConfigurationError, match='set nameservers'):
        dns_client.system_nameservers()


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
