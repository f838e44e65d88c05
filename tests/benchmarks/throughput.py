# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages per second of one mail server that is configured in several ways, in turns; all lead over TLS to the same
Postfix, which discards everything."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.bench_role import playbook, run

LAB = 'bench'
SINK = 'sink.example.com'
SINK_KIND = 'postfix-debian12'
VARIABLES = {
    'conbool_domains': ['example.com', 'sub.example.co.uk'],
    'conbool_tls_ca_file': '/etc/ssl/lab/ca.pem',
    'conbool_inbound': False,
    'conbool_relay_host': SINK,
}
PREPARE_SINK = (
    'postconf -e transport_maps=static:discard: relay_domains=static:all'
    ' smtpd_relay_restrictions=reject_unauth_destination && postfix reload'
)
COUNT = 'for d in "$@"; do find $d -type f; done | wc -l'
SECONDS = 300


class Throughput:
    """The host C(mx), configured by a role.

    Subclasses have C(role), C(configured) (way -> what the inventory says of it), C(queues) (directories without a file
    when all is delivered), C(prepare), C(keep), C(use) and C(inject).
    """

    def __init__(self, lab):
        self.lab = lab
        lab.run('sink', ['sh', '-c', PREPARE_SINK])
        self.prepare()
        for way, variables in self.configured.items():
            with tempfile.TemporaryDirectory() as folder:
                run(lab, 'mx', playbook(Path(folder), 'mx', self.role, {**VARIABLES, **variables}, False))
            self.keep(way)
        self.ways = ['plain', *self.configured]

    def shell(self, script):
        return self.lab.run('mx', ['sh', '-ec', script], timeout=SECONDS).stdout

    def drained(self):
        return int(self.lab.run('mx', ['sh', '-c', COUNT, 'sh', *self.queues]).stdout) == 0

    def arrived(self):
        return int(
            self.lab.run(
                'sink', ['sh', '-c', 'journalctl -o cat | grep -c "relay=none.*status=sent" || test $? = 1']
            ).stdout
        )

    def round(self, way, messages):
        """Messages per second accepted, and delivered."""
        self.use(way)
        before = self.arrived()
        start = time.monotonic()
        self.inject(messages)
        accepted = time.monotonic() - start
        while not self.drained():
            if time.monotonic() - start > SECONDS:
                sys.exit('the queue did not drain')
            time.sleep(0.1)
        delivered = time.monotonic() - start
        time.sleep(1)
        if self.arrived() - before != messages:
            sys.exit(f'{messages} messages sent, {self.arrived() - before} arrived')
        return messages / accepted, messages / delivered

    def compare(self, messages, rounds):
        """Print medians and ratios."""
        for way in self.ways:
            self.round(way, 200)
        rates = {way: [] for way in self.ways}
        for dummy in range(rounds):
            for way in self.ways:
                rates[way].append(self.round(way, messages))
        for way in self.ways:
            for index, what in enumerate(('accepted', 'delivered')):
                ratios = [ours[index] / plain[index] for ours, plain in zip(rates[way], rates['plain'])]
                print(
                    '%-8s %-10s %5.0f msg/s   to plain %.2f (%.2f - %.2f)'
                    % (
                        way,
                        what,
                        statistics.median(rate[index] for rate in rates[way]),
                        statistics.median(ratios),
                        min(ratios),
                        max(ratios),
                    ),
                    flush=True,
                )
