# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hop costs: throughput, accept rate and latency against the same Postfix with a plain relay host, in turns.

    python -m tests.benchmarks.bench_hop [--messages 2000] [--rounds 5] [--single 60]

Both ways lead over TLS, chain and name verified, to the same Postfix that discards everything. The plain way is the mail server's own
SMTP client straight to it; the other way is the hop as the playbook sets it up. Sender, server, hop and sink share this machine's
processors. Latency is taken from the sink's log: time of its queue entry minus time of injection, one message at a time.
"""
from __future__ import annotations

import argparse
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

from lab import lifecycle
from lab.api import Lab
from tests.benchmarks.bench_role import playbook, run

LAB = 'bench'
SINK = 'sink.example.com'
VARIABLES = {'conbool_domains': ['example.com', 'sub.example.co.uk'], 'conbool_tls_ca_file': '/etc/ssl/lab/ca.pem', 'conbool_inbound': False,
             'conbool_relay_host': SINK}
TRANSPORTS = {'hop': 'conbool-hop:[127.0.0.1]:10027', 'plain': 'plain:[%s]:25' % SINK}
PREPARE_PLAIN = (
    'postconf -M "plain/unix=plain unix - - n - - smtp -o smtp_tls_security_level=secure -o smtp_tls_CAfile=/etc/ssl/lab/ca.pem '
    '-o smtp_tls_secure_cert_match=%s -o smtp_tls_session_cache_database=btree:/var/lib/postfix/plain_scache"' % SINK)
PREPARE_SINK = 'postconf -e transport_maps=static:discard: relay_domains=static:all smtpd_relay_restrictions=reject_unauth_destination && postfix reload'
QUEUED = 'for d in "$@"; do find $d/incoming $d/active $d/deferred $d/maildrop -type f; done | wc -l'


class Bench:
    def __init__(self, lab):
        self.lab = lab
        lab.run('sink', ['sh', '-c', PREPARE_SINK])
        with tempfile.TemporaryDirectory() as folder:
            run(lab, 'mx', playbook(Path(folder), 'mx', 'conbool.smtp_relay.postfix_smarthost', VARIABLES, False))
        lab.run('mx', ['sh', '-c', PREPARE_PLAIN])

    def use(self, way):
        self.lab.run('mx', ['sh', '-c', 'postconf -e "default_transport=%s" && postfix reload' % TRANSPORTS[way]])
        time.sleep(2)

    def drained(self):
        return int(self.lab.run('mx', ['sh', '-c', QUEUED, 'sh', '/var/spool/postfix', '/var/spool/conbool-hop']).stdout) == 0

    def arrived(self):
        return int(self.lab.run('sink', ['sh', '-c', 'journalctl -o cat | grep -c "relay=none.*status=sent" || test $? = 1']).stdout)

    def round(self, way, messages):
        """Messages per second accepted, and delivered."""
        self.use(way)
        before = self.arrived()
        start = time.monotonic()
        self.lab.run('mx', ['smtp-source', '-s', '10', '-l', '4000', '-m', str(messages), '-f', 'alice@example.com', '-t', 'x@external.test',
                            '127.0.0.1:25'], timeout=300)
        accepted = time.monotonic() - start
        while not self.drained():
            if time.monotonic() - start > 300:
                sys.exit('the queue did not drain')
            time.sleep(0.1)
        delivered = time.monotonic() - start
        time.sleep(1)
        if self.arrived() - before != messages:
            sys.exit('%d messages sent, %d arrived' % (messages, self.arrived() - before))
        return messages / accepted, messages / delivered

    def latencies(self, way, count):
        """Milliseconds from injection to the last delivery's end, one message at a time."""
        self.use(way)
        script = (
            'import smtplib, time\n'
            'for n in range(%d):\n'
            '    start = time.time()\n'
            '    with smtplib.SMTP("127.0.0.1") as server:\n'
            '        server.sendmail("alice@example.com", ["x@external.test"], "Message-ID: <lat-%%s-%%d@x>\\r\\n\\r\\nhi\\r\\n" %% ("%s", n))\n'
            '    print(n, repr(start))\n'
            '    time.sleep(0.5)\n' % (count, way))
        sent = dict(line.split() for line in self.lab.run('mx', ['python3', '-c', script], timeout=300).stdout.splitlines())
        time.sleep(2)
        journal = self.lab.run('sink', ['journalctl', '-o', 'short-unix', '--no-pager']).stdout
        seen = dict((match[2], float(match[1])) for match in re.finditer(r'^(\d+\.\d+) .*message-id=<lat-%s-(\d+)@x>' % way, journal, re.M))
        return [(seen[number] - float(start)) * 1000 for number, start in sent.items()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--messages', type=int, default=2000)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--single', type=int, default=60)
    chosen = parser.parse_args()
    lifecycle.up(LAB, {'mx': 'postfix-debian12', 'sink': 'postfix-debian12'})
    try:
        bench = Bench(Lab(LAB))
        for way in TRANSPORTS:
            bench.round(way, 200)
        rates = {way: [] for way in TRANSPORTS}
        for dummy in range(chosen.rounds):
            for way in TRANSPORTS:
                rates[way].append(bench.round(way, chosen.messages))
        latency = {way: bench.latencies(way, chosen.single) for way in TRANSPORTS}
    finally:
        lifecycle.down(LAB)
    for index, what in enumerate(('accepted', 'delivered')):
        ratios = [hop[index] / plain[index] for hop, plain in zip(rates['hop'], rates['plain'])]
        print('%-10s plain %5.0f msg/s   hop %5.0f msg/s   hop/plain %.2f (%.2f - %.2f)' % (
            what, statistics.median(rate[index] for rate in rates['plain']), statistics.median(rate[index] for rate in rates['hop']),
            statistics.median(ratios), min(ratios), max(ratios)))
    plain, hop = (statistics.median(latency[way]) for way in ('plain', 'hop'))
    print('latency    plain %5.0f ms      hop %5.0f ms      added %.0f ms' % (plain, hop, hop - plain))


if __name__ == '__main__':
    main()
