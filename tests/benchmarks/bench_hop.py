# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hop costs: throughput, accept rate and latency against the same Postfix with a plain relay host, in turns.

    python -m tests.benchmarks.bench_hop [--messages 2000] [--rounds 5] [--single 60]

Both ways lead over TLS, chain and name verified, to the same Postfix that discards everything. The plain way is the
mail server's own SMTP client straight to it; the other way is the hop as the playbook sets it up. Sender, server, hop
and sink share this machine's processors. Latency is taken from the sink's log: time of its queue entry minus time of
injection, one message at a time.
"""

from __future__ import annotations

import argparse
import re
import statistics
import time

from lab import lifecycle
from lab.api import Lab
from tests.benchmarks.throughput import LAB, SECONDS, SINK, SINK_KIND, Throughput

TRANSPORTS = {'plain': f'plain:[{SINK}]:25', 'hop': 'conbool-hop:[127.0.0.1]:325'}
SPOOLS = ['/var/spool/postfix', '/var/spool/conbool-hop']


class Bench(Throughput):
    role = 'conbool.smtp_relay.postfix_smarthost'
    configured = {'hop': {}}
    queues = [f'{spool}/{name}' for spool in SPOOLS for name in ('incoming', 'active', 'deferred', 'maildrop')]

    def prepare(self):
        self.shell(
            'postconf -M "plain/unix=plain unix - - n - - smtp -o smtp_tls_security_level=secure -o'
            f' smtp_tls_CAfile=/etc/ssl/lab/ca.pem -o smtp_tls_secure_cert_match={SINK} -o'
            ' smtp_tls_session_cache_database=btree:/var/lib/postfix/plain_scache"'
        )

    def keep(self, way):
        """Both ways are there."""

    def use(self, way):
        self.shell(f'postconf -e "default_transport={TRANSPORTS[way]}" && postfix reload')
        time.sleep(2)

    def inject(self, messages):
        self.lab.run(
            'mx',
            [
                'smtp-source',
                '-s',
                '10',
                '-l',
                '4000',
                '-m',
                str(messages),
                '-f',
                'alice@example.com',
                '-t',
                'x@external.test',
                '127.0.0.1:25',
            ],
            timeout=SECONDS,
        )

    def latencies(self, way, count):
        """Milliseconds from injection to the last delivery's end, one message at a time."""
        self.use(way)
        script = (
            f'import smtplib, time\nfor n in range({count}):\n    start = time.time()\n    with'
            ' smtplib.SMTP("127.0.0.1") as server:\n        server.sendmail("alice@example.com", ["x@external.test"],'
            f' "Message-ID: <lat-%s-%d@x>\\r\\n\\r\\nhi\\r\\n" % ("{way}", n))\n    print(n, repr(start))\n   '
            ' time.sleep(0.5)\n'
        )
        sent = dict(
            line.split() for line in self.lab.run('mx', ['python3', '-c', script], timeout=300).stdout.splitlines()
        )
        time.sleep(2)
        journal = self.lab.run('sink', ['journalctl', '-o', 'short-unix', '--no-pager']).stdout
        seen = {
            match[2]: float(match[1])
            for match in re.finditer(rf'^(\d+\.\d+) .*message-id=<lat-{way}-(\d+)@x>', journal, re.M)
        }
        return [(seen[number] - float(start)) * 1000 for number, start in sent.items()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--messages', type=int, default=2000)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--single', type=int, default=60)
    chosen = parser.parse_args()
    lifecycle.up(LAB, {'mx': 'postfix-debian12', 'sink': SINK_KIND})
    try:
        bench = Bench(Lab(LAB))
        bench.compare(chosen.messages, chosen.rounds)
        plain, hop = (statistics.median(bench.latencies(way, chosen.single)) for way in TRANSPORTS)
        print(f'latency    plain {plain:5.0f} ms      hop {hop:5.0f} ms      added {hop - plain:.0f} ms')
    finally:
        lifecycle.down(LAB)


if __name__ == '__main__':
    main()
