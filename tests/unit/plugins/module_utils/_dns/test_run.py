# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run over several domains: shared answers, waiting, deadline, digest."""

from __future__ import annotations

import asyncio

import dns.exception
import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns import run as dns_run
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.client import DnsClient

from tests.dns.scripted import ScriptedDns

WANTED = dns_run.Expectations('gw.test', spf_addresses=['192.0.2.1'])
GREEN = ['MX 10 gw.test.', 'TXT "v=spf1 include:spf.test -all"']
SHARED = {'gw.test': ['A 192.0.2.1'], 'spf.test': ['TXT "v=spf1 ip4:192.0.2.1 -all"']}


class Clock:
    """Time that passes only in pauses and time-outs."""

    def __init__(self, script, events=()):
        self.script = script
        # Changes of the zone, one after each pause.
        self.events = list(events)
        self.pauses = []
        self.now = 0.0

    async def exchange(self, *question_and_server):
        try:
            return await self.script.exchange(*question_and_server)
        except dns.exception.Timeout:
            self.now += question_and_server[-1]
            raise

    async def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds
        if self.events:
            self.script.zone.update(self.events.pop(0))


def run(zone, domains=('a.test',), checks=('mx', 'spf'), events=(), deadline=60, **options):
    """(result, script, pauses)"""
    script = ScriptedDns({**SHARED, **zone})
    clock = Clock(script, events)

    class ClockedClient(DnsClient):
        @property
        def remaining(self):
            return deadline - clock.now

    async def all_domains():
        client = ClockedClient(['192.0.2.53'], retries=0, timeout=3, exchange=clock.exchange)
        return await dns_run.run(list(domains), checks, WANTED, client=client, sleep=clock.sleep, **options)

    return asyncio.run(all_domains()), script, clock.pauses


def test_domains_share_answers():
    domains = [f'd{number}.test' for number in range(20)]
    result, script, _pauses = run(dict.fromkeys(domains, GREEN), domains)
    assert result['summary'] == {'red': 0, 'unknown': 0, 'green': 20, 'status': 'green', 'rounds': 1, 'queries': 42}
    assert sorted(script.asked) == sorted({*script.asked})
    assert [row['domain'] for row in result['rows'][::2]] == domains


def test_one_bad_domain_does_not_hide_the_others():
    result, _script, _pauses = run(
        {'a.test': GREEN, 'b.test': 'SERVFAIL', 'c.test': ['MX 10 old.test.']}, ['a.test', 'b.test', 'c.test']
    )
    assert {name: digest['status'] for name, digest in result['domains'].items()} == {
        'a.test': 'green',
        'b.test': 'unknown',
        'c.test': 'red',
    }
    assert result['domains']['c.test']['checks'] == {'mx': 'red', 'spf': 'red'}
    assert (result['summary']['status'], result['summary']['red'], result['summary']['unknown']) == ('red', 1, 1)
    bad = [row for row in result['rows'] if row['status'] != 'green']
    message = dns_run.message(result, bad)
    assert message.splitlines()[0] == '1 of 3 domains red, 1 of 3 domains unknown.'
    assert message.splitlines()[1].startswith('b.test mx.unknown: MX could not be looked up: SERVFAIL. ')


def test_names_are_shown_in_unicode():
    result, script, _pauses = run({'xn--bcher-kva.test': GREEN}, ['xn--bcher-kva.test'])
    assert {row['domain'] for row in result['rows']} == {'bücher.test'}
    assert result['domains']['bücher.test']['ascii'] == 'xn--bcher-kva.test'
    assert script.asked[0] == ('xn--bcher-kva.test', 'MX')


@pytest.mark.parametrize('name', ['example.test', 'xn--ls8h.test'])
def test_what_is_no_valid_internationalised_name_stays(name):
    assert dns_run.unicode_name(name) == name


def test_without_wait_there_is_one_round():
    result, script, pauses = run({'a.test': []})
    assert (result['summary']['rounds'], pauses, len(script.asked)) == (1, [], 2)


def test_waiting_ends_when_all_is_green():
    result, _script, pauses = run({'a.test': []}, wait=True, events=[{}, {'a.test': GREEN}])
    assert (result['summary']['status'], result['summary']['rounds'], pauses) == ('green', 3, [5.0, 7.5])


def test_waiting_asks_only_for_what_is_not_green():
    result, script, _pauses = run(
        {'a.test': GREEN, 'b.test': []}, ['a.test', 'b.test'], wait=True, events=[{'b.test': GREEN}]
    )
    assert result['summary']['status'] == 'green'
    assert script.asked.count(('a.test', 'MX')) == 1 and script.asked.count(('b.test', 'MX')) == 2


def test_waiting_ends_with_one_round_before_the_deadline():
    result, _script, pauses = run({'a.test': []}, wait=True, deadline=30)
    assert result['summary']['status'] == 'red'
    assert pauses == [5.0, 7.5, 11.25, 30 - 3 - 23.75]


def test_pauses_do_not_grow_for_ever():
    _result, _script, pauses = run({'a.test': []}, wait=True, deadline=600)
    assert max(pauses) == 60 and sum(pauses) < 600


def test_a_time_out_at_the_deadline_does_not_hide_what_was_known():
    result, _script, pauses = run(
        {'a.test': []}, checks=['mx'], wait=True, deadline=8.0, events=[{'a.test': 'TIMEOUT'}]
    )
    assert ([row['id'] for row in result['rows']], pauses) == (['mx.missing'], [5.0])


def test_a_time_out_before_the_deadline_is_what_is_known_last():
    result, _script, _pauses = run(
        {'a.test': []}, checks=['mx'], wait=True, deadline=11.5, events=[{'a.test': 'TIMEOUT'}]
    )
    assert [row['id'] for row in result['rows']] == ['mx.unknown']
