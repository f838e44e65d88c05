# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the decision costs, in Sendmail's own rules and by the hop: throughput and accept rate against the same Sendmail
with a plain smart host, in turns.

    python -m tests.benchmarks.bench_sendmail [--host sendmail-hop-debian12] [--messages 1000] [--rounds 5]

All ways lead over TLS to the same Postfix that discards everything; ours ask for the certificate's chain and name.
"""

from __future__ import annotations

import argparse

from lab import lifecycle
from lab.api import Lab
from tests.benchmarks.throughput import LAB, SECONDS, SINK, SINK_KIND, Throughput

PLAIN = f"""
cat > /root/plain.m4 << 'END'
define(`SMART_HOST', `[{SINK}]')dnl
define(`confCACERT', `/etc/ssl/lab/ca.pem')dnl
define(`confCACERT_PATH', `/etc/ssl/certs')dnl
END
cd /etc/mail
sed '/^MAILER_DEFINITIONS/e cat /root/plain.m4' sendmail.mc > /root/plain.mc
m4 /root/plain.mc > /root/plain.cf
"""
# Sendmail takes no mail, or leaves it in the queue, while the machine is busy.
KEEP = """
sed '/^O \\(QueueLA\\|RefuseLA\\|DelayLA\\)=/d' %s > /root/%s.kept
printf 'O QueueLA=1000\\nO RefuseLA=1000\\n' >> /root/%s.kept
"""
USE = """
cp /root/%s.kept /etc/mail/sendmail.cf
systemctl restart sendmail
timeout 60 bash -c 'until (exec 3<>/dev/tcp/127.0.0.1/25 && grep -qm1 ^220 <&3) 2>/dev/null; do sleep 0.1; done'
"""
SOURCE = """
import smtplib, sys
from concurrent.futures import ThreadPoolExecutor
BODY = 'Subject: throughput\\r\\n\\r\\n' + ('x' * 70 + '\\r\\n') * 56
def send(count):
    for dummy in range(count):
        with smtplib.SMTP('127.0.0.1') as server:
            server.sendmail('alice@example.com', ['x@external.test'], BODY)
with ThreadPoolExecutor(10) as pool:
    list(pool.map(send, [int(sys.argv[1]) // 10] * 10))
"""


class Bench(Throughput):
    role = 'conbool.smtp_relay.sendmail_smarthost'
    configured = {'native': {'sendmail_smarthost_decision': 'native'}, 'hop': {'sendmail_smarthost_decision': 'hop'}}
    queues = ['/var/spool/mqueue'] + [
        '/var/spool/conbool-hop/' + name for name in ('incoming', 'active', 'deferred', 'maildrop')
    ]

    def prepare(self):
        self.shell(PLAIN)
        self._keep('plain', '/root/plain.cf')

    def keep(self, way):
        self._keep(way, '/etc/mail/sendmail.cf')

    def _keep(self, way, path):
        self.shell(KEEP % (path, way, way))

    def use(self, way):
        self.shell(USE % way)

    def inject(self, messages):
        self.lab.run('mx', ['python3', '-c', SOURCE, str(messages)], timeout=SECONDS)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--host', default='sendmail-hop-debian12')
    parser.add_argument('--messages', type=int, default=1000, help='a multiple of ten')
    parser.add_argument('--rounds', type=int, default=5)
    chosen = parser.parse_args()
    lifecycle.up(LAB, {'mx': chosen.host, 'sink': SINK_KIND})
    try:
        Bench(Lab(LAB)).compare(chosen.messages, chosen.rounds)
    finally:
        lifecycle.down(LAB)


if __name__ == '__main__':
    main()
