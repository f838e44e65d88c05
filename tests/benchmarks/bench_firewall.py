# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role inbound_firewall on nftables, ufw and firewalld: 500 networks against 5,000, applied, applied again and with one
network more, in turns.

    python -m tests.benchmarks.bench_firewall [--runs 3] [--kind ufw-debian12 ...]

The module's own seconds are taken on the host; the role's seconds are those of ansible-playbook for an unchanged run,
with all that is around it.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import re
import statistics
import tempfile
import time
from pathlib import Path

from lab import api
from tests.firewall.hosts import Hosts, backend

LAB = 'benchfirewall'
KINDS = ('postfix-debian12', 'ufw-debian12', 'firewalld-debian12')
SIZES = (500, 5000)
STEPS = ('applied', 'unchanged', 'one more', 'removed')
TIMED = (
    'import subprocess, sys, time; start = time.monotonic(); done = subprocess.run([sys.executable,'
    ' "/root/site/run.py", "inbound_firewall"], stdin=sys.stdin, stdout=subprocess.PIPE, check=True);'
    ' print(time.monotonic() - start, flush=True); sys.stdout.buffer.write(done.stdout)'
)


def networks(count):
    """Half IPv4, half IPv6, none next to another."""
    base4, base6 = int(ipaddress.ip_address('100.64.0.0')), int(ipaddress.ip_address('2001:db8::'))
    numbers = range(0, count, 2)
    return [f'{ipaddress.IPv4Address(base4 + 128 * number)}/26' for number in numbers] + [
        f'{ipaddress.IPv6Address(base6 + (number << 81))}/48' for number in numbers
    ]


def module(lab, host, **arguments):
    """Seconds of one call on the host; a call that does not change what it should ends the benchmark."""
    order = json.dumps({'ANSIBLE_MODULE_ARGS': arguments})
    seconds, dummy, answer = lab.run(host, ['python3', '-c', TIMED], input=order, timeout=300).stdout.partition('\n')
    result = json.loads(answer)[0]
    if result.get('failed'):
        raise SystemExit('{}: {}'.format(host, result['msg']))
    return float(seconds), result['changed']


def turn(lab, host, listed):
    """Seconds of each step."""
    one_more = listed + ['203.0.113.0/24']
    found = [
        module(lab, host, networks=listed),
        module(lab, host, networks=listed),
        module(lab, host, networks=one_more),
        module(lab, host, state='absent'),
    ]
    if [changed for dummy, changed in found] != [True, False, True, True]:
        raise SystemExit(f'{host}: not the changes that were expected: {found}')
    return [seconds for seconds, dummy in found]


def role(hosts, host, listed):
    """Seconds of a first and of an unchanged run of the role."""
    hosts.names, found = [host], []
    settings = {'conbool_domains': ['example.com'], 'conbool_networks': listed}
    for changed in (1, 0):
        start = time.monotonic()
        said = hosts.role(**settings)
        found.append(time.monotonic() - start)
        if not re.search(f'{host} .*changed={changed} ', said):
            raise SystemExit(said)
    hosts.module(host, state='absent')
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--kind', action='append', help='default: ' + ', '.join(KINDS))
    chosen = parser.parse_args()
    kinds = chosen.kind or KINDS
    try:
        lab = api.up(LAB, *kinds)
        with tempfile.TemporaryDirectory() as folder:
            hosts = Hosts(lab, Path(folder), kinds)
            print(
                '%-20s %9s' % ('host', 'networks')
                + ''.join('%12s' % step for step in STEPS)
                + '%12s%12s' % ('role first', 'role again')
            )
            for kind in kinds:
                if backend(kind) == 'ufw':
                    hosts.shell(kind, 'ufw allow 22/tcp && ufw --force enable')
                medians = {}
                turns = {size: [] for size in SIZES}
                for dummy in range(chosen.runs):
                    for size in SIZES:
                        turns[size].append(turn(lab, kind, networks(size)))
                for size in SIZES:
                    medians[size] = [statistics.median(step) for step in zip(*turns[size])] + role(
                        hosts, kind, networks(size)
                    )
                    print(
                        '%-20s %9d' % (kind, size) + ''.join(f'{seconds:11.2f}s' for seconds in medians[size]),
                        flush=True,
                    )
                print(
                    '%-20s %9s' % ('', 'growth')
                    + ''.join('%12.1f' % (large / small) for small, large in zip(*medians.values())),
                    flush=True,
                )
    finally:
        api.down(LAB)


if __name__ == '__main__':
    main()
