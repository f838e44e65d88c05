# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries: retries, caching, limits and what an answer means."""

from __future__ import annotations

import asyncio
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
