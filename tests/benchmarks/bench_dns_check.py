# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""dns_check over many domains, against bare dnspython queries of the same records and against checkdmarc, in one run.

  python tests/benchmarks/bench_dns_check.py [--domains 500] [--repeats 3] [--lab NAME]

Everything asks the lab's resolver. The contestants take turns, so that a busy machine slows all of them; the medians of
the ratios within a turn are printed. Exits with 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / 'collections')]

import checkdmarc  # noqa: E402
import dns.asyncbackend  # noqa: E402
import dns.asyncquery  # noqa: E402
import dns.message  # noqa: E402
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns import client as dns_client
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns import run as dns_run  # noqa: E402
from checkdmarc.dmarc import check_dmarc  # noqa: E402
from checkdmarc.smtp import check_mx  # noqa: E402
from checkdmarc.spf import check_spf  # noqa: E402

from lab import api  # noqa: E402

CONCURRENCY = 50
CHECKS = ('mx', 'spf', 'dmarc')
# At most this many times the bare queries; at least this many times as fast as checkdmarc.
GOAL_BARE, GOAL_CHECKDMARC = 1.5, 10
ZONE = '''gw A 198.51.100.1
gw AAAA 2001:db8:25::1
spf TXT "v=spf1 ip4:198.51.100.0/28 ip6:2001:db8:25::/64 -all"
'''
DOMAIN = '''{name} MX 10 gw
{name} TXT "v=spf1 include:spf.bench.test -all"
_dmarc.{name} TXT "v=DMARC1; p=reject; rua=mailto:dmarc@{name}.bench.test"
'''
WANTED = dns_run.Expectations('gw.bench.test', spf_addresses=['198.51.100.1', '2001:db8:25::1'])


def serve(lab, count):
    """The zone is served; the names of its domains."""
    names = ['d%03d' % number for number in range(count)]
    lab.add_zone('bench.test', ZONE + ''.join(DOMAIN.format(name=name) for name in names))
    return [f'{name}.bench.test' for name in names]


def dns_check(domains, server):
    result = asyncio.run(dns_run.run(domains, CHECKS, WANTED, nameservers=[server], concurrency=CONCURRENCY))
    if result['summary']['green'] != len(domains):
        raise SystemExit('not all green: {}'.format(result['summary']))
    return result


def questions(domains, server):
    """Every question that dns_check asks."""
    asked = []

    async def exchange(qname, rdtype, *arguments):
        asked.append((qname, rdtype))
        return await dns_client._exchange(qname, rdtype, *arguments)

    async def run():
        client = dns_client.DnsClient([server], exchange=exchange)
        await dns_run.run(domains, CHECKS, WANTED, client=client)

    asyncio.run(run())
    return asked


def bare(asked, server):
    """The same questions with nothing around dnspython."""

    async def run():
        slots, backend = asyncio.Semaphore(CONCURRENCY), dns.asyncbackend.get_backend('asyncio')

        async def one(name, rdtype):
            async with slots:
                message = dns.message.make_query(name, rdtype, use_edns=0, payload=dns_client.UDP_PAYLOAD)
                await dns.asyncquery.udp(message, server, timeout=5, backend=backend)

        await asyncio.gather(*(one(*question) for question in asked))

    asyncio.run(run())


def checkdmarc_same_checks(domains, server):
    for domain in domains:
        check_mx(domain, nameservers=[server], timeout=5)
        check_spf(domain, nameservers=[server], timeout=5)
        check_dmarc(domain, nameservers=[server], timeout=5)


def checkdmarc_as_it_is(domains, server):
    checkdmarc.check_domains(domains, nameservers=[server], timeout=5)


def seconds(contestant, *arguments):
    start = time.perf_counter()
    contestant(*arguments)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--domains', type=int, default=500)
    parser.add_argument('--repeats', type=int, default=3)
    parser.add_argument('--lab', default='bench')
    options = parser.parse_args()
    try:
        lab, started = api.Lab(options.lab), False
    except api.LabError:
        lab, started = api.up(options.lab), True
    try:
        return measure(lab, options)
    finally:
        if started:
            api.down(options.lab)


def measure(lab, options):
    server = lab.addresses['resolver'][0]
    domains = serve(lab, options.domains)
    asked = questions(domains, server)
    print('{} domains, {} queries, checks {}'.format(len(domains), len(asked), ' '.join(CHECKS)))
    turns = []
    for turn in range(options.repeats):
        turns.append(
            {
                'dns_check': seconds(dns_check, domains, server),
                'bare': seconds(bare, asked, server),
                'checkdmarc, same checks': seconds(checkdmarc_same_checks, domains, server),
                'checkdmarc, check_domains': seconds(checkdmarc_as_it_is, domains, server),
            }
        )
        print(
            'turn {}: {}'.format(turn + 1, ', '.join('{} {:.2f} s'.format(*item) for item in turns[-1].items())),
            flush=True,
        )
    of_bare = statistics.median(turn['dns_check'] / turn['bare'] for turn in turns)
    same = statistics.median(turn['checkdmarc, same checks'] / turn['dns_check'] for turn in turns)
    full = statistics.median(turn['checkdmarc, check_domains'] / turn['dns_check'] for turn in turns)
    print(f'{of_bare:.2f} times the bare queries (goal: at most {GOAL_BARE:g})')
    print(
        f'{full:.1f} times as fast as checkdmarc (goal: {GOAL_CHECKDMARC:g}), {same:.1f} times with the same checks'
        ' only'
    )
    return 0 if of_bare <= GOAL_BARE and full >= GOAL_CHECKDMARC else 1


if __name__ == '__main__':
    sys.exit(main())
